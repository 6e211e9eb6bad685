/** The hard k with differential privacy, checked by exact sums over the noise: nothing here is random. */
import { compare, distributionOf, type Mechanism, type Rational, rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { tailOf } from '../../enclave/privacy/tail.ts';
import { cutOf, isShown, pairCutOf, tauOf } from '../../enclave/privacy/threshold.ts';

const laplace = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteLaplace', scale: rational(num, den) });
const gaussian = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteGaussian', variance: rational(num, den) });
const oneIn = (n: bigint) => rational(1n, n);
const deltas = [oneIn(1_000n), oneIn(10n ** 6n), oneIn(10n ** 8n), oneIn(10n ** 12n), rational(3n, 10n ** 40n)];
const mechanisms = [
  laplace(10n),
  laplace(4n),
  laplace(2n),
  laplace(1n),
  laplace(1n, 2n),
  laplace(7n, 3n),
  laplace(2n ** 80n, 3n),
  gaussian(1n, 4n),
  gaussian(1n),
  gaussian(8n),
  gaussian(205_209n, 10_000n),
  gaussian(12_500n, 609n),
  gaussian(100n),
  gaussian(10_000n),
];

/** The exact check of τ: showing a cell of k units has probability P(η ≥ τ − 1) ≤ δ, and no smaller τ would do. */
function complaintAbout(mechanism: Mechanism, delta: Rational, tau: bigint): string {
  const tail = tailOf(mechanism, 400);
  if (compare(tail(tau - 1n).upper, delta) > 0) return 'P(η ≥ τ − 1) > δ';
  if (compare(tail(tau - 2n).lower, delta) <= 0) return 'a smaller τ would do';
  return '';
}

describe('τ', () => {
  test('P(η ≥ τ − 1) ≤ δ and τ is the smallest; one less or one more is noticed', () => {
    for (const mechanism of mechanisms) {
      for (const delta of deltas) {
        const tau = tauOf(mechanism, delta);
        expect(complaintAbout(mechanism, delta, tau)).toBe('');
        expect(complaintAbout(mechanism, delta, tau - 1n)).toBe('P(η ≥ τ − 1) > δ');
        expect(complaintAbout(mechanism, delta, tau + 1n)).toBe('a smaller τ would do');
      }
    }
  });

  test('discrete Laplace: the closed form 1 + ⌈ln(1/(δ(1+e^−ε)))/ε⌉', () => {
    for (const [scale, epsilon] of [
      [laplace(10n), 0.1],
      [laplace(4n), 0.25],
      [laplace(2n), 0.5],
      [laplace(1n), 1],
      [laplace(1n, 2n), 2],
      [laplace(7n, 3n), 3 / 7],
    ] as const) {
      for (const exponent of [3, 6, 8, 12]) {
        const closed = 1 + Math.ceil((exponent * Math.LN10 - Math.log1p(Math.exp(-epsilon))) / epsilon);
        expect(tauOf(scale, oneIn(10n ** BigInt(exponent)))).toBe(BigInt(closed));
      }
    }
  });

  test('the cuts of the design for k = 10', () => {
    const scales = [laplace(10n), laplace(4n), laplace(2n), laplace(1n), laplace(1n, 2n)];
    const cuts = (delta: Rational) => scales.map((mechanism) => cutOf(mechanism, 10n, delta));
    expect(cuts(oneIn(10n ** 8n))).toEqual([188n, 82n, 46n, 29n, 20n]);
    expect(cuts(oneIn(10n ** 6n))).toEqual([142n, 63n, 37n, 24n, 17n]);
    expect(cutOf(gaussian(100n), 10n, oneIn(10n ** 8n))).toBe(67n);
    expect(cutOf(gaussian(453n * 453n, 10_000n), 10n, oneIn(10n ** 8n))).toBe(36n);
  });

  test('a δ just above and one just below a tail are told apart', () => {
    const tail = tailOf(gaussian(4n), 200);
    const { lower, upper } = tail(7n);
    expect(tauOf(gaussian(4n), upper)).toBe(8n);
    const less = rational(lower.num * 2n ** 20n - lower.den, lower.den * 2n ** 20n);
    expect(tauOf(gaussian(4n), less)).toBe(9n);
  });

  test('refuses δ outside (0, 1/2) and k below 1', () => {
    for (const delta of [rational(0n), rational(1n, 2n), rational(1n), { num: -1n, den: 5n }]) {
      expect(() => tauOf(laplace(2n), delta)).toThrow(RangeError);
    }
    expect(() => cutOf(laplace(2n), 0n, oneIn(100n))).toThrow(RangeError);
    expect(cutOf(laplace(2n), 1n, oneIn(100n))).toBe(tauOf(laplace(2n), oneIn(100n)));
  });
});

describe('the cut of two sides', () => {
  const scales = [laplace(10n), laplace(4n), laplace(2n), laplace(1n), laplace(1n, 2n)];

  test('τ of the design for the sum of two draws', () => {
    expect(scales.map((mechanism) => tauOf(mechanism, oneIn(10n ** 6n), 2))).toEqual([155n, 63n, 32n, 17n, 9n]);
  });

  test('τ of two draws is the smallest, also for wide noise; the one of a single draw would be too small', () => {
    for (const mechanism of [...scales, laplace(7n, 3n), laplace(10n ** 9n), laplace(2n ** 80n, 3n)]) {
      for (const delta of deltas) {
        const tau = tauOf(mechanism, delta, 2);
        const tail = tailOf(mechanism, 400, 2);
        expect(compare(tail(tau - 1n).upper, delta)).toBeLessThanOrEqual(0);
        expect(compare(tail(tau - 2n).lower, delta)).toBeGreaterThan(0);
        expect(compare(tail(tauOf(mechanism, delta) - 1n).lower, delta)).toBeGreaterThan(0);
      }
    }
  });

  test('a cell of k units is shown with probability at most δ, and would not be with a cut one lower', () => {
    for (const width of [1n, 3n, 100n, 100_000n]) {
      for (const perEpsilon of [1n, 2n, 10n]) {
        const mechanism = laplace(width * perEpsilon);
        const delta = oneIn(10n ** 8n);
        const cut = pairCutOf(mechanism, 10n, delta, width);
        const tail = tailOf(mechanism, 400, 2);
        expect(compare(tail(width * (cut - 10n)).upper, delta)).toBeLessThanOrEqual(0);
        expect(compare(tail(width * (cut - 11n)).lower, delta)).toBeGreaterThan(0);
      }
    }
  });

  test('refuses what has no closed form, k below 1 and no width', () => {
    expect(() => tauOf(gaussian(4n), oneIn(100n), 2)).toThrow(RangeError);
    expect(() => pairCutOf(laplace(2n), 0n, oneIn(100n), 1n)).toThrow(RangeError);
    expect(() => pairCutOf(laplace(2n), 1n, oneIn(100n), 0n)).toThrow(RangeError);
    expect(pairCutOf(laplace(2n), 5n, oneIn(100n), 1n)).toBe(tauOf(laplace(2n), oneIn(100n), 2) + 4n);
  });
});

type Rule = typeof isShown;

/** Exact probabilities of each released value, and under `null` of releasing none, for a cell of n units. */
function outputsOf(rule: Rule, mechanism: Mechanism, n: bigint, k: bigint, cut: bigint): Map<bigint | null, number> {
  const { pmf } = distributionOf(mechanism);
  const outputs = new Map<bigint | null, number>([[null, 0]]);
  for (let eta = -400n; eta <= 400n; eta += 1n) {
    const output = rule(n, eta, k, cut) ? n + eta : null;
    outputs.set(output, (outputs.get(output) ?? 0) + pmf(Number(eta)));
  }
  return outputs;
}

/** Largest δ for which one unit more or less is told apart beyond e^ε, over all n up to 80, both ways. */
function deltaSpent(rule: Rule, mechanism: Mechanism, epsilon: number, k: bigint, cut: bigint): number {
  let worst = 0;
  for (let n = 0n; n < 80n; n += 1n) {
    const pair = [outputsOf(rule, mechanism, n, k, cut), outputsOf(rule, mechanism, n + 1n, k, cut)] as const;
    for (const [a, b] of [pair, [pair[1], pair[0]] as const]) {
      let delta = 0;
      for (const [output, p] of a) delta += Math.max(0, p - Math.exp(epsilon) * (b.get(output) ?? 0));
      worst = Math.max(worst, delta);
    }
  }
  return worst;
}

describe('the release of two sides', () => {
  const [k, width] = [4n, 2n];
  const mechanism = laplace(2n);
  const cut = pairCutOf(mechanism, k, oneIn(1_000n), width);
  const { pmf, survival } = distributionOf(mechanism);
  const reach = 60n;

  /** Σ max(0, P(output | n, a) − e^ε·P(output | the other)), exactly, over all outputs, of cells of `units` with Σ(x − l) = a. */
  function apart(rule: Rule, units: bigint, a: bigint, others: bigint, otherA: bigint): number {
    const tells = (n: bigint, y: bigint) => rule(width * n, y - width * n, width * k, width * cut);
    let [delta, shown, otherShown] = [0, 0, 0];
    for (let left = -reach; left <= reach; left += 1n) {
      for (let right = -reach; right <= reach; right += 1n) {
        const law = (n: bigint, own: bigint) =>
          tells(n, left + right) ? pmf(Number(left - own)) * pmf(Number(right - (width * n - own))) : 0;
        const [p, other] = [law(units, a), law(others, otherA)];
        shown += p;
        otherShown += other;
        delta += Math.max(0, p - Math.E * other);
      }
    }
    return delta + Math.max(0, 1 - shown - Math.E * (1 - otherShown));
  }

  /** The most that one unit more or less is told apart, whatever its value. */
  function spent(rule: Rule): number {
    let worst = 0;
    for (let n = k - 2n; n < k + 3n; n += 1n) {
      for (const a of [0n, n, width * n]) {
        for (let x = 0n; x <= width; x += 1n) {
          worst = Math.max(worst, apart(rule, n, a, n + 1n, a + x), apart(rule, n + 1n, a + x, n, a));
        }
      }
    }
    return worst;
  }

  test('is (ε, δ) for every pair of neighbours, whatever the value of the unit', () => {
    // Noise beyond the outputs that are summed.
    const beyond = 4 * survival(Number(reach - 2n * width * k));
    const most = spent(isShown);
    expect(most).toBeLessThanOrEqual(0.001 + beyond);
    expect(most).toBeGreaterThan(0.0003);
  });

  test('changed rules are noticed', () => {
    expect(spent((units, _noise, least) => units >= least)).toBeGreaterThan(0.01);
    expect(spent((units, noise, least, at) => units >= least && units + noise >= at - width)).toBeGreaterThan(
      0.001 + 1e-6,
    );
  });
});

describe('the release of one count', () => {
  const k = 10n;
  const delta = 1e-6;
  const setups = [
    { name: 'Laplace ε = 1/2', mechanism: laplace(2n), epsilon: 0.5 },
    { name: 'Laplace ε = 1', mechanism: laplace(1n), epsilon: 1 },
  ];
  // Differences of sums of 800 doubles: errors below 1e-13, far below δ.
  const rounding = 1e-12;

  for (const { name, mechanism, epsilon } of setups) {
    const cut = cutOf(mechanism, k, oneIn(10n ** 6n));
    test(`${name}: (ε, δ) for every pair n, n + 1, and close to using δ up`, () => {
      const spent = deltaSpent(isShown, mechanism, epsilon, k, cut);
      expect(spent).toBeLessThanOrEqual(delta + rounding);
      expect(spent).toBeGreaterThan(delta * Math.exp(-epsilon));
    });
    test(`${name}: changed rules are noticed`, () => {
      const mutants: Record<string, Rule> = {
        'k alone, no noisy cut': (units, _noise, k) => units >= k,
        'cut one too low': (units, noise, k, cut) => units >= k && units + noise >= cut - 1n,
        'exact count against the cut': (units, _noise, k, cut) => units >= k && units >= cut,
        'k raised to the cut': (units, noise, _k, cut) => units >= cut && units + noise >= cut,
        'noise of the other sign': (units, noise, k, cut) => units >= k && units - noise >= cut,
      };
      for (const [mutant, rule] of Object.entries(mutants)) {
        expect(deltaSpent(rule, mechanism, epsilon, k, cut), mutant).toBeGreaterThan(delta * 1.01);
      }
      // 17.5 % too little noise breaks ε for shown values and δ at k.
      const weak = laplace(33n, BigInt(Math.round(40 * epsilon)));
      expect(deltaSpent(isShown, weak, epsilon, k, cut)).toBeGreaterThan(delta * 1.01);
    });
  }

  test('Gaussian: above k the Rényi divergence is at most αρ; at k the cell is shown with probability at most δ', () => {
    const mechanism = gaussian(8n);
    const rho = 1 / 16;
    const cut = cutOf(mechanism, k, oneIn(10n ** 6n));
    for (const alpha of [1.25, 2, 4, 16]) {
      for (let n = k; n < 60n; n += 1n) {
        const [a, b] = [outputsOf(isShown, mechanism, n, k, cut), outputsOf(isShown, mechanism, n + 1n, k, cut)];
        for (const [p, q] of [
          [a, b],
          [b, a],
        ] as const) {
          let sum = 0;
          for (const [output, mass] of p) {
            const other = q.get(output) ?? 0;
            if (mass > 1e-280 && other > 1e-280)
              sum += Math.exp(alpha * Math.log(mass) + (1 - alpha) * Math.log(other));
          }
          expect(Math.log(sum) / (alpha - 1)).toBeLessThanOrEqual(alpha * rho + 1e-9);
        }
      }
    }
    const atK = 1 - (outputsOf(isShown, mechanism, k, k, cut).get(null) ?? 0);
    expect(atK).toBeLessThanOrEqual(1e-6 + rounding);
    const atKOneTooLow = 1 - (outputsOf(isShown, mechanism, k, k, cut - 1n).get(null) ?? 0);
    expect(atKOneTooLow).toBeGreaterThan(1e-6);
  });

  test('fewer than k units are never shown, whatever noise and cut', () => {
    for (const noise of [-5n, 0n, 10n ** 30n]) {
      for (const cut of [-100n, 0n, 50n]) expect(isShown(9n, noise, 10n, cut)).toBe(false);
    }
    expect(isShown(10n, 14n, 10n, 24n)).toBe(true);
    expect(isShown(10n, 13n, 10n, 24n)).toBe(false);
  });
});

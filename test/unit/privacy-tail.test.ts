import {
  compare,
  distributionOf,
  laplacePairDistribution,
  type Mechanism,
  type Rational,
  rational,
  subtract,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { expBounds } from '../../enclave/privacy/exponential.ts';
import { summedVarianceMax, tailOf } from '../../enclave/privacy/tail.ts';

const mechanisms: readonly Mechanism[] = [
  { kind: 'discreteGaussian', variance: rational(1n, 50n) },
  { kind: 'discreteGaussian', variance: rational(1n) },
  { kind: 'discreteGaussian', variance: rational(12_500n, 609n) },
  { kind: 'discreteGaussian', variance: rational(100n) },
  { kind: 'discreteGaussian', variance: rational(10_000n) },
  { kind: 'discreteLaplace', scale: rational(1n, 2n) },
  { kind: 'discreteLaplace', scale: rational(7n, 3n) },
  { kind: 'discreteLaplace', scale: rational(1_000n) },
];

const laws: readonly (readonly [Mechanism, 1 | 2])[] = [
  ...mechanisms.map((mechanism) => [mechanism, 1] as const),
  ...mechanisms.flatMap((mechanism) => (mechanism.kind === 'discreteLaplace' ? [[mechanism, 2] as const] : [])),
];

/** value/2^−1000 fits no double; this gives its natural logarithm. */
function logOf({ num, den }: Rational): number {
  const log = (n: bigint) => {
    const shift = Math.max(0, n.toString(2).length - 60);
    return Math.log(Number(n >> BigInt(shift))) + shift * Math.LN2;
  };
  return log(num) - log(den);
}

describe('e^−γ', () => {
  test('the first 60 digits of e^−1, e^−1/2 and e^−20', () => {
    const digits = (scaled: bigint) => scaled.toString().padStart(60, '0');
    const at = (num: bigint, den: bigint) => {
      const { lower, upper } = expBounds(num, den, 260);
      expect(upper - lower).toBeLessThanOrEqual(2n);
      const [low, high] = [lower, upper].map((bound) => digits((bound * 10n ** 60n) >> 260n));
      expect(low).toBe(high);
      return low;
    };
    expect(at(1n, 1n)).toBe('367879441171442321595523770161460867445811131031767834507836');
    expect(at(1n, 2n)).toBe('606530659712633423603799534991180453441918135487186955682892');
    expect(at(20n, 1n)).toMatch(/^0000000020611536224385578279659403801558209763758/);
  });

  test('0, beyond the last bit, and what is refused', () => {
    const one = 1n << 100n;
    const { lower, upper } = expBounds(0n, 5n, 100);
    expect(lower <= one && one <= upper && upper - lower <= 2n).toBe(true);
    expect(expBounds(100n, 1n, 100)).toEqual({ lower: 0n, upper: 1n });
    expect(expBounds(10n ** 50n, 1n, 100)).toEqual({ lower: 0n, upper: 1n });
    expect(() => expBounds(-1n, 1n, 100)).toThrow(RangeError);
    expect(() => expBounds(1n, 0n, 100)).toThrow(RangeError);
  });
});

describe('rigorous tails', () => {
  for (const [mechanism, draws] of laws) {
    const { num, den } = mechanism.kind === 'discreteGaussian' ? mechanism.variance : mechanism.scale;
    test(`${mechanism.kind} ${num}/${den}, draws: ${draws}: narrow, falling, symmetric, and the same at another precision`, () => {
      const tail = tailOf(mechanism, 128, draws);
      const finer = tailOf(mechanism, 300, draws);
      const width = rational(4n, 1n << 128n);
      for (let m = -60n; m <= 60n; m += 1n) {
        const { lower, upper } = tail(m);
        expect(compare(lower, upper)).toBeLessThanOrEqual(0);
        expect(compare(subtract(upper, lower), width)).toBeLessThanOrEqual(0);
        const { lower: finerLower, upper: finerUpper } = finer(m);
        expect(compare(lower, finerLower)).toBeLessThanOrEqual(0);
        expect(compare(finerUpper, upper)).toBeLessThanOrEqual(0);
        expect(compare(finer(m + 1n).lower, finerLower)).toBeLessThanOrEqual(0);
        const mirrored = finer(1n - m);
        expect(compare(finerUpper, rational(mirrored.lower.den - mirrored.lower.num, mirrored.lower.den))).toBe(0);
      }
    });
  }

  test('of two draws is the convolution of one', () => {
    const mechanism: Mechanism = { kind: 'discreteLaplace', scale: rational(7n, 3n) };
    const [one, two] = [tailOf(mechanism, 300), tailOf(mechanism, 300, 2)];
    const fixed = ({ num, den }: Rational) => (num << 280n) / den;
    for (const m of [-5n, 0n, 1n, 2n, 30n, 90n]) {
      let sum = 0n;
      for (let e = -700n; e <= 700n; e += 1n) {
        const mass = fixed(one(e).lower) - fixed(one(e + 1n).lower);
        sum += (mass * fixed(one(m - e).lower)) >> 280n;
      }
      const off = sum - fixed(two(m).lower);
      // What lies beyond 700 is below e^−300.
      expect(off < 1n << 16n && off > -(1n << 16n)).toBe(true);
    }
  });

  test('far beyond the summed terms the upper bound is still above 0', () => {
    const { lower, upper } = tailOf({ kind: 'discreteGaussian', variance: rational(4n) }, 64)(10n ** 30n);
    expect(lower.num).toBe(0n);
    expect(upper.num).toBeGreaterThan(0n);
  });

  test('refuses a variance too large to sum and too few bits', () => {
    const wide: Mechanism = { kind: 'discreteGaussian', variance: rational(summedVarianceMax + 1n) };
    expect(() => tailOf(wide, 64)).toThrow(RangeError);
    expect(() => tailOf({ kind: 'discreteGaussian', variance: rational(1n) }, 64, 2)).toThrow(RangeError);
    expect(() => tailOf({ kind: 'discreteGaussian', variance: rational(1n) }, 31)).toThrow(RangeError);
    expect(() => tailOf({ kind: 'discreteGaussian', variance: { num: 0n, den: 1n } }, 64)).toThrow(RangeError);
  });
});

/** The largest relative error of tables in doubles, against tails at 1,100 bits, down to 1e-300. */
function worstError(mechanism: Mechanism, reference: Mechanism, draws: 1 | 2 = 1): number {
  // 1e-300 has 997 leading zero bits; 64 more give the ratio to 1e-19.
  const tail = tailOf(reference, 1_100, draws);
  const { pmf, survival } = draws === 2 ? laplacePairDistribution(mechanism) : distributionOf(mechanism);
  let worst = 0;
  let smallest = 1;
  let m = -5;
  while (survival(m) >= 1e-300) {
    const exact = logOf(tail(BigInt(m)).upper);
    worst = Math.max(worst, Math.abs(Math.expm1(Math.log(survival(m)) - exact)));
    const next = tail(BigInt(m + 1)).lower;
    const here = tail(BigInt(m)).lower;
    const mass = logOf(rational(here.num * next.den - next.num * here.den, here.den * next.den));
    if (pmf(m) >= 1e-300) worst = Math.max(worst, Math.abs(Math.expm1(Math.log(pmf(m)) - mass)));
    smallest = survival(m);
    m = m < 12 ? m + 1 : Math.ceil(m * 1.07);
  }
  expect(smallest).toBeLessThan(1e-250);
  return worst;
}

describe('tables in doubles against the rigorous tails', () => {
  for (const [mechanism, draws] of [
    ...laws,
    [{ kind: 'discreteGaussian', variance: rational(summedVarianceMax) }, 1],
    [{ kind: 'discreteGaussian', variance: rational(10n ** 40n + 1n, 3n * 10n ** 39n) }, 1],
  ] as const) {
    const { num, den } = mechanism.kind === 'discreteGaussian' ? mechanism.variance : mechanism.scale;
    test(`${mechanism.kind} ${num}/${den}, draws: ${draws}: relative error at most 1e-12 down to 1e-300`, () => {
      expect(worstError(mechanism, mechanism, draws)).toBeLessThan(1e-12);
    });
  }

  test('the normal form, where it takes over from the sum: relative error at most 1e-12 down to 1e-300', () => {
    // The next double after 2^24; that changes a tail of 1e-300 by less than 2e-13 of it.
    const justAbove: Mechanism = { kind: 'discreteGaussian', variance: rational(2n ** 52n + 1n, 2n ** 28n) };
    const atLimit: Mechanism = { kind: 'discreteGaussian', variance: rational(summedVarianceMax) };
    expect(worstError(justAbove, atLimit)).toBeLessThan(1e-12);
  });

  test('they add up to 1 and vanish far out', () => {
    for (const mechanism of mechanisms) {
      const { pmf, survival } = distributionOf(mechanism);
      let sum = 0;
      for (let x = -60_000; x <= 60_000; x++) sum += pmf(x);
      expect(Math.abs(sum - 1)).toBeLessThan(1e-12);
      expect(survival(10_000_000)).toBe(0);
      expect(survival(-10_000_000)).toBe(1);
    }
  });
});

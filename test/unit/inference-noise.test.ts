import { distributionOf, type Mechanism, mechanismKey, rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { realTransform } from '../../enclave/protocol/inference/fourier.ts';
import { memoised } from '../../enclave/protocol/inference/memo.ts';
import { type NoiseSum, noiseSumOf, termsMax } from '../../enclave/protocol/inference/noise-sum.ts';
import { ShownNoise } from '../../enclave/protocol/inference/shown-noise.ts';

const gaussian = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteGaussian', variance: rational(num, den) });
const laplace = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteLaplace', scale: rational(num, den) });
const at = (sum: NoiseSum, i: number) => sum.survival[sum.size + i] ?? Number.NaN;

/** P(sum ≥ m) by convolution, value by value. */
function convolved(mechanism: Mechanism, terms: number, reach: number): (m: number) => number {
  const { pmf } = distributionOf(mechanism);
  const one = Float64Array.from({ length: 2 * reach + 1 }, (_, x) => pmf(x - reach));
  let sum = one;
  for (let term = 1; term < terms; term++) {
    const next = new Float64Array(sum.length);
    for (let x = -reach; x <= reach; x++) {
      for (let y = Math.max(-reach, x - reach); y <= Math.min(reach, x + reach); y++) {
        next[x + reach] = (next[x + reach] ?? 0) + (sum[y + reach] ?? 0) * (one[x - y + reach] ?? 0);
      }
    }
    sum = next;
  }
  return (m) => {
    let total = 0;
    for (let x = reach; x >= m; x--) total += sum[x + reach] ?? 0;
    return total;
  };
}

describe('the transform', () => {
  test('is the sum it says, and its own inverse', () => {
    const values = Float64Array.from({ length: 64 }, (_, x) => 1 / (1 + Math.min(x, 64 - x) ** 2));
    const turned = realTransform(values);
    for (let u = 0; u < 64; u++) {
      const expected = values.reduce((sum, value, x) => sum + value * Math.cos((2 * Math.PI * u * x) / 64), 0);
      expect(turned[u]).toBeCloseTo(expected, 13);
    }
    for (const [x, value] of realTransform(turned).entries()) expect(value / 64).toBeCloseTo(values[x] ?? 0, 14);
    expect(() => realTransform(new Float64Array(12))).toThrow(RangeError);
  });
});

describe('one draw', () => {
  for (const mechanism of [gaussian(1n), gaussian(32n), gaussian(10n ** 12n), laplace(4n), laplace(10n ** 6n)]) {
    test(`${mechanismKey(mechanism)}: the table is the distribution`, () => {
      const sum = noiseSumOf(mechanism, 1);
      const { survival } = distributionOf(mechanism);
      for (let i = -sum.size; i <= sum.size; i += 7) expect(at(sum, i)).toBe(survival(i * sum.step));
      expect(sum.exact?.(5)).toBe(survival(5));
      expect(sum.step === 1 || sum.sd / sum.step >= 128).toBe(true);
      expect(survival(sum.size * sum.step)).toBeLessThan(1e-40);
    });
  }
});

describe('several draws', () => {
  const cases = [
    [gaussian(1n, 4n), 5],
    [gaussian(1n), 2],
    [gaussian(3n), 4],
    [gaussian(32n), 3],
    [laplace(1n, 2n), 7],
    [laplace(4n), 3],
  ] as const;
  for (const [mechanism, terms] of cases) {
    test(`${terms} × ${mechanismKey(mechanism)}: the convolution, never below it`, () => {
      const sum = noiseSumOf(mechanism, terms);
      const exact = convolved(mechanism, terms, 300);
      for (let m = Math.max(-40, -sum.size); m <= Math.min(60, sum.size); m++) {
        expect(at(sum, m), `${m}`).toBeGreaterThanOrEqual(exact(m) * (1 - 1e-12));
        expect(at(sum, m), `${m}`).toBeLessThan(exact(m) * (1 + 2e-6) + 2e-8);
      }
      expect(sum.exact).toBeNull();
    });
  }

  test('wide Laplace draws: above the continuous sum P(L₁ + L₂ ≥ t) = e^−t(2 + t)/4, and by less than 2 %', () => {
    const scale = 10n ** 6n;
    const sum = noiseSumOf(laplace(scale), 2);
    const free = new ShownNoise(sum);
    for (let t = 0.25; t < 9; t += 0.25) {
      const exact = (Math.exp(-t) * (2 + t)) / 4;
      const bound = free.atLeast(t * Number(scale));
      expect(bound / exact, `${t}`).toBeGreaterThan(1);
      expect(bound - exact, `${t}`).toBeLessThan(0.02 * exact + 5e-8);
    }
    expect(sum.sd / (2 * Number(scale))).toBeCloseTo(1, 10);
  });

  test('so many that it is a normal law', () => {
    for (const [mechanism, sd] of [
      [laplace(3n), Math.sqrt(2 * 9 - 1 / 6)],
      [gaussian(5n), Math.sqrt(5)],
      [gaussian(1n), 1],
    ] as const) {
      const sum = noiseSumOf(mechanism, 100_000);
      expect(sum.sd / (sd * Math.sqrt(100_000))).toBeCloseTo(1, 2);
      expect(new ShownNoise(sum).atLeast(1.959964 * sum.sd)).toBeCloseTo(0.025, 3);
    }
  });

  test('no draws, half a draw and too many are refused', () => {
    for (const terms of [0, 1.5, -1, termsMax + 1, Number.NaN]) {
      expect(() => noiseSumOf(laplace(1n), terms)).toThrow(RangeError);
    }
  });

  test('noise beyond whole numbers in doubles is refused, a standard deviation of 6·10¹³ is not', () => {
    for (const terms of [1, 3, 50]) {
      expect(() => noiseSumOf(laplace(2n ** 60n), terms)).toThrow(/too wide/);
      expect(() => noiseSumOf(gaussian(2n ** 110n), terms)).toThrow(/too wide/);
    }
    expect(noiseSumOf(laplace(42n * 10n ** 12n), 1).sd).toBeCloseTo(5.94e13, -12);
    expect(noiseSumOf(gaussian(36n * 10n ** 26n), 1).sd).toBeCloseTo(6e13, -12);
  });
});

describe('noise that decided', () => {
  for (const [mechanism, from] of [
    [gaussian(32n), 33],
    [gaussian(32n), -4],
    [gaussian(10n ** 6n), 2_500],
    [laplace(4n), 70],
    [laplace(500n), -301],
  ] as const) {
    const noise = noiseSumOf(mechanism, 1);
    const cut = new ShownNoise(noise, from);
    const { survival } = distributionOf(mechanism);
    const shown = survival(from);

    test(`${mechanismKey(mechanism)} from ${from}: both tails are those given that it is shown, or a step above`, () => {
      for (let t = from - 5; t < from + 6 * noise.sd; t += noise.sd / 7) {
        const above = Math.min(1, survival(Math.max(from, Math.ceil(t))) / shown);
        const below = Math.max(0, 1 - survival(Math.max(from, Math.floor(t) + 1)) / shown);
        expect(cut.atLeast(t)).toBeGreaterThanOrEqual(above * (1 - 1e-11));
        expect(cut.atMost(t)).toBeGreaterThanOrEqual(below - 1e-11);
        if (noise.step === 1) expect(cut.atLeast(t)).toBeCloseTo(above, 12);
        if (noise.step === 1) expect(cut.atMost(t)).toBeCloseTo(below, 11);
        expect(cut.atLeast(t)).toBeLessThan(above * 1.06 + 1e-12);
        expect(cut.atMost(t)).toBeLessThan(below + 0.06);
      }
    });

    test(`${mechanismKey(mechanism)} from ${from}: blocks rise, add up, and bound both tails`, () => {
      for (const [blocks, exactly] of [
        [cut.blocks(), (t: number) => Math.min(1, survival(Math.max(from, t)) / shown)],
        [cut.negatedBlocks(), (t: number) => Math.max(0, 1 - survival(Math.max(from, 1 - t)) / shown)],
      ] as const) {
        const total = blocks.masses.reduce((sum, mass) => sum + mass, blocks.beyond);
        expect(total).toBeCloseTo(1, 11);
        expect(blocks.tops.every((top, i) => i === 0 || top > (blocks.tops[i - 1] ?? 0))).toBe(true);
        expect(blocks.masses.every((mass) => mass >= 0)).toBe(true);
        for (let i = 0; i < blocks.tops.length; i += 11) {
          const top = blocks.tops[i] ?? 0;
          const bound = blocks.masses.reduce((sum, mass, at) => sum + (at >= i ? mass : 0), blocks.beyond);
          expect(bound).toBeGreaterThanOrEqual(exactly(top) - 1e-11);
        }
      }
    });
  }

  test('a cut far below decides nothing; one far above leaves nothing known; sums decide nothing', () => {
    const noise = noiseSumOf(gaussian(32n), 1);
    expect(new ShownNoise(noise, -100).blocks()).toEqual(new ShownNoise(noise).blocks());
    const beyond = new ShownNoise(noise, 5_000);
    expect([beyond.atLeast(6_000), beyond.atMost(5_001), beyond.atMost(4_999), beyond.blocks().beyond]).toEqual([
      1, 1, 0, 1,
    ]);
    expect(() => new ShownNoise(noiseSumOf(gaussian(32n), 2), 0)).toThrow(RangeError);
  });
});

test('a memo forgets everything when it is full, and is right all the same', () => {
  const remembered = memoised<number>(2);
  let made = 0;
  const square = (n: number) =>
    remembered(`${n}`, () => {
      made += 1;
      return n * n;
    });
  expect([square(1), square(2), square(1), square(3), square(1)]).toEqual([1, 4, 1, 9, 1]);
  expect(made).toBe(4);
});

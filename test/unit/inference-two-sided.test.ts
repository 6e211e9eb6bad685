/** Ranges of two-sided means against their definition, summed over both draws one by one. */
import {
  distributionOf,
  laplacePairDistribution,
  type Mechanism,
  rational,
  TwoSidedIntervals,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const alpha = 0.05;
/** What is left for one side of the test: α less the hundredth for the range of A + B. */
const beta = (alpha - alpha / 100) / 2;
const laplace = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteLaplace', scale: rational(num, den) });

/** P(E − sV ≥ a − s·y | V ≥ c) for V = E + F, V ≥ y counted in full, by summing over E and F. */
function surprise(mechanism: Mechanism, a: number, y: number, s: number, c: number, reach: number): number {
  const { pmf, survival } = distributionOf(mechanism);
  let [event, shown] = [0, 0];
  for (let e = -reach; e <= reach; e++) {
    const mass = pmf(e);
    // V runs from c on; the event holds at v where e ≥ a − s(y − v).
    shown += mass * survival(c - e);
    const last = Math.min(y - 1, Math.floor((e - a + s * y) / s + 1e-9));
    event += mass * (Math.max(0, survival(c - e) - survival(last + 1 - e)) + survival(Math.max(c, y) - e));
  }
  return event / shown;
}

describe('the sum of two draws', () => {
  test('has the law of the convolution', () => {
    for (const mechanism of [laplace(1n, 2n), laplace(1n), laplace(7n, 3n), laplace(40n)]) {
      const { pmf, survival } = laplacePairDistribution(mechanism);
      const one = distributionOf(mechanism);
      for (const x of [-30, -3, -1, 0, 1, 2, 17, 90]) {
        let [at, above] = [0, 0];
        for (let e = -3000; e <= 3000; e++) {
          at += one.pmf(e) * one.pmf(x - e);
          above += one.pmf(e) * one.survival(x - e);
        }
        expect(pmf(x) / at - 1).toBeCloseTo(0, 11);
        expect(survival(x) / above - 1).toBeCloseTo(0, 11);
      }
    }
    expect(() => laplacePairDistribution({ kind: 'discreteGaussian', variance: rational(1n) })).toThrow(RangeError);
  });
});

describe('where nothing is cut off', () => {
  for (const [mechanism, width, a, b, slack] of [
    [laplace(2n), 1n, 300, 700, 1],
    [laplace(100n), 100n, 9_000, 31_000, 1],
    [laplace(700n), 700n, 350_000, 350_000, 1.04],
    [laplace(3_000n), 1_000n, 100_000, 900_000, 1.04],
  ] as const) {
    test(`${mechanism.kind === 'discreteLaplace' ? mechanism.scale.num : 0n} for ${width} a unit: the definition, at and around both ends`, () => {
      const { low, high } = new TwoSidedIntervals({ mechanism, width, k: 1n, cut: 2n, alpha }).of(BigInt(a), BigInt(b));
      const reach = 36 * Number(mechanism.kind === 'discreteLaplace' ? mechanism.scale.num : 0n);
      const free = (side: number, s: number) => surprise(mechanism, side, a + b, s, -3 * reach, reach);
      const step = (high - low) / 400;
      expect(low).toBeLessThan(a / (a + b));
      expect(high).toBeGreaterThan(a / (a + b));
      for (const [side, end] of [
        [a, low],
        [b, 1 - high],
      ] as const) {
        expect(free(side, end)).toBeLessThan(beta);
        expect(free(side, end + 2 * step) * slack).toBeGreaterThan(beta);
      }
    });
  }
});

describe('near the cut', () => {
  const rules = [
    { mechanism: laplace(1n), width: 1n, k: 10n, cut: 31n, alpha },
    { mechanism: laplace(3n), width: 2n, k: 5n, cut: 40n, alpha },
    { mechanism: laplace(200n), width: 100n, k: 5n, cut: 50n, alpha },
  ] as const;
  test('an excluded share is surprising at every size that is possible', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...rules),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(12),
        (rule, part, more) => {
          const { mechanism, width, k, cut } = rule;
          const sum = Number(width) * (Number(cut) + more);
          const a = Math.round(part * sum);
          const { low, high } = new TwoSidedIntervals(rule).of(BigInt(a), BigInt(sum - a));
          const scale = Number(mechanism.kind === 'discreteLaplace' ? mechanism.scale.num : 0n);
          const sizes = Array.from({ length: 60 }, (_, n) => k + BigInt(n));
          for (const [side, end] of [
            [a, low],
            [sum - a, 1 - high],
          ] as const) {
            if (end <= 0) continue;
            // At the true size of its range there is one that makes it least surprising; here, of all that are not themselves excluded.
            for (const n of sizes) {
              const c = Number(width * (cut - n));
              const { survival } = laplacePairDistribution(mechanism);
              const isPossible =
                survival(sum - Number(width * n)) >= 0.01 * survival(c) &&
                survival(c) - survival(sum + 1 - Number(width * n)) >= 0.01 * survival(c);
              if (isPossible) expect(surprise(mechanism, side, sum, end, c, 40 * scale)).toBeLessThan(beta + 1e-9);
            }
          }
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  test('nothing is known of a share at the cut itself, and everything stays within 0 … 1', () => {
    const intervals = new TwoSidedIntervals(rules[0]);
    const { low, high } = intervals.of(15n, 16n);
    expect(high - low).toBeGreaterThan(0.9);
    for (const a of [-9n, 0n, 31n, 40n]) {
      const { low, high } = intervals.of(a, 31n - a);
      expect(0 <= low && low <= high && high <= 1).toBe(true);
    }
  });
});

test('exchanging the sides mirrors the range, and more of one side never lowers it', () => {
  const intervals = new TwoSidedIntervals({ mechanism: laplace(50n), width: 25n, k: 10n, cut: 60n, alpha });
  let last = { low: 0, high: 0 };
  for (let a = 0n; a <= 3_000n; a += 250n) {
    const { low, high } = intervals.of(a, 3_000n - a);
    const mirrored = intervals.of(3_000n - a, a);
    expect(mirrored.low).toBeCloseTo(1 - high, 12);
    expect(mirrored.high).toBeCloseTo(1 - low, 12);
    expect(low).toBeGreaterThanOrEqual(last.low);
    expect(high).toBeGreaterThanOrEqual(last.high);
    last = { low, high };
  }
});

test('the least and the widest noise a question may have', () => {
  for (const [scale, width, cut] of [
    [laplace(1n, 500n), 1n, 6n],
    [laplace(1n, 5n), 100n, 6n],
    [laplace(2n ** 40n), 2n ** 20n, 22n * 2n ** 20n],
  ] as const) {
    const intervals = new TwoSidedIntervals({ mechanism: scale, width, k: 5n, cut, alpha });
    for (const more of [0n, 1n, 1_000_000n]) {
      const sum = width * (cut + more);
      const { low, high } = intervals.of(sum / 3n, sum - sum / 3n);
      expect(0 <= low && low <= high && high <= 1).toBe(true);
    }
  }
});

test('refuses what no release can hold', () => {
  const rule = { mechanism: laplace(50n), width: 25n, k: 10n, cut: 60n, alpha };
  expect(() => new TwoSidedIntervals({ ...rule, width: 0n })).toThrow(RangeError);
  expect(() => new TwoSidedIntervals({ ...rule, alpha: 1e-5 })).toThrow(RangeError);
  const gaussian: Mechanism = { kind: 'discreteGaussian', variance: rational(50n) };
  expect(() => new TwoSidedIntervals({ ...rule, mechanism: gaussian })).toThrow(RangeError);
  expect(() => new TwoSidedIntervals(rule).of(700n, 799n)).toThrow('below the cut');
  expect(() => new TwoSidedIntervals(rule).of(2n ** 53n, -(2n ** 53n) + 2_000n)).toThrow('2^52');
});

/** Ranges with natural variation, against sums over every integer. */
import {
  combined,
  type Estimate,
  ExpectationIntervals,
  type Mechanism,
  rational,
  samplingRangeOf,
  wilson,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';

const gaussian: Mechanism = { kind: 'discreteGaussian', variance: rational(16n) };
const laplace: Mechanism = { kind: 'discreteLaplace', scale: rational(3n) };
const [k, cut] = [10, 30];

/** e^(−x²/2σ²) or e^(−|x|/t), summed over everything that counts. */
function survival(mechanism: Mechanism, from: number): number {
  const weight = (x: number) =>
    mechanism.kind === 'discreteGaussian' ? Math.exp(-(x ** 2) / 32) : Math.exp(-Math.abs(x) / 3);
  let [above, all] = [0, 0];
  for (let x = -400; x <= 400; x++) {
    all += weight(x);
    if (x >= from) above += weight(x);
  }
  return above / all;
}

/** P(Y ≥ y | shown) and P(Y ≤ y | shown) for N of expectation λ. */
function tails(mechanism: Mechanism, lambda: number, y: number): { high: number; low: number } {
  let [atLeast, beyond, shown] = [0, 0, 0];
  let logWeight = -lambda;
  for (let n = 0; n <= 400; n++) {
    if (n > 0) logWeight += Math.log(lambda / n);
    if (n < k) continue;
    const weight = Math.exp(logWeight);
    atLeast += weight * survival(mechanism, y - n);
    beyond += weight * survival(mechanism, y + 1 - n);
    shown += weight * survival(mechanism, cut - n);
  }
  return { high: atLeast / shown, low: (shown - beyond) / shown };
}

describe('the range of an expectation', () => {
  test.each<[string, Mechanism]>([
    ['Gaussian', gaussian],
    ['Laplace', laplace],
  ])('ends where a shown count becomes surprising, %s noise', (_name, mechanism) => {
    const intervals = new ExpectationIntervals({ mechanism, k: BigInt(k), cut: BigInt(cut), alpha: 0.05 });
    for (const y of [30, 35, 60, 120]) {
      const { low, high } = intervals.of(y);
      // Blocks and bisection widen by less than a tenth of the Poisson law's own width.
      const slack = 0.1 * Math.sqrt(y);
      if (low > 0) {
        expect(tails(mechanism, low + slack, y).high).toBeGreaterThan(0.025);
        expect(tails(mechanism, low, y).high).toBeLessThanOrEqual(0.025 + 1e-6);
      } else expect(tails(mechanism, 0.5, y).high).toBeGreaterThan(0.025);
      expect(tails(mechanism, high - slack, y).low).toBeGreaterThan(0.025);
      expect(tails(mechanism, high, y).low).toBeLessThanOrEqual(0.025 + 1e-6);
    }
  });

  test('is wider than that of the noise by the width of a Poisson law, in squares', () => {
    const intervals = new ExpectationIntervals({ mechanism: gaussian, k: 10n, cut: 30n, alpha: 0.05 });
    const { low, high } = intervals.of(10_000);
    expect((high - low) / (2 * 1.96 * Math.hypot(100, 4))).toBeCloseTo(1, 1);
    expect(() => intervals.of(29)).toThrow('below the cut');
  });
});

describe('a share', () => {
  test('has Wilson’s range', () => {
    // Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, and 0 of 20.
    const of = wilson(81 / 263, 263);
    expect([of.low, of.high].map((end) => end.toFixed(4))).toEqual(['0.2553', '0.3662']);
    const none = wilson(0, 20);
    expect([none.low, none.high].map((end) => end.toFixed(4))).toEqual(['0.0000', '0.1611']);
    expect(() => wilson(0.5, 0)).toThrow(RangeError);
  });

  test('adds the distances of both ranges in squares, also where the value lies outside of one', () => {
    expect(combined(10, { low: 7, high: 14 }, { low: 6, high: 13 })).toEqual({ low: 5, high: 15 });
    expect(combined(10, { low: 3, high: 9 }, { low: 10, high: 13 })).toEqual({ low: 3, high: 13 });
  });
});

describe('the second range of a release', () => {
  const noise = { kind: 'discreteGaussian', variance: '16' } as const;
  const range = (fn: 'count' | 'rate' | 'mean' | 'sum', decimals: number, measure?: object) => {
    const of = samplingRangeOf({ fn, decimals, noise, cut }, { k }, measure as never);
    return (estimate: Estimate) => of && of(estimate);
  };

  test('is in the integers of the estimate, rounded outwards, and never narrower than the noise’s', () => {
    const count = range('count', 0)({ value: 100, low: 92, high: 108 });
    expect(Number.isInteger(count?.low) && Number.isInteger(count?.high)).toBe(true);
    expect(count?.low).toBeLessThan(92 - 10);
    expect(count?.high).toBeGreaterThan(108 + 10);
    const rate = range('rate', 4)({ value: 2500, low: 2400, high: 2600, units: 400 });
    expect(rate?.low).toBeLessThan(2150);
    expect(rate?.high).toBeGreaterThan(2900);
    const mean = { as: 'm', fn: 'mean', column: 'r.age', clamp: [0, 100] };
    // √((100 − 50)·50/400) = 2.5 years either way at one standard error.
    expect(range('mean', 2, mean)({ value: 5000, low: 4990, high: 5010, units: 400 })).toEqual({
      low: 4509,
      high: 5491,
    });
  });

  test('is not there where nothing is known of it', () => {
    expect(range('sum', 0)({ value: 100, low: 90, high: 110 })).toBeNull();
    expect(range('mean', 2)({ value: 100, low: 90, high: 110, units: 30 })).toBeNull();
    // A document of before, which does not say of how many.
    expect(range('rate', 4)({ value: 2500, low: 2400, high: 2600 })).toBeNull();
  });
});

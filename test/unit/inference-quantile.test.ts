import { distributionOf, type Mechanism, quantileRange, rational } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const alpha = 0.05;
const half = rational(1n, 2n);
const gaussian = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteGaussian', variance: rational(num, den) });
const laplace = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteLaplace', scale: rational(num, den) });

/** The first index at which the isotonic least-squares fit of all but the last is not negative, by pooling neighbours. */
function byPooling(excess: readonly number[]): number {
  const pools: { sum: number; size: number }[] = [];
  for (const value of excess.slice(0, -1)) {
    let last = { sum: value, size: 1 };
    for (let before = pools.at(-1); before && before.sum / before.size >= last.sum / last.size; before = pools.at(-1)) {
      pools.pop();
      last = { sum: before.sum + last.sum, size: before.size + last.size };
    }
    pools.push(last);
  }
  let first = 0;
  for (const { sum, size } of pools) {
    if (sum >= 0) break;
    first += size;
  }
  return first;
}

/** P(a·A ± b·B ≥ w) for sums of m and n draws, by convolution. */
function exactTail(mechanism: Mechanism, weights: readonly number[], w: number): number {
  const { pmf } = distributionOf(mechanism);
  let law = new Map([[0, 1]]);
  for (const weight of weights) {
    const next = new Map<number, number>();
    for (const [x, p] of law) {
      for (let e = -60; e <= 60; e++) {
        if (pmf(e) > 1e-16) next.set(x + weight * e, (next.get(x + weight * e) ?? 0) + p * pmf(e));
      }
    }
    law = next;
  }
  return [...law].reduce((sum, [x, p]) => sum + (x >= w ? p : 0), 0);
}

describe('quantiles from bins with noise', () => {
  test('the estimate is that of the isotonic fit, whatever the bins', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(-30n, 100n), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (bins, tenths) => {
          const total = bins.reduce((sum, n) => sum + n, 0n);
          let cumulative = 0n;
          const excess = bins.map((n) => Number(10n * (cumulative += n) - BigInt(tenths) * total));
          const { bin, low, high } = quantileRange(bins, gaussian(50n), rational(BigInt(tenths), 10n), alpha);
          expect(bin).toBe(byPooling(excess));
          expect(0 <= low && low <= bin && bin <= high && high < bins.length).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('without much noise it is the quantile, and the range is one bin', () => {
    const bins = [5n, 10n, 40n, 30n, 15n];
    for (const mechanism of [gaussian(1n, 10n), gaussian(1n), laplace(1n, 5n)]) {
      expect(quantileRange(bins, mechanism, half, alpha)).toEqual({ bin: 2, low: 2, high: 2 });
      expect(quantileRange(bins, mechanism, rational(9n, 10n), alpha)).toEqual({ bin: 4, low: 4, high: 4 });
      expect(quantileRange([3n], mechanism, half, alpha)).toEqual({ bin: 0, low: 0, high: 0 });
    }
  });

  test('more noise or a smaller α never narrows; nothing but noise leaves every bin possible', () => {
    const bins = Array.from({ length: 40 }, (_, i) => BigInt(Math.round(100 * Math.exp(-((i - 20) ** 2) / 60))));
    for (const make of [gaussian, laplace]) {
      let last = quantileRange(bins, make(1n), half, alpha);
      for (const parameter of [4n, 16n, 64n, 256n]) {
        const next = quantileRange(bins, make(parameter), half, alpha);
        expect(next.low <= last.low && last.high <= next.high).toBe(true);
        const surer = quantileRange(bins, make(parameter), half, alpha / 100);
        expect(surer.low <= next.low && next.high <= surer.high).toBe(true);
        last = next;
      }
      const empty = quantileRange([0n, 1n, -2n, 0n], make(100n), half, alpha);
      expect([empty.low, empty.high]).toEqual([0, 3]);
    }
  });

  test('no bin is excluded that the exact law of the noise does not exclude', () => {
    for (const mechanism of [gaussian(1n), gaussian(1n, 3n), gaussian(8n), laplace(1n), laplace(3n)]) {
      for (const q of [half, rational(1n, 10n), rational(2n, 3n)]) {
        const [below, above] = [Number(q.den - q.num), Number(q.num)];
        // Bin 0 is excluded as soon as the excess at bin 0 is so low that the noise explains it with less than α/2.
        for (let n = 0n; n < 60n; n += 3n) {
          const bins = [0n, n, n];
          if (quantileRange(bins, mechanism, q, alpha).low === 0) continue;
          const deficit = Number(q.num * 2n * n);
          expect(exactTail(mechanism, [below, above, above], deficit)).toBeLessThan(alpha / 2);
        }
      }
    }
  });

  test('what is no quantile is refused', () => {
    expect(() => quantileRange([], gaussian(1n), half, alpha)).toThrow(RangeError);
    for (const q of [rational(0n), rational(1n), rational(3n, 2n)]) {
      expect(() => quantileRange([1n], gaussian(1n), q, alpha)).toThrow(RangeError);
    }
    for (const wrong of [0, 1, Number.NaN]) {
      expect(() => quantileRange([1n], gaussian(1n), half, wrong)).toThrow(RangeError);
    }
    expect(() => quantileRange([1n], gaussian(0n), half, alpha)).toThrow(RangeError);
  });
});

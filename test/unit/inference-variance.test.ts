/** Variances from noised sums and squares against the values themselves. */
import { type Mechanism, type Noisy, rational, varianceInterval, varianceOf } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const alpha = 0.05;
/** Next to no noise: a draw is 0 but for e^−500. */
const still: Mechanism = { kind: 'discreteGaussian', variance: rational(1n, 1000n) };
const noisy = (variance: bigint): Mechanism => ({ kind: 'discreteGaussian', variance: rational(variance) });

/** The moments of values within 0 … W. */
function momentsOf(values: readonly number[], width: number, mechanism: Mechanism, squaresNoise = mechanism) {
  const centred = values.map((x) => 2 * x - width);
  const total = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0);
  const plain = (value: number, of: Mechanism): Noisy => ({ value, mechanism: of, terms: 1 });
  return {
    units: plain(values.length, mechanism),
    sum: plain(total(centred), mechanism),
    squares: plain(total(centred.map((y) => 2 * y * y - width * width)), squaresNoise),
    width,
  };
}

const values = fc.array(fc.nat(12), { minLength: 30, maxLength: 200 });

describe('a variance', () => {
  test('without noise is that of the values', () => {
    fc.assert(
      fc.property(values, (list) => {
        const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
        const variance = list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length;
        const moments = momentsOf(list, 12, still);
        expect(varianceOf(moments)).toBeCloseTo(variance, 9);
        const { low, high } = varianceInterval(moments, alpha);
        expect(low).toBeLessThanOrEqual(variance + 1e-9);
        expect(high).toBeGreaterThanOrEqual(variance - 1e-9);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  test('lies, with its range, in 0 … W²/4, whatever the noise has made of the sums', () => {
    const any = fc.integer({ min: -20_000, max: 20_000 });
    fc.assert(
      fc.property(any, any, fc.integer({ min: 1, max: 300 }), (sum, squares, units) => {
        const mechanism = noisy(400n);
        const moments = {
          units: { value: units, mechanism, terms: 1 },
          sum: { value: sum, mechanism, terms: 1 },
          squares: { value: squares, mechanism, terms: 1 },
          width: 10,
        };
        const [value, { low, high }] = [varianceOf(moments), varianceInterval(moments, alpha)];
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(25);
        expect(0 <= low && low <= high && high <= 25).toBe(true);
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  test('has a wider range with more noise, in the sum as in the squares', () => {
    const list = Array.from({ length: 600 }, (_, n) => n % 13);
    const widthOf = (mechanism: Mechanism, squares?: Mechanism) => {
      const { low, high } = varianceInterval(momentsOf(list, 12, mechanism, squares), alpha);
      return high - low;
    };
    const [little, more] = [widthOf(noisy(100n)), widthOf(noisy(2_500n))];
    expect(more).toBeGreaterThan(2 * little);
    expect(widthOf(noisy(100n), noisy(1_000_000n))).toBeGreaterThan(2 * little);
  });
});

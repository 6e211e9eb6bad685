import { CountIntervals, distributionOf, type Mechanism, rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { cutOf } from '../../enclave/privacy/threshold.ts';

const laplace = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteLaplace', scale: rational(num, den) });
const gaussian = (num: bigint, den = 1n): Mechanism => ({ kind: 'discreteGaussian', variance: rational(num, den) });
const k = 10n;
const alpha = 0.05;

/** The definition, one n after the other, with tails summed from the pmf instead of looked up. */
function byDefinition(mechanism: Mechanism, cut: number, y: number): number[] {
  const { pmf } = distributionOf(mechanism);
  const sum = (from: number, to: number) => {
    let total = 0;
    for (let x = to; x >= from; x--) total += pmf(x);
    return total;
  };
  const passing: number[] = [];
  for (let n = Number(k); n <= y + 150; n++) {
    const shown = sum(cut - n, 400);
    const high = sum(y - n, 400) / shown;
    const low = sum(cut - n, y - n) / shown;
    if (high >= alpha / 2 && low >= alpha / 2) passing.push(n);
  }
  return passing;
}

describe('intervals of counts', () => {
  for (const mechanism of [laplace(4n), laplace(1n), laplace(1n, 2n), gaussian(1n), gaussian(8n), gaussian(100n)]) {
    const parameter = mechanism.kind === 'discreteGaussian' ? mechanism.variance : mechanism.scale;
    test(`${mechanism.kind} ${parameter.num}/${parameter.den}: the definition, value by value`, () => {
      const cut = cutOf(mechanism, k, rational(1n, 10n ** 8n));
      const intervals = new CountIntervals({ mechanism, k, cut, alpha });
      for (let y = cut; y < cut + 40n; y += 1n) {
        const passing = byDefinition(mechanism, Number(cut), Number(y));
        const { low, high } = intervals.of(y);
        const expected = passing.length === 0 ? [10] : passing;
        expect([low, high], `y = ${y}`).toEqual([BigInt(expected[0] ?? 0), BigInt(expected.at(-1) ?? 0)]);
        expect(passing.length === 0 || passing.length === Number(high - low) + 1).toBe(true);
      }
    });
  }

  test('Laplace: below cut + ln(2/α)/ε the lower limit is k, from there on it is above', () => {
    for (const [mechanism, epsilon] of [
      [laplace(10n), 0.1],
      [laplace(2n), 0.5],
      [laplace(1n), 1],
    ] as const) {
      const cut = cutOf(mechanism, k, rational(1n, 10n ** 8n));
      const intervals = new CountIntervals({ mechanism, k, cut, alpha });
      const limit = Number(cut) + Math.log(2 / alpha) / epsilon;
      for (let y = cut; Number(y) < limit; y += 1n) expect(intervals.of(y).low).toBe(k);
      expect(intervals.of(BigInt(Math.ceil(limit))).low).toBeGreaterThan(k);
    }
  });

  test('far above the cut it is the plain interval', () => {
    // Half-widths: P(|η| ≥ 4) = 0.027 ≤ 0.05 < P(|η| ≥ 3) at ε = 1, and 1.96·10 rounded up at σ = 10.
    const plain = (mechanism: Mechanism, y: bigint) => {
      const { low, high } = new CountIntervals({ mechanism, k, cut: 100n, alpha }).of(y);
      return [low - y, high - y];
    };
    expect(plain(laplace(1n), 5_000n)).toEqual([-3n, 3n]);
    expect(plain(gaussian(100n), 5_000_000_000n)).toEqual([-20n, 20n]);
  });

  test('noise so wide that no count explains a value at the cut: the interval is {k}', () => {
    const mechanism = gaussian(1_000_000n);
    const cut = cutOf(mechanism, k, rational(1n, 10n ** 8n));
    expect(new CountIntervals({ mechanism, k, cut, alpha }).of(cut)).toEqual({ low: k, high: k });
  });

  test('of 50,000 different values are what each is alone', () => {
    const rule = { mechanism: gaussian(100n), k, cut: 67n, alpha };
    const intervals = new CountIntervals(rule);
    for (let i = 0n; i < 50_000n; i += 1n) {
      const interval = intervals.of(67n + i * 3n);
      if (i % 5_000n === 0n) expect(interval).toEqual(new CountIntervals(rule).of(67n + i * 3n));
    }
  });

  test('the memo stays bounded and answers the same after it was emptied', () => {
    const intervals = new CountIntervals({ mechanism: laplace(1n), k, cut: 29n, alpha });
    const before = intervals.of(31n);
    for (let y = 29n; y < 140_000n; y += 1n) intervals.of(y);
    expect(intervals.of(31n)).toEqual(before);
  });

  test('refuses values below the cut and rules that are none', () => {
    const rule = { mechanism: laplace(1n), k, cut: 29n, alpha };
    expect(() => new CountIntervals(rule).of(28n)).toThrow(RangeError);
    expect(() => new CountIntervals(rule).of(2n ** 60n)).toThrow(RangeError);
    for (const wrong of [{ k: 0n }, { cut: 9n }, { alpha: 0 }, { alpha: 1 }, { alpha: Number.NaN }, { cut: 2_000n }]) {
      expect(() => new CountIntervals({ ...rule, ...wrong })).toThrow(RangeError);
    }
  });
});

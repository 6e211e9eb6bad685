/**
 * The published constants of differential privacy that this code can be held to. Not used here: the optimal partition
 * selection is another mechanism (its curve is an upper bound for ours, and is used as one), and PLD composition.
 */
import { existsSync, readFileSync } from 'node:fs';
import { distributionOf, type Mechanism, type Rational, rational } from '@reinraum/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { tauOf } from '../../enclave/privacy/threshold.ts';
import { deltaOf, epsilonOf, posterior } from '../../enclave/protocol/epsilon.ts';

const file = new URL('../../../shared/vectors/differential-privacy.json', import.meta.url);
const number = z.number();
const vectorsSchema = z.object({
  partition_keep_probability: z.array(
    z.object({ l0: number, eps: z.union([number, z.string()]), delta: number, p: z.record(z.string(), number) }),
  ),
  hard_keep_n: z.array(z.object({ eps: number, delta: number, n: number })),
  discrete_laplace_threshold: z.array(z.object({ eps: number, delta: number, tau: number })),
  gaussian_threshold: z.array(
    z.object({ l0: number, linf: number, sigma: number, threshold_delta: number, tau: number }),
  ),
  discrete_gaussian_delta: z.array(z.object({ sigma2: number, eps: number, delta: number })),
  pld_composition_discrete_gaussian: z.array(z.object({ sigma: number, k: number, delta: number, eps: number })),
  zcdp_to_eps: z.array(z.object({ rho: number, delta: number, eps: number })),
  eps_to_zcdp: z.array(z.object({ eps: number, delta: number, rho: number })),
  discrete_laplace_sens1: z.array(
    z.object({
      eps: number,
      p0: number,
      var: number,
      mean_abs: number,
      half_width_95: number,
      half_width_99: number,
    }),
  ),
  membership_inference_accuracy_bound: z.array(z.object({ eps: number, acc: number })),
});

/** The decimal a double is written as, exactly. */
function exactly(value: number): Rational {
  const [mantissa = '', exponent = '0'] = value.toString().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const power = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  return power >= 0 ? rational(digits * 10n ** BigInt(power)) : rational(digits, 10n ** BigInt(-power));
}

const laplaceAt = (epsilon: number): Mechanism => {
  const { num, den } = exactly(epsilon);
  return { kind: 'discreteLaplace', scale: rational(den, num) };
};
const relative = (value: number, expected: number) => Math.abs(value / expected - 1);

/** Desfontaines, Voss, Gipson, Mandayam 2022: the most any (ε, δ) rule may keep a cell of n, for n from 0 until it is 1. */
function optimalKeep(epsilon: number, delta: number): number[] {
  const curve = [0];
  for (let last = 0; last < 1; ) {
    last = Math.min(Math.exp(epsilon) * last + delta, 1 - Math.exp(-epsilon) * (1 - last - delta), 1);
    curve.push(last);
  }
  return curve;
}

describe('differential-privacy.json', () => {
  beforeEach((context) => {
    if (!existsSync(file)) context.skip('needs ../shared/vectors (published test vectors, not part of the repository)');
  });
  const vectors = existsSync(file)
    ? vectorsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    : vectorsSchema.parse(Object.fromEntries(Object.keys(vectorsSchema.shape).map((name) => [name, []])));

  test('discrete_laplace_threshold: τ for k = 1', () => {
    expect(vectors.discrete_laplace_threshold).toHaveLength(15);
    for (const { eps, delta, tau } of vectors.discrete_laplace_threshold) {
      expect(tauOf(laplaceAt(eps), exactly(delta))).toBe(BigInt(tau));
    }
  });

  test('gaussian_threshold: the discrete τ is the continuous one rounded up', () => {
    expect(vectors.gaussian_threshold).toHaveLength(2);
    for (const { l0, sigma, threshold_delta: delta, tau } of vectors.gaussian_threshold) {
      const perCell = -Math.expm1(Math.log1p(-delta) / l0);
      const mechanism: Mechanism = { kind: 'discreteGaussian', variance: exactly(sigma * sigma) };
      expect(tauOf(mechanism, exactly(perCell))).toBe(BigInt(Math.ceil(tau)));
    }
  });

  test('hard_keep_n and partition_keep_probability: our τ keeps no cell more often than any (ε, δ) rule may', () => {
    expect(vectors.hard_keep_n).toHaveLength(15);
    for (const { eps, delta, n } of vectors.hard_keep_n) {
      const curve = optimalKeep(eps, delta);
      expect(curve.findIndex((p) => p >= 1 - 1e-12)).toBe(n);
      const tau = Number(tauOf(laplaceAt(eps), exactly(delta)));
      const { survival } = distributionOf(laplaceAt(eps));
      for (const [units, most] of curve.entries()) {
        const kept = units < 1 ? 0 : survival(tau - units);
        expect(kept).toBeLessThanOrEqual(most * (1 + 1e-9));
      }
      // A τ one too low breaks the bound at a single unit.
      expect(survival(tau - 2)).toBeGreaterThan(curve[1] ?? 1);
    }
    const row = vectors.partition_keep_probability.find(({ l0, eps }) => l0 === 1 && eps === 1);
    const { survival } = distributionOf(laplaceAt(1));
    const tau = Number(tauOf(laplaceAt(1), exactly(1e-6)));
    for (const [units, most] of Object.entries(row?.p ?? { missing: -1 })) {
      expect(survival(tau - Number(units))).toBeLessThanOrEqual(most);
    }
  });

  test('discrete_gaussian_delta: the exact δ(ε) of one discrete Gaussian from the tables', () => {
    expect(vectors.discrete_gaussian_delta).toHaveLength(4);
    for (const { sigma2, eps, delta } of vectors.discrete_gaussian_delta) {
      const { survival } = distributionOf({ kind: 'discreteGaussian', variance: exactly(sigma2) });
      const computed =
        survival(Math.floor(eps * sigma2 - 0.5) + 1) - Math.exp(eps) * survival(Math.floor(eps * sigma2 + 0.5) + 1);
      expect(relative(computed, delta)).toBeLessThan(1e-10);
    }
  });

  test('discrete_laplace_sens1: P(0), variance, mean size and half-widths from the tables', () => {
    expect(vectors.discrete_laplace_sens1).toHaveLength(6);
    for (const row of vectors.discrete_laplace_sens1) {
      const { pmf, survival } = distributionOf(laplaceAt(row.eps));
      let variance = 0;
      let meanSize = 0;
      for (let x = 1; x < 1_000; x++) {
        variance += 2 * x * x * pmf(x);
        meanSize += 2 * x * pmf(x);
      }
      expect(relative(pmf(0), row.p0)).toBeLessThan(1e-12);
      expect(relative(variance, row.var)).toBeLessThan(1e-12);
      expect(relative(meanSize, row.mean_abs)).toBeLessThan(1e-12);
      const halfWidth = (missing: number) => {
        let width = 0;
        while (2 * survival(width + 1) > missing) width += 1;
        return width;
      };
      expect([halfWidth(0.05), halfWidth(0.01)]).toEqual([row.half_width_95, row.half_width_99]);
    }
  });

  test('zcdp_to_eps: ε of a balance', () => {
    expect(vectors.zcdp_to_eps).toHaveLength(24);
    for (const { rho, delta, eps } of vectors.zcdp_to_eps) {
      const epsilon = epsilonOf(exactly(rho), exactly(delta));
      expect(relative(epsilon, eps), `ρ ${rho}, δ ${delta}`).toBeLessThan(1e-12);
      expect(relative(deltaOf(exactly(rho), epsilon), delta)).toBeLessThan(1e-10);
    }
  });

  test('eps_to_zcdp: the same formula the other way', () => {
    expect(vectors.eps_to_zcdp).toHaveLength(18);
    for (const { eps, delta, rho } of vectors.eps_to_zcdp) {
      expect(relative(epsilonOf(exactly(rho), exactly(delta)), eps)).toBeLessThan(1e-12);
      expect(relative(deltaOf(exactly(rho), eps), delta)).toBeLessThan(1e-10);
    }
  });

  test('pld_composition_discrete_gaussian: ε from ρ is never below the tighter accountant and never far above', () => {
    expect(vectors.pld_composition_discrete_gaussian).toHaveLength(15);
    for (const { sigma, k, delta, eps } of vectors.pld_composition_discrete_gaussian) {
      const epsilon = epsilonOf(rational(BigInt(k), BigInt(2 * sigma * sigma)), exactly(delta));
      expect(epsilon).toBeGreaterThan(eps);
      expect(epsilon).toBeLessThan(1.35 * eps);
    }
  });

  test('membership_inference_accuracy_bound: what a prior of 1/2 becomes', () => {
    expect(vectors.membership_inference_accuracy_bound).toHaveLength(7);
    for (const { eps, acc } of vectors.membership_inference_accuracy_bound) {
      expect(relative(posterior(0.5, eps), acc)).toBeLessThan(1e-14);
    }
  });
});

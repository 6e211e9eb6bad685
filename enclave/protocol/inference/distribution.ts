import { type Mechanism, parameterOf } from '../mechanism.ts';
import { toNumber } from '../rational.ts';

/**
 * Probabilities of a mechanism's noise in doubles, for inference on released values only: relative error at most 1e-12
 * wherever the value is at least 1e-300. Arguments are safe integers. No decision about what is shown may rest on these.
 */
const summedVarianceMax = 2n ** 24n;
export interface NoiseDistribution {
  /** P(η = x). */
  readonly pmf: (x: number) => number;
  /** P(η ≥ m). */
  readonly survival: (m: number) => number;
}

/** Throws `RangeError` for a Gaussian variance above `summedVarianceMax`. Proof: `distribution.proof.md`. */
export function distributionOf(mechanism: Mechanism): NoiseDistribution {
  const parameter = parameterOf(mechanism);
  if (mechanism.kind === 'discreteLaplace') return laplaceDistribution(toNumber(parameter));
  if (parameter.num > summedVarianceMax * parameter.den)
    throw new RangeError('distribution: the variance is too large');
  return gaussianDistribution(toNumber(parameter));
}

function laplaceDistribution(scale: number): NoiseDistribution {
  const atZero = -Math.expm1(-1 / scale);
  const normalizer = 1 + Math.exp(-1 / scale);
  const above = (m: number) => Math.exp(-m / scale) / normalizer;
  return {
    pmf: (x) => (atZero * Math.exp(-Math.abs(x) / scale)) / normalizer,
    survival: (m) => (m >= 1 ? above(m) : 1 - above(1 - m)),
  };
}

// Weights are e^400 times too large and run down to e^−700, so that sums near 1e-300 still have all their terms.
const scalingExponent = 400;
const exponentMax = 1_100;

function gaussianDistribution(variance: number): NoiseDistribution {
  const length = Math.floor(Math.sqrt(2 * exponentMax * variance)) + 2;
  const pmf = new Float64Array(length);
  const survival = new Float64Array(length);
  let sum = 0;
  let lost = 0;
  for (let x = length - 1; x >= 0; x--) {
    const weight = Math.exp(scalingExponent - (x * x) / (2 * variance));
    const next = sum + weight;
    // Neumaier's compensated sum: what rounding took from the smaller addend.
    lost += sum >= weight ? sum - next + weight : weight - next + sum;
    sum = next;
    pmf[x] = weight;
    survival[x] = sum + lost;
  }
  const total = 2 * (sum + lost) - (pmf[0] ?? 0);
  const above = (m: number) => (survival[m] ?? 0) / total;
  return {
    pmf: (x) => (pmf[Math.abs(x)] ?? 0) / total,
    survival: (m) => (m >= 1 ? above(m) : 1 - above(1 - m)),
  };
}

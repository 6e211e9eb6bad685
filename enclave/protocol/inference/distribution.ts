import { type Mechanism, mechanismKey, parameterOf } from '../mechanism.ts';
import { toNumber } from '../rational.ts';
import { memoised } from './memo.ts';
import { millsRatio } from './normal.ts';

/**
 * Probabilities of a mechanism's noise in doubles, for inference on released values only: relative error at most 1e-12
 * wherever the value is at least 1e-300. Arguments are integers of at most 2^52 in size. No decision about what is shown
 * may rest on these.
 */
export interface NoiseDistribution {
  /** P(η = x). */
  readonly pmf: (x: number) => number;
  /** P(η ≥ m). */
  readonly survival: (m: number) => number;
}

/** Largest variance of a discrete Gaussian that is summed term by term; above it the normal form holds to 1e-12 too. */
const summedVarianceMax = 2 ** 24;
const remembered = memoised<NoiseDistribution>(16);

/**
 * The distribution of one draw. Throws `RangeError` unless the noise is positive and its variance or scale is at most
 * 2^200. Proof: `distribution.proof.md`, for this and the next.
 */
export function distributionOf(mechanism: Mechanism): NoiseDistribution {
  const parameter = parameterOf(mechanism);
  if (parameter.num > parameter.den << 200n) throw new RangeError('distribution: the noise is too wide');
  return remembered(mechanismKey(mechanism), () => {
    const value = toNumber(parameter);
    if (mechanism.kind === 'discreteLaplace') return laplaceDistribution(value);
    return value > summedVarianceMax ? wideGaussianDistribution(value) : gaussianDistribution(value);
  });
}

/** The distribution of the sum of two draws of discrete Laplace noise. Throws as {@link distributionOf}, and for Gaussian noise. */
export function laplacePairDistribution(mechanism: Mechanism): NoiseDistribution {
  if (mechanism.kind !== 'discreteLaplace') throw new RangeError('distribution: two draws need Laplace noise');
  const parameter = parameterOf(mechanism);
  if (parameter.num > parameter.den << 200n) throw new RangeError('distribution: the noise is too wide');
  const scale = toNumber(parameter);
  const q = Math.exp(-1 / scale);
  // 1 − q and 1 − q².
  const [gap, wideGap] = [-Math.expm1(-1 / scale), -Math.expm1(-2 / scale)];
  const above = (m: number) => (Math.exp(-m / scale) * (m * wideGap + 1 + q + 2 * q * q)) / (1 + q) ** 3;
  return {
    pmf: (x) => (gap / (1 + q)) ** 2 * Math.exp(-Math.abs(x) / scale) * (Math.abs(x) + (1 + q * q) / wideGap),
    survival: (m) => (m >= 1 ? above(m) : 1 - above(1 - m)),
  };
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

/** Σ_{x ≥ m} f(x) = ∫ from m − 1/2, with the next two terms of the Euler–Maclaurin formula at midpoints. */
function wideGaussianDistribution(variance: number): NoiseDistribution {
  const sd = Math.sqrt(variance);
  const scale = 1 / Math.sqrt(2 * Math.PI);
  const density = (x: number) => scale * Math.exp(-(x * x) / (2 * variance));
  const above = (m: number) => {
    const a = m - 0.5;
    const z = a / sd;
    const lattice = -z / (24 * variance) + (7 * z * (z * z - 3)) / (5760 * variance * variance);
    return density(a) * (millsRatio(z) + lattice);
  };
  return {
    pmf: (x) => density(x) / sd,
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

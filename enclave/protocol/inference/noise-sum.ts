import { type Mechanism, mechanismKey, parameterOf } from '../mechanism.ts';
import { type Rational, toNumber } from '../rational.ts';
import { distributionOf } from './distribution.ts';
import { realTransform } from './fourier.ts';
import { memoised } from './memo.ts';

/**
 * The noise V of a released number, the sum of `terms` independent draws, as a table on the grid i·step. It is symmetric,
 * so P(V ≤ −t) = P(V ≥ t). Proof: `noise-sum.proof.md`.
 */
export interface NoiseSum {
  readonly sd: number;
  /** Distance of two points of the grid, a positive integer. */
  readonly step: number;
  /** The table ends at ±size·step. */
  readonly size: number;
  /** For |i| ≤ size, at size + i: P(V ≥ i·step) or, of several draws, a bound never below it. */
  readonly survival: Float64Array;
  /** P(V ≥ m) for every integer m, of one draw; of several draws null. */
  readonly exact: ((m: number) => number) | null;
}

/** Most draws one released number may carry. */
export const termsMax = 2 ** 18;

/** A step of one draw is the largest power of two that leaves at least this many to a standard deviation. */
export const stepsPerDeviation = 128;
/** Where tables of one draw end: no cut that shows anything lies that far out. */
const oneDrawLeftOut = 1e-40;
const logLeftOut = Math.log(1e-14);
/** A sum of Gaussians whose probabilities differ from one wider Gaussian's by no more than this factor is taken as one. */
const mergedLogErrorMax = 1e-6;
const transformLengthMax = 2 ** 16;
/** Bounds what transforming and raising to a power of at most `termsMax` rounds. */
const transformError = 1e-8;
const roundingRare = 1e-8;

const remembered = memoised<NoiseSum>(64);

/**
 * The sum of `terms` draws. Throws `RangeError` unless `terms` is an integer in 1 … {@link termsMax} and the table ends
 * within 2^52 (a standard deviation of 6·10¹³ always does), and as `distributionOf`.
 */
export function noiseSumOf(mechanism: Mechanism, terms: number): NoiseSum {
  if (!Number.isInteger(terms) || terms < 1 || terms > termsMax) throw new RangeError('noise sum: too many draws');
  return remembered(`${terms} ${mechanismKey(mechanism)}`, () => {
    const sum = made(mechanism, terms);
    if (sum.size * sum.step > 2 ** 52) throw new RangeError('noise sum: the noise is too wide');
    return sum;
  });
}

function made(mechanism: Mechanism, terms: number): NoiseSum {
  if (terms === 1) return oneDraw(mechanism, 1);
  if (mechanism.kind === 'discreteLaplace') return laplaceSum(mechanism, terms);
  const error = mergedLogError(toNumber(mechanism.variance), terms);
  if (error > mergedLogErrorMax) return transformed(mechanism, terms);
  const { num, den } = mechanism.variance;
  const merged: Mechanism = { kind: 'discreteGaussian', variance: { num: num * BigInt(terms), den } };
  return { ...oneDraw(merged, Math.exp(error)), exact: null };
}

function oneDraw(mechanism: Mechanism, factor: number): NoiseSum {
  const { survival } = distributionOf(mechanism);
  const sd = deviationOf(mechanism);
  const step = 2 ** Math.max(0, Math.floor(Math.log2(sd / stepsPerDeviation)));
  let size = 1;
  while (survival(size * step) > oneDrawLeftOut) size += 1;
  const table = new Float64Array(2 * size + 1);
  for (let i = -size; i <= size; i++) table[size + i] = Math.min(1, factor * survival(i * step));
  return { sd, step, size, survival: table, exact: survival };
}

function deviationOf(mechanism: Mechanism): number {
  const value = toNumber(parameterOf(mechanism));
  if (mechanism.kind === 'discreteGaussian') return Math.sqrt(value);
  // 2q/(1−q)² with q = e^(−1/t).
  return 1 / (Math.SQRT2 * Math.sinh(1 / (2 * value)));
}

/**
 * How far P(sum = x) and the discrete Gaussian of the summed variance lie apart, as a bound of |ln of their ratio|:
 * adding the k-th draw to the sum of k − 1 errs by ln((1 + e)/(1 − e)), e = 2Σ_j e^(−2π²j²s²), s² = v(k − 1)/k (Poisson
 * summation; Kairouz, Liu, Steinke 2021 state 5e^(−2π²s²) for it).
 */
function mergedLogError(variance: number, terms: number): number {
  let error = 0;
  for (let k = 2; k <= terms && error <= mergedLogErrorMax; k++) {
    const first = Math.exp((-2 * Math.PI ** 2 * variance * (k - 1)) / k);
    const e = (2 * first) / (1 - first);
    error += e < 1 ? Math.log((1 + e) / (1 - e)) : 1;
  }
  return error;
}

/** Exact but for rounding: the characteristic function of one draw, from its table, to the power of `terms`. */
function transformed(mechanism: Mechanism, terms: number): NoiseSum {
  const { pmf } = distributionOf(mechanism);
  const reach = Math.ceil(reachOf(mechanism, terms));
  const length = Math.min(transformLengthMax, 2 ** Math.ceil(Math.log2(2 * reach + 2)));
  const half = length / 2;
  const values = new Float64Array(length);
  for (let x = -half; x < half; x++) values[(x + length) % length] = pmf(x);
  const characteristic = realTransform(values);
  // Positive for both mechanisms; rounding may say otherwise.
  const sum = realTransform(characteristic.map((value) => Math.max(0, value) ** terms));
  const size = Math.min(half - 1, reach);
  const survival = new Float64Array(2 * size + 1);
  let above = transformError;
  for (let x = size; x >= -size; x--) {
    above += Math.max(0, sum[(x + length) % length] ?? 0) / length;
    survival[size + x] = Math.min(1, above);
  }
  return { sd: deviationOf(mechanism) * Math.sqrt(terms), step: 1, size, survival, exact: null };
}

/**
 * A sum too wide for the transform, by way of a narrower one: a continuous Laplace variable of scale t is a discrete one
 * and an independent D in (−1, 1), whatever t is. So the sum of wide ones is the sum of narrow ones, scaled, but for two
 * sums of D, which Hoeffding's inequality bounds.
 */
function laplaceSum(mechanism: Mechanism & { kind: 'discreteLaplace' }, terms: number): NoiseSum {
  const reach = reachOf(mechanism, terms);
  const reachMax = transformLengthMax / 2 - 1;
  if (reach <= reachMax) return transformed(mechanism, terms);
  const ratio = 1n + BigInt(Math.floor(reach / (0.95 * reachMax)));
  const narrowScale: Rational = { num: mechanism.scale.num, den: mechanism.scale.den * ratio };
  const narrow = transformed({ kind: 'discreteLaplace', scale: narrowScale }, terms);
  const hoeffding = Math.sqrt(-2 * terms * Math.log(roundingRare));
  const [slop, rare] = hoeffding < terms ? [hoeffding, roundingRare] : [terms, 0];
  const step = Number(ratio);
  const shift = Math.ceil(slop + slop / step);
  const survival = new Float64Array(narrow.survival.length);
  for (let at = 0; at < survival.length; at++) {
    const bound = (narrow.survival[Math.max(0, at - shift)] ?? 1) + rare;
    survival[at] = at < shift ? 1 : Math.min(1, bound / (1 - rare));
  }
  return { ...narrow, sd: deviationOf(mechanism) * Math.sqrt(terms), step, survival };
}

/** A t with P(V ≥ t) ≤ 1e-14, by Chernoff's inequality. */
function reachOf(mechanism: Mechanism, terms: number): number {
  const value = toNumber(parameterOf(mechanism));
  // E e^(λη) ≤ e^(λ²σ²/2) for the discrete Gaussian (Canonne, Kamath, Steinke 2020).
  if (mechanism.kind === 'discreteGaussian') return Math.sqrt(-2 * logLeftOut * terms * value) + 1;
  let least = Number.POSITIVE_INFINITY;
  for (let share = 0.999; share > 1e-4; share *= 0.97) {
    const lambda = share / value;
    // ln of (1 − q)²/((1 − qe^λ)(1 − qe^−λ)) with q = e^(−1/t).
    const logMoment =
      2 * Math.log(-Math.expm1(-1 / value)) -
      Math.log(-Math.expm1(lambda - 1 / value)) -
      Math.log(-Math.expm1(-lambda - 1 / value));
    least = Math.min(least, (terms * logMoment - logLeftOut) / lambda);
  }
  return least;
}

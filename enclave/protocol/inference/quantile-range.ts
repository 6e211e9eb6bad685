import { type Mechanism, parameterOf } from '../mechanism.ts';
import { type Rational, toNumber } from '../rational.ts';
import { normalSurvival } from './normal.ts';

/** Positions of bins, from 0: the estimate and the range it lies in. */
export interface QuantileRange {
  readonly bin: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Where the q-quantile of a histogram lies, the first bin b with C(b) ≥ q·N, from its bins with noise (independent draws of
 * `mechanism`; they may be negative) for 0 < q < 1. C(b) counts bins 0 … b and N all.
 *
 * The estimate is the first b at which the isotonic least-squares fit of C(b) − q·N over all b but the last is not
 * negative; the last where there is none. The range spans every b where neither "C(b) ≥ q·N" nor "C(b−1) < q·N" is
 * rejected at α/2, and the estimate: it holds the quantile's bin with probability at least 1 − α where N ≥ 1. Tails are
 * bounded by Chernoff's inequality for Laplace noise (wider by up to 40 % than exact ones) and for Gaussian noise of variance
 * below 1, else taken from the normal law with half the larger weight as continuity correction.
 *
 * Post-processing of released values only. Throws `RangeError` for no bins, q or α outside (0, 1), and as `parameterOf`.
 * Proof: `quantile-range.proof.md`.
 */
export function quantileRange(
  bins: readonly bigint[],
  mechanism: Mechanism,
  q: Rational,
  alpha: number,
): QuantileRange {
  if (bins.length === 0) throw new RangeError('quantile: needs a bin');
  if (q.num <= 0n || q.num >= q.den) throw new RangeError('quantile: needs 0 < q < 1');
  if (!(alpha > 0 && alpha < 1)) throw new RangeError('quantile: needs 0 < α < 1');
  const below = q.den - q.num;
  const excess = excesses(bins, q);
  const upper = upperTail(mechanism, Number(below), Number(q.num));
  const isPossible = (b: number) => {
    // C(b) ≥ q·N: the excess without noise is at least 0. C(b − 1) < q·N: it is at most −1.
    const [here, before] = [Number(excess[b]), Number(excess[b - 1] ?? -1n)];
    const reaches = upper(-here, b + 1, bins.length - b - 1) >= alpha / 2;
    return reaches && (b === 0 || upper(before + 1, b, bins.length - b) >= alpha / 2);
  };
  const bin = firstOfFit(excess);
  let [low, high] = [0, bins.length - 1];
  while (low < bin && !isPossible(low)) low += 1;
  while (high > bin && !isPossible(high)) high -= 1;
  return { bin, low, high };
}

/** Per bin b the integer den·(Ĉ(b) − q·N̂). */
function excesses(bins: readonly bigint[], { num, den }: Rational): bigint[] {
  const total = bins.reduce((sum, value) => sum + value, 0n);
  let cumulative = 0n;
  return bins.map((value) => {
    cumulative += value;
    return den * cumulative - num * total;
  });
}

/** Where the isotonic fit stops being negative: where the sums of all before are least. */
function firstOfFit(excess: readonly bigint[]): number {
  let [sum, least, first] = [0n, 0n, 0];
  excess.slice(0, -1).forEach((value, b) => {
    sum += value;
    if (sum < least) [least, first] = [sum, b + 1];
  });
  return first;
}

/** A bound of P(a·(sum of m draws) + b·(sum of n draws) ≥ w): the noise is symmetric, so signs do not matter. */
function upperTail(mechanism: Mechanism, a: number, b: number): (w: number, m: number, n: number) => number {
  const parameter = toNumber(parameterOf(mechanism));
  if (mechanism.kind === 'discreteLaplace') return (w, m, n) => chernoff(parameter, [a, m], [b, n], w);
  return (w, m, n) => {
    const deviation = Math.sqrt(parameter * (a * a * m + b * b * n));
    // E e^(λη) ≤ e^(λ²σ²/2) (Canonne, Kamath, Steinke 2020).
    if (parameter < 1) return w <= 0 ? 1 : Math.exp(-((w / deviation) ** 2) / 2);
    // Half the larger weight: no value of the sum counts for less than the normal law gives it.
    return normalSurvival((w - Math.max(m > 0 ? a : 0, n > 0 ? b : 0) / 2) / deviation);
  };
}

/** min over λ of e^(−λw)·E e^(λ·sum) for Laplace draws of a scale with weights, each given with its number of draws. */
function chernoff(scale: number, [a, m]: [number, number], [b, n]: [number, number], w: number): number {
  if (w <= 0) return 1;
  const most = 1 / (scale * Math.max(m > 0 ? a : 0, n > 0 ? b : 0));
  const exponent = (lambda: number) => m * logMoment(scale, lambda * a) + n * logMoment(scale, lambda * b) - lambda * w;
  // Convex in λ; any λ gives a bound.
  let [low, high] = [0, most * (1 - 1e-12)];
  for (let i = 0; i < 60; i++) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3];
    if (exponent(left) <= exponent(right)) high = right;
    else low = left;
  }
  return Math.min(1, Math.exp(exponent(low)));
}

/** ln E e^(λη) = ln (1 − q)²/((1 − qe^λ)(1 − qe^−λ)) with q = e^(−1/scale), for 0 ≤ λ < 1/scale. */
function logMoment(scale: number, lambda: number): number {
  const outer = -Math.expm1(lambda - 1 / scale) * -Math.expm1(-lambda - 1 / scale);
  return 2 * Math.log(-Math.expm1(-1 / scale)) - Math.log(outer);
}

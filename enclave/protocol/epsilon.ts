import { type Rational, toNumber } from './rational.ts';

/**
 * What a balance means, for display: floats, never used to decide whether a charge fits.
 *
 * ρ-zCDP implies (ε, δ)-differential privacy for every ε ≥ 0 with
 * δ = inf_{α>1} e^((α−1)(αρ−ε)) / (α−1) · (1 − 1/α)^α (Canonne, Kamath, Steinke 2020).
 */

/** The smallest δ of that formula; any rounding of α only gives a larger, still valid one. Throws `RangeError` unless ε ≥ 0. */
export function deltaOf(rho: Rational, epsilon: number): number {
  if (!(epsilon >= 0)) throw new RangeError('delta: needs ε ≥ 0');
  return Math.exp(logDelta(toNumber(rho), epsilon));
}

/** The smallest ε ≥ 0 for which the formula gives at most δ, rounded up. Throws `RangeError` unless 0 < δ < 1. */
export function epsilonOf(rho: Rational, delta: Rational): number {
  if (delta.num <= 0n || delta.num >= delta.den) throw new RangeError('epsilon: needs 0 < δ < 1');
  const rhoValue = toNumber(rho);
  const target = logOf(delta.num) - logOf(delta.den);
  if (logDelta(rhoValue, 0) <= target) return 0;
  let low = 0;
  // Bun and Steinke 2016, Proposition 1.3: this ε always suffices; doubled against rounding.
  let high = 2 * (rhoValue + 2 * Math.sqrt(-rhoValue * target));
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (logDelta(rhoValue, middle) <= target) high = middle;
    else low = middle;
  }
}

/**
 * What a prior belief π about one person becomes at most: πe^ε / (1 − π + πe^ε). Throws `RangeError` unless 0 ≤ π ≤ 1 and
 * ε ≥ 0. Outside it lies an exception of probability about δ.
 */
export function posterior(prior: number, epsilon: number): number {
  if (!(prior >= 0 && prior <= 1) || !(epsilon >= 0)) throw new RangeError('posterior: needs 0 ≤ π ≤ 1 and ε ≥ 0');
  if (prior === 0) return 0;
  // Divided by e^ε, which alone overflows for large ε.
  return prior / (prior + (1 - prior) * Math.exp(-epsilon));
}

/** ln δ at the best α = 1 + u; its derivative (2α−1)ρ − ε + ln(1 − 1/α) grows with α, and ln u is bisected. */
function logDelta(rho: number, epsilon: number): number {
  if (rho === 0) return Number.NEGATIVE_INFINITY;
  let low = -700;
  let high = Math.log(Math.max(1, (epsilon + 1) / (2 * rho)));
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    const u = Math.exp(middle);
    if ((2 * u + 1) * rho - epsilon - Math.log1p(1 / u) < 0) low = middle;
    else high = middle;
  }
  const u = Math.exp(high);
  // (1 − 1/α)^α / (α − 1) = e^(−α·ln(1 + 1/u)) / u.
  return Math.min(0, u * ((1 + u) * rho - epsilon) - (1 + u) * Math.log1p(1 / u) - high);
}

/** ln n for n > 0 of any size. */
function logOf(n: bigint): number {
  const shift = Math.max(0, n.toString(2).length - 64);
  return Math.log(Number(n >> BigInt(shift))) + shift * Math.LN2;
}

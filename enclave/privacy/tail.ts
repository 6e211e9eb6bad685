import { type Mechanism, parameterOf, type Rational, rational } from '@reinraum/protocol';
import { type Bounds, ceilDiv, expBounds } from './exponential.ts';

/** Rigorous bounds of a probability. */
export interface TailBounds {
  readonly lower: Rational;
  readonly upper: Rational;
}

/** Bounds of P(η ≥ m) for the noise η of one mechanism, or the sum η of its draws, for any integer m. */
export type Tail = (m: bigint) => TailBounds;

/** Largest variance of a discrete Gaussian that is summed term by term: a standard deviation of 4,096. */
export const summedVarianceMax = 2n ** 24n;

const guardBits = 96;

/**
 * The tail of a mechanism's noise, or of the sum of two of its draws, every rounding directed: lower ≤ P(η ≥ m) ≤ upper, at
 * most 4·2^−fractionBits apart. Throws `RangeError` for a Gaussian variance above {@link summedVarianceMax}, fewer than 32
 * fraction bits, and two Gaussian draws. Proof: `tail.proof.md`.
 */
export function tailOf(mechanism: Mechanism, fractionBits: number, draws: 1 | 2 = 1): Tail {
  if (!Number.isInteger(fractionBits) || fractionBits < 32) throw new RangeError('tail: needs 32 fraction bits');
  const { num, den } = parameterOf(mechanism);
  const one = 1n << BigInt(fractionBits);
  const isGaussian = mechanism.kind === 'discreteGaussian';
  if (isGaussian && draws === 2) throw new RangeError('tail: two Gaussian draws have no closed form');
  const made = isGaussian ? gaussianTail : draws === 2 ? laplacePairTail : laplaceTail;
  const upperHalf = made(num, den, fractionBits);
  return (m) => {
    // By symmetry P(η ≥ m) = 1 − P(η ≥ 1 − m).
    const { lower, upper } = m >= 1n ? upperHalf(m) : complement(upperHalf(1n - m), one);
    return { lower: rational(lower, one), upper: rational(upper < one ? upper : one, one) };
  };
}

/** e^(−m/t)/(1 + e^(−1/t)) for m ≥ 1 and scale t. */
function laplaceTail(num: bigint, den: bigint, fractionBits: number): (m: bigint) => Bounds {
  const bits = BigInt(fractionBits);
  const one = 1n << bits;
  const ratio = expBounds(den, num, fractionBits);
  return (m) => {
    const power = expBounds(m * den, num, fractionBits);
    return {
      lower: (power.lower << bits) / (one + ratio.upper),
      upper: ceilDiv(power.upper << bits, one + ratio.lower),
    };
  };
}

/** q^m·(m(1 − q²) + 1 + q + 2q²)/(1 + q)³ for m ≥ 1, scale t and q = e^(−1/t). */
function laplacePairTail(num: bigint, den: bigint, fractionBits: number): (m: bigint) => Bounds {
  return (m) => {
    // The factor m enlarges what rounding took.
    const guard = m.toString(2).length + 8;
    const bits = BigInt(fractionBits + guard);
    const one = 1n << bits;
    const ratio = expBounds(den, num, fractionBits + guard);
    const squared = times(ratio, ratio, bits);
    const power = expBounds(m * den, num, fractionBits + guard);
    const weight = {
      lower: m * (one - squared.upper) + one + ratio.lower + 2n * squared.lower,
      upper: m * (one - squared.lower) + one + ratio.upper + 2n * squared.upper,
    };
    const [shift, cubed] = [bits + BigInt(fractionBits), (sum: bigint) => sum ** 3n];
    return {
      lower: ((power.lower * weight.lower) << shift) / cubed(one + ratio.upper),
      upper: ceilDiv((power.upper * weight.upper) << shift, cubed(one + ratio.lower)),
    };
  };
}

/** Σ_{x ≥ m} f(x) / Σ f(x) for m ≥ 1 and f(x) = e^(−x²/2σ²), from sums made once. */
function gaussianTail(num: bigint, den: bigint, fractionBits: number): (m: bigint) => Bounds {
  if (num > summedVarianceMax * den) throw new RangeError('tail: the variance is too large to sum');
  const bits = BigInt(fractionBits);
  const { sums, beyond, all } = gaussianSums(num, den, fractionBits + guardBits);
  const atZero = 1n << BigInt(fractionBits + guardBits);
  const total = { lower: atZero + 2n * all.lower, upper: atZero + 2n * all.upper };
  return (m) => {
    const sum = sums[Number(m - 1n)] ?? beyond;
    return { lower: (sum.lower << bits) / total.upper, upper: ceilDiv(sum.upper << bits, total.lower) };
  };
}

interface GaussianSums {
  /** At index i the bounds of Σ_{x > i} f(x). */
  readonly sums: readonly Bounds[];
  /** The bounds of what lies beyond the last term whose lower bound is not 0. */
  readonly beyond: Bounds;
  /** The bounds of Σ_{x ≥ 1} f(x). */
  readonly all: Bounds;
}

function gaussianSums(num: bigint, den: bigint, fractionBits: number): GaussianSums {
  const bits = BigInt(fractionBits);
  const one = 1n << bits;
  const squared = expBounds(den, num, fractionBits);
  // f(x + 1) = f(x)·step(x) with step(x) = e^(−(2x+1)/2σ²), step(x + 1) = step(x)·e^(−1/σ²).
  let term = expBounds(den, 2n * num, fractionBits);
  let step = times(term, squared, bits);
  const terms: Bounds[] = [];
  while (term.lower > 0n) {
    terms.push(term);
    term = times(term, step, bits);
    step = times(step, squared, bits);
  }
  // From here on the terms fall at least as fast as a geometric series of ratio step.
  const beyond = { lower: 0n, upper: ceilDiv(term.upper << bits, one - step.upper) };
  const sums: Bounds[] = [];
  let all: Bounds = beyond;
  for (const { lower, upper } of terms.toReversed()) {
    all = { lower: all.lower + lower, upper: all.upper + upper };
    sums.push(all);
  }
  return { sums: sums.toReversed(), beyond, all };
}

function times(a: Bounds, b: Bounds, bits: bigint): Bounds {
  return { lower: (a.lower * b.lower) >> bits, upper: -(-(a.upper * b.upper) >> bits) };
}

function complement({ lower, upper }: Bounds, one: bigint): Bounds {
  return { lower: upper > one ? 0n : one - upper, upper: one - lower };
}

/** Two integers around a real x in fixed point with F fraction bits: lower·2^−F ≤ x ≤ upper·2^−F. */
export interface Bounds {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Bounds of e^−γ for γ = num/den ≥ 0 in fixed point with `fractionBits` fraction bits; `upper − lower` is at most 2.
 * Every rounding is directed. Throws `RangeError` unless num ≥ 0 and den > 0. Proof: `exponential.proof.md`.
 */
export function expBounds(num: bigint, den: bigint, fractionBits: number): Bounds {
  if (num < 0n || den <= 0n) throw new RangeError('expBounds: needs num ≥ 0 and den > 0');
  const whole = num / den;
  if (whole >= BigInt(fractionBits)) return { lower: 0n, upper: 1n };
  // e^−γ = (e^−r)^(2^halvings) with r = γ/2^halvings < 1/2.
  const halvings = whole.toString(2).length + 1;
  const guard = halvings + 24;
  const bits = BigInt(fractionBits + guard);
  let { lower, upper } = expSeries(num, den << BigInt(halvings), bits);
  for (let i = 0; i < halvings; i++) {
    lower = (lower * lower) >> bits;
    upper = ceilDiv(upper * upper, 1n << bits);
  }
  return { lower: lower >> BigInt(guard), upper: ceilDiv(upper, 1n << BigInt(guard)) };
}

/** ⌈num/den⌉ for num ≥ 0 and den > 0. */
export function ceilDiv(num: bigint, den: bigint): bigint {
  return (num + den - 1n) / den;
}

/** Σ (−r)^j/j! for 0 ≤ r = num/den < 1/2, stopped where a term is at most one unit of the last place. */
function expSeries(num: bigint, den: bigint, bits: bigint): Bounds {
  const one = 1n << bits;
  const rate = { lower: (num << bits) / den, upper: ceilDiv(num << bits, den) };
  let term: Bounds = { lower: one, upper: one };
  let sum: Bounds = { lower: 0n, upper: 0n };
  let j = 0n;
  while (term.upper > 1n) {
    sum =
      j % 2n === 0n
        ? { lower: sum.lower + term.lower, upper: sum.upper + term.upper }
        : { lower: sum.lower - term.upper, upper: sum.upper - term.lower };
    j += 1n;
    term = { lower: (term.lower * rate.lower) / (one * j), upper: ceilDiv(term.upper * rate.upper, one * j) };
  }
  // Alternating with falling terms: what was left out is at most the first term left out.
  return { lower: sum.lower - term.upper, upper: sum.upper + term.upper };
}

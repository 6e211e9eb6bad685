import type { FairBits } from './bits.ts';

/**
 * True with probability exactly num/den. Throws `RangeError` unless 0 ≤ num ≤ den and den > 0.
 * Proof: `bernoulli.proof.md`.
 */
export function bernoulli(bits: FairBits, num: bigint, den: bigint): boolean {
  if (den <= 0n || num < 0n || num > den) throw new RangeError('bernoulli: needs 0 ≤ num ≤ den and den > 0');
  return bits.belowBig(den) < num;
}

/**
 * True with probability exactly e^−γ for γ = num/den ≥ 0. Throws `RangeError` unless num ≥ 0 and den > 0.
 * Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (2020), Algorithm 1; Bernoulli(γ/K) is
 * drawn as Bernoulli(1/K) and Bernoulli(γ). Its time depends on the outcome: draw ahead of the request (`pool.ts`).
 */
export function bernoulliExp(bits: FairBits, num: bigint, den: bigint): boolean {
  if (den <= 0n || num < 0n) throw new RangeError('bernoulliExp: needs num ≥ 0 and den > 0');
  let rest = num;
  for (; rest >= den; rest -= den) {
    if (!bernoulliExpOne(bits)) return false;
  }
  if (rest === 0n) return true;
  let k = 1;
  while (bits.below(k) === 0 && bits.belowBig(den) < rest) k += 1;
  return k % 2 === 1;
}

/** True with probability exactly e^−1: {@link bernoulliExp} at γ = 1, where only the coins 1/K are needed. */
export function bernoulliExpOne(bits: FairBits): boolean {
  let k = 2;
  while (bits.below(k) === 0) k += 1;
  return k % 2 === 1;
}

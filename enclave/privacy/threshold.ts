import { compare, type Mechanism, type Rational, rational } from '@reinraum/protocol';
import { ceilDiv } from './exponential.ts';
import { tailOf } from './tail.ts';

const half = rational(1n, 2n);

/**
 * τ = 1 + min{m : P(η ≥ m) ≤ δ}, so that the decision "n + η ≥ τ + k − 1" shows a cell of exactly k units with
 * probability at most δ. The tail is bounded from above, so the guarantee never rests on rounding; the minimum is exact
 * unless δ lies within 2^−128·δ of a tail. For the discrete Laplace this is 1 + ⌈ln(1/(δ(1+e^−ε)))/ε⌉ with ε = 1/scale.
 * With two draws η is their sum. Throws `RangeError` unless 0 < δ < 1/2, and as `tailOf`. Proof: `threshold.proof.md`.
 */
export function tauOf(mechanism: Mechanism, delta: Rational, draws: 1 | 2 = 1): bigint {
  if (delta.num <= 0n || delta.den <= 0n || compare(delta, half) >= 0)
    throw new RangeError('threshold: needs 0 < δ < 1/2');
  const tail = tailOf(mechanism, 160 + delta.den.toString(2).length, draws);
  const isRare = (m: bigint) => compare(tail(m).upper, delta) <= 0;
  let frequent = 0n;
  let rare = 1n;
  while (!isRare(rare)) {
    frequent = rare;
    rare *= 2n;
  }
  while (rare - frequent > 1n) {
    const middle = (frequent + rare) / 2n;
    if (isRare(middle)) rare = middle;
    else frequent = middle;
  }
  return 1n + rare;
}

/** The cut T = τ + k − 1 for a hard minimum of k ≥ 1 units at δ per decision. Throws as {@link tauOf}. */
export function cutOf(mechanism: Mechanism, k: bigint, delta: Rational): bigint {
  if (k < 1n) throw new RangeError('threshold: needs k ≥ 1');
  return tauOf(mechanism, delta) + k - 1n;
}

/**
 * The cut T of two sides A + B = W·n with a draw each, in units: the least T ≥ k with P(η_A + η_B ≥ W(T − k)) ≤ δ, so that
 * "A + B + η_A + η_B ≥ W·T" shows a cell of exactly k units with probability at most δ. Throws as {@link cutOf}, and
 * unless W ≥ 1.
 */
export function pairCutOf(mechanism: Mechanism, k: bigint, delta: Rational, width: bigint): bigint {
  if (k < 1n || width < 1n) throw new RangeError('threshold: needs k ≥ 1 and W ≥ 1');
  return k + ceilDiv(tauOf(mechanism, delta, 2) - 1n, width);
}

/**
 * Whether a cell resting on `units` units is shown: units ≥ k (no release rests on fewer) and units + noise ≥ cut (what
 * makes showing it private). The noise is the very draw that is released in units + noise; a cell not shown releases
 * nothing. `units` counts units with a valid value for the measure, never rows; for two sides all four are in steps of which
 * W make a unit.
 */
export function isShown(units: bigint, noise: bigint, k: bigint, cut: bigint): boolean {
  const isEnough = units >= k;
  const isAboveCut = units + noise >= cut;
  return isEnough && isAboveCut;
}

import type { Rational } from '@reinraum/protocol';
import { bernoulliExp, bernoulliExpOne } from './bernoulli.ts';
import type { FairBits } from './bits.ts';

/**
 * One exact draw of the discrete Laplace distribution, P(x) ∝ e^(−|x|/scale) on the integers. Added to an integer query of
 * sensitivity Δ it gives ε = Δ/scale. Throws `RangeError` unless scale > 0 (no noise is never a mechanism).
 * Canonne, Kamath, Steinke (2020), Algorithm 2. Its time depends on |x|: draw ahead of the request (`pool.ts`).
 * Proof: `discrete-laplace.proof.md`.
 */
export function discreteLaplace(bits: FairBits, { num, den }: Rational): bigint {
  if (num <= 0n || den <= 0n) throw new RangeError('discrete Laplace: the scale must be positive');
  for (;;) {
    const u = bits.belowBig(num);
    if (!bernoulliExp(bits, u, num)) continue;
    // A safe integer: reaching 2^53 would take as many coins.
    let v = 0;
    while (bernoulliExpOne(bits)) v += 1;
    const magnitude = (u + num * BigInt(v)) / den;
    const negative = bits.bit() === 1;
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
}

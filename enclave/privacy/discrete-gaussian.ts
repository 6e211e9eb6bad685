import type { Rational } from '@reinraum/protocol';
import { bernoulliExp } from './bernoulli.ts';
import type { FairBits } from './bits.ts';
import { discreteLaplace } from './discrete-laplace.ts';

/**
 * A sampler of exact draws of the discrete Gaussian, P(x) ∝ e^(−x²/(2·variance)) on the integers. Added to an integer
 * vector query of L2 sensitivity Δ it gives Δ²/(2·variance)-zCDP. Throws `RangeError` unless variance > 0.
 * Canonne, Kamath, Steinke (2020), Algorithm 3. Its time depends on |x|: draw ahead of the request (`pool.ts`).
 * Proof: `discrete-gaussian.proof.md`.
 */
export function discreteGaussian({ num, den }: Rational): (bits: FairBits) => bigint {
  if (num <= 0n || den <= 0n) throw new RangeError('discrete Gaussian: the variance must be positive');
  const t = integerSqrt(num / den) + 1n;
  const proposal = { num: t, den: 1n };
  const step = t * den;
  const gammaDen = 2n * num * den * t * t;
  return (bits) => {
    for (;;) {
      const y = discreteLaplace(bits, proposal);
      const distance = (y < 0n ? -y : y) * step - num;
      if (bernoulliExp(bits, distance * distance, gammaDen)) return y;
    }
  };
}

/** ⌊√n⌋ for n ≥ 0, by Newton's method from above. Throws `RangeError` on n < 0. */
export function integerSqrt(n: bigint): bigint {
  if (n < 0n) throw new RangeError('integer square root: negative');
  if (n < 2n) return n;
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

import { createCipheriv, createHash } from 'node:crypto';
import { FairBits, type FillRandom } from '../../enclave/privacy/bits.ts';

/** The AES-256-CTR stream of a seed: the same bytes in every run, uniform to anyone without the seed. */
export function seededFill(seed: string): FillRandom {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), new Uint8Array(16));
  return (bytes) => bytes.set(cipher.update(new Uint8Array(bytes.length)));
}

/** Bits of a seed, for coins and noise that are the same in every run. Never in the product. */
export function seededBits(seed: string): FairBits {
  return new FairBits(seededFill(seed));
}

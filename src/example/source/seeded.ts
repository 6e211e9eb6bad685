import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '@reinraum/protocol';

/**
 * Numbers in [0, 1) with 32 random bits each, from the seed only: sfc32 (Doty-Humphrey, PractRand), its state the first words
 * of SHA-256(seed). For example data; nothing that protects anybody may use it.
 */
export function seeded(seed: string): () => number {
  const words = new DataView(sha256(utf8(seed)).slice().buffer);
  let a = words.getInt32(0, true);
  let b = words.getInt32(4, true);
  let c = words.getInt32(8, true);
  let counter = 1;
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
}

/** Positions drawn with probabilities in proportion to the weights, of which one must be above 0. */
export function weighted(weights: readonly number[], random: () => number): () => number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Rounding could leave the last bound below 1, and a position of weight 0 must never be drawn for it.
  const last = weights.findLastIndex((weight) => weight > 0);
  let sum = 0;
  const bounds = weights.map((weight) => (sum += weight / total));
  return () => {
    const u = random();
    const at = bounds.findIndex((bound) => u < bound);
    return at === -1 ? last : at;
  };
}

/**
 * Salted commitments: what keeps parameters and personal fields out of digests and signatures that outlive them
 * (architecture.md "Statements", audit-log.md "What an entry holds").
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromBase64, toHex, utf8 } from './bytes.ts';

const tag = utf8('reinraum/commitment/v1');

/** What opens a commitment; travels beside the signed bytes, never inside them. `salt` is 32 random bytes in base64. */
export interface Opening {
  readonly salt: string;
  readonly value: string;
}

/**
 * `SHA-256(tag ‖ 0x00 ‖ salt ‖ uint32be(len(name)) ‖ name ‖ value)` in hexadecimal. Hiding because the salt is fresh
 * and uniform, binding because SHA-256 is collision resistant and the encoding is injective.
 */
export function commit(name: string, opening: Opening): string {
  const salt = fromBase64(opening.salt);
  if (salt.length !== 32) throw new RangeError('commitment: the salt needs 32 bytes');
  const label = utf8(name);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, label.length);
  return toHex(sha256(concat(tag, Uint8Array.of(0), salt, length, label, utf8(opening.value))));
}

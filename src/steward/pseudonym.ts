/** Identifier → pseudonym, before anything leaves the steward's machine (docs/spec/policy.md §4.2). */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalText, toHex, utf8 } from '@reinraum/protocol';

/** The domain of `area-only` pseudonyms: two owners' pseudonyms of one person are unlinkable by design. */
export interface PseudonymDomain {
  readonly room: string;
  readonly population: string;
  readonly owner: string;
}

/**
 * HMAC-SHA-256 under the owner unit's own key over domain and identifier, cut to 122 bits and written as a UUIDv8. Equal
 * identifiers give equal pseudonyms within a domain, and nothing is learnt from one without the key.
 */
export function pseudonymiser(key: Uint8Array, domain: PseudonymDomain): (identifier: string) => string {
  const keyed = hmac
    .create(sha256, key)
    .update(utf8(canonicalText({ ...domain })))
    .update(Uint8Array.of(0));
  return (identifier) => {
    const bytes = keyed.clone().update(utf8(identifier)).digest().subarray(0, 16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = toHex(bytes);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}

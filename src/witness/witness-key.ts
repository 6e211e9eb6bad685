/**
 * The key of a witness as text, for a file of mode 0600 or a Worker's secret: the form of golang.org/x/mod/sumdb/note, with the
 * type of cosignatures.
 *
 *     PRIVATE+KEY+<name>+<key ID, hexadecimal>+<base64 of 0x04 ‖ seed[32]>
 */
import { cosignatureType, isKeyName, keyId } from '@reinraum/audit/verifier';
import {
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  type SigningKey,
  signingKey,
  toBase64,
  toHex,
} from '@reinraum/protocol';

const head = 'PRIVATE+KEY+';
const seedBytes = 32;

/** A witness's name and key. */
export interface WitnessKey {
  readonly name: string;
  readonly key: SigningKey;
}

/** One line with its newline. Throws `RangeError` on a name no key may bear. */
export function formatWitnessKey({ name, key }: WitnessKey): string {
  if (!isKeyName(name)) throw new RangeError('witness: not a key name');
  const id = toHex(keyId(name, cosignatureType, key.publicKey));
  return `${head}${name}+${id}+${toBase64(concat(Uint8Array.of(cosignatureType), key.seed))}\n`;
}

/** Reads {@link formatWitnessKey}, with or without the newline; undefined for anything else. */
export function parseWitnessKey(text: string): WitnessKey | undefined {
  const [, name = '', id = '', encoded = ''] = /^PRIVATE\+KEY\+([^+\n]+)\+([0-9a-f]{8})\+([^\n]+)\n?$/.exec(text) ?? [];
  if (!isKeyName(name)) return undefined;
  try {
    const bytes = fromBase64(encoded);
    if (bytes.length !== 1 + seedBytes || bytes[0] !== cosignatureType) return undefined;
    const key = signingKey(bytes.slice(1));
    return equalBytes(fromHex(id), keyId(name, cosignatureType, key.publicKey)) ? { name, key } : undefined;
  } catch {
    return undefined;
  }
}

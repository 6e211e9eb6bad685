/**
 * Cosignatures of C2SP tlog-cosignature, version 1: a cosigner says that at a time this was the largest checkpoint of a log
 * it had seen, consistent with all before.
 *
 *     — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI…
 *
 *     key ID    = SHA-256(name ‖ 0x0A ‖ 0x04 ‖ public key[32])[0:4]
 *     signature = uint64be(seconds since 1970) ‖ Ed25519[64] over this message:
 *
 *         cosignature/v1\n
 *         time 1679315147\n
 *         <text of the checkpoint with its final newline>
 *
 * A cosigner has one key, which signs nothing else and is never a log's. The message does not name the cosigner, so the key
 * must not serve under two names either.
 */
import { concat, type SigningKey, sign, utf8, verify } from '@reinraum/protocol';
import { parseCheckpoint } from './checkpoint.ts';
import {
  cosignatureType,
  formatVkey,
  isKeyName,
  keyId,
  type NoteSigner,
  type NoteVerifier,
  parseVkey,
} from './note.ts';

/** The latest time a cosignature can bear, in seconds; the format has 64 bits and forbids the upper half. */
export const cosignatureSecondsMax = 2n ** 63n - 1n;
const timeBytes = 8;
const ed25519Bytes = 64;

/** What stands after the key ID of a cosignature: nothing in it is verified. */
export interface Cosignature {
  /** When it was made, in seconds since 1970-01-01T00:00:00Z, by the cosigner's clock. */
  readonly timeSeconds: bigint;
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array;
}

/** A key that cosigns checkpoints. */
export interface Cosigner extends NoteSigner {
  readonly type: typeof cosignatureType;
  readonly publicKey: Uint8Array;
  /** For clients: what {@link cosignatureVerifier} reads. */
  readonly vkey: string;
}

/** A cosigner's key notes are checked against. Not a log's key: `verifyCheckpoint` takes it among the others only. */
export interface CosignatureVerifier extends NoteVerifier {
  readonly type: typeof cosignatureType;
  readonly publicKey: Uint8Array;
}

/**
 * A cosigner under `name`. `timeSeconds` is its clock, asked once for each signature. Throws `RangeError` on an impossible
 * name. Its `sign` rejects with `EvidenceError` `checkpoint-malformed` for a text that is not a checkpoint, and with
 * `RangeError` for a time no cosignature can bear. Whoever calls it must have made sure that nothing inconsistent with the
 * checkpoint was ever cosigned.
 */
export function cosigner(name: string, key: SigningKey, timeSeconds: () => bigint): Cosigner {
  if (!isKeyName(name)) throw new RangeError('cosignature: not a key name');
  const { publicKey } = key;
  return {
    type: cosignatureType,
    name,
    publicKey,
    vkey: formatVkey(name, publicKey, cosignatureType),
    keyId: keyId(name, cosignatureType, publicKey),
    async sign(text) {
      parseCheckpoint(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text));
      const time = timeSeconds();
      return formatCosignature({ timeSeconds: time, signature: await sign(key, cosignedMessage(time, text)) });
    },
  };
}

/** The verifier a cosigner's vkey (type 0x04) describes. Throws `EvidenceError` `vkey-malformed`, also for a log's key. */
export function cosignatureVerifier(vkey: string): CosignatureVerifier {
  const { name, publicKey } = parseVkey(vkey, cosignatureType);
  return {
    type: cosignatureType,
    name,
    publicKey,
    keyId: keyId(name, cosignatureType, publicKey),
    async verify(text, untrusted) {
      const cosignature = parseCosignature(untrusted);
      if (!cosignature) return false;
      return await verify(publicKey, cosignedMessage(cosignature.timeSeconds, text), cosignature.signature);
    },
  };
}

/** Reads what stands after the key ID; undefined for any other length or a time no cosignature can bear. */
export function parseCosignature(untrusted: Uint8Array): Cosignature | undefined {
  if (untrusted.length !== timeBytes + ed25519Bytes) return undefined;
  const timeSeconds = new DataView(untrusted.buffer, untrusted.byteOffset, timeBytes).getBigUint64(0);
  if (timeSeconds > cosignatureSecondsMax) return undefined;
  return { timeSeconds, signature: untrusted.slice(timeBytes) };
}

function formatCosignature({ timeSeconds, signature }: Cosignature): Uint8Array {
  const time = new Uint8Array(timeBytes);
  new DataView(time.buffer).setBigUint64(0, timeSeconds);
  return concat(time, signature);
}

/** The bytes a cosigner signs. Throws `RangeError` on a time outside of 0 … 2^63 − 1. */
export function cosignedMessage(timeSeconds: bigint, text: Uint8Array): Uint8Array {
  if (timeSeconds < 0n || timeSeconds > cosignatureSecondsMax) throw new RangeError('cosignature: not a time');
  return concat(utf8(`cosignature/v1\ntime ${timeSeconds}\n`), text);
}

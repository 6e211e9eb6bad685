/**
 * Checkpoints of C2SP tlog-checkpoint, without extension lines.
 *
 *     example.com/log/testdata\n
 *     15\n
 *     rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n
 *
 * The first line, the origin, is also the name of the log's key.
 */
import { fromBase64, toBase64 } from '@reinraum/protocol';
import { EvidenceError, TrustError } from './evidence-error.ts';
import {
  ed25519Type,
  isKeyName,
  isSameKey,
  type LogVerifier,
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
  parseNote,
  signNote,
  verifyNote,
} from './note.ts';
import { hashBytes } from './tree.ts';

/** The head of a log at one size. */
export interface Checkpoint {
  readonly origin: string;
  /** Number of entries. */
  readonly size: number;
  readonly root: Uint8Array;
}

/** A checkpoint signed by the log's own key, with the known keys that signed it too. */
export interface VerifiedCheckpoint extends Checkpoint {
  /** The signed note as it was read. */
  readonly note: string;
  readonly verified: readonly NoteSignature[];
}

/** The note text. Throws `RangeError` on a checkpoint that cannot be written. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin)) throw new RangeError('checkpoint: not an origin');
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('checkpoint: size is a natural number');
  if (root.length !== hashBytes) throw new RangeError('checkpoint: a root has 32 bytes');
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Reads {@link formatCheckpoint}. Throws `EvidenceError` `checkpoint-malformed` on any other text. */
export function parseCheckpoint(untrustedText: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = untrustedText.split('\n');
  if (rest.length !== 1 || rest[0] !== '') throw malformed('not three lines');
  if (!isKeyName(origin)) throw malformed('origin');
  return { origin, size: parseDecimal(size) ?? fail('size'), root: parseHash(root) ?? fail('root') };
}

/** A natural number in its only spelling, up to 2^53 − 1; undefined for any other text. */
export function parseDecimal(text: string): number | undefined {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** 32 bytes in canonical base64; undefined for any other text. */
export function parseHash(text: string): Uint8Array | undefined {
  if (text.length !== 44) return undefined;
  try {
    const bytes = fromBase64(text);
    return bytes.length === hashBytes ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The signed note of a checkpoint; the first signer is the log's own and bears its name. Whoever calls this must
 * already have made sure that it never signed anything inconsistent. Throws `RangeError` on a foreign first signer.
 */
export async function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): Promise<string> {
  if (signers[0]?.name !== checkpoint.origin) throw new RangeError('checkpoint: the first signer is the log itself');
  return await signNote(formatCheckpoint(checkpoint), signers);
}

/**
 * Verifies a checkpoint: the log's key signed it and is named as its origin, and no key in `others` (cosigners) has a
 * wrong signature on it. How many of them are enough is the caller's decision over `verified`. Throws `EvidenceError`
 * `note-malformed`, `checkpoint-malformed`, or `TrustError`.
 */
export async function verifyCheckpoint(
  untrusted: string | Uint8Array,
  logKey: LogVerifier,
  others: readonly NoteVerifier[] = [],
): Promise<VerifiedCheckpoint> {
  // The types say so already; without them a cosigner that calls itself like the log would count as the log.
  if (logKey.type !== ed25519Type) throw new TrustError('signature-unknown', 'not the key of a log');
  const { text, verified } = await verifyNote(untrusted, [logKey, ...others]);
  if (!verified.some((signature) => isSameKey(signature, logKey))) {
    throw new TrustError('signature-unknown', 'not signed by the log');
  }
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== logKey.name) throw new TrustError('origin-unknown', 'the checkpoint of another log');
  const note =
    typeof untrusted === 'string' ? untrusted : new TextDecoder('utf-8', { ignoreBOM: true }).decode(untrusted);
  return { ...checkpoint, note, verified };
}

/**
 * As {@link verifyCheckpoint}, for whoever knows several logs or several keys of one: the log is the one the checkpoint names
 * as its origin. Throws also `TrustError` `origin-unknown`, where none bears that name, before looking at signatures.
 */
export async function verifyCheckpointOfAny(
  untrusted: string | Uint8Array,
  logs: readonly LogVerifier[],
  others: readonly NoteVerifier[] = [],
): Promise<VerifiedCheckpoint & { readonly logKey: LogVerifier }> {
  const { text, signatures } = parseNote(untrusted);
  const { origin } = parseCheckpoint(text);
  const ofOrigin = logs.filter(({ name }) => name === origin);
  if (ofOrigin.length === 0) throw new TrustError('origin-unknown', 'the checkpoint of another log');
  const logKey = ofOrigin.find((log) => signatures.some((signature) => isSameKey(signature, log)));
  if (!logKey) throw new TrustError('signature-unknown', 'not signed by the log');
  const checkpoint = await verifyCheckpoint(untrusted, logKey, [...logs.filter((log) => log !== logKey), ...others]);
  return { ...checkpoint, logKey };
}

function malformed(what: string): EvidenceError {
  return new EvidenceError('checkpoint-malformed', what);
}

function fail(what: string): never {
  throw malformed(what);
}

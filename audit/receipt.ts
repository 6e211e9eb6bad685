/**
 * Receipts: an entry is in the log, provable offline (C2SP tlog-proof, file ending `.tlog-proof`).
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>                   optional, not authenticated
 *     index 73894
 *     gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=      leaf's sibling first
 *     …
 *
 *     <checkpoint with its signatures, verbatim>
 */
import { fromBase64, toBase64 } from '@reinraum/protocol';
import { parseDecimal, parseHash, type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { EvidenceError } from './evidence-error.ts';
import { type LogVerifier, type NoteVerifier, noteBytesMax } from './note.ts';
import { verifyInclusion } from './proof.ts';
import { leafHash } from './tree.ts';

const header = 'c2sp.org/tlog-proof@v1';
/** The longest inclusion proof a tree of safe-integer size can need. */
const proofHashesMax = 53;
/** The largest receipt read: a note, its proof and some opaque data. */
export const receiptBytesMax = 2 * noteBytesMax;

/** The content of a receipt: nothing in it is verified. */
export interface Receipt {
  readonly index: number;
  readonly proof: readonly Uint8Array[];
  /** The signed checkpoint as the log published it. */
  readonly checkpoint: string;
  /** Opaque data beside the proof that nothing vouches for. */
  readonly untrustedExtra?: Uint8Array | undefined;
}

/** Text of a receipt. */
export function encodeReceipt({ index, proof, checkpoint, untrustedExtra }: Receipt): string {
  const extra = untrustedExtra === undefined ? '' : `extra ${toBase64(untrustedExtra)}\n`;
  const hashes = proof.map((hash) => `${toBase64(hash)}\n`).join('');
  return `${header}\n${extra}index ${index}\n${hashes}\n${checkpoint}`;
}

/** Reads {@link encodeReceipt}. Attacker-controlled: throws `EvidenceError` `receipt-malformed` on any deviation. */
export function parseReceipt(untrusted: string | Uint8Array): Receipt {
  const text = receiptText(untrusted);
  const split = text.indexOf('\n\n');
  if (split === -1) throw malformed('no checkpoint');
  const lines = text.slice(0, split).split('\n');
  if (lines.shift() !== header) throw malformed('first line');
  const untrustedExtra = lines[0]?.startsWith('extra ') ? parseExtra(lines.shift() ?? '') : undefined;
  const index = parseDecimal(/^index (.*)$/.exec(lines.shift() ?? '')?.[1] ?? '');
  if (index === undefined) throw malformed('index');
  if (lines.length > proofHashesMax) throw malformed('too many hashes');
  const proof = lines.map((line) => {
    const hash = parseHash(line);
    if (!hash) throw malformed('hash');
    return hash;
  });
  return { index, proof, checkpoint: text.slice(split + 2), ...(untrustedExtra && { untrustedExtra }) };
}

function receiptText(untrusted: string | Uint8Array): string {
  if (untrusted.length > receiptBytesMax) throw malformed('too long');
  if (typeof untrusted === 'string') return untrusted;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(untrusted);
  } catch {
    throw malformed('not UTF-8');
  }
}

function parseExtra(line: string): Uint8Array {
  try {
    return fromBase64(line.slice('extra '.length));
  } catch {
    throw malformed('extra');
  }
}

/** What a verified receipt proves: the entry is number `index` of the log at this checkpoint. */
export interface VerifiedReceipt {
  readonly index: number;
  readonly checkpoint: VerifiedCheckpoint;
}

/**
 * Verifies that `entry` is in the log. Throws `EvidenceError` (`receipt-malformed`, `inclusion-invalid`, and those of
 * {@link verifyCheckpoint}) or `TrustError`; `others` are the cosigners whose signatures are to be checked as well.
 */
export async function verifyReceipt(
  entry: Uint8Array,
  untrusted: string | Uint8Array,
  logKey: LogVerifier,
  others: readonly NoteVerifier[] = [],
): Promise<VerifiedReceipt> {
  const { index, proof, checkpoint: untrustedCheckpoint } = parseReceipt(untrusted);
  const checkpoint = await verifyCheckpoint(untrustedCheckpoint, logKey, others);
  const claim = { index, size: checkpoint.size, root: checkpoint.root, leaf: leafHash(entry) };
  if (!verifyInclusion(claim, proof)) {
    throw new EvidenceError('inclusion-invalid', 'the proof does not lead to the signed root', { entryIndex: index });
  }
  return { index, checkpoint };
}

function malformed(what: string): EvidenceError {
  return new EvidenceError('receipt-malformed', what);
}

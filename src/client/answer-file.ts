/**
 * What an analyst keeps of an answer and anybody of the room can check: the signed document, the salt that opens the
 * log's commitment to it, and the receipt of the entry that delivered it (docs/spec/release.md §5).
 */
import {
  EvidenceError,
  encodeReceipt,
  type LogVerifier,
  parseReceipt,
  type VerifiedCheckpoint,
  verifyReceipt,
} from '@reinraum/audit/verifier';
import {
  Bytes32,
  type Charter,
  commit,
  decodeEntry,
  fromBase64,
  type LogEntry,
  openDocument,
  type Release,
  SignedDocument,
  utf8,
} from '@reinraum/protocol';
import { z } from 'zod';
import type { Answered } from './ask.ts';

const AnswerFile = z.strictObject({
  v: z.literal(1),
  kind: z.literal('reinraum-answer'),
  document: SignedDocument,
  salt: Bytes32,
  entry: z.string(),
  proof: z.string(),
});

/** What a member takes from the charter it signed or was handed: whose log and whose signature to believe. */
export interface RoomTrust {
  readonly charter: Charter;
  readonly roomId: string;
  readonly logVerifier: LogVerifier;
}

/** An entry that is in the log of the room at a signed checkpoint. */
export interface ProvedEntry {
  readonly entry: LogEntry;
  readonly index: number;
  readonly checkpoint: VerifiedCheckpoint;
}

/** A release the enclave signed and the log names. */
export interface ProvedAnswer extends ProvedEntry {
  readonly release: Release;
}

/** The answer as one file. */
export function formatAnswer({ document, salt, accepted }: Answered): string {
  const file = { v: 1, kind: 'reinraum-answer', document, salt, entry: accepted.entry, proof: accepted.proof };
  return `${JSON.stringify(AnswerFile.parse(file), null, 2)}\n`;
}

/** The receipt as a `.tlog-proof` file that also carries its entry, so that the one file is enough. */
export function formatReceipt({ accepted }: Pick<Answered, 'accepted'>): string {
  return encodeReceipt({ ...parseReceipt(accepted.proof), untrustedExtra: utf8(accepted.entry) });
}

/** Whether a text says of itself that it is an answer file and not a receipt. */
export function isAnswerFile(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/**
 * Verifies a receipt that carries its entry ({@link formatReceipt}). Throws `EvidenceError` or `TrustError`;
 * `receipt-malformed` where it carries none.
 */
export async function proveReceipt(untrusted: string, trust: RoomTrust): Promise<ProvedEntry> {
  const { untrustedExtra } = parseReceipt(untrusted);
  if (!untrustedExtra) throw new EvidenceError('receipt-malformed', 'it does not carry its entry');
  return proved(untrustedExtra, untrusted, trust);
}

/**
 * Verifies an answer file: the entry is in the log, the enclave signed the document, and the log commits to it. The entry
 * of a repeat only points to the one that commits; `entryAt` reads that one, proved. Throws `EvidenceError`, `TrustError`,
 * or `TypeError` saying which part is wrong.
 */
export async function proveAnswer(
  untrusted: string,
  trust: RoomTrust,
  entryAt: (index: number) => Promise<Uint8Array>,
): Promise<ProvedAnswer> {
  const parsed = AnswerFile.safeParse(jsonOf(untrusted));
  if (!parsed.success) throw new TypeError('answer: not an answer file of this room’s tools');
  const { document, salt, entry: text, proof } = parsed.data;
  const outer = await proved(utf8(text), proof, trust);
  const release = await openDocument('release', fromBase64(trust.charter.enclave.signingKey), document);
  const { entry } = outer;
  const isRepeat = entry.type === 'query.repeated' && entry.caused !== null;
  const committing = isRepeat ? decodeEntry(await entryAt(entry.caused ?? 0)) : entry;
  if (
    committing.type !== 'query.released' ||
    committing.detail.query !== release.query ||
    committing.caused !== release.charged ||
    committing.detail.result !== commit('release', { salt, value: document.payload })
  ) {
    throw new TypeError('answer: the log commits to another answer');
  }
  return { ...outer, release };
}

async function proved(bytes: Uint8Array, proof: string, { logVerifier, roomId }: RoomTrust): Promise<ProvedEntry> {
  const { index, checkpoint } = await verifyReceipt(bytes, proof, logVerifier);
  const entry = decodeEntry(bytes);
  if (entry.room !== roomId) throw new TypeError('answer: an entry of another room');
  return { entry, index, checkpoint };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

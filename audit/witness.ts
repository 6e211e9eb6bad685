/**
 * A witness of C2SP tlog-witness: it cosigns a checkpoint only if that continues the last one it cosigned for the log.
 *
 * Everything is decided over what is given: the store, the key with its clock, the logs. One priority settles doubts:
 * rather sign nothing than two histories.
 */
import { equalBytes, utf8 } from '@reinraum/protocol';
import { type AddCheckpoint, parseAddCheckpoint, tlogSizeType } from './add-checkpoint.ts';
import { type Checkpoint, formatCheckpoint, verifyCheckpointOfAny } from './checkpoint.ts';
import type { Cosigner } from './cosignature.ts';
import { EvidenceError, TrustError } from './evidence-error.ts';
import { formatSignatureLine, type LogVerifier } from './note.ts';
import { verifyConsistency } from './proof.ts';
import { emptyRoot } from './tree.ts';

/** Where a witness keeps the last checkpoint it cosigned of each log. Rejects where it cannot tell: nothing is signed then. */
export interface WitnessStore {
  /** The last one; undefined if there never was one. */
  get(origin: string): Promise<Checkpoint | undefined>;
  /**
   * Replaces `previous` by `next`, in one step. True only once `next` is durable: from then on no crash brings an older one
   * back. False, and nothing is changed, where the last one is not `previous`.
   */
  set(origin: string, previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean>;
}

/** What a witness is. */
export interface WitnessOptions {
  readonly cosigner: Cosigner;
  /** Keys of the logs it watches; several of one name are keys of one log. */
  readonly logs: readonly LogVerifier[];
  readonly store: WitnessStore;
}

/** The answer to a request, as HTTP sends it. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

/**
 * Throws `RangeError` where the witness's key is also a log's: whoever holds it could then sign a history and witness it.
 * To be called once, before the first request.
 */
export function checkWitnessKeys({ cosigner, logs }: Omit<WitnessOptions, 'store'>): void {
  if (logs.some(({ publicKey }) => equalBytes(publicKey, cosigner.publicKey))) {
    throw new RangeError(
      'witness: Zeuge und Protokoll dürfen keinen Schlüssel teilen. / A witness and a log must not share a key.',
    );
  }
}

/**
 * Answers one request (docs/spec/witness.md §3). A cosignature is in the answer only after the store has made its checkpoint
 * durable. Rejects with what the store or the cosigner rejects with; then nothing may be answered but a failure.
 */
export async function addCheckpoint(options: WitnessOptions, untrustedBody: Uint8Array): Promise<WitnessAnswer> {
  let request: AddCheckpoint;
  let next: Checkpoint;
  try {
    request = parseAddCheckpoint(untrustedBody);
    const { origin, size, root } = await verifyCheckpointOfAny(request.note, options.logs);
    next = { origin, size, root };
  } catch (error) {
    if (error instanceof EvidenceError) return refusal(400);
    if (error instanceof TrustError) return refusal(error.code === 'origin-unknown' ? 404 : 403);
    throw error;
  }
  if (request.oldSize > next.size) return refusal(400);
  return await cosigned(options, request, next);
}

async function cosigned(
  { cosigner, store }: WitnessOptions,
  { oldSize, proof }: AddCheckpoint,
  next: Checkpoint,
): Promise<WitnessAnswer> {
  const last = await store.get(next.origin);
  if (oldSize !== (last?.size ?? 0)) return conflict(last);
  if (!continues(last, next, proof)) return refusal(422);
  // Signed before it is stored, so that at its time nothing larger was stored; another request may win in between.
  const signature = await cosigner.sign(utf8(formatCheckpoint(next)));
  if (!(await store.set(next.origin, last, next))) return conflict(await store.get(next.origin));
  const body = formatSignatureLine({ name: cosigner.name, keyId: cosigner.keyId, signature });
  return { status: 200, contentType: plainText, body };
}

/** Whether the proof shows that `next` continues `last`; what was never cosigned is the empty tree. */
function continues(last: Checkpoint | undefined, next: Checkpoint, proof: readonly Uint8Array[]): boolean {
  const { size: size1, root: root1 } = last ?? { size: 0, root: emptyRoot() };
  if (size1 === next.size) return proof.length === 0 && equalBytes(root1, next.root);
  // Every tree continues the empty one: there is nothing to prove, and nothing else may stand there.
  if (size1 === 0) return proof.length === 0;
  return verifyConsistency({ size1, root1, size2: next.size, root2: next.root }, proof);
}

const plainText = 'text/plain; charset=utf-8';

const refusals = {
  400: {
    de: 'Die Anfrage ist nicht in der Form von add-checkpoint, oder der alte Stand ist größer als der neue.',
    en: 'The request is not in the form of add-checkpoint, or the old size is larger than the new one.',
  },
  403: {
    de: 'Der Stand trägt keine gültige Signatur des Protokolls.',
    en: 'The checkpoint bears no valid signature of the log.',
  },
  404: { de: 'Dieser Zeuge beobachtet das Protokoll nicht.', en: 'This witness does not watch the log.' },
  422: {
    de: 'Der Beweis zeigt nicht, dass der Stand den zuletzt bezeugten fortsetzt.',
    en: 'The proof does not show that the checkpoint continues the one cosigned last.',
  },
} as const;

function refusal(status: keyof typeof refusals): WitnessAnswer {
  const { de, en } = refusals[status];
  return { status, contentType: plainText, body: `${de}\n${en}\n` };
}

function conflict(last: Checkpoint | undefined): WitnessAnswer {
  return { status: 409, contentType: tlogSizeType, body: `${last?.size ?? 0}\n` };
}

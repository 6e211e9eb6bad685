/**
 * The client of a witness: hands it a checkpoint and brings back its cosignature, verified. What a witness says about sizes is
 * not signed and passes through others' hands; only a cosignature is evidence.
 */
import { concat, utf8 } from '@reinraum/protocol';
import { formatAddCheckpoint, tlogSizeType } from './add-checkpoint.ts';
import { parseCheckpoint, parseDecimal } from './checkpoint.ts';
import { type CosignatureVerifier, parseCosignature } from './cosignature.ts';
import { EvidenceError, TrustError } from './evidence-error.ts';
import { formatSignatureLine, isSameKey, type NoteSignature, parseNote, verifyNote } from './note.ts';

/** The most bytes read of an answer. */
export const witnessAnswerBytesMax = 65_536;

/** What a witness is sent: a form that every platform's `fetch` takes. */
export interface WitnessPost {
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** An answer from elsewhere is not the witness's. */
  readonly redirect: 'manual';
  readonly signal?: AbortSignal;
}

/** `fetch` of the platform, or what stands in for it. */
export type WitnessFetch = (url: string, post: WitnessPost) => Promise<Response>;

/** What is to be cosigned, by whom, and over which line. */
export interface CosignatureRequest {
  readonly fetch: WitnessFetch;
  /** Address of the witness: `add-checkpoint` is below it. */
  readonly url: string;
  readonly witness: CosignatureVerifier;
  /** The checkpoint as the log signed it. */
  readonly checkpoint: string;
  /** The proof from one size of the log to another; undefined where there is none. What it rejects with is passed on. */
  readonly consistency: (oldSize: number, newSize: number) => Promise<readonly Uint8Array[] | undefined>;
  /** The size this witness last cosigned, as far as the caller knows. Default 0: the witness then says it. */
  readonly lastSize?: number;
  /** Ends waiting: the caller has the clock. */
  readonly signal?: AbortSignal;
}

/**
 * What came of it.
 * `cosigned`: verified, for this checkpoint, by this witness.
 * `unreachable`: nothing came back, or not the whole of it.
 * `ahead`: it says that it has cosigned a larger checkpoint than ours, which means that our log was rolled back.
 * `conflict`: it says that it has cosigned another size, from which no proof was possible or none was accepted.
 * `refused`: any other status.
 * `unverified`: it agreed, without a valid cosignature.
 */
export type CosignatureOutcome =
  | {
      readonly outcome: 'cosigned';
      /** A line of a note, with its newline. */
      readonly line: string;
      readonly signature: NoteSignature;
      /** By the witness's clock. */
      readonly timeSeconds: bigint;
    }
  | { readonly outcome: 'unreachable' }
  | { readonly outcome: 'ahead'; readonly size: number }
  | { readonly outcome: 'conflict'; readonly size: number }
  | { readonly outcome: 'refused'; readonly status: number }
  | { readonly outcome: 'unverified' };

/**
 * Asks a witness for its cosignature; a second time where it names a size it can be proved from. Throws `EvidenceError` for a
 * checkpoint that is none, and `RangeError` for a `lastSize` beyond it.
 */
export async function requestCosignature(request: CosignatureRequest): Promise<CosignatureOutcome> {
  const { size } = parseCheckpoint(parseNote(request.checkpoint).text);
  const { lastSize = 0 } = request;
  if (lastSize > size) throw new RangeError('witness: the last size is larger than the checkpoint');
  const first = await askOnce(request, lastSize, size);
  if (first.outcome !== 'conflict') return first;
  if (first.size > size) return { outcome: 'ahead', size: first.size };
  // The size we had said: not ours to solve by saying it again.
  if (first.size === lastSize) return first;
  const second = await askOnce(request, first.size, size);
  return second.outcome === 'conflict' && second.size > size ? { outcome: 'ahead', size: second.size } : second;
}

async function askOnce(request: CosignatureRequest, oldSize: number, size: number): Promise<CosignatureOutcome> {
  // From nothing there is nothing to prove, and to the same size neither.
  const proof = oldSize === 0 || oldSize === size ? [] : await request.consistency(oldSize, size);
  if (!proof) return { outcome: 'conflict', size: oldSize };
  const { fetch, url, signal } = request;
  const body = formatAddCheckpoint({ oldSize, proof, note: request.checkpoint });
  let answer: { status: number; contentType: string; body: Uint8Array };
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body,
      redirect: 'manual',
      ...(signal && { signal }),
    });
    const contentType = response.headers.get('content-type') ?? '';
    answer = { status: response.status, contentType, body: await bodyOf(response) };
  } catch {
    return { outcome: 'unreachable' };
  }
  const { status, contentType } = answer;
  if (status === 200) return await verifiedAnswer(request, answer.body);
  const lastSize = status === 409 && contentType === tlogSizeType ? sizeIn(answer.body) : undefined;
  return lastSize === undefined ? { outcome: 'refused', status } : { outcome: 'conflict', size: lastSize };
}

/** The body. Rejects where it is longer than an answer may be or breaks off. */
async function bodyOf(response: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > witnessAnswerBytesMax) throw new RangeError('witness: the answer is too long');
    pieces.push(piece);
  }
  return concat(...pieces);
}

function sizeIn(body: Uint8Array): number | undefined {
  const text = new TextDecoder().decode(body);
  return text.endsWith('\n') ? parseDecimal(text.slice(0, -1)) : undefined;
}

/** The lines put below our own text are a note; it has to hold with the witness's key, whatever else is there. */
async function verifiedAnswer(
  { witness, checkpoint }: CosignatureRequest,
  body: Uint8Array,
): Promise<CosignatureOutcome> {
  const { text } = parseNote(checkpoint);
  try {
    const { text: signed, verified } = await verifyNote(concat(utf8(`${text}\n`), body), [witness]);
    const signature = verified.find((other) => isSameKey(other, witness));
    const cosignature = signature && parseCosignature(signature.signature);
    // An answer with an empty line in it would have moved the end of the signed text.
    if (signed !== text || !signature || !cosignature) return { outcome: 'unverified' };
    const { timeSeconds } = cosignature;
    return { outcome: 'cosigned', line: formatSignatureLine(signature), signature, timeSeconds };
  } catch (error) {
    if (error instanceof EvidenceError || error instanceof TrustError) return { outcome: 'unverified' };
    throw error;
  }
}

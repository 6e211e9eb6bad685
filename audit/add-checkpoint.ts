/**
 * Requests to a witness (C2SP tlog-witness): the size it last cosigned, a consistency proof from there, and a checkpoint.
 *
 *     old 20852014\n
 *     PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n          hashes of the proof, one a line
 *     …
 *     \n
 *     <checkpoint with its signatures>
 */
import { toBase64 } from '@reinraum/protocol';
import { parseDecimal, parseHash } from './checkpoint.ts';
import { EvidenceError } from './evidence-error.ts';

/** The largest request: room for the longest proof and a checkpoint with many signatures. */
export const addCheckpointBytesMax = 131_072;
/** The most hashes of a consistency proof in a request. */
export const consistencyHashesMax = 63;
/** What the body of a conflict is: the size last cosigned, decimal, and a newline. */
export const tlogSizeType = 'text/x.tlog.size';

/** A request taken apart: nothing in it is verified. */
export interface AddCheckpoint {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** The signed note of the checkpoint. */
  readonly note: string;
}

/** Reads a request. Attacker-controlled: throws `EvidenceError` `request-malformed` on any deviation before the note. */
export function parseAddCheckpoint(untrusted: Uint8Array): AddCheckpoint {
  if (untrusted.length > addCheckpointBytesMax) throw malformed('too long');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(untrusted);
  } catch {
    throw malformed('not UTF-8');
  }
  const split = text.indexOf('\n\n');
  if (split === -1) throw malformed('no checkpoint');
  const [first = '', ...lines] = text.slice(0, split).split('\n');
  const oldSize = first.startsWith('old ') ? parseDecimal(first.slice('old '.length)) : undefined;
  if (oldSize === undefined) throw malformed('old size');
  if (lines.length > consistencyHashesMax) throw malformed('too many hashes');
  const proof = lines.map((line) => {
    const hash = parseHash(line);
    if (!hash) throw malformed('hash');
    return hash;
  });
  return { oldSize, proof, note: text.slice(split + 2) };
}

/** Body of a request. Throws `RangeError` on a size or a proof no request can hold. */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0) throw new RangeError('request: size is a natural number');
  if (proof.length > consistencyHashesMax) throw new RangeError('request: too many hashes');
  const lines = proof.map((hash) => `${toBase64(hash)}\n`);
  return `old ${oldSize}\n${lines.join('')}\n${note}`;
}

function malformed(what: string): EvidenceError {
  return new EvidenceError('request-malformed', what);
}

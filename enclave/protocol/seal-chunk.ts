/**
 * Chunks of a sealed file (docs/spec/seal.md §4): AES-256-GCM in the STREAM construction of Hoang, Reyhanitabar,
 * Rogaway and Vizár (CRYPTO 2015), so that order, number and end of the chunks are authenticated.
 *
 *     nonce = nonce base (7) | counter (uint32be, from 0) | 1 for the last chunk, else 0
 *     additional data = header hash (32)
 */
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from './bytes.ts';
import { SealError } from './seal-head.ts';

/** Plaintext bytes of every chunk but the last. */
export const chunkBytes = 65_536;

/** Bytes of the GCM tag that ends every sealed chunk. */
export const tagBytes = 16;

/** Chunks worked on at once: enough to keep the thread pool busy, and the bound of what a stream holds in memory. */
export const chunksInFlight = 8;

const counterMax = 2 ** 32 - 2;

/** A stream of bytes in pieces of any length. Pieces may be reused by their source once the next one is asked for. */
export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A run of the stream, and whether it is the end of it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/** What one file's content key yields under its header hash. */
export interface FileKeys {
  readonly key: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
  readonly nonceBase: Uint8Array;
  readonly commitment: Uint8Array;
  readonly headerHash: Uint8Array;
}

/** HKDF-SHA-256 (RFC 5869) of the content key with the header hash as salt and one `info` per purpose. */
export async function fileKeys(contentKey: Uint8Array, headerHash: Uint8Array): Promise<FileKeys> {
  const pseudorandomKey = extract(sha256, contentKey, headerHash);
  const derive = (purpose: string, bytes: number) =>
    expand(sha256, pseudorandomKey, utf8(`reinraum/seal/v1 ${purpose}`), bytes);
  const raw = derive('chunk key', 32);
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  raw.fill(0);
  const keys = { key, nonceBase: derive('nonce base', 7), commitment: derive('key commitment', 32), headerHash };
  pseudorandomKey.fill(0);
  return keys;
}

/** The 12-byte nonce of a chunk. Throws `SealError` `limit` beyond 2^32 − 1 chunks: the counter never wraps. */
export function chunkNonce(nonceBase: Uint8Array, counter: number, last: boolean): Uint8Array {
  if (!Number.isInteger(counter) || counter < 0 || counter > counterMax) throw new SealError('limit', counter);
  const nonce = new Uint8Array(12);
  nonce.set(nonceBase);
  new DataView(nonce.buffer).setUint32(7, counter);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Ciphertext and tag of chunk number `counter`. */
export async function sealChunk(keys: FileKeys, counter: number, { bytes, last }: Chunk): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.encrypt(algorithm(keys, counter, last), keys.key, bytes));
}

/**
 * Plaintext of chunk number `counter`, only if it is authentic at this place. Throws `SealError`: `truncated` for a chunk
 * that is authentic but not the end although nothing follows, `trailing` for an authentic end that is followed by
 * more, `truncated` where not even a tag is left, else `chunk`.
 */
export async function openChunk(keys: FileKeys, counter: number, { bytes, last }: Chunk): Promise<Uint8Array> {
  if (bytes.length < tagBytes) throw new SealError('truncated', counter);
  // Only an empty file ends in an empty chunk: one plaintext has one division into chunks.
  if (bytes.length === tagBytes && counter > 0) throw new SealError('chunk', counter);
  const opened = await decrypt(keys, counter, bytes, last);
  if (opened) return opened;
  const misplaced = await decrypt(keys, counter, bytes, !last);
  if (misplaced) throw new SealError(last ? 'truncated' : 'trailing', counter);
  throw new SealError('chunk', counter);
}

/**
 * Cuts a stream into chunks of exactly `size` bytes; the last may be shorter and is empty only if the stream is. Every
 * chunk is a copy of its own, so neither the source nor the cipher has to leave buffers alone.
 */
export async function* cut(pieces: Pieces, size: number): AsyncGenerator<Chunk, void, undefined> {
  let held = new Uint8Array(size);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      if (filled === size) {
        yield { bytes: held, last: false };
        held = new Uint8Array(size);
        filled = 0;
      }
      const taken = piece.subarray(at, at + size - filled);
      held.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  }
  yield { bytes: held.subarray(0, filled), last: true };
}

/**
 * Results of `work` in the order of the chunks, with at most {@link chunksInFlight} under way. The first failure in
 * that order is thrown; what comes after it is never yielded.
 */
export async function* inOrder(
  chunks: AsyncIterable<Chunk>,
  work: (counter: number, chunk: Chunk) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const underWay: Promise<Uint8Array>[] = [];
  let counter = 0;
  for await (const chunk of chunks) {
    const result = work(counter, chunk);
    // Its failure is thrown when its turn comes; until then, or if the reader leaves, it must not count as unhandled.
    result.catch(() => undefined);
    underWay.push(result);
    counter += 1;
    const oldest = underWay.length >= chunksInFlight ? underWay.shift() : undefined;
    if (oldest) yield await oldest;
  }
  for (const result of underWay) yield await result;
}

async function decrypt(keys: FileKeys, counter: number, bytes: Uint8Array, last: boolean) {
  const parameters = algorithm(keys, counter, last);
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, keys.key, bytes));
  } catch {
    return undefined;
  }
}

function algorithm(keys: FileKeys, counter: number, last: boolean) {
  return {
    name: 'AES-GCM',
    iv: chunkNonce(keys.nonceBase, counter, last),
    additionalData: keys.headerHash,
    tagLength: 8 * tagBytes,
  };
}

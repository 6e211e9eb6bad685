/**
 * Padding to a declared length (docs/spec/seal.md §6), so that the length of a sealed file says nothing but what was
 * declared. The content is text without NUL (canonical CSV or JSON); what follows it is one NUL or more.
 */
import type { Pieces } from './seal-chunk.ts';

/**
 * What is wrong with padding: `capacity` (content and one NUL do not fit), `nul` (the content has one), `unpadded` (ends
 * without a NUL), `content` (something follows the NULs).
 */
export type PaddingErrorCode = 'capacity' | 'nul' | 'unpadded' | 'content';

/** A failure of padding. Carries its code, never content. */
export class PaddingError extends Error {
  override readonly name = 'PaddingError';
  readonly code: PaddingErrorCode;

  constructor(code: PaddingErrorCode) {
    super(`padding: ${code}`);
    this.code = code;
  }
}

const padding = new Uint8Array(65_536);

/**
 * The content, then NUL bytes up to exactly `totalBytes`. Throws {@link PaddingError} `nul` or `capacity` before the piece
 * that offends is yielded; `RangeError` if `totalBytes` is not a positive safe integer.
 */
export async function* padded(plaintext: Pieces, totalBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (!Number.isSafeInteger(totalBytes) || totalBytes < 1) throw new RangeError('padding: not a length in bytes');
  let left = totalBytes;
  for await (const piece of plaintext) {
    if (piece.includes(0)) throw new PaddingError('nul');
    left -= piece.length;
    if (left < 1) throw new PaddingError('capacity');
    yield piece;
  }
  for (; left > 0; left -= padding.length) yield padding.slice(0, left);
}

/**
 * The content without its padding. Reads to the end of the stream whatever the reader does with the content, and only
 * then returns: throws {@link PaddingError} `unpadded` without a NUL, `content` if anything but NULs follows the first.
 */
export async function* unpadded(stream: Pieces): AsyncGenerator<Uint8Array, void, undefined> {
  let ended = false;
  for await (const piece of stream) {
    const end = ended ? 0 : piece.indexOf(0);
    if (end === -1) {
      yield piece;
      continue;
    }
    ended = true;
    for (let at = end; at < piece.length; at++) if (piece[at] !== 0) throw new PaddingError('content');
    if (end > 0) yield piece.subarray(0, end);
  }
  if (!ended) throw new PaddingError('unpadded');
}

/** Sealed files on their way in: resumable, idempotent, ciphertext only. One file an offer, written in order. */
import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '@reinraum/protocol';
import { pieceBytesMax } from './limits.ts';

/** Largest sealed file. */
export const uploadBytesMax = 9 * 1024 ** 3;

/** A piece that does not continue the file: the client asks for the offset and goes on from there. */
export class OffsetMismatch extends Error {
  /** Bytes that have arrived. */
  readonly offset: number;

  constructor(offset: number) {
    super('upload: the piece does not continue the file');
    this.name = 'OffsetMismatch';
    this.offset = offset;
  }
}

/** The sealed uploads of one room. */
export class Uploads {
  readonly #directory: string;
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes room for the file of an offer the enclave has just signed; nothing else is ever taken. */
  async expect(offer: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await (await open(this.#path(offer), 'a', 0o600)).close();
  }

  /** Bytes of a file that have arrived. */
  async offset(offer: string): Promise<number> {
    return (await stat(this.#path(offer)).catch(() => undefined))?.size ?? 0;
  }

  /**
   * Writes a piece at its offset, durably, and returns the bytes that have arrived. A piece that was written before is
   * taken as written. Throws {@link OffsetMismatch} where it would leave a gap, `RangeError` beyond the limits, and
   * `Refusal` `dataset-not-declared` for a file nobody was offered to send.
   */
  write(offer: string, offset: number, piece: Uint8Array): Promise<number> {
    if (piece.length > pieceBytesMax || offset + piece.length > uploadBytesMax)
      throw new RangeError('upload: too large');
    const result = (this.#writing.get(offer) ?? Promise.resolve()).then(() => this.#write(offer, offset, piece));
    this.#writing.set(
      offer,
      result.catch(() => undefined),
    );
    return result;
  }

  async #write(offer: string, offset: number, piece: Uint8Array): Promise<number> {
    if (!(await stat(this.#path(offer)).catch(() => undefined))?.isFile())
      throw new Refusal('dataset-not-declared', 'offer');
    const arrived = await this.offset(offer);
    if (offset > arrived) throw new OffsetMismatch(arrived);
    if (offset + piece.length <= arrived) return arrived;
    const file = await open(this.#path(offer), 'r+');
    try {
      await file.write(piece, arrived - offset, piece.length - (arrived - offset), arrived);
      await file.datasync();
    } finally {
      await file.close();
    }
    return offset + piece.length;
  }

  #path(offer: string): string {
    if (!/^[0-9a-f]{64}$/.test(offer)) throw new RangeError('upload: not an offer');
    return join(this.#directory, offer);
  }
}

/**
 * Sealed files on their way in: resumable, idempotent, ciphertext only. One file an offer, written in order, and beside it
 * how many of its bytes have been confirmed:
 *
 *     uploads/<offer>             the sealed file; may be longer than what was confirmed after a crash in the middle of a piece
 *     uploads/<offer>.confirmed   a decimal number of 16 digits; these bytes are on the disk and are never written again
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '@reinraum/protocol';
import { pieceBytesMax } from './limits.ts';

/** Largest sealed file. */
export const uploadBytesMax = 9 * 1024 ** 3;

const confirmedDigits = 16;

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

/** The disk takes no more. What was confirmed stays, and the same piece can be sent again once there is room. */
export class StorageFull extends Error {
  constructor() {
    super('upload: no space left');
    this.name = 'StorageFull';
  }
}

/** The sealed uploads of one room. */
export class Uploads {
  readonly #directory: string;
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes room for the file of an offer the enclave has just signed, durably; nothing else is ever taken. */
  async expect(offer: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await withFile(this.#path(offer), 'a', (file) => file.sync());
    await this.#confirm(offer, 0);
    await withFile(this.#directory, 'r', (directory) => directory.sync());
  }

  /** Bytes of a file that have arrived and are on the disk. */
  async offset(offer: string): Promise<number> {
    const bytes = (await stat(this.#path(offer)).catch(() => undefined))?.size ?? 0;
    const confirmed = await readFile(this.#confirmedPath(offer), 'latin1').catch(() => undefined);
    // Written behind the confirmed end, but perhaps never synced: it is asked for again. A file from before there were
    // confirmations counts as it is.
    return confirmed === undefined ? bytes : Math.min(bytes, Number(confirmed) || 0);
  }

  /**
   * Writes a piece at its offset, durably, and returns the bytes that have arrived. A piece that was confirmed before is
   * taken as written. Throws {@link OffsetMismatch} where it would leave a gap, `RangeError` beyond the limits,
   * {@link StorageFull}, and `Refusal` `dataset-not-declared` for a file nobody was offered to send.
   */
  write(offer: string, offset: number, piece: Uint8Array): Promise<number> {
    if (piece.length > pieceBytesMax || offset + piece.length > uploadBytesMax)
      throw new RangeError('upload: too large');
    const result = (this.#writing.get(offer) ?? Promise.resolve()).then(() => this.#write(offer, offset, piece));
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#writing.set(offer, settled);
    return result.finally(() => {
      if (this.#writing.get(offer) === settled) this.#writing.delete(offer);
    });
  }

  async #write(offer: string, offset: number, piece: Uint8Array): Promise<number> {
    if (!(await stat(this.#path(offer)).catch(() => undefined))?.isFile())
      throw new Refusal('dataset-not-declared', 'offer');
    const arrived = await this.offset(offer);
    if (offset > arrived) throw new OffsetMismatch(arrived);
    if (offset + piece.length <= arrived) return arrived;
    try {
      await withFile(this.#path(offer), 'r+', async (file) => {
        await writeAll(file, piece.subarray(arrived - offset), arrived);
        await file.datasync();
      });
      await this.#confirm(offer, offset + piece.length);
    } catch (error) {
      const { code } = error as { code?: string };
      throw code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' ? new StorageFull() : error;
    }
    return offset + piece.length;
  }

  /** Remembers, durably, how far the file counts. All digits are written in place: a torn write does not occur in so few. */
  async #confirm(offer: string, bytes: number): Promise<void> {
    await withFile(this.#confirmedPath(offer), constants.O_RDWR | constants.O_CREAT, async (file) => {
      await writeAll(file, Buffer.from(String(bytes).padStart(confirmedDigits, '0')), 0);
      await file.datasync();
    });
  }

  #confirmedPath(offer: string): string {
    return `${this.#path(offer)}.confirmed`;
  }

  #path(offer: string): string {
    if (!/^[0-9a-f]{64}$/.test(offer)) throw new RangeError('upload: not an offer');
    return join(this.#directory, offer);
  }
}

async function withFile<Result>(
  path: string,
  flags: string | number,
  use: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags, 0o600);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** A write may take less than it was given, on a disk that is nearly full. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

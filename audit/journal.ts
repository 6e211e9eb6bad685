/**
 * The journal: the one append-only file that holds the promise. What it acknowledged is on the disk; tiles and
 * checkpoints are derived from it.
 *
 *     file  = "RRJRNL1\n" ‖ frame*
 *     frame = uint32be length ‖ checksum[8] ‖ uint64be index ‖ entry        checksum = SHA-256(index ‖ entry)[0:8]
 *
 * The checksum finds accidents, not attackers: against those stand the signed head and the witnesses.
 */
import { hash } from 'node:crypto';
import { concat, equalBytes, utf8 } from '@reinraum/protocol';
import type { DurableDirectory, OpenFile } from './durable.ts';
import { entryBytesMax } from './tile.ts';

const magic = utf8('RRJRNL1\n');
const frameHeadBytes = 20;
const checksumBytes = 8;
const blockBytes = 1 << 20;
/** What a disk writes wholly or not at all. */
const sectorBytes = 512;
/** Entries that share one write and one fdatasync. */
export const batchEntriesMax = 256;
/** Appends that may wait for their batch before further ones are turned away. */
export const waitingEntriesMax = 16_384;

/** A damage that no torn write explains, or a file that is no journal: somebody has to look. */
export class JournalCorrupt extends Error {
  /** The first entry that cannot be read. */
  readonly entryIndex: number;

  constructor(entryIndex: number, what: string) {
    super(`journal: ${what} at entry ${entryIndex}`);
    this.name = 'JournalCorrupt';
    this.entryIndex = entryIndex;
  }
}

/** The journal takes no more entries: a file operation failed, or it was closed. `cause` says why. */
export class JournalFailed extends Error {
  constructor(cause: unknown) {
    super('journal: takes no more entries', { cause });
    this.name = 'JournalFailed';
  }
}

/** Too many appends are waiting; this one was not taken and may be repeated. */
export class JournalBusy extends Error {
  constructor() {
    super('journal: too many appends are waiting');
    this.name = 'JournalBusy';
  }
}

/** One entry in the journal. */
export interface JournalEntry {
  readonly index: number;
  readonly entry: Uint8Array;
  /** Where its frame begins in the file. */
  readonly position: number;
}

/** What the owner of a journal is told. Both are called synchronously and must not throw. */
export interface JournalOwner {
  /** Every entry found when opening, in order. */
  readonly found: (entry: JournalEntry) => void;
  /** Entries that have just become durable, in order and before their appends resolve. */
  readonly committed: (firstIndex: number, entries: readonly Uint8Array[]) => void;
}

interface Waiting {
  readonly entry: Uint8Array;
  readonly resolve: (index: number) => void;
  readonly reject: (error: Error) => void;
}

/** An open journal; the owner is its only writer. */
export class Journal {
  readonly #file: OpenFile;
  readonly #committed: JournalOwner['committed'];
  #size: number;
  #end: number;
  #failure: JournalFailed | undefined;
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  private constructor(file: OpenFile, committed: JournalOwner['committed'], size: number, end: number) {
    this.#file = file;
    this.#committed = committed;
    this.#size = size;
    this.#end = end;
  }

  /**
   * Opens `path`, creating it where there is none, and reads it once from end to end. What a power loss left of the last
   * write, which nobody was promised, is cut off; any other damage before an intact frame throws {@link JournalCorrupt}.
   * The first `settledSize` entries are known to have been durable: no torn write explains a damage among them.
   * Everything told to `owner.found` is durable when this resolves.
   */
  static async open(directory: DurableDirectory, path: string, owner: JournalOwner, settledSize = 0): Promise<Journal> {
    const file = (await directory.open(path)) ?? (await createJournal(directory, path));
    try {
      if (!equalBytes(await file.read(0, magic.length), magic)) throw new JournalCorrupt(0, 'not a journal');
      let size = 0;
      let end = magic.length;
      for await (const frames of scan(file, end, size)) {
        for (const frame of frames) {
          owner.found(frame);
          end = frame.position + frameHeadBytes + frame.entry.length;
          size += 1;
        }
      }
      if (end < (await file.size())) {
        if (!(await isTornWrite(file, end, size, settledSize))) throw new JournalCorrupt(size, 'damaged frame');
        await file.truncate(end);
      }
      // A process killed between write and fdatasync leaves whole frames that are not durable yet, one killed while it
      // made the journal a name.
      await file.sync();
      await directory.settle(path);
      return new Journal(file, owner.committed, size, end);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Number of durable entries. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends an entry (copied) and resolves to its index once it is durable. Rejects with {@link JournalFailed} from the
   * first file error on and for ever, {@link JournalBusy} when too many wait, `RangeError` above 65,535 bytes.
   */
  append(entry: Uint8Array): Promise<number> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (entry.length > entryBytesMax)
      return Promise.reject(new RangeError('journal: an entry has at most 65,535 bytes'));
    if (this.#waiting.length >= waitingEntriesMax) return Promise.reject(new JournalBusy());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry: entry.slice(), resolve, reject });
      this.#writing ??= this.#writeWaiting();
    });
  }

  /** The entries from `index`, whose frame begins at `position`, to the end as it is now. */
  async *entriesFrom(index: number, position: number): AsyncGenerator<readonly JournalEntry[]> {
    const end = this.#size;
    for await (const frames of scan(this.#file, position, index)) yield frames.filter((frame) => frame.index < end);
  }

  /** Takes no more entries; those waiting are turned away. The first cause is kept. */
  fail(cause: unknown): void {
    this.#failure ??= new JournalFailed(cause);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  /** Finishes the waiting appends and closes the file. */
  async close(): Promise<void> {
    await this.#writing;
    this.fail('closed');
    await this.#file.close();
  }

  async #writeWaiting(): Promise<void> {
    // Appends of one turn share the first batch; those made while a batch is being synced share the next.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchEntriesMax);
      const first = this.#size;
      try {
        await this.#commit(batch.map(({ entry }) => entry));
        for (const [at, { resolve }] of batch.entries()) resolve(first + at);
      } catch (error) {
        this.fail(error);
        for (const { reject } of batch) reject(this.#failure ?? new JournalFailed(error));
      }
    }
    this.#writing = undefined;
  }

  async #commit(entries: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(...entries.map((entry, at) => encodeFrame(this.#size + at, entry)));
    if ((await this.#file.size()) !== this.#end) throw new Error('journal: somebody else wrote to the file');
    await this.#file.write(bytes, this.#end);
    await this.#file.dataSync();
    const first = this.#size;
    this.#end += bytes.length;
    this.#size += entries.length;
    this.#committed(first, entries);
  }
}

async function createJournal(directory: DurableDirectory, path: string): Promise<OpenFile> {
  await directory.write([{ path, bytes: magic }]);
  const file = await directory.open(path);
  if (!file) throw new Error('journal: vanished after it was created');
  return file;
}

function encodeFrame(index: number, entry: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeadBytes + entry.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, entry.length);
  view.setBigUint64(12, BigInt(index));
  frame.set(entry, frameHeadBytes);
  frame.set(checksum(frame), 4);
  return frame;
}

function checksum(frame: Uint8Array): Uint8Array {
  return hash('sha256', frame.subarray(4 + checksumBytes), 'buffer').subarray(0, checksumBytes);
}

/** The intact frame at `at` in `block`, if it is all there. */
function frameAt(block: Uint8Array, at: number): { readonly index: number; readonly entry: Uint8Array } | undefined {
  if (at + frameHeadBytes > block.length) return undefined;
  const view = new DataView(block.buffer, block.byteOffset + at, frameHeadBytes);
  const end = at + frameHeadBytes + view.getUint32(0);
  if (end > block.length || view.getUint32(0) > entryBytesMax) return undefined;
  const frame = block.subarray(at, end);
  if (!equalBytes(frame.subarray(4, 4 + checksumBytes), checksum(frame))) return undefined;
  return { index: Number(view.getBigUint64(12)), entry: frame.subarray(frameHeadBytes) };
}

/** Intact frames with the expected indexes from `position` on, a block of them at a time, up to the first other byte. */
async function* scan(file: OpenFile, position: number, index: number): AsyncGenerator<readonly JournalEntry[]> {
  let next = index;
  for (let from = position; ; ) {
    const block = await file.read(from, blockBytes);
    const frames: JournalEntry[] = [];
    let at = 0;
    for (let frame = frameAt(block, at); frame?.index === next; frame = frameAt(block, at)) {
      frames.push({ index: next, entry: frame.entry, position: from + at });
      at += frameHeadBytes + frame.entry.length;
      next += 1;
    }
    if (frames.length === 0) return;
    yield frames;
    from += at;
  }
}

/**
 * Whether the damage at `position`, where entry `index` should begin, is what a power loss leaves of the last write. The
 * sectors of a write reach the disk in any order, so intact frames may stand behind lost ones – but only of the same
 * batch, since a batch is written once the one before is durable, and only behind a sector that never arrived. A flipped
 * bit leaves no such sector.
 */
async function isTornWrite(file: OpenFile, position: number, index: number, settledSize: number): Promise<boolean> {
  for (let from = position, next = index; ; ) {
    const found = await frameFrom(file, from);
    if (!found) return true;
    if (index < settledSize || found.index >= index + batchEntriesMax) return false;
    const isLost = found.position > from;
    if (isLost ? found.index <= next : found.index !== next) return false;
    if (isLost && !(await hasLostSector(file, from, found.position))) return false;
    from = found.position + frameHeadBytes + found.entry.length;
    next = found.index + 1;
  }
}

/**
 * Whether a sector between the damage at `from` and the intact frame at `to` was never written: past the old end of a
 * file there is nothing but zeros. Two zeros are how every frame begins, and up to four how the one at `to` may.
 */
async function hasLostSector(file: OpenFile, from: number, to: number): Promise<boolean> {
  for (let start = from; start < to; ) {
    const end = (Math.floor(start / sectorBytes) + 1) * sectorBytes;
    if (end > to + 4) return false;
    const sector = await file.read(start, Math.min(end, to) - start);
    if (sector.length > 2 && sector.every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}

/** The first intact frame, whatever its index, that begins at `position` or anywhere behind it. */
async function frameFrom(file: OpenFile, position: number): Promise<JournalEntry | undefined> {
  const overlap = frameHeadBytes + entryBytesMax;
  for (let from = position; ; from += blockBytes) {
    const block = await file.read(from, blockBytes + overlap);
    for (let at = 0; at < Math.min(blockBytes, block.length - frameHeadBytes + 1); at++) {
      // The two high bytes of a length are zero: this spares a hash at most positions.
      const frame = block[at] === 0 && block[at + 1] === 0 ? frameAt(block, at) : undefined;
      if (frame) return { ...frame, position: from + at };
    }
    if (block.length < blockBytes + overlap) return undefined;
  }
}

/** Compares a journal with the entries of a verified log, one after another and in order. Reads only. */
export class JournalComparison {
  readonly #journal: Uint8Array;
  #position = magic.length;

  constructor(journal: Uint8Array) {
    this.#journal = journal;
  }

  /** Whether the journal goes on with this entry. */
  holds(index: number, entry: Uint8Array): boolean {
    const frame = encodeFrame(index, entry);
    const isFirst = this.#position === magic.length;
    if (isFirst && !equalBytes(this.#journal.subarray(0, magic.length), magic)) return false;
    const found = this.#journal.subarray(this.#position, this.#position + frame.length);
    this.#position += frame.length;
    return equalBytes(found, frame);
  }
}

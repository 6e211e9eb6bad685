/**
 * The journal: the one append-only file that holds the promise. What it acknowledged is on the disk; tiles and
 * checkpoints are derived from it. Its oldest entries are cut off once their bundles are durable: it begins with entry
 * number *base*, which its first frame names.
 */
import { concat, equalBytes } from '@reinraum/protocol';
import type { DurableDirectory, OpenFile } from './durable.ts';
import {
  baseHeadBytes,
  baseOf,
  blockBytes,
  encodeFrame,
  frameAt,
  frameHeadBytes,
  type JournalEntry,
  journalMagic,
  scan,
} from './journal-frame.ts';
import { entryBytesMax, tileWidth } from './tile.ts';

/** What a disk writes wholly or not at all. */
const sectorBytes = 512;
/** Entries that share one write and one fdatasync. */
export const batchEntriesMax = 256;
/** Appends that may wait for their batch before further ones are turned away. */
export const waitingEntriesMax = 16_384;

/** A damage that no torn write explains, or a file that is no journal: somebody has to look. */
export class JournalCorrupt extends Error {
  /** The first entry that cannot be read; 0 where it is the journal's first, which alone says where it begins. */
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

/** What the owner of a journal is told. The last two are called synchronously and must not throw. */
export interface JournalOwner {
  /** The number of the first entry there will be, before any is found. Where it rejects, the journal is not opened. */
  readonly begins?: (base: number) => Promise<void>;
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
  readonly #directory: DurableDirectory;
  readonly #path: string;
  #file: OpenFile;
  readonly #committed: JournalOwner['committed'];
  #base: number;
  #size: number;
  #end = journalMagic.length;
  /** Where the frame of every 256th entry begins, from that of the first on. */
  #starts: number[] = [];
  #failure: JournalFailed | undefined;
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Changes of the file, one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    directory: DurableDirectory,
    path: string,
    file: OpenFile,
    committed: JournalOwner['committed'],
    base: number,
  ) {
    this.#directory = directory;
    this.#path = path;
    this.#file = file;
    this.#committed = committed;
    this.#base = base;
    this.#size = base;
  }

  /**
   * Opens `path`, creating it where there is none, and reads it once from end to end. What a power loss left of the last
   * write, which nobody was promised, is cut off; any other damage before an intact frame throws {@link JournalCorrupt}.
   * The first `settledSize` entries are known to have been durable: no torn write explains a damage among them.
   * Everything told to `owner.found` is durable when this resolves. Rejects with what `owner.begins` rejects with.
   */
  static async open(directory: DurableDirectory, path: string, owner: JournalOwner, settledSize = 0): Promise<Journal> {
    const file = (await directory.open(path)) ?? (await createJournal(directory, path));
    try {
      const head = await file.read(0, baseHeadBytes);
      if (!equalBytes(head.subarray(0, journalMagic.length), journalMagic))
        throw new JournalCorrupt(0, 'not a journal');
      const journal = new Journal(directory, path, file, owner.committed, baseOf(head));
      await owner.begins?.(journal.#base);
      await journal.#find(owner, settledSize);
      // A process killed between write and fdatasync leaves whole frames that are not durable yet, one killed while it
      // made or cut the journal a name.
      await directory.settle([path]);
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Number of the first entry that is here. */
  get base(): number {
    return this.#base;
  }

  /** Number of durable entries, those cut off included. */
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

  /**
   * The entries from `index` to the end as it is now, some of them at a time. Throws `RangeError` below the base,
   * {@link JournalCorrupt} where one that was durable can no longer be read.
   */
  async *entriesFrom(index: number): AsyncGenerator<readonly JournalEntry[]> {
    if (index < this.#base) throw new RangeError('journal: this entry was cut off');
    const end = this.#size;
    const bundle = Math.floor((index - this.#base) / tileWidth);
    const start = this.#starts[bundle];
    if (start === undefined) return;
    let next = this.#base + bundle * tileWidth;
    for await (const frames of scan(this.#file, start, next)) {
      yield frames.filter((frame) => frame.index >= index && frame.index < end);
      next += frames.length;
      if (next >= end) return;
    }
    throw new JournalCorrupt(next, 'damaged frame');
  }

  /**
   * Cuts off every entry before `base`, the number of an entry that is here and a multiple of 256, atomically: after a
   * crash the journal is the old or the new one. Appends wait meanwhile. The caller has made sure that what is cut off is
   * durable elsewhere. Throws `RangeError` for another base, {@link JournalFailed} from the first error on and for ever.
   */
  async cut(base: number): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#failure) throw this.#failure;
      const bundles = (base - this.#base) / tileWidth;
      const start = this.#starts[bundles];
      if (start === undefined) throw new RangeError('journal: cannot begin with this entry');
      try {
        await this.#replace(base);
      } catch (error) {
        this.fail(error);
        throw this.#failure ?? error;
      }
      const cutBytes = start - journalMagic.length;
      this.#base = base;
      this.#end -= cutBytes;
      this.#starts = this.#starts.slice(bundles).map((position) => position - cutBytes);
    });
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
    await this.#turn;
    await this.#file.close();
  }

  /** Tells the owner what is in the file, and drops what a power loss left of the last write. */
  async #find(owner: JournalOwner, settledSize: number): Promise<void> {
    for await (const frames of scan(this.#file, this.#end, this.#base)) {
      for (const frame of frames) {
        owner.found(frame);
        this.#count(frame.entry);
      }
    }
    if (this.#end === (await this.#file.size())) return;
    const isTorn = await isTornWrite(this.#file, this.#end, this.#size, settledSize);
    if (!isTorn) throw new JournalCorrupt(this.#size, 'damaged frame');
    // An entry a head was signed for was never torn: the owner stops, and finds the file as it was.
    if (this.#size >= settledSize) await this.#file.truncate(this.#end);
  }

  async #writeWaiting(): Promise<void> {
    // Appends of one turn share the first batch; those made while a batch is being synced share the next.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#inTurn(() => this.#writeBatch());
    this.#writing = undefined;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#waiting.splice(0, batchEntriesMax);
    // A cut that failed before has turned them away.
    if (batch.length === 0) return;
    const first = this.#size;
    try {
      await this.#commit(batch.map(({ entry }) => entry));
      for (const [at, { resolve }] of batch.entries()) resolve(first + at);
    } catch (error) {
      this.fail(error);
      for (const { reject } of batch) reject(this.#failure ?? new JournalFailed(error));
    }
  }

  async #commit(entries: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(...entries.map((entry, at) => encodeFrame(this.#size + at, entry)));
    await this.#checkAlone();
    await this.#file.write(bytes, this.#end);
    await this.#file.dataSync();
    const first = this.#size;
    for (const entry of entries) this.#count(entry);
    this.#committed(first, entries);
  }

  /** Puts a journal that begins with `base` in the place of this one. */
  async #replace(base: number): Promise<void> {
    await this.#checkAlone();
    // Frames are read, not copied: a damaged one must not become the first, which says where the journal begins.
    const parts = [journalMagic];
    for await (const entries of this.entriesFrom(base))
      parts.push(concat(...entries.map(({ index, entry }) => encodeFrame(index, entry))));
    await this.#directory.write([{ path: this.#path, bytes: concat(...parts) }]);
    const file = await this.#directory.open(this.#path);
    if (!file) throw new Error('journal: vanished after it was cut');
    const before = this.#file;
    this.#file = file;
    await before.close();
  }

  async #checkAlone(): Promise<void> {
    if ((await this.#file.size()) !== this.#end) throw new Error('journal: somebody else wrote to the file');
  }

  /** Counts an entry that is durable. */
  #count(entry: Uint8Array): void {
    if (this.#size % tileWidth === 0) this.#starts.push(this.#end);
    this.#end += frameHeadBytes + entry.length;
    this.#size += 1;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

async function createJournal(directory: DurableDirectory, path: string): Promise<OpenFile> {
  await directory.write([{ path, bytes: journalMagic }]);
  const file = await directory.open(path);
  if (!file) throw new Error('journal: vanished after it was created');
  return file;
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
async function frameFrom(
  file: OpenFile,
  position: number,
): Promise<(JournalEntry & { readonly position: number }) | undefined> {
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

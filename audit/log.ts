/**
 * The writer of a log. An append is durable in the journal when it resolves; bundles, tiles, the record of the last
 * signed head and the checkpoint follow in this order, without being asked, for everything journalled meanwhile. Once the
 * bundles of enough entries are on the disk for good, the journal is cut: from then on they alone hold those entries.
 *
 *     <directory>/journal              the promise            <directory>/tile/…       derived
 *     <directory>/signed               last signed head       <directory>/checkpoint   the public head
 *
 * One writer for each directory. Within a process this is enforced here, between processes by whoever starts it
 * (`flock`); a second writer is noticed by the journal's length, if it was not cut since, and by the compare-and-swap of
 * `signed`.
 */
import { resolve } from 'node:path';
import { equalBytes, type SigningKey, utf8 } from '@reinraum/protocol';
import { type Checkpoint, signCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { DurableDirectory, type FileLayer, nodeFiles } from './durable.ts';
import { EvidenceError } from './evidence-error.ts';
import { Journal, JournalFailed, type JournalOwner } from './journal.ts';
import { ed25519Signer, ed25519Verifier, formatNote, formatVkey, type NoteSignature, parseNote } from './note.ts';
import { consistencyProof, inclusionProof, rootAt, verifyConsistency, verifyInclusion } from './proof.ts';
import { checkpointPath, isThere, type PublishedHead, readPublishedHead } from './published-head.ts';
import { encodeReceipt } from './receipt.ts';
import { checkBase, LogStopped, recover } from './recovery.ts';
import { RightEdge, type Tile } from './right-edge.ts';
import { readSignedHead, swapSignedHead } from './signed-head.ts';
import { edgeTilesAt, tilePath, tileWidth } from './tile.ts';
import { TileStore } from './tile-store.ts';
import { leafHash } from './tree.ts';

const journalPath = 'journal';
const signedPath = 'signed';
/** Full tiles kept in memory while a long journal is brought up to date. */
const stagedTilesMax = 64;
/** Entries for which the journal is worth cutting: 16 full bundles. */
export const cutEntriesMin = 16 * tileWidth;

/** How a log is opened. */
export interface LogOptions {
  readonly directory: string;
  /** Name of the log and of its key. */
  readonly origin: string;
  readonly signingKey: SigningKey;
  /** The disk; another one in tests. */
  readonly files?: FileLayer;
  /** The journal is cut whenever so many entries can go; {@link cutEntriesMin} unless a test says otherwise. */
  readonly cutEntries?: number;
  /** Told of every head that was published. Must not throw. */
  readonly onPublished?: () => void;
  /** Told once when the log has stopped for good, so that the process can raise the alarm and end. Must not throw. */
  readonly onFailure?: (cause: unknown) => void;
}

interface Publication {
  readonly index: number;
  readonly resolve: (head: PublishedHead) => void;
  readonly reject: (cause: unknown) => void;
}

const openDirectories = new WeakMap<FileLayer, Set<string>>();

/** An open log. */
export class Log {
  readonly #options: LogOptions;
  readonly #directory: DurableDirectory;
  readonly #tiles: TileStore;
  /** Assigned once while opening, before anybody holds the log. */
  #journal: Journal | undefined;
  #edge = new RightEdge();
  #signed: Checkpoint | undefined;
  #published: PublishedHead | undefined;
  /** Journalled entries that no checkpoint includes yet, from number `#unpublishedFrom` on. */
  readonly #unpublished: Uint8Array[] = [];
  #unpublishedFrom = 0;
  #waiting: Publication[] = [];
  /** Writes to the checkpoint, one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #publishing: Promise<void> | undefined;
  #isClosing = false;
  #failure: { readonly cause: unknown } | undefined;

  private constructor(options: LogOptions) {
    this.#options = options;
    this.#directory = new DurableDirectory(resolve(options.directory), options.files);
    this.#tiles = new TileStore(this.#directory);
  }

  /**
   * Opens the log, creating it where there is none, recovers, and returns once every journalled entry is published and the
   * journal cut where that is due. Throws {@link LogStopped}, `JournalCorrupt`, or the error of the file system; nothing is
   * changed before the decision to go on but a torn last frame.
   */
  static async open(options: LogOptions): Promise<Log> {
    const directories = openDirectories.get(options.files ?? nodeFiles) ?? new Set();
    openDirectories.set(options.files ?? nodeFiles, directories);
    const directory = resolve(options.directory);
    if (directories.has(directory)) throw new LogStopped('directory-in-use', 'this process has the log open already');
    directories.add(directory);
    const log = new Log(options);
    try {
      await log.#recover();
      return log;
    } catch (error) {
      directories.delete(directory);
      await log.#journal?.close();
      throw error;
    }
  }

  /** Number of durable entries. */
  get size(): number {
    return this.#open().size;
  }

  /** The head last published. */
  get published(): PublishedHead {
    if (!this.#published) throw new Error('log: not open yet');
    return this.#published;
  }

  /** The verifier key of this log. */
  get vkey(): string {
    return formatVkey(this.#options.origin, this.#options.signingKey.publicKey);
  }

  /** Text of the checkpoint last published. */
  checkpoint(): string {
    return this.published.note;
  }

  /**
   * Appends an entry of at most 65,535 bytes; resolves once it is durable. Rejects with `RangeError`, `JournalBusy`, or
   * `JournalFailed`: after the first error of the file system nothing is ever taken again.
   */
  async append(entry: Uint8Array): Promise<{ readonly index: number }> {
    try {
      return { index: await this.#open().append(entry) };
    } catch (error) {
      if (error instanceof JournalFailed) this.#fail(error);
      throw error;
    }
  }

  /** As {@link append}, and resolves only once a checkpoint that includes the entry is published. */
  async appendPublished(entry: Uint8Array): Promise<{ readonly index: number; readonly head: PublishedHead }> {
    const { index } = await this.append(entry);
    const head = await new Promise<PublishedHead>((resolve, reject) => {
      if (index < this.published.size) resolve(this.published);
      else if (this.#failure) reject(this.#failure.cause);
      else this.#waiting.push({ index, resolve, reject });
    });
    return { index, head };
  }

  /** Resolves once everything journalled by now is published. Rejects with what stopped the log. */
  async publish(): Promise<void> {
    if (this.#failure) throw this.#failure.cause;
    if (this.#unpublished.length > 0) this.#publishing ??= this.#publishAll();
    await this.#publishing;
  }

  /**
   * Adds signature lines of others (cosignatures) to the checkpoint of this size and publishes it again; false when a
   * larger checkpoint has taken its place. The caller has verified them. Rejects with what stopped the log.
   */
  async attach(size: number, signatures: readonly NoteSignature[]): Promise<boolean> {
    return await this.#inTurn(async () => {
      if (this.published.size !== size) return false;
      const { text, signatures: present } = parseNote(this.published.note);
      const note = formatNote({ text, signatures: [...present, ...signatures] });
      await this.#directory.write([{ path: checkpointPath, bytes: utf8(note) }]);
      this.#published = { ...this.published, note };
      return true;
    });
  }

  /** The first entry that is kept: 0, or a multiple of 256 where older ones were pruned. */
  get first(): number {
    return this.#tiles.first;
  }

  /** Every published entry that is kept, in order; proved when it ends, or it throws {@link LogStopped}. */
  entries(): AsyncGenerator<{ readonly index: number; readonly bytes: Uint8Array }> {
    return this.#tiles.entries(this.published);
  }

  /**
   * Removes the full bundles of entries before number `before`, which is published; tiles of hashes stay, so that every receipt goes
   * on to verify. Durable on return; what an interruption left is removed next time.
   */
  async prune(before: number): Promise<void> {
    if (before > this.published.size) throw new RangeError('log: not published at this size');
    await this.#inTurn(async () => {
      // Nothing of it stays in the journal either.
      await this.#cut(1);
      await this.#tiles.prune(before);
    });
  }

  /** Entry `index`. Throws `RangeError` for one that is not durable, or was pruned. */
  async entry(index: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(index) || index >= this.size) throw new RangeError('log: no such entry');
    const unpublished = this.#unpublished[index - this.#unpublishedFrom];
    if (unpublished) return unpublished.slice();
    return await this.#tiles.entry(index, this.published.size);
  }

  /**
   * Receipt of a published entry, at the current checkpoint or an earlier one of this log, verified before it is handed out. Throws `RangeError` for an
   * entry that is not published, `EvidenceError` `inclusion-invalid` when the tiles on the disk are wrong.
   */
  async receipt(index: number, at: PublishedHead = this.published): Promise<string> {
    const { size, root, note } = at;
    const proof = await inclusionProof(index, size, this.#tiles.hashes(size));
    const leaf = leafHash(await this.entry(index));
    if (!verifyInclusion({ index, size, leaf, root }, proof)) {
      throw new EvidenceError('inclusion-invalid', 'the tiles do not lead to the signed root', { entryIndex: index });
    }
    return encodeReceipt({ index, proof, checkpoint: note });
  }

  /** Consistency proof from the tree of `from` to the tree of `to`, by default the published one. Throws `RangeError`. */
  async consistency(from: number, to: number = this.published.size): Promise<readonly Uint8Array[]> {
    const { size } = this.published;
    if (to > size) throw new RangeError('log: not published at this size');
    return await consistencyProof(from, to, this.#tiles.hashes(size));
  }

  /** Root of the first `size` entries. Throws `RangeError` above the published size. */
  async rootAt(size: number): Promise<Uint8Array> {
    if (size > this.published.size) throw new RangeError('log: not published at this size');
    return await rootAt(size, this.#tiles.hashes(this.published.size));
  }

  /**
   * Cuts the journal as far as it goes: back to the last bundle, full or not, of what is published. Nothing older is left
   * in it. Rejects with what stopped the log: `LogStopped` `tile-diverges`, `tile-missing` or `signed-diverges` where the
   * disk does not hold what would go, then the journal stays as it is; or the error of the file system.
   */
  async cutJournal(): Promise<void> {
    await this.#inTurn(() => this.#cut(1));
  }

  /** Publishes what is journalled and closes the files. The log must not be used afterwards. */
  async close(): Promise<void> {
    this.#isClosing = true;
    try {
      await this.#turn;
      await this.#open().close();
      if (!this.#failure) await this.publish();
    } finally {
      openDirectories.get(this.#options.files ?? nodeFiles)?.delete(resolve(this.#options.directory));
    }
  }

  #open(): Journal {
    if (!this.#journal) throw new Error('log: not open yet');
    return this.#journal;
  }

  async #recover(): Promise<void> {
    const signed = await readSignedHead(this.#directory, signedPath, this.#options.origin);
    const published = await readPublishedHead(this.#directory, this.vkey);
    if ((signed || published) && !(await isThere(this.#directory, journalPath))) {
      throw new LogStopped('journal-missing', 'a signed head without the journal behind it');
    }
    const rootsAt = new Map<number, Uint8Array>();
    let edge = new RightEdge();
    let publishedEdge = edge;
    const reached = (): void => {
      if (edge.size === signed?.size || edge.size === published?.size) rootsAt.set(edge.size, edge.root());
      if (edge.size === published?.size) publishedEdge = edge.copy();
    };
    const owner: JournalOwner = {
      begins: async (base) => {
        checkBase(base, signed, published);
        edge = await this.#tiles.edgeAt(base, signed?.size ?? 0);
        publishedEdge = edge.copy();
        reached();
      },
      found: ({ entry }) => {
        edge.append(entry);
        reached();
      },
      committed: (_first, entries) => {
        this.#unpublished.push(...entries);
        this.publish().catch(() => undefined);
      },
    };
    this.#journal = await Journal.open(this.#directory, journalPath, owner, signed?.size);
    const promised = (head: Checkpoint | undefined) => head && { head, journalRoot: rootsAt.get(head.size) };
    const { size: journalSize } = this.#journal;
    const recovery = recover({ journalSize, signed: promised(signed), published: promised(published) });
    this.#signed = signed;
    this.#published = published;
    this.#edge = publishedEdge;
    await this.#tiles.store(published ? publishedEdge.rightmost() : [], 'missing');
    if (recovery === 'publish') await this.#rebuild();
    this.#unpublishedFrom = this.published.size;
    await this.#tiles.find(this.published.size);
    await this.#cut(this.#options.cutEntries ?? cutEntriesMin);
  }

  /** Brings tiles and checkpoint up to the journal, from the first unpublished entry. */
  async #rebuild(): Promise<void> {
    const staged: Tile[] = [];
    for await (const frames of this.#open().entriesFrom(this.#edge.size)) {
      for (const { entry } of frames) {
        this.#edge.append(entry, (tile) => staged.push(tile));
        if (staged.length >= stagedTilesMax) await this.#tiles.store(staged.splice(0));
      }
    }
    await this.#publishHead(staged);
  }

  async #publishAll(): Promise<void> {
    try {
      while (this.#unpublished.length > 0) await this.#inTurn(() => this.#publishEntries());
    } finally {
      // In the turn that found nothing left: an entry journalled right after starts anew.
      this.#publishing = undefined;
    }
  }

  async #publishEntries(): Promise<void> {
    const { length } = this.#unpublished;
    const filled: Tile[] = [];
    for (const entry of this.#unpublished.slice(0, length)) this.#edge.append(entry, (tile) => filled.push(tile));
    const head = await this.#publishHead(filled);
    this.#unpublished.splice(0, length);
    this.#unpublishedFrom += length;
    const due = this.#waiting.filter(({ index }) => index < head.size);
    this.#waiting = this.#waiting.filter(({ index }) => index >= head.size);
    for (const { resolve } of due) resolve(head);
    // The journal takes nothing more while the log is closed, and is cut when it is opened again.
    if (!this.#isClosing) await this.#cut(this.#options.cutEntries ?? cutEntriesMin);
  }

  /** Cuts the journal if at least so many entries can go. What a head was published for is durable, to the last bundle. */
  async #cut(entriesMin: number): Promise<void> {
    const journal = this.#open();
    const { published: head } = this;
    const base = tileWidth * Math.floor((head.size - 1) / tileWidth);
    if (base - journal.base < entriesMin) return;
    await this.#tiles.confirm(journal.entriesFrom(journal.base), base);
    // The next process begins with this edge, and can no longer do without the files it and the head are read from.
    const edge = await this.#tiles.edgeAt(base, head.size);
    await this.#proveExtension({ size: edge.size, root: edge.root() }, head);
    const edgePaths = [...edgeTilesAt(base, head.size)].map(tilePath);
    await this.#directory.settle([...edgePaths, signedPath, checkpointPath]);
    await journal.cut(base);
  }

  /** Tiles → record of the signed head → checkpoint, each durable before the next. */
  async #publishHead(filled: readonly Tile[]): Promise<PublishedHead> {
    const { origin, signingKey } = this.#options;
    const head = { origin, size: this.#edge.size, root: this.#edge.root() };
    await this.#tiles.store([...filled, ...this.#edge.partials()]);
    await this.#proveExtension(this.#signed, head);
    await swapSignedHead(this.#directory, signedPath, this.#signed, head);
    this.#signed = head;
    const note = await signCheckpoint(head, [ed25519Signer(origin, signingKey)]);
    // A faulty signature must not leave the process, and nobody would accept it.
    await verifyCheckpoint(note, ed25519Verifier(this.vkey));
    await this.#directory.write([{ path: checkpointPath, bytes: utf8(note) }]);
    this.#published = { ...head, note };
    this.#options.onPublished?.();
    return this.#published;
  }

  /** Proves from the tiles as they are on the disk, not from memory, that `head` extends an earlier one, if there is one. */
  async #proveExtension(last: Pick<Checkpoint, 'size' | 'root'> | undefined, head: Checkpoint): Promise<void> {
    const read = this.#tiles.hashes(head.size);
    const holds = !last?.size
      ? equalBytes(await rootAt(head.size, read), head.root)
      : verifyConsistency(
          { size1: last.size, root1: last.root, size2: head.size, root2: head.root },
          await consistencyProof(last.size, head.size, read),
        );
    if (!holds) throw new LogStopped('signed-diverges', 'the tiles do not extend the last signed head', last?.size);
  }

  /** Runs what writes derived files one after another; the first error stops the log. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      if (this.#failure) throw this.#failure.cause;
      return await work();
    });
    this.#turn = turn.catch((cause: unknown) => this.#fail(cause));
    return await turn;
  }

  #fail(cause: unknown): void {
    if (this.#failure) return;
    this.#failure = { cause };
    this.#journal?.fail(cause);
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
    this.#options.onFailure?.(cause);
  }
}

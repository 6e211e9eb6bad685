/**
 * Follows one log through an untrusted source: every new head is signed, extends the one before – its root is recomputed from
 * the entries already accepted and the new ones – and every new entry keeps the rules of replay, before anybody is told of it.
 */

import {
  Broken,
  type Checkpoint,
  charterNamedIn,
  decodeBundle,
  EvidenceError,
  evaluatePolicy,
  type Fetch,
  Frontier,
  fetchTile,
  LogReader,
  type LogVerifier,
  leafHash,
  logKeyOf,
  mayBeginAt,
  notPruned,
  type Policy,
  policyOf,
  type ReadObject,
  Replay,
  type Room,
  resumption,
  TrustError,
  tileWidth,
  tileWidthAt,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from '@reinraum/audit';
import { equalBytes } from '@reinraum/protocol';
import { EntryFold, type FoldedEntry } from '../index/fold.ts';
import { type Alert, rollback, splitView, verification } from './alert.ts';

/** The source did not answer. That is no verdict on the log: the next look may find it. */
export class Unreachable extends Error {}

/** Where the log comes from. Rejects with {@link Unreachable} where it does not answer. */
export interface WatchedLog {
  readonly fetch: Fetch;
  readonly readObject: ReadObject;
}

/** What a look found: nothing new, a head that was verified, or a contradiction, with the note that is evidence of it. */
export type Look =
  | { readonly found: 'same' | 'grown'; readonly head: VerifiedCheckpoint }
  | { readonly found: 'alert'; readonly alert: Alert; readonly note: string | undefined };

/** An accepted entry and the room after it. */
export type FollowedEntry = FoldedEntry & { readonly room: Room };

/** One log, from its first entry on. Looks one after another. */
export class Follower {
  readonly #log: WatchedLog;
  readonly #expected: string | undefined;
  readonly #told: (entry: FollowedEntry) => void;
  #frontier = new Frontier();
  #replay: Replay;
  readonly #read: ReadObject;
  /** First entry that was followed: behind what was pruned. */
  #from = 0;
  /** Whether it may begin there; known once all its entries were read. Until then they wait to be told. */
  #mayBegin = false;
  readonly #untold: (() => void)[] = [];
  readonly #fold: EntryFold;
  #seen: Checkpoint | undefined;
  #verifier: LogVerifier | undefined;
  /** The room that the heads are of. */
  #named: string | undefined;
  /** Witnesses of the charter; undefined where it names none. */
  #policy: Policy | undefined;

  /** `expected` is the digest of the room it must be; `told` hears of every entry that is accepted. */
  constructor(log: WatchedLog, expected: string | undefined, told: (entry: FollowedEntry) => void) {
    this.#log = log;
    this.#expected = expected;
    this.#told = told;
    this.#fold = new EntryFold((folded) => {
      const { room } = this.#replay;
      if (room) this.#told({ ...folded, room });
    });
    this.#read = async (digest) => {
      const bytes = await log.readObject(digest);
      if (bytes) this.#fold.object(digest, bytes);
      return bytes;
    };
    this.#replay = new Replay(this.#read);
  }

  /** The room as far as it was followed; undefined before the first look. */
  get room(): Room | undefined {
    return this.#replay.room;
  }

  /**
   * Makes a head known that was verified earlier: the log has to extend it. Throws `EvidenceError` or `TrustError` where the
   * note is not a head of this log.
   */
  async remember(note: Uint8Array): Promise<VerifiedCheckpoint> {
    const head = await verifyCheckpoint(note, await this.#key(note));
    this.#seen = head;
    return head;
  }

  /** Looks once. Rejects with {@link Unreachable} alone; then the next look goes on where this one ended. */
  async look(): Promise<Look> {
    let note: Uint8Array | undefined;
    try {
      note = await this.#log.fetch('checkpoint');
      if (!note) throw new EvidenceError('checkpoint-missing', 'no checkpoint');
      const head = await verifyCheckpoint(note, await this.#key(note));
      if (this.#policy && !(await evaluatePolicy(this.#policy, head.note)).quorum) {
        throw new Unreachable('the witnesses have not cosigned this head yet');
      }
      const contradiction = contradicted(this.#seen, head);
      if (contradiction) return { found: 'alert', alert: contradiction, note: head.note };
      const isGrown = head.size > this.#frontier.size;
      if (isGrown) {
        const alert = await this.#follow(head);
        if (alert) return { found: 'alert', alert, note: head.note };
      }
      this.#seen = head;
      if (!this.#mayBegin) {
        const { code, message, entryIndex = 0 } = notPruned();
        return { found: 'alert', alert: verification(entryIndex, code, message), note: head.note };
      }
      return { found: isGrown ? 'grown' : 'same', head };
    } catch (error) {
      const alert = alertOf(error, this.#frontier.size);
      if (!alert) throw error;
      return { found: 'alert', alert, note: note && new TextDecoder().decode(note) };
    }
  }

  /** The key of the room the note names: the charter has the digest that is the room's name, so the note needs no belief. */
  async #key(note: Uint8Array): Promise<LogVerifier> {
    if (this.#verifier) return this.#verifier;
    const { charter, room } = await charterNamedIn(note, this.#log.readObject, this.#expected);
    this.#named = room;
    this.#verifier = logKeyOf(charter, room);
    this.#policy = policyOf(charter, room);
    return this.#verifier;
  }

  /** Takes in the entries up to `head`. */
  async #follow(head: VerifiedCheckpoint): Promise<Alert | undefined> {
    if (this.#frontier.size === 0 && this.#verifier) {
      const start = await resumption(new LogReader(this.#log.fetch, this.#verifier), head, this.#read);
      const seen = this.#seen;
      if (start && seen && seen.size <= start.index && !(await this.#isExtension(seen, head)))
        return splitView(seen.size);
      if (start) this.#begin(start);
    }
    const tried = this.#frontier.copy();
    const leaves: Uint8Array[] = [];
    // Twice over the new entries: the root first, so that replay and the listener only ever see what was signed.
    for await (const { entry } of this.#entries(head.size)) {
      const leaf = leafHash(entry);
      leaves.push(leaf);
      tried.append(leaf);
      if (tried.size === this.#seen?.size && !equalBytes(tried.root(), this.#seen.root)) return splitView(tried.size);
    }
    if (!equalBytes(tried.root(), head.root)) return await this.#disagreement(head);
    // Signed, and an extension: whatever comes of the entries, there is no way back behind this head.
    this.#seen = head;
    const from = this.#frontier.size;
    for await (const { index, entry } of this.#entries(head.size)) {
      const leaf = leaves[index - from];
      // What is read the second time has to be what was read the first time.
      if (!leaf || !equalBytes(leafHash(entry), leaf))
        throw new EvidenceError('entry-mismatch', 'read as two things', { entryIndex: index });
      const { room } = await this.#replay.apply(entry);
      if (room !== this.#named) throw new Broken('room', 'the log is signed for another room than its entries are of');
      this.#frontier.append(leaf);
      // Where the first entries are gone nothing is told before it is known that they may be.
      this.#untold.push(() => this.#fold.entry(index, entry));
      if (this.#from === 0) this.#tell();
    }
    this.#mayBegin ||= this.#from === 0 || mayBeginAt(this.#replay.room, this.#from);
    if (this.#mayBegin) this.#tell();
    return undefined;
  }

  #tell(): void {
    for (const tell of this.#untold.splice(0)) tell();
  }

  /** Begins behind what was pruned. */
  #begin(start: NonNullable<Awaited<ReturnType<typeof resumption>>>): void {
    this.#from = start.index;
    this.#frontier = start.frontier.copy();
    this.#replay = start.replay;
    this.#fold.resumed(start);
  }

  /** The entries do not lead to the root: another history, or entries that are not those of the tiles. */
  async #disagreement(head: VerifiedCheckpoint): Promise<Alert> {
    const seen = this.#seen;
    if (seen && !(await this.#isExtension(seen, head))) return splitView(seen.size);
    return verification(this.#frontier.size, 'root-mismatch', 'the entries do not lead to the signed root');
  }

  async #isExtension(older: Checkpoint, newer: Checkpoint): Promise<boolean> {
    if (!this.#verifier) return false;
    try {
      await new LogReader(this.#log.fetch, this.#verifier).consistency(older, newer);
      return true;
    } catch (error) {
      if (error instanceof EvidenceError) return false;
      throw error;
    }
  }

  async *#entries(size: number): AsyncGenerator<{ readonly index: number; readonly entry: Uint8Array }> {
    const from = this.#frontier.size;
    for (let bundle = Math.floor(from / tileWidth); bundle * tileWidth < size; bundle++) {
      const width = tileWidthAt('entries', bundle, size);
      const entries = decodeBundle(await fetchTile(this.#log.fetch, { level: 'entries', index: bundle, width }), width);
      for (const [at, entry] of entries.entries()) {
        const index = bundle * tileWidth + at;
        if (index >= from) yield { index, entry };
      }
    }
  }
}

function contradicted(seen: Checkpoint | undefined, head: Checkpoint): Alert | undefined {
  if (!seen) return undefined;
  if (head.size < seen.size) return rollback(head.size, seen.size);
  return head.size === seen.size && !equalBytes(head.root, seen.root) ? splitView(seen.size) : undefined;
}

/** What an error says about the evidence; undefined where it says nothing about it. */
function alertOf(error: unknown, size: number): Alert | undefined {
  if (error instanceof Broken) return verification(size, error.rule, error.message);
  if (error instanceof EvidenceError)
    return verification(error.entryIndex ?? null, error.code, 'the evidence does not hold together');
  if (error instanceof TrustError) return verification(null, error.code, 'nobody trusted vouches for it');
  return undefined;
}

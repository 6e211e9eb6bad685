/**
 * The room's memory: log, objects and the fold of both. Every entry passes the rules of replay before it is appended and
 * is durable and published before it counts; one act at a time.
 */
import {
  bundleOf,
  encodeSnapshot,
  type Log,
  mayBeginAt,
  objectsNamed,
  type ReadObject,
  Replay,
  type Room,
  tileWidth,
} from '@reinraum/audit';
import { encodeEntry, formatInstant, heartbeatMs, type LogEntry, type SignedStatement } from '@reinraum/protocol';
import type { ObjectStore } from './objects.ts';

type Drafted<Entry> = Entry extends LogEntry ? Pick<Entry, 'type' | 'activity' | 'detail'> : never;

/** What an act contributes to its entry. */
export type Draft = Drafted<LogEntry> & {
  readonly actor?: LogEntry['actor'];
  readonly statements?: readonly SignedStatement[];
  readonly caused?: number | null;
};

/** An entry that is durable, published and applied. */
export interface Logged {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly entry: LogEntry;
}

/** Appends drafts; handed to the one act that has the turn. */
export type Append = (draft: Draft) => Promise<Logged>;

/** What a ledger is made of. */
export interface LedgerOptions {
  readonly log: Log;
  readonly objects: ObjectStore;
  readonly room: string;
  /** Measurement of this build. */
  readonly recorder: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** Log, objects and room of one state directory. Whoever holds the turn of {@link Ledger.exclusive} is alone. */
export class Ledger {
  readonly log: Log;
  readonly objects: ObjectStore;
  readonly #options: LedgerOptions;
  #replay: Replay;
  #turn: Promise<unknown> = Promise.resolve();
  #lastAt = '';
  /** By the clock, which may have been set back since: what is dated ahead must not silence the heartbeat. */
  #appendedMs = 0;

  private constructor(options: LedgerOptions) {
    this.#options = options;
    this.log = options.log;
    this.objects = options.objects;
    this.#replay = new Replay((digest) => options.objects.get(digest));
  }

  /** Opens the ledger by replaying the whole log; throws `Broken` where an entry breaks a rule. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options);
    const read: ReadObject = (digest) => options.objects.get(digest);
    const { first } = options.log;
    let replay = first === 0 ? ledger.#replay : undefined;
    let from = 0;
    for await (const { index, bytes } of options.log.entries()) {
      if (!replay) replay = await Replay.behind((from = index), bytes, read);
      if (replay) ledger.#lastAt = (await replay.apply(bytes)).at;
    }
    ledger.#replay = replay ?? ledger.#replay;
    if (first > 0 && !mayBeginAt(ledger.room, from)) throw new Error('ledger: the first entries are missing');
    return ledger;
  }

  /** Keeps what the entries so far add up to as an object, and returns its digest. Only in a turn. */
  keepSnapshot(): Promise<string> {
    return this.objects.put(encodeSnapshot(this.#replay.snapshot()).bytes);
  }

  /**
   * Removes from the disk what the latest pruning gave up, unless the log is held: the entries, then objects that no entry,
   * snapshot or charter names any more. Durable on return; to be done again where it was interrupted. Only in a turn.
   */
  async forget(): Promise<void> {
    const { room } = this;
    if (!room?.retention.pruned) return;
    const { held, pruned } = room.retention;
    // A hold stops what has not been done; of what has, nothing is left half.
    if (held && this.log.first < bundleOf(pruned.snapshot) * tileWidth) return;
    await this.log.prune(pruned.snapshot);
    await this.objects.keepOnly(await objectsNamed(this.log, room, (digest) => this.objects.get(digest)));
  }

  get room(): Room | undefined {
    return this.#replay.room;
  }

  /** Runs an act alone: nothing else is checked or appended until it settles. */
  exclusive<T>(act: (append: Append) => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => act((draft) => this.#append(draft)));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Logs a heartbeat where nothing was logged for {@link heartbeatMs}. */
  beat(): Promise<void> {
    return this.exclusive(async (append) => {
      const isDue = this.#options.clock() - this.#appendedMs >= heartbeatMs;
      if (isDue) await append({ type: 'heartbeat', activity: 'verwalten', detail: {} });
    });
  }

  async #append({ type, activity, detail, actor = null, statements = [], caused = null }: Draft): Promise<Logged> {
    const now = formatInstant(this.#options.clock());
    const digests: { digest: string; signature: string }[] = [];
    for (const { payload, signature } of statements) {
      digests.push({ digest: await this.objects.put(payload), signature });
    }
    const entry = {
      v: 1,
      room: this.#options.room,
      // A clock that was set back does not turn the log back.
      at: now > this.#lastAt ? now : this.#lastAt,
      recorder: this.#options.recorder,
      actor,
      statements: digests,
      caused,
      type,
      activity,
      detail,
    } as LogEntry;
    const bytes = encodeEntry(entry);
    const apply = await this.#replay.check(bytes);
    const { index } = await this.log.appendPublished(bytes);
    apply();
    this.#lastAt = entry.at;
    this.#appendedMs = this.#options.clock();
    return { index, bytes, entry };
  }
}

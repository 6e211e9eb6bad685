/** The watch itself: looks again and again, tells what is new and what is wrong, and keeps the last verified head. */
import type { Fetch } from '@reinraum/audit';
import type { FoldedEntry } from '../index/fold.ts';
import { type Alert, isFatal } from './alert.ts';
import { Follower, Unreachable, type WatchedLog } from './follower.ts';
import { Judge, type WatchLimits } from './judge.ts';

/** Where the last verified head is kept, and the other one of a contradiction: signed notes, as the log published them. */
export interface SeenHeads {
  read(): Promise<Uint8Array | undefined>;
  write(note: string): Promise<void>;
  /** Keeps the note that contradicts, beside. */
  conflict(note: string): Promise<void>;
}

/** All a watch needs of the world. */
export interface WatchOptions {
  readonly log: WatchedLog;
  /** Digest of the room it must be. */
  readonly room?: string | undefined;
  readonly heads: SeenHeads;
  readonly limits: WatchLimits;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Waits between looks; false ends the watch. */
  readonly wait: () => Promise<boolean>;
  readonly entry: (entry: FoldedEntry) => void;
  readonly alert: (alert: Alert) => void;
  /** The log could not be read this time; the watch goes on. */
  readonly unreachable: (cause: Unreachable) => void;
}

/** How it ended: 0 nothing to warn of, 1 the log is contradicted, 2 other warnings, or no head was ever verified. */
export type WatchCode = 0 | 1 | 2;

/**
 * Watches until `wait` says no, or until the log is contradicted. Throws where the kept head is not one of this log. What an
 * earlier watch has told – entries below the kept head – is verified again and taken in, and not told again.
 */
export async function watch(options: WatchOptions): Promise<WatchCode> {
  const { log, room, heads, limits, clock, wait } = options;
  const judge = new Judge(limits, clock());
  let code: WatchCode = 0;
  const warn = (alerts: readonly Alert[]) => {
    for (const alert of alerts) options.alert(alert);
    if (alerts.length > 0 && code === 0) code = 2;
    if (alerts.some(isFatal)) code = 1;
  };
  let known = 0;
  let sinceMs: number | undefined;
  let untilMs = clock();
  const fetch: Fetch = async (path) => {
    const bytes = await log.fetch(path);
    // An entry of this head was logged before the head arrived, and after the last look began.
    if (path === 'checkpoint') untilMs = clock();
    return bytes;
  };
  const follower = new Follower({ ...log, fetch }, room, (followed) => {
    const isTold = followed.row.index < known;
    const within = sinceMs === undefined ? undefined : { sinceMs, untilMs };
    const alerts = judge.entry(followed.row, isTold ? null : followed.room, within);
    if (isTold) return;
    options.entry(followed);
    warn(alerts);
  });
  let kept = await heads.read();
  let written: string | undefined;
  do {
    const begunMs = clock();
    let isRead = false;
    try {
      if (kept) known = (await follower.remember(kept)).size;
      kept = undefined;
      const look = await follower.look();
      if (look.found === 'alert') {
        warn([look.alert]);
        if (look.note !== undefined) await heads.conflict(look.note);
        return code;
      }
      if (look.head.note !== written) await heads.write(look.head.note);
      written = look.head.note;
      known = look.head.size;
      // Also what an earlier watch has told: as long as it lasts, whoever starts one should know.
      if (sinceMs === undefined && follower.room) warn(judge.balances(follower.room));
      if (follower.room) warn(judge.overdue(follower.room, clock()));
      sinceMs = begunMs;
      isRead = true;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      options.unreachable(error);
    }
    warn(judge.quiet(clock(), isRead));
  } while (await wait());
  // A log of which nothing was ever seen is no log without a warning.
  return code === 0 && sinceMs === undefined ? 2 : code;
}

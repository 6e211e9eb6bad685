/** A watch as tests run it: what it told and warned of, with scripted looks and a clock that is given. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Alert } from '../../src/watch/alert.ts';
import type { WatchedLog } from '../../src/watch/follower.ts';
import { seenHeads } from '../../src/watch/seen-head.ts';
import { type WatchOptions, watch } from '../../src/watch/watch.ts';
import { entryCount, momentMs } from './honest-log.ts';

/** An hour in milliseconds. */
export const hourMs = 3_600_000;
/** Limits of the watches of tests. */
export const limits = { silenceMs: 24 * hourMs, refusals: 3, refusalsWithinMs: hourMs };

/** Folder of the kept heads of this process; the test that uses them removes it. */
export const headFolder = mkdtempSync(join(tmpdir(), 'reinraum-heads-'));
process.once('exit', () => rmSync(headFolder, { recursive: true, force: true }));

let heads = 0;
/** A place for a kept head that nobody used before. */
export const freshHead = () => join(headFolder, `head-${heads++}`);

/** How a watch went. */
export interface Watched {
  readonly code: number;
  readonly told: number[];
  readonly alerts: Alert[];
  readonly unreachable: number;
}

/** What happens between looks, and the clock then; the watch ends after the last. */
export type Between = () => unknown;

/** Watches until the script is at its end. */
export async function watched(
  log: WatchedLog,
  { head = freshHead(), between = [], ...more }: Partial<WatchOptions> & { head?: string; between?: Between[] } = {},
): Promise<Watched> {
  const told: number[] = [];
  const alerts: Alert[] = [];
  let unreachable = 0;
  const rest = [...between];
  const code = await watch({
    log,
    heads: seenHeads(head),
    limits,
    clock: () => momentMs(entryCount),
    wait: async () => {
      const next = rest.shift();
      await next?.();
      return next !== undefined;
    },
    entry: ({ row }) => void told.push(row.index),
    alert: (alert) => void alerts.push(alert),
    unreachable: () => void unreachable++,
    ...more,
  });
  return { code, told, alerts, unreachable };
}

/** A source that can become another one. */
export function switching(first: WatchedLog): { log: WatchedLog; to: (next: WatchedLog) => void } {
  let current = first;
  const log: WatchedLog = { fetch: (path) => current.fetch(path), readObject: (digest) => current.readObject(digest) };
  return { log, to: (next) => void (current = next) };
}

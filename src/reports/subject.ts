/** What reports are about: a log that was verified as a whole, with what its rules made of it. */
import type { Room } from '@reinraum/audit';
import type { Claims, EntryType } from '@reinraum/protocol';
import type { FoldedEntry } from '../index/fold.ts';

/** An accepted entry with its columns and the name of its question. */
export type ReadEntry = Pick<FoldedEntry, 'row' | 'entry' | 'question'>;

/** A verified log. Whoever makes one has verified it. */
export interface VerifiedLog {
  /** After the last entry. */
  readonly room: Room;
  /** Entries of the log, with those that were pruned. */
  readonly size: number;
  /** First entry that was replayed: 0, or the snapshot before which entries were pruned. */
  readonly from: number;
  /** All there are, in order: of those before `from` the charges alone, which the snapshot holds. */
  readonly entries: readonly ReadEntry[];
  /** Root of the tree of all entries, in base64 as checkpoints have it. */
  readonly root: string;
  /** Witnesses of the charter whose valid cosignature the checkpoint has. */
  readonly cosigned: number;
  /** What the enclave said of itself, by the index of its start. */
  readonly claims: ReadonlyMap<number, Claims>;
}

/** What is asked for. Moments of UTC, `YYYY-MM-DDTHH:MM:SSZ`, both included; without one the log's own beginning or end. */
export interface ReportWish {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** When the report is made: the one clock reading in it. */
  readonly madeAt: string;
}

/** Entries of the period, in order. */
export function inPeriod({ entries }: VerifiedLog, { from, to }: ReportWish): readonly ReadEntry[] {
  return entries.filter(({ row: { at } }) => (from === undefined || at >= from) && (to === undefined || at <= to));
}

/** An entry by its number; undefined where there is none, or it was pruned. */
export function entryOf({ entries, from }: VerifiedLog, index: number): ReadEntry | undefined {
  const isKept = index >= from;
  return isKept
    ? entries[entries.length - (entries.at(-1)?.row.index ?? 0) - 1 + index]
    : entries.find(({ row }) => row.index === index);
}

/** Entries up to the end of the period: what counts for a state rather than for what happened. */
export function untilEnd(log: VerifiedLog, { to, madeAt }: ReportWish): readonly ReadEntry[] {
  return inPeriod(log, { to, madeAt });
}

/** The entries whose type is one of these. */
export function ofType(entries: readonly ReadEntry[], ...types: readonly EntryType[]): readonly ReadEntry[] {
  return entries.filter(({ row: { type } }) => types.includes(type));
}

/** Their indices. */
export const indicesOf = (entries: readonly ReadEntry[]): number[] => entries.map(({ row: { index } }) => index);

/** Items by a key, the keys in alphabetical order, so that a report does not depend on what came first. */
export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

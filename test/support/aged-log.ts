/** An honest log that grows old: a snapshot, a hold, and years later a pruning by officers of two parties. */
import { encodeSnapshot, Replay } from '@reinraum/audit';
import { canonicalBytes, type LogEntry } from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import { fixedCharter, people } from './fixed-room.ts';
import { type HeldLog, momentMs } from './honest-log.ts';
import { Scribe } from './scribe.ts';

/** Places of the story. */
export const agedAt = {
  founded: 0,
  started: 1,
  snapshot: 2,
  later: 3,
  held: 4,
  heldNoMore: 5,
  requested: 6,
  pruned: 7,
} as const;

/** Moment of entry `index`: from the hold on, five years and a day later. */
export const agedMs = (index: number) => momentMs(index) + (index < agedAt.held ? 0 : (5 * 365 + 3) * 86_400_000);

/** What a request to prune says of this log's first snapshot. */
export const pruningOf = ({ entries }: Pick<HeldLog, 'entries'>, snapshot: number = agedAt.snapshot) => {
  const entry = entries[snapshot];
  return { snapshot, state: entry?.type === 'log.snapshot' ? entry.detail.state : '' };
};

/** Tells it. */
export async function agedLog(): Promise<HeldLog> {
  const scribe = new Scribe(fixedCharter());
  const replay = new Replay(async (digest) => scribe.objects.get(digest));
  const entries: LogEntry[] = [];
  const append = async (draft: (nowMs: number) => Promise<Draft>) => {
    const nowMs = agedMs(entries.length);
    const entry = scribe.entry(nowMs, await draft(nowMs));
    await replay.apply(canonicalBytes(entry));
    entries.push(entry);
  };
  const snapshot = async (nowMs: number) => {
    const { bytes, digest } = encodeSnapshot(replay.snapshot());
    scribe.objects.set(digest, bytes);
    return await scribe.detail(nowMs, 'log.snapshot', { detail: { state: digest } });
  };
  await append((nowMs) => scribe.founded(nowMs));
  await append((nowMs) => scribe.started(nowMs));
  await append(snapshot);
  await append(snapshot);
  await append((nowMs) => scribe.detail(nowMs, 'log.held', { person: people.bureauDpo }));
  await append((nowMs) => scribe.detail(nowMs, 'log.held', { body: { held: false } }));
  const body = pruningOf({ entries });
  await append((nowMs) => scribe.detail(nowMs, 'log.prune-requested', { body }));
  await append((nowMs) =>
    scribe.detail(nowMs, 'log.pruned', { body, person: people.bureauDpo, caused: agedAt.requested }),
  );
  return { scribe, entries, objects: new Map(scribe.objects) };
}

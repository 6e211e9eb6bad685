/** State directories of logs a test holds: as a room keeps them, and as an operator with the log's key can make them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log } from '@reinraum/audit';
import { canonicalBytes, type LogEntry } from '@reinraum/protocol';
import { onTestFinished } from 'vitest';
import type { Draft } from '../../enclave/ledger.ts';
import { enclaveKey } from './fixed-room.ts';
import { type HeldLog, momentMs } from './honest-log.ts';

/** A directory with `log/` and `objects/`. */
export interface StateFolder {
  readonly directory: string;
  /** Appends entries and publishes a checkpoint with them. */
  grow(entries: readonly LogEntry[]): Promise<void>;
  remove(): Promise<void>;
}

/** Writes entries, the whole of the log unless others are given, and the objects of a log into a new directory. */
export async function stateFolder(
  { scribe, entries, objects }: HeldLog,
  first: readonly LogEntry[] = entries,
): Promise<StateFolder> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-state-'));
  await mkdir(join(directory, 'objects'));
  for (const [digest, bytes] of [...objects, ...scribe.objects]) {
    await writeFile(join(directory, 'objects', digest), bytes);
  }
  const grow = async (more: readonly LogEntry[]) => {
    const origin = `reinraum/${scribe.room}`;
    const log = await Log.open({ directory: join(directory, 'log'), origin, signingKey: enclaveKey });
    try {
      for (const entry of more) await log.append(canonicalBytes(entry));
      await log.publish();
    } finally {
      await log.close();
    }
  };
  await grow(first);
  return { directory, grow, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** The same, removed when the test that asks for it ends. */
export async function passingFolder(held: HeldLog, entries: readonly LogEntry[] = held.entries): Promise<StateFolder> {
  const folder = await stateFolder(held, entries);
  onTestFinished(async () => folder.remove());
  return folder;
}

/** Refusals nobody signed, which any room may log: `count` entries from `index` on, a second apart. */
export function plainRefusals({ scribe }: HeldLog, index: number, count: number): LogEntry[] {
  const detail = { statement: '', code: 'envelope-malformed' };
  const draft = { type: 'statement.refused', activity: 'verwalten', detail } as Draft;
  return Array.from({ length: count }, (_, n) => scribe.entry(momentMs(index) + 1000 * n, draft));
}

/** What a log must still be after its process died or its disk failed, held against what it had promised. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  directoryFetch,
  ed25519Verifier,
  JournalComparison,
  Log,
  LogReader,
  leftoverFault,
  nodeFiles,
  verifyCheckpoint,
} from '@reinraum/audit';
import { equalBytes } from '@reinraum/protocol';
import { faultEntry, faultLog, type LogPromise } from './log-process.ts';

/**
 * Opens the log in `directory` and goes on with it. Throws, and says what broke, unless every acknowledged entry is there
 * with its bytes at its index, every checkpoint that ever left the process, and the one on the disk, is a prefix of the
 * log as it is now, it takes one more entry, and a reader who trusts nothing but the key finds every entry, tile, bundle
 * and the journal in order.
 */
export async function goOnWith(directory: string, promises: readonly LogPromise[], cutEntries?: number): Promise<void> {
  const untrusted = await nodeFiles.read(join(directory, 'checkpoint'));
  const left = untrusted === undefined ? [] : [new TextDecoder().decode(untrusted)];
  const log = await Log.open(faultLog(directory, cutEntries));
  const logKey = ed25519Verifier(log.vkey);
  for (const promise of promises) {
    if (!('index' in promise)) continue;
    if (promise.index >= log.size) throw new Error(`entry ${promise.index} was acknowledged and is lost`);
    const isKept = equalBytes(await log.entry(promise.index), faultEntry(promise.index));
    if (!isKept) throw new Error(`entry ${promise.index} was acknowledged and is another one`);
  }
  const { index, head } = await log.appendPublished(faultEntry(log.size));
  if (head.size !== index + 1 || log.size !== head.size) throw new Error('the log does not go on');
  await log.close();

  const reader = new LogReader(directoryFetch(directory), logKey);
  const now = await reader.checkpoint();
  if (now.size !== head.size) throw new Error('the checkpoint on the disk is not the one published');
  for (const note of [
    ...left,
    ...promises.flatMap((promise) => ('checkpoint' in promise ? [promise.checkpoint] : [])),
  ]) {
    await reader.consistency(await verifyCheckpoint(note, logKey), now);
  }
  await readThrough(directory, reader, now.size);
}

/** Every entry from the bundles up, the journal beside them, and partial tiles that were outgrown. */
async function readThrough(directory: string, reader: LogReader, size: number): Promise<void> {
  const journal = new JournalComparison((await nodeFiles.read(join(directory, 'journal'))) ?? new Uint8Array(0));
  let next = 0;
  for await (const { index, entry } of reader.entries(await reader.checkpoint())) {
    if (index !== next || !equalBytes(entry, faultEntry(index))) throw new Error(`entry ${next} is another one`);
    if (!journal.holds(index, entry, size)) throw new Error(`the journal differs from the log at entry ${index}`);
    next += 1;
  }
  if (next !== size) throw new Error('the log has fewer entries than its checkpoint says');
  const files = await readdir(join(directory, 'tile'), { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile() && !file.name.endsWith('.tmp'))
    .map((file) => relative(directory, join(file.parentPath, file.name)));
  const fault = await leftoverFault(paths, size, directoryFetch(directory));
  if (fault) throw new Error(`${fault.path} is not what the log says`);
}

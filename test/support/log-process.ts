/**
 * A process that keeps a log and does nothing else, for tests that break its disk from outside.
 *
 *     node log-process.ts <directory> <appends> [<cut>]
 *
 * Opens the log in `directory`, appends so many entries, each published before the next, and closes it. The journal is cut
 * when `cut` entries can go. Every {@link LogPromise} is a line of JSON on stdout, written before anything else happens.
 * Exit code 0, or one of those below.
 */
import { writeSync } from 'node:fs';
import { cutEntriesMin, Log, type LogOptions, type PublishedHead } from '@reinraum/audit';
import { signingKey, utf8 } from '@reinraum/protocol';

/** The log did not open, or it has stopped and takes nothing more: what the design asks of every error. */
export const stoppedExitCode = 3;
/** An append failed and a later one was taken: the failure was not final, or nobody was told of it. */
export const goneOnExitCode = 4;

/** A promise the log gave: an index once an append has resolved, a checkpoint once it was published. */
export type LogPromise = { readonly index: number } | { readonly checkpoint: string };

/** How every log of these tests is opened: its key opens nothing else. */
export function faultLog(directory: string, cutEntries: number = cutEntriesMin): LogOptions {
  return { directory, origin: 'example.com/faults', signingKey: signingKey(new Uint8Array(32).fill(7)), cutEntries };
}

/** Entry `index` of every log of these tests, longer than a sector of a disk. */
export function faultEntry(index: number): Uint8Array {
  return utf8(`entry ${index} `.repeat(80));
}

async function keepLog(options: LogOptions, appends: number, tell: (promise: LogPromise) => void): Promise<number> {
  let isTold = false;
  const onFailure = (): void => {
    isTold = true;
  };
  const published = ({ note }: PublishedHead): void => tell({ checkpoint: note });
  const log = await Log.open({ ...options, onFailure });
  published(log.published);
  try {
    for (let at = 0; at < appends; at++) {
      const { index } = await log.append(faultEntry(log.size));
      tell({ index });
      await log.publish();
      published(log.published);
    }
    await log.close();
    return 0;
  } catch (error) {
    const isTaken = await log.append(faultEntry(log.size)).then(
      () => true,
      () => false,
    );
    if (isTaken || !isTold) return goneOnExitCode;
    throw error;
  }
}

/** Code of the file system's error at the bottom of what was thrown, else the name of what was. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.cause !== undefined) return causeOf(error.cause);
  return 'code' in error ? String(error.code) : error.name;
}

if (import.meta.main) {
  const [directory = '', appends = '', cut = cutEntriesMin] = process.argv.slice(2);
  const tell = (promise: LogPromise): void => void writeSync(1, `${JSON.stringify(promise)}\n`);
  try {
    process.exitCode = await keepLog(faultLog(directory, Number(cut)), Number(appends), tell);
  } catch (error) {
    writeSync(2, `${causeOf(error)}\n`);
    process.exitCode = stoppedExitCode;
  }
}

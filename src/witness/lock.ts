/** One process for a state directory: a lock that the kernel gives back when the process ends, however it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { WitnessStateError } from './file-store.ts';

/** What `flock` exits with where somebody else has the lock; its own failures have other codes. */
const conflictExitCode = 99;

/** A lock that is held until it is closed. */
export type DirectoryLock = Pick<FileHandle, 'close'>;

/**
 * Locks `<directory>/lock`. Node has no flock(2), so `flock` of util-linux is handed the open file: the lock belongs to the
 * file as we opened it, and stays ours when that process has ended. Throws {@link WitnessStateError} `state-in-use`, or an
 * `Error` where there is no `flock`: without it two processes could write one state.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = await open(join(directory, 'lock'), 'a', 0o600);
  try {
    const flock = spawn('flock', ['--nonblock', '--conflict-exit-code', String(conflictExitCode), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', file.fd],
    });
    const [code] = (await once(flock, 'exit')) as [number | null];
    if (code === conflictExitCode) throw new WitnessStateError('state-in-use');
    if (code !== 0) throw new Error('flock: Die Sperre ließ sich nicht setzen. / The lock could not be taken.');
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

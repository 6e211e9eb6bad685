/** Key files on disk: on the member's own machine only, mode 0600. */
import { open, readFile } from 'node:fs/promises';
import { formatKeyFile, type MemberKeys, parseKeyFile } from '@reinraum/client';

/** Writes a key file; refuses to replace one. */
export async function writeKeyFile(path: string, keys: MemberKeys): Promise<void> {
  const text = formatKeyFile(keys);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads a key file. Throws an error that names the path, never what is in it. */
export async function readKeyFile(path: string): Promise<MemberKeys> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    return parseKeyFile(text);
  } catch (error) {
    const why = error instanceof SyntaxError ? 'no readable key file; make one with' : 'not a key file of';
    throw new Error(`${path}: ${why} "reinraum keygen"`, { cause: error });
  }
}

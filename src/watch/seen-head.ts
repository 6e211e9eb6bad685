/** The last verified head in a file of the watcher's own, so that a restart still notices a rollback. */
import { readFile } from 'node:fs/promises';
import { NewFile } from '../export/new-file.ts';
import type { SeenHeads } from './watch.ts';

/** The head in `path`, as the signed note it was published in; what contradicts it beside, as `<path>.conflict`. */
export function seenHeads(path: string): SeenHeads {
  return {
    read: async () =>
      await readFile(path).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }),
    write: async (note) => put(path, note),
    conflict: async (note) => put(`${path}.conflict`, note),
  };
}

function put(path: string, note: string): void {
  const file = new NewFile(path, true);
  file.write(note);
  file.commit();
}

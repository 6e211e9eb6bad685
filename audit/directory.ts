/** A log in a directory, as a source for readers. */
import { join } from 'node:path';
import { type FileLayer, nodeFiles } from './durable.ts';
import type { Fetch } from './fetch-tile.ts';
import { parseTilePath, tilePath } from './tile.ts';

/**
 * Fetches `checkpoint` and tiles below `directory`. Paths are built again from parsed integers, so nothing a caller
 * passes reaches the file system as text; throws `EvidenceError` `tile-path-malformed` on any other path.
 */
export function directoryFetch(directory: string, files: Pick<FileLayer, 'read'> = nodeFiles): Fetch {
  return async (path) => {
    const name = path === 'checkpoint' ? 'checkpoint' : tilePath(parseTilePath(path));
    return await files.read(join(directory, name));
  };
}

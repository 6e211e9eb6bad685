/** Fetching files of a log: partial tiles may have given way to the full ones. */
import { concat } from '@reinraum/protocol';
import { EvidenceError } from './evidence-error.ts';
import { decodeBundle, decodeTile, encodeBundle, type TileCoordinate, tilePath, tileWidth } from './tile.ts';

/** Bytes of a file of the log by its path below the prefix; undefined where there is none. */
export type Fetch = (path: string) => Promise<Uint8Array | undefined>;

/**
 * Bytes of a tile or bundle at its width: the partial file, or the full one cut. Throws `EvidenceError` `tile-missing`,
 * `bundle-missing`, or that the full file is malformed; a partial file is returned as it is.
 */
export async function fetchTile(fetch: Fetch, coordinate: TileCoordinate): Promise<Uint8Array> {
  const path = tilePath(coordinate);
  const bytes = await fetch(path);
  if (bytes) return bytes;
  const { level, index, width } = coordinate;
  const fullPath = tilePath({ level, index, width: tileWidth });
  const full = width < tileWidth ? await fetch(fullPath) : undefined;
  if (!full) {
    const code = level === 'entries' ? 'bundle-missing' : 'tile-missing';
    const entryIndex = index * tileWidth ** (level === 'entries' ? 1 : level + 1);
    throw new EvidenceError(code, `no ${path}`, { path, entryIndex });
  }
  return level === 'entries'
    ? encodeBundle(decodeBundle(full, tileWidth, fullPath).slice(0, width))
    : concat(...decodeTile(full, tileWidth, fullPath).slice(0, width));
}

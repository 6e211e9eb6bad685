/** Partial tiles a log has outgrown: they stay until the full tile is there, and must be prefixes of what replaced them. */
import { equalBytes } from '@reinraum/protocol';
import type { Fetch } from './fetch-tile.ts';
import { decodeBundle, parseTilePath, tilePath, tileWidth, tileWidthAt } from './tile.ts';

/** A file that is not what the verified log says it was. `entryIndex` is the first entry it speaks of. */
export interface LeftoverFault {
  readonly path: string;
  readonly entryIndex: number;
}

/**
 * The first of `paths` (below the log, `tile/…`) that is neither a tile of the verified log of `size` entries nor a
 * prefix of one; undefined where all are. The tiles of the current size were verified before. Tiles beyond `size` belong
 * to entries that are not published, and nothing is said of them.
 */
export async function leftoverFault(
  paths: readonly string[],
  size: number,
  fetch: Fetch,
): Promise<LeftoverFault | undefined> {
  for (const path of paths) {
    const entryIndex = await faultAt(path, size, fetch);
    if (entryIndex !== undefined) return { path, entryIndex };
  }
  return undefined;
}

async function faultAt(path: string, size: number, fetch: Fetch): Promise<number | undefined> {
  let tile: ReturnType<typeof parseTilePath>;
  try {
    tile = parseTilePath(path);
  } catch {
    return 0;
  }
  const span = tile.level === 'entries' ? tileWidth : tileWidth ** (tile.level + 1);
  const entryIndex = tile.index * span;
  const width = tileWidthAt(tile.level, tile.index, size);
  if (tile.width >= width) return undefined;
  const [old, current] = [await fetch(path), await fetch(tilePath({ ...tile, width }))];
  if (!old || !current) return entryIndex;
  const isPrefix = equalBytes(old, current.subarray(0, old.length));
  return isPrefix && hasWidth(old, tile) ? undefined : entryIndex;
}

function hasWidth(bytes: Uint8Array, { level, width }: ReturnType<typeof parseTilePath>): boolean {
  if (level !== 'entries') return bytes.length === 32 * width;
  try {
    return decodeBundle(bytes, width).length === width;
  } catch {
    return false;
  }
}

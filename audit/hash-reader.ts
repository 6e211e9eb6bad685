/** Hashes of complete subtrees out of tiles: the levels between two tile levels are recomputed. */
import type { HashReader } from './proof.ts';
import { decodeTile, tileHeight, tilePath, tileWidth, tileWidthAt } from './tile.ts';
import { rootOf } from './tree.ts';

/** Bytes of the tile (level, index) cut to `width` hashes. */
export type TileSource = (level: number, index: number, width: number) => Promise<Uint8Array>;

/**
 * Reads hashes of the tree of `size` from its tiles; each tile is fetched once. The hashes are exactly as trustworthy as
 * the tiles: verify what is built from them. Throws `RangeError` for a subtree that is not complete at this size.
 */
export function tileHashReader(source: TileSource, size: number): HashReader {
  const fetched = new Map<string, Promise<Uint8Array[]>>();

  function tile(level: number, index: number): Promise<Uint8Array[]> {
    const width = tileWidthAt(level, index, size);
    if (width === 0) throw new RangeError('tile: not in a tree of this size');
    const path = tilePath({ level, index, width });
    const hashes = fetched.get(path) ?? source(level, index, width).then((bytes) => decodeTile(bytes, width, path));
    fetched.set(path, hashes);
    return hashes;
  }

  return async (level, index) => {
    const span = 2 ** (level % tileHeight);
    const first = index * span;
    const hashes = await tile(Math.floor(level / tileHeight), Math.floor(first / tileWidth));
    const subtree = hashes.slice(first % tileWidth, (first % tileWidth) + span);
    if (subtree.length !== span) throw new RangeError('tile: the subtree is not complete at this size');
    return rootOf(subtree);
  };
}

/** The growing side of a log: the tiles and the bundle that are not full yet. */
import { concat } from '@reinraum/protocol';
import { encodeBundle, type TileCoordinate, tileHeight, tilePath, tileWidth } from './tile.ts';
import { Frontier, leafHash, rootOf } from './tree.ts';

/** A tile or bundle ready to be stored. */
export interface Tile {
  readonly coordinate: TileCoordinate;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Bundle, tiles and root of a log at its current size, in O(log size) memory and at most 256 entries. */
export class RightEdge {
  #frontier = new Frontier();
  #entries: Uint8Array[] = [];
  /** Hashes of the unfinished tile of each level. */
  #levels: Uint8Array[][] = [];
  /** The last full tile of each level and the last full bundle. */
  readonly #lastFull = new Map<number | 'entries', Tile>();

  /**
   * The edge of a log that ends with a full bundle, from the hashes of the unfinished tile of each level, which is empty
   * at the leaves. They are all in its root.
   */
  static of(levels: readonly (readonly Uint8Array[])[]): RightEdge {
    const edge = new RightEdge();
    const peaks: Uint8Array[] = [];
    let size = 0;
    for (const [level, hashes] of [...levels.entries()].toReversed()) {
      size += hashes.length * tileWidth ** level;
      for (let span = tileWidth / 2, at = 0; span >= 1; span /= 2) {
        if ((hashes.length & span) === 0) continue;
        peaks.push(rootOf(hashes.slice(at, at + span)));
        at += span;
      }
    }
    edge.#frontier = Frontier.of(size, peaks);
    edge.#levels = levels.map((hashes) => [...hashes]);
    return edge;
  }

  get size(): number {
    return this.#frontier.size;
  }

  root(): Uint8Array {
    return this.#frontier.root();
  }

  /** Adds an entry (kept, not copied); `filled` is told of the bundle and the tiles it completes. */
  append(entry: Uint8Array, filled?: (tile: Tile) => void): void {
    const done = (tile: Tile): void => {
      this.#lastFull.set(tile.coordinate.level, tile);
      filled?.(tile);
    };
    const bundle = Math.floor(this.size / tileWidth);
    this.#entries.push(entry);
    if (this.#entries.length === tileWidth) done(bundleTile(bundle, this.#entries.splice(0)));
    this.#frontier.append(leafHash(entry), (height, index, hash) => {
      if (height % tileHeight !== 0) return;
      const level = height / tileHeight;
      const hashes = (this.#levels[level] ??= []);
      hashes.push(hash);
      if (hashes.length === tileWidth) done(hashTile(level, Math.floor(index / tileWidth), hashes.splice(0)));
    });
  }

  /** The partial bundle and tiles that a checkpoint of the current size needs. */
  partials(): readonly Tile[] {
    const bundle = Math.floor(this.size / tileWidth);
    const tiles = this.#entries.length > 0 ? [bundleTile(bundle, this.#entries)] : [];
    for (const [level, hashes] of this.#levels.entries()) {
      const index = Math.floor(this.size / tileWidth ** (level + 1));
      if (hashes.length > 0) tiles.push(hashTile(level, index, hashes));
    }
    return tiles;
  }

  /** The partial tiles and the last full one of each level. */
  rightmost(): readonly Tile[] {
    return [...this.#lastFull.values(), ...this.partials()];
  }

  /** An independent edge at the same size. */
  copy(): RightEdge {
    const copy = new RightEdge();
    copy.#frontier = this.#frontier.copy();
    copy.#entries = [...this.#entries];
    copy.#levels = this.#levels.map((hashes) => [...hashes]);
    for (const [level, tile] of this.#lastFull) copy.#lastFull.set(level, tile);
    return copy;
  }
}

/** A bundle of these entries, ready to be stored. */
export function bundleTile(index: number, entries: readonly Uint8Array[]): Tile {
  return tileOf({ level: 'entries', index, width: entries.length }, encodeBundle(entries));
}

function hashTile(level: number, index: number, hashes: readonly Uint8Array[]): Tile {
  return tileOf({ level, index, width: hashes.length }, concat(...hashes));
}

function tileOf(coordinate: TileCoordinate, bytes: Uint8Array): Tile {
  return { coordinate, path: tilePath(coordinate), bytes };
}

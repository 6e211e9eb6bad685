/** Bundles and tiles of a log as its writer keeps them on the disk. */
import { equalBytes } from '@reinraum/protocol';
import type { Checkpoint } from './checkpoint.ts';
import type { DurableDirectory } from './durable.ts';
import { EvidenceError } from './evidence-error.ts';
import { fetchTile } from './fetch-tile.ts';
import { tileHashReader } from './hash-reader.ts';
import type { JournalEntry } from './journal-frame.ts';
import { frontierAt, type HashReader } from './proof.ts';
import { isThere } from './published-head.ts';
import { LogStopped } from './recovery.ts';
import { bundleTile, RightEdge, type Tile } from './right-edge.ts';
import {
  bundleOf,
  bundlesAt,
  decodeBundle,
  decodeTile,
  edgeTilesAt,
  type TileCoordinate,
  tilePath,
  tileWidth,
  tileWidthAt,
} from './tile.ts';
import { leafHash } from './tree.ts';

/** The derived files of one log. Everything read here is exactly as trustworthy as the disk. */
export class TileStore {
  readonly #directory: DurableDirectory;
  #first = 0;

  constructor(directory: DurableDirectory) {
    this.#directory = directory;
  }

  /** Hashes of the tree of `size`. */
  hashes(size: number): HashReader {
    return tileHashReader((level, index, width) => this.#fetch({ level, index, width }), size);
  }

  /** The first entry that is kept: 0, or a multiple of 256 where older ones were pruned. */
  get first(): number {
    return this.#first;
  }

  /**
   * Finds the first entry that is kept of a log of `size`: before it is nothing, or what an interrupted pruning left of older
   * bundles. What a crash brings back of removed names is any of them.
   */
  async find(size: number): Promise<void> {
    let bundle = bundleOf(Math.max(size - 1, 0));
    while (bundle > 0) {
      const coordinate = { level: 'entries', index: bundle - 1, width: tileWidth } as const;
      if (!(await isThere(this.#directory, tilePath(coordinate)))) break;
      bundle -= 1;
    }
    this.#first = bundle * tileWidth;
  }

  /** Entry `index` of the log of `size`. Throws `RangeError` where it was pruned, `EvidenceError` where its bundle is wrong. */
  async entry(index: number, size: number): Promise<Uint8Array> {
    if (index < this.#first) throw new RangeError('log: no such entry');
    const bundle = bundleOf(index);
    const entry = (await this.#bundle(bundle, tileWidthAt('entries', bundle, size)))[index % tileWidth];
    if (!entry) throw new Error('log: an entry below the size is not there');
    return entry.slice();
  }

  /**
   * Every entry that is kept of the log at `head`, in order; each bundle is read once. What was yielded is proved only when it
   * ends: it throws `LogStopped` `tile-diverges` where the entries do not lead to the root.
   */
  async *entries({ size, root }: Checkpoint): AsyncGenerator<{ readonly index: number; readonly bytes: Uint8Array }> {
    const edge = await frontierAt(this.#first, this.hashes(size));
    for (const { index: bundle, width } of bundlesAt(size)) {
      if (bundle * tileWidth < this.#first) continue;
      for (const [at, bytes] of (await this.#bundle(bundle, width)).entries()) {
        edge.append(leafHash(bytes));
        yield { index: bundle * tileWidth + at, bytes };
      }
    }
    if (!equalBytes(edge.root(), root)) {
      throw new LogStopped('tile-diverges', 'the bundles do not lead to the published root', this.#first);
    }
  }

  /** Removes the full bundles before entry `before`, the oldest first. Durable on return. */
  async prune(before: number): Promise<void> {
    const gone = [...bundlesAt(before)].filter(({ width }) => width === tileWidth);
    await this.#directory.remove(gone.map(tilePath));
    this.#first = Math.max(this.#first, gone.length * tileWidth);
  }

  /**
   * The right edge of the first `base` entries, a multiple of 256, out of the tiles of the log of `size`: to be proved by
   * its root. Throws `LogStopped` `tile-missing`, or `tile-diverges` for a file that is no tile.
   */
  async edgeAt(base: number, size: number): Promise<RightEdge> {
    const levels: Uint8Array[][] = [];
    for (const tile of edgeTilesAt(base, size)) {
      while (levels.length < tile.level) levels.push([]);
      const hashes = await this.#hashesOf(tile);
      levels.push(hashes.slice(0, tileWidthAt(tile.level, tile.index, base)));
    }
    return RightEdge.of(levels);
  }

  /** Stores bundles and tiles. Throws `LogStopped` `tile-diverges` for a file that is there with other bytes. */
  async store(tiles: readonly Tile[], which: 'all' | 'missing' = 'all'): Promise<void> {
    const missing: Tile[] = [];
    for (const tile of tiles) if (!(await this.#holds(tile))) missing.push(tile);
    // What is there may not be durable yet after a crash, so it is written again with the same bytes.
    const due = which === 'all' ? tiles : missing;
    await this.#directory.write([...due].sort((a, b) => rank(a) - rank(b)));
    for (const { path, coordinate } of due) {
      if (coordinate.width === tileWidth) await this.#directory.discard(`${path}.p`);
    }
  }

  /**
   * Compares the bundles of entries in order, from the first of a bundle to before number `end`, with their files, and makes
   * those durable: nothing else will hold the entries. Throws `LogStopped` `tile-diverges` for one that is not there with
   * the same bytes.
   */
  async confirm(journalled: AsyncIterable<readonly JournalEntry[]>, end: number): Promise<void> {
    const entries: Uint8Array[] = [];
    for await (const some of journalled) {
      const bundles: Tile[] = [];
      for (const { index, entry } of some.filter(({ index }) => index < end)) {
        entries.push(entry);
        if (entries.length === tileWidth) bundles.push(bundleTile(Math.floor(index / tileWidth), entries.splice(0)));
      }
      for (const bundle of bundles) if (!(await this.#holds(bundle))) throw diverging(bundle);
      // Whoever published them has synced them, but whoever copied the log here since may have synced nothing.
      await this.#directory.settle(bundles.map(({ path }) => path));
    }
  }

  async #bundle(index: number, width: number): Promise<readonly Uint8Array[]> {
    return decodeBundle(await this.#fetch({ level: 'entries', index, width }), width);
  }

  #fetch(tile: TileCoordinate): Promise<Uint8Array> {
    return fetchTile((path) => this.#directory.read(path), tile);
  }

  async #hashesOf(tile: TileCoordinate): Promise<Uint8Array[]> {
    try {
      return decodeTile(await this.#fetch(tile), tile.width);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      const code = error.code === 'tile-missing' ? 'tile-missing' : 'tile-diverges';
      throw new LogStopped(code, `the journal was cut, and ${tilePath(tile)} does not say what it goes on from`);
    }
  }

  /** Whether this file is there. */
  async #holds(tile: Tile): Promise<boolean> {
    const present = await this.#directory.read(tile.path);
    if (present && !equalBytes(present, tile.bytes)) throw diverging(tile);
    return present !== undefined;
  }
}

function diverging({ path, coordinate: { level, index } }: Tile): LogStopped {
  const entryIndex = index * tileWidth ** (level === 'entries' ? 1 : level + 1);
  return new LogStopped('tile-diverges', `${path} is not what the journal says`, entryIndex);
}

function rank({ coordinate }: Tile): number {
  return coordinate.level === 'entries' ? -1 : coordinate.level;
}

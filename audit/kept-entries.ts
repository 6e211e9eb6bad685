/** The bundles of a log's directory: the entries that are kept, from the first that was not pruned. */
import type { DurableDirectory } from './durable.ts';
import { fetchTile } from './fetch-tile.ts';
import { bundleOf, bundlesAt, decodeBundle, firstKept, tilePath, tileWidth, tileWidthAt } from './tile.ts';

/** Bundles of one directory. `size` is always that of a published head. */
export class KeptEntries {
  readonly #directory: DurableDirectory;
  #first = 0;

  constructor(directory: DurableDirectory) {
    this.#directory = directory;
  }

  /** The first entry that is kept: 0, or a multiple of 256. */
  get first(): number {
    return this.#first;
  }

  /** Finds the first entry that is kept. */
  async find(size: number): Promise<void> {
    this.#first = await firstKept(size, async (index) => {
      const width = tileWidthAt('entries', index, size);
      return (await this.#directory.read(tilePath({ level: 'entries', index, width }))) !== undefined;
    });
  }

  /** Entry `index`, a copy. Throws `RangeError` where it was pruned or is beyond `size`. */
  async entry(index: number, size: number): Promise<Uint8Array> {
    if (index < this.#first || index >= size) throw new RangeError('log: no such entry');
    const bundle = bundleOf(index);
    const entry = (await this.#bundle(bundle, tileWidthAt('entries', bundle, size)))[index % tileWidth];
    if (!entry) throw new Error('log: an entry below the size is not there');
    return entry.slice();
  }

  /** Every entry that is kept, in order; each bundle is read once. */
  async *all(size: number): AsyncGenerator<{ readonly index: number; readonly bytes: Uint8Array }> {
    for (const { index: bundle, width } of bundlesAt(size)) {
      if (bundle * tileWidth < this.#first) continue;
      for (const [at, bytes] of (await this.#bundle(bundle, width)).entries()) {
        yield { index: bundle * tileWidth + at, bytes };
      }
    }
  }

  /** Removes the full bundles before entry `before`, the oldest first. Durable on return. */
  async prune(before: number): Promise<void> {
    const full = [...bundlesAt(before)].filter(({ width }) => width === tileWidth);
    const gone = full.filter(({ index }) => index * tileWidth >= this.#first);
    await this.#directory.remove(gone.map(tilePath));
    this.#first += gone.length * tileWidth;
  }

  async #bundle(index: number, width: number): Promise<readonly Uint8Array[]> {
    const bytes = await fetchTile((path) => this.#directory.read(path), { level: 'entries', index, width });
    return decodeBundle(bytes, width);
  }
}

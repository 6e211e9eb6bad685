/**
 * Reading a log one does not trust. The checkpoint is verified first, the hash tiles are authenticated from its root
 * downwards, every entry is hashed and compared with its authenticated leaf: the root is thereby recomputed from the
 * bundles, and whatever disagrees is named.
 */
import { equalBytes } from '@reinraum/protocol';
import { type Checkpoint, type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { EvidenceError } from './evidence-error.ts';
import { type Fetch, fetchTile } from './fetch-tile.ts';
import { tileHashReader } from './hash-reader.ts';
import type { LogVerifier, NoteVerifier } from './note.ts';
import { consistencyProof, frontierAt, inclusionProof, verifyConsistency, verifyInclusion } from './proof.ts';
import {
  bundlesAt,
  decodeBundle,
  decodeTile,
  firstKept,
  tileHeight,
  tilePath,
  tileWidth,
  tileWidthAt,
} from './tile.ts';
import { Frontier, leafHash, rootOf } from './tree.ts';

/** An entry that has been proved to be in the log at the checkpoint read. */
export interface LogEntry {
  readonly index: number;
  readonly entry: Uint8Array;
}

interface HashTile {
  readonly path: string;
  readonly hashes: readonly Uint8Array[];
}

/** Reads and verifies one log through an untrusted source. */
export class LogReader {
  readonly #fetch: Fetch;
  readonly #logKey: LogVerifier;
  readonly #cosigners: readonly NoteVerifier[];

  constructor(untrustedFetch: Fetch, logKey: LogVerifier, cosigners: readonly NoteVerifier[] = []) {
    this.#fetch = untrustedFetch;
    this.#logKey = logKey;
    this.#cosigners = cosigners;
  }

  /**
   * The latest checkpoint, verified. Throws `EvidenceError` (`checkpoint-missing`, `note-malformed`,
   * `checkpoint-malformed`) or `TrustError`.
   */
  async checkpoint(): Promise<VerifiedCheckpoint> {
    const note = await this.#fetch('checkpoint');
    if (!note) throw new EvidenceError('checkpoint-missing', 'no checkpoint', { path: 'checkpoint' });
    return await verifyCheckpoint(note, this.#logKey, this.#cosigners);
  }

  /**
   * All entries of the log at `head`, in order and each file read once. What is yielded is proved. Throws
   * `EvidenceError` naming the first entry or tile that disagrees; a run to the end has verified every tile and bundle.
   */
  async *entries(head: Checkpoint): AsyncGenerator<LogEntry> {
    for await (const { index, entries } of this.bundles(head)) {
      for (const [at, entry] of entries.entries()) yield { index: index + at, entry };
    }
  }

  /**
   * Number of the first entry that is kept: 0, or the beginning of the first bundle where the ones before it are gone. Whether
   * they may be gone is for replay to say.
   */
  async first(head: Checkpoint): Promise<number> {
    return await firstKept(head.size, async (bundle) => {
      try {
        await this.#bundle(bundle, head.size);
        return true;
      } catch (error) {
        if (error instanceof EvidenceError && error.code === 'bundle-missing') return false;
        throw error;
      }
    });
  }

  /** Hashes of what is before entry `size`, proved against `head`. Throws as {@link consistency}. */
  async frontier(size: number, head: Checkpoint): Promise<Frontier> {
    const frontier = await frontierAt(size, this.#hashes(head.size));
    await this.consistency({ ...head, size, root: frontier.root() }, head);
    return frontier;
  }

  /**
   * As {@link entries}, a bundle at a time; `index` is that of the first entry. Bundles that end before entry `first` are not
   * read, their tiles are.
   */
  async *bundles(
    head: Checkpoint,
    first = 0,
  ): AsyncGenerator<{ readonly index: number; readonly entries: readonly Uint8Array[] }> {
    const edge = await this.#rightEdge(head);
    const parents: (HashTile & { readonly index: number })[] = [];
    for (const bundle of bundlesAt(head.size)) {
      const tile = await this.#authenticated(head, edge, parents, 0, bundle.index);
      if ((bundle.index + 1) * tileWidth <= first) continue;
      const entries = await this.#bundle(bundle.index, head.size);
      for (const [at, entry] of entries.entries()) {
        const leaf = tile.hashes[at];
        if (!leaf || !equalBytes(leafHash(entry), leaf)) {
          const entryIndex = bundle.index * tileWidth + at;
          const path = tilePath(bundle);
          throw new EvidenceError('entry-mismatch', `entry ${entryIndex} is not the one logged`, { entryIndex, path });
        }
      }
      yield { index: bundle.index * tileWidth, entries };
    }
  }

  /** Inclusion proof of an entry at `head`, verified. Throws `EvidenceError` `inclusion-invalid` or on missing tiles. */
  async inclusion(index: number, head: Checkpoint): Promise<readonly Uint8Array[]> {
    const read = this.#hashes(head.size);
    const proof = await inclusionProof(index, head.size, read);
    const leaf = await read(0, index);
    if (!verifyInclusion({ index, size: head.size, leaf, root: head.root }, proof)) {
      throw new EvidenceError('inclusion-invalid', 'the tiles do not lead to the signed root', { entryIndex: index });
    }
    return proof;
  }

  /** One entry, proved to be in the log at `head`. Throws `EvidenceError` `entry-mismatch` where it is not the one logged. */
  async entry(index: number, head: Checkpoint): Promise<Uint8Array> {
    if (index < 0 || index >= head.size) throw new RangeError('reader: there is no such entry at this size');
    const proof = await this.inclusion(index, head);
    const entry = (await this.#bundle(Math.floor(index / tileWidth), head.size))[index % tileWidth];
    const claim = { index, size: head.size, root: head.root, leaf: leafHash(entry ?? new Uint8Array()) };
    if (!entry || !verifyInclusion(claim, proof)) {
      throw new EvidenceError('entry-mismatch', `entry ${index} is not the one logged`, { entryIndex: index });
    }
    return entry;
  }

  /**
   * Proves that the log at `older` is a prefix of the log at `newer`; the empty tree is a prefix of anything. Throws
   * `EvidenceError` `consistency-invalid` where it is not (a split view, if both are signed) or on missing tiles.
   */
  async consistency(older: Checkpoint, newer: Checkpoint): Promise<readonly Uint8Array[]> {
    if (older.size > newer.size) throw new EvidenceError('consistency-invalid', 'the newer log is smaller');
    const proof = await consistencyProof(older.size, newer.size, this.#hashes(newer.size));
    const claim = { size1: older.size, size2: newer.size, root1: older.root, root2: newer.root };
    const holds = older.size === 0 ? equalBytes(older.root, rootOf([])) : verifyConsistency(claim, proof);
    if (!holds) throw new EvidenceError('consistency-invalid', 'the older log is not a prefix of the newer');
    return proof;
  }

  #hashes(size: number): ReturnType<typeof tileHashReader> {
    return tileHashReader((level, index, width) => fetchTile(this.#fetch, { level, index, width }), size);
  }

  async #bundle(index: number, size: number): Promise<Uint8Array[]> {
    const coordinate = { level: 'entries', index, width: tileWidthAt('entries', index, size) } as const;
    const bytes = await fetchTile(this.#fetch, coordinate);
    try {
      return decodeBundle(bytes, coordinate.width, tilePath(coordinate));
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      throw new EvidenceError(error.code, error.message, { path: error.path, entryIndex: index * tileWidth });
    }
  }

  async #tile(level: number, index: number, size: number): Promise<HashTile> {
    const coordinate = { level, index, width: tileWidthAt(level, index, size) };
    const path = tilePath(coordinate);
    return { path, hashes: decodeTile(await fetchTile(this.#fetch, coordinate), coordinate.width, path) };
  }

  /** The partial tile of each level, authenticated together: they alone determine the root. */
  async #rightEdge(head: Checkpoint): Promise<readonly (HashTile | undefined)[]> {
    const edge: (HashTile | undefined)[] = [];
    let right: Uint8Array | undefined;
    for (let level = 0; tileWidthAt(level, 0, head.size) > 0; level++) {
      const index = Math.floor(head.size / tileWidth ** (level + 1));
      const tile = tileWidthAt(level, index, head.size) > 0 ? await this.#tile(level, index, head.size) : undefined;
      edge.push(tile);
      // What lies right of the complete subtrees of a level is one incomplete subtree, hence its last leaf.
      const hashes = [...(tile?.hashes ?? []), ...(right ? [right] : [])];
      if (hashes.length > 0) right = rootOf(hashes);
    }
    if (!equalBytes(right ?? rootOf([]), head.root)) await this.#blame(head);
    return edge;
  }

  /** Tile (level, index), equal to what its parent says of it; `parents` keeps the current full tile of each level. */
  async #authenticated(
    head: Checkpoint,
    edge: readonly (HashTile | undefined)[],
    parents: (HashTile & { readonly index: number })[],
    level: number,
    index: number,
  ): Promise<HashTile> {
    const known = parents[level];
    if (known?.index === index) return known;
    const partial = edge[level];
    if (partial && tileWidthAt(level, index, head.size) < tileWidth) return partial;
    const parent = await this.#authenticated(head, edge, parents, level + 1, Math.floor(index / tileWidth));
    const tile = { ...(await this.#tile(level, index, head.size)), index };
    const hash = parent.hashes[index % tileWidth];
    if (!hash || !equalBytes(rootOf(tile.hashes), hash))
      throw tileMismatch(tile.path, index * tileWidth ** (level + 1));
    parents[level] = tile;
    return tile;
  }

  /**
   * The tiles of the right edge do not lead to the root: recomputes everything from the bundles to say whether a tile
   * or the entries are wrong, and where they first part. Always throws.
   */
  async #blame(head: Checkpoint): Promise<never> {
    const frontier = new Frontier();
    const levels: Uint8Array[][] = [];
    let first: EvidenceError | undefined;
    const compare = async (level: number, index: number, hashes: readonly Uint8Array[]): Promise<void> => {
      const tile = await this.#tile(level, index, head.size);
      const at = hashes.findIndex((hash, at) => !equalBytes(hash, tile.hashes[at] ?? new Uint8Array(0)));
      if (at >= 0) first ??= tileMismatch(tile.path, (index * tileWidth + at) * tileWidth ** level);
    };
    const kept = await this.first(head);
    for (const bundle of bundlesAt(head.size)) {
      const isKept = bundle.index * tileWidth >= kept;
      const leaves = isKept
        ? (await this.#bundle(bundle.index, head.size)).map(leafHash)
        : (await this.#tile(0, bundle.index, head.size)).hashes;
      for (const leaf of leaves) {
        frontier.append(leaf, (height, _index, hash) => {
          if (height % tileHeight === 0) (levels[height / tileHeight] ??= []).push(hash);
        });
      }
      for (const [level, hashes] of levels.entries()) {
        const index = Math.ceil(Math.floor(frontier.size / tileWidth ** level) / tileWidth) - 1;
        const last = frontier.size === head.size && hashes.length > 0;
        if (hashes.length === tileWidth || last) await compare(level, index, hashes.splice(0));
      }
    }
    if (equalBytes(frontier.root(), head.root)) throw first ?? new Error('reader: tiles agree with a root they deny');
    throw new EvidenceError('root-mismatch', 'the entries do not lead to the signed root', {
      entryIndex: first?.entryIndex,
      path: first?.path,
    });
  }
}

function tileMismatch(path: string, entryIndex: number): EvidenceError {
  return new EvidenceError('tile-mismatch', `${path} disagrees with the signed root`, { path, entryIndex });
}

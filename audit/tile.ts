/**
 * Tiles and entry bundles of C2SP tlog-tiles.
 *
 *     tile/0/x001/x234/067       full tile 1234067 of level 0: 256 hashes
 *     tile/1/000.p/17            partial tile of level 1: 17 hashes
 *     tile/entries/000.p/112     partial bundle: 112 entries
 *
 * Hash i of tile (L, N) is the root of the complete subtree over entries [(256N+i)·256^L, (256N+i+1)·256^L).
 */
import { EvidenceError } from './evidence-error.ts';
import { hashBytes } from './tree.ts';

/** Hashes in a full tile and entries in a full bundle. */
export const tileWidth = 256;
/** Levels of the binary tree one tile spans. */
export const tileHeight = 8;
/** The largest tile level of the specification. */
export const tileLevelMax = 63;
/** The largest entry a bundle can hold. */
export const entryBytesMax = 65_535;

/** A tile of hashes (`level` 0…63) or a bundle (`'entries'`), full at width 256, partial at 1…255. */
export interface TileCoordinate {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** Path below the log's prefix. Throws `RangeError` on a coordinate that names no tile. */
export function tilePath({ level, index, width }: TileCoordinate): string {
  if (level !== 'entries' && !(Number.isInteger(level) && level >= 0 && level <= tileLevelMax)) {
    throw new RangeError('tile: level is 0 to 63');
  }
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError('tile: index is a natural number');
  if (!Number.isInteger(width) || width < 1 || width > tileWidth) throw new RangeError('tile: width is 1 to 256');
  return `tile/${level}/${groups(index)}${width === tileWidth ? '' : `.p/${width}`}`;
}

function groups(index: number): string {
  const digits = String(index);
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  return parts.map((part, at) => (at === parts.length - 1 ? part : `x${part}`)).join('/');
}

const pathForm = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** Reads {@link tilePath}; one coordinate has one path. Throws `EvidenceError` `tile-path-malformed` on any other text. */
export function parseTilePath(path: string): TileCoordinate {
  const [, level, index, width] = pathForm.exec(path) ?? [];
  if (level !== undefined && index !== undefined) {
    const coordinate: TileCoordinate = {
      level: level === 'entries' ? level : Number(level),
      index: Number(index.replaceAll(/[x/]/g, '')),
      width: width === undefined ? tileWidth : Number(width),
    };
    if (isTile(coordinate) && tilePath(coordinate) === path) return coordinate;
  }
  throw new EvidenceError('tile-path-malformed', 'not the path of a tile or bundle');
}

function isTile({ level, index, width }: TileCoordinate): boolean {
  return (
    (level === 'entries' || level <= tileLevelMax) && Number.isSafeInteger(index) && width >= 1 && width <= tileWidth
  );
}

/** Number of the bundle that holds an entry. */
export function bundleOf(entry: number): number {
  return Math.floor(entry / tileWidth);
}

/**
 * The first entry whose bundle is kept in a log of `size`: 0, or the beginning of a bundle before which all are gone. Also 0 where
 * the last one is gone, too: then nothing is kept.
 */
export async function firstKept(size: number, isKept: (bundle: number) => Promise<boolean>): Promise<number> {
  let [gone, kept] = [-1, Math.ceil(size / tileWidth) - 1];
  if (kept < 1 || (await isKept(0)) || !(await isKept(kept))) return 0;
  while (kept - gone > 1) {
    const middle = Math.floor((gone + kept) / 2);
    if (await isKept(middle)) kept = middle;
    else gone = middle;
  }
  return kept * tileWidth;
}

/** Width of tile (level, index) in a tree of `size`: 0 where there is none, 256 where it is full. */
export function tileWidthAt(level: number | 'entries', index: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

/** The tiles in a tree of `size` that hold what is unfinished at the smaller size `base`, from the leaves up. */
export function* edgeTilesAt(base: number, size: number): Generator<TileCoordinate & { readonly level: number }> {
  for (let level = 0; tileWidthAt(level, 0, base) > 0; level++) {
    const index = Math.floor(base / tileWidth ** (level + 1));
    if (tileWidthAt(level, index, base) > 0) yield { level, index, width: tileWidthAt(level, index, size) };
  }
}

/** Every tile of hashes in a tree of `size`, level by level from the leaves, left to right. */
export function* tilesAt(size: number): Generator<TileCoordinate & { readonly level: number }> {
  for (let level = 0; tileWidthAt(level, 0, size) > 0; level++) {
    for (let index = 0, width = 1; ; index++) {
      width = tileWidthAt(level, index, size);
      if (width === 0) break;
      yield { level, index, width };
    }
  }
}

/** Every bundle of a log of `size`, left to right. */
export function* bundlesAt(size: number): Generator<TileCoordinate & { readonly level: 'entries' }> {
  for (let index = 0; index * tileWidth < size; index++) {
    yield { level: 'entries', index, width: tileWidthAt('entries', index, size) };
  }
}

/** The hashes of a tile's bytes. Throws `EvidenceError` `tile-malformed` unless there are exactly `width`. */
export function decodeTile(bytes: Uint8Array, width: number, path?: string): Uint8Array[] {
  if (bytes.length !== width * hashBytes) {
    throw new EvidenceError('tile-malformed', `${bytes.length} bytes for ${width} hashes`, { path });
  }
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * hashBytes, (at + 1) * hashBytes));
}

/** `uint16be length ‖ entry`, repeated. Throws `RangeError` on an entry above 65,535 bytes or a wrong number of them. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > tileWidth) throw new RangeError('bundle: 1 to 256 entries');
  const bytes = new Uint8Array(entries.reduce((total, entry) => total + 2 + entry.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    if (entry.length > entryBytesMax) throw new RangeError('bundle: an entry has at most 65,535 bytes');
    view.setUint16(at, entry.length);
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/**
 * The entries of a bundle, as views into `bytes`. Throws `EvidenceError` `bundle-malformed` unless the bytes are exactly
 * `width` entries with nothing after them.
 */
export function decodeBundle(bytes: Uint8Array, width: number, path?: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < width) {
    const end = at + 2 <= bytes.length ? at + 2 + view.getUint16(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) {
      throw new EvidenceError('bundle-malformed', `ends inside entry ${entries.length} of ${width}`, { path });
    }
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (at !== bytes.length) throw new EvidenceError('bundle-malformed', 'bytes after the last entry', { path });
  return entries;
}

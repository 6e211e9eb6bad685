import {
  bundlesAt,
  decodeBundle,
  decodeTile,
  encodeBundle,
  parseTilePath,
  tilePath,
  tilesAt,
  tileWidthAt,
} from '@reinraum/audit';
import { utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';

describe('tile paths', () => {
  it.each([
    [{ level: 0, index: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 273, width: 112 }, 'tile/0/273.p/112'],
    [{ level: 1, index: 1, width: 17 }, 'tile/1/001.p/17'],
    [{ level: 63, index: 1000, width: 1 }, 'tile/63/x001/000.p/1'],
    [{ level: 'entries', index: 999, width: 255 }, 'tile/entries/999.p/255'],
    [{ level: 'entries', index: Number.MAX_SAFE_INTEGER, width: 256 }, 'tile/entries/x009/x007/x199/x254/x740/991'],
  ] as const)('%o', (coordinate, path) => {
    expect(tilePath(coordinate)).toBe(path);
    expect(parseTilePath(path)).toEqual(coordinate);
  });

  it.each([
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p',
    'tile/0/000/',
    '/tile/0/000',
    'tile/0/../000',
    'tile/data/000',
    'tile/entries/x999/x999/x999/x999/x999/999',
    'tile/entries/x001/x999/x999/x999/x999/x999/999',
    'tile/0/٠٠٠',
    'tile/0/000\n',
    'checkpoint',
    '',
  ])('refuses %j', (path) => {
    expect(() => parseTilePath(path)).toThrow(expect.objectContaining({ code: 'tile-path-malformed' }));
  });

  it.each([
    { level: -1, index: 0, width: 1 },
    { level: 64, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 2 ** 53, width: 1 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
  ])('does not write %o', (coordinate) => {
    expect(() => tilePath(coordinate)).toThrow(RangeError);
  });
});

describe('tiles of a size', () => {
  it('70,000 entries', () => {
    const tiles = [...tilesAt(70_000)].map(tilePath);
    expect(tiles.filter((path) => path.startsWith('tile/0/'))).toHaveLength(274);
    expect(tiles.filter((path) => path.includes('.p/'))).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ]);
    expect(tiles.filter((path) => path.startsWith('tile/1/'))).toEqual(['tile/1/000', 'tile/1/001.p/17']);
    const bundles = [...bundlesAt(70_000)].map(tilePath);
    expect(bundles).toHaveLength(274);
    expect(bundles.at(-1)).toBe('tile/entries/273.p/112');
  });

  it('no partial tile of width 0', () => {
    expect([...tilesAt(0)]).toEqual([]);
    expect([...bundlesAt(0)]).toEqual([]);
    expect([...tilesAt(256)].map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1']);
    expect([...tilesAt(65_536)].map(tilePath).slice(-2)).toEqual(['tile/1/000', 'tile/2/000.p/1']);
  });

  it('widths', () => {
    expect(tileWidthAt(0, 0, 255)).toBe(255);
    expect(tileWidthAt(0, 0, 256)).toBe(256);
    expect(tileWidthAt(0, 1, 256)).toBe(0);
    expect(tileWidthAt(63, 0, Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(tileWidthAt('entries', 273, 70_000)).toBe(112);
  });
});

describe('bundles', () => {
  const entries = [utf8('one'), utf8(''), new Uint8Array(65_535).fill(9)];

  it('are length-prefixed, big-endian', () => {
    expect(encodeBundle([utf8('one'), utf8('')])).toEqual(Uint8Array.of(0, 3, 111, 110, 101, 0, 0));
    expect(decodeBundle(encodeBundle(entries), 3)).toEqual(entries);
  });

  it('refuse anything but exactly the entries', () => {
    const bytes = encodeBundle(entries);
    const malformed = expect.objectContaining({ code: 'bundle-malformed' });
    expect(() => decodeBundle(bytes, 2)).toThrow(malformed);
    expect(() => decodeBundle(bytes, 4)).toThrow(malformed);
    expect(() => decodeBundle(bytes.subarray(0, bytes.length - 1), 3)).toThrow(malformed);
    expect(() => decodeBundle(Uint8Array.of(...encodeBundle([utf8('x')]), 0), 1)).toThrow(malformed);
    expect(() => decodeTile(new Uint8Array(33), 1)).toThrow(expect.objectContaining({ code: 'tile-malformed' }));
  });

  it('refuse what they cannot hold', () => {
    expect(() => encodeBundle([])).toThrow(RangeError);
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError);
    expect(() => encodeBundle(Array.from({ length: 257 }, () => utf8('')))).toThrow(RangeError);
  });
});

import {
  type Checkpoint,
  ed25519Signer,
  ed25519Verifier,
  type Fetch,
  formatVkey,
  LogReader,
  RightEdge,
  signCheckpoint,
  tilePath,
} from '@reinraum/audit';
import { signingKey, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';

const origin = 'example.com/log';
const key = signingKey(new Uint8Array(32).fill(1));
const logKey = ed25519Verifier(formatVkey(origin, key.publicKey));

/** The files of a log of so many entries. */
async function logFiles(size: number, entry: (at: number) => Uint8Array = (at) => utf8(`entry ${at}`)) {
  const files = new Map<string, Uint8Array>();
  const edge = new RightEdge();
  for (let at = 0; at < size; at++) edge.append(entry(at), ({ path, bytes }) => files.set(path, bytes));
  for (const { path, bytes } of edge.partials()) files.set(path, bytes);
  const head: Checkpoint = { origin, size, root: edge.root() };
  files.set('checkpoint', utf8(await signCheckpoint(head, [ed25519Signer(origin, key)])));
  return { files, head };
}

const reader = (files: ReadonlyMap<string, Uint8Array>): LogReader => {
  const fetch: Fetch = (path) => Promise.resolve(files.get(path));
  return new LogReader(fetch, logKey);
};

async function readAll(files: ReadonlyMap<string, Uint8Array>): Promise<number> {
  const log = reader(files);
  let next = 0;
  for await (const { index, entry } of log.entries(await log.checkpoint())) {
    expect(index).toBe(next);
    if (new TextDecoder().decode(entry) !== `entry ${index}`) throw new Error(`a wrong entry ${index} was yielded`);
    next += 1;
  }
  return next;
}

function flipped(files: ReadonlyMap<string, Uint8Array>, path: string, byte: number): Map<string, Uint8Array> {
  const bytes = files.get(path) ?? new Uint8Array(0);
  return new Map([...files, [path, bytes.with(byte, (bytes.at(byte) ?? 0) ^ 4)]]);
}

describe('reader', () => {
  it.each([0, 1, 2, 255, 256, 257, 511, 512, 1000])('reads a log of %i', async (size) => {
    const { files } = await logFiles(size);
    expect(await readAll(files)).toBe(size);
  });

  it.each([
    [1, 0],
    [300, 255],
    [300, 256],
    [300, 299],
    [1000, 512],
  ])('proves of a log of %i the one entry %i', async (size, index) => {
    const { files, head } = await logFiles(size);
    expect(new TextDecoder().decode(await reader(files).entry(index, head))).toBe(`entry ${index}`);
    const bundle = tilePath({
      level: 'entries',
      index: Math.floor(index / 256),
      width: Math.min(256, size - Math.floor(index / 256) * 256),
    });
    // A bundle is 2 bytes of length and the entry, again and again; here the last byte of it all, or the entry's own.
    for (let at = 2; at < (files.get(bundle)?.length ?? 0); at += 97) {
      const read = await reader(flipped(files, bundle, at))
        .entry(index, head)
        .catch((error: { code?: string }) => error.code);
      const isRefused = read === 'entry-mismatch' || read === 'bundle-malformed';
      expect(isRefused || new TextDecoder().decode(read as Uint8Array) === `entry ${index}`).toBe(true);
    }
  });

  it('refuses an entry altered, swapped, or beyond the log', async () => {
    const { files, head } = await logFiles(3);
    const path = tilePath({ level: 'entries', index: 0, width: 3 });
    await expect(reader(flipped(files, path, 4)).entry(0, head)).rejects.toMatchObject({
      code: 'entry-mismatch',
      entryIndex: 0,
    });
    await expect(reader(files).entry(3, head)).rejects.toThrow(RangeError);
  });

  it('reads 70,000 entries over three levels of tiles, each file once', async () => {
    const { files, head } = await logFiles(70_000);
    const fetched: string[] = [];
    const log = new LogReader((path) => {
      fetched.push(path);
      return Promise.resolve(files.get(path));
    }, logKey);
    let count = 0;
    for await (const _ of log.entries(head)) count += 1;
    expect(count).toBe(70_000);
    expect(fetched.sort()).toEqual([...files.keys()].filter((path) => path !== 'checkpoint').sort());
  });

  it('verifies 100,000 entries', async () => {
    const { files, head } = await logFiles(100_000, (at) => utf8(`{"index":${at},"filler":"${'x'.repeat(200)}"}`));
    let count = 0;
    for await (const _ of reader(files).entries(head)) count += 1;
    expect(count).toBe(100_000);
  });

  it('names the entry that was changed', async () => {
    const { files } = await logFiles(600);
    // Every entry of the first bundle takes 2 bytes of length and 7 to 9 of text.
    const found = readAll(flipped(files, 'tile/entries/000', 2 + 7 + 2 + 3));
    await expect(found).rejects.toMatchObject({ code: 'entry-mismatch', entryIndex: 1, path: 'tile/entries/000' });
    const last = readAll(flipped(files, 'tile/entries/002.p/88', -1));
    await expect(last).rejects.toMatchObject({ code: 'entry-mismatch', entryIndex: 599 });
  });

  it('names the tile that was changed', async () => {
    const { files } = await logFiles(600);
    const full = readAll(flipped(files, 'tile/0/001', 32 * 5));
    await expect(full).rejects.toMatchObject({ code: 'tile-mismatch', path: 'tile/0/001', entryIndex: 256 });
    const partial = readAll(flipped(files, 'tile/0/002.p/88', 32 * 5));
    await expect(partial).rejects.toMatchObject({ code: 'tile-mismatch', path: 'tile/0/002.p/88', entryIndex: 517 });
    const upper = readAll(flipped(files, 'tile/1/000.p/2', 32));
    await expect(upper).rejects.toMatchObject({ code: 'tile-mismatch', path: 'tile/1/000.p/2', entryIndex: 256 });
  });

  it('is not deceived by entry and tiles changed together', async () => {
    const { files, head } = await logFiles(600);
    const forged = await logFiles(600, (at) => utf8(at === 300 ? 'forged' : `entry ${at}`));
    const mixed = (...paths: string[]): Map<string, Uint8Array> =>
      new Map(
        [...files].map(([path, bytes]) => [path, paths.includes(path) ? (forged.files.get(path) ?? bytes) : bytes]),
      );
    await expect(readAll(mixed('tile/entries/001'))).rejects.toMatchObject({ code: 'entry-mismatch', entryIndex: 300 });
    const bundleAndTile = readAll(mixed('tile/entries/001', 'tile/0/001'));
    await expect(bundleAndTile).rejects.toMatchObject({ code: 'tile-mismatch', path: 'tile/0/001' });
    const all = readAll(mixed(...[...files.keys()].filter((path) => path !== 'checkpoint')));
    await expect(all).rejects.toMatchObject({ code: 'root-mismatch' });
    await expect(reader(forged.files).consistency({ ...head, size: 600 }, forged.head)).rejects.toMatchObject({
      code: 'consistency-invalid',
    });
  });

  it('rejects a flipped byte anywhere in a small log', async () => {
    const { files } = await logFiles(5);
    for (const [path, bytes] of files) {
      for (let byte = 0; byte < bytes.length; byte++) {
        await expect(readAll(flipped(files, path, byte)), `${path} ${byte}`).rejects.toThrow();
      }
    }
  });

  it('names what is missing', async () => {
    const { files } = await logFiles(600);
    const without = (path: string): Map<string, Uint8Array> => new Map([...files].filter(([name]) => name !== path));
    await expect(readAll(without('checkpoint'))).rejects.toMatchObject({ code: 'checkpoint-missing' });
    await expect(readAll(without('tile/0/001'))).rejects.toMatchObject({ code: 'tile-missing', path: 'tile/0/001' });
    const bundle = readAll(without('tile/entries/002.p/88'));
    await expect(bundle).rejects.toMatchObject({ code: 'bundle-missing', entryIndex: 512 });
    const short = new Map([...files, ['tile/entries/001', new Uint8Array(5)]] as const);
    await expect(readAll(short)).rejects.toMatchObject({ code: 'bundle-malformed', entryIndex: 256 });
    const long = new Map([...files, ['tile/1/000.p/2', new Uint8Array(96)]] as const);
    await expect(readAll(long)).rejects.toMatchObject({ code: 'tile-malformed', path: 'tile/1/000.p/2' });
  });

  it('falls back from partial to full and cuts', async () => {
    const small = await logFiles(100);
    const { files } = await logFiles(256);
    for (const path of small.files.keys()) {
      if (path !== 'checkpoint') small.files.delete(path);
    }
    for (const level of [0, 'entries'] as const) {
      const path = tilePath({ level, index: 0, width: 256 });
      small.files.set(path, files.get(path) ?? new Uint8Array(0));
    }
    expect(await readAll(small.files)).toBe(100);
  });

  it('gives proofs only if they verify', async () => {
    const { files, head } = await logFiles(600);
    const log = reader(files);
    expect(await log.inclusion(300, head)).toHaveLength(10);
    const changed = reader(flipped(files, 'tile/0/000', 0));
    await expect(changed.inclusion(0, head)).rejects.toMatchObject({ code: 'inclusion-invalid', entryIndex: 0 });
    await expect(log.inclusion(600, head)).rejects.toThrow(RangeError);
    const older = await logFiles(300);
    expect(await log.consistency(older.head, head)).not.toHaveLength(0);
    await expect(log.consistency(head, older.head)).rejects.toMatchObject({ code: 'consistency-invalid' });
    const empty = await logFiles(0);
    expect(await log.consistency(empty.head, head)).toEqual([]);
    const forged = { ...empty.head, root: head.root };
    await expect(log.consistency(forged, head)).rejects.toMatchObject({ code: 'consistency-invalid' });
  });
});

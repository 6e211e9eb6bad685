/** A log whose older bundles were pruned, before our reader and the Go program: hashes stand for what is gone, and only right ones. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryFetch, EvidenceError, ed25519Verifier, formatVkey, Log, LogReader } from '@reinraum/audit';
import { signingKey, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildGo } from '../support/foreign-verifiers.ts';

const origin = 'example.com/pruned';
const key = signingKey(new Uint8Array(32).fill(7));
const vkey = formatVkey(origin, key.publicKey);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-pruned-'));
  const log = await Log.open({ directory: join(folder, 'log'), origin, signingKey: key });
  for (const size of [300, 700]) {
    await Promise.all(Array.from({ length: size - log.size }, (_, at) => log.append(utf8(`entry ${log.size + at}`))));
    await log.publish();
    await writeFile(join(folder, `${size}`), log.checkpoint());
    await writeFile(join(folder, `${size}.tlog-proof`), await log.receipt(size - 1));
  }
  await expect(log.prune(701)).rejects.toThrow(RangeError);
  await log.prune(600);
  expect(log.first).toBe(512);
  await expect(log.entry(511)).rejects.toThrow(RangeError);
  expect((await log.entry(512)).length).toBeGreaterThan(0);
  await log.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function withWrongHash(): Promise<string> {
  const copy = join(folder, 'copy');
  await cp(join(folder, 'log'), copy, { recursive: true });
  onTestFinished(() => rm(copy, { recursive: true }));
  const tile = join(copy, 'tile/0/000');
  const bytes = await readFile(tile);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  await writeFile(tile, bytes);
  return copy;
}

test('our reader finds where it begins, and takes no wrong hash for what is gone', async () => {
  const readerOf = (directory: string) => new LogReader(directoryFetch(directory), ed25519Verifier(vkey));
  const whole = readerOf(join(folder, 'log'));
  const head = await whole.checkpoint();
  const read = async (reader: LogReader, first: number) => {
    const found: number[] = [];
    for await (const { index, entries } of reader.bundles(head, first)) found.push(index, entries.length);
    return found;
  };
  const first = await whole.first(head);
  expect([first, await read(whole, first)]).toEqual([512, [512, 188]]);
  expect((await whole.frontier(512, head)).size).toBe(512);
  await expect(read(whole, 0)).rejects.toMatchObject({ code: 'bundle-missing', entryIndex: 0 });
  const wrong = readerOf(await withWrongHash());
  await expect(read(wrong, first)).rejects.toMatchObject({ code: 'tile-mismatch', entryIndex: 0 });
  await expect(wrong.frontier(200, head)).rejects.toThrow(EvidenceError);
});

test('the writer goes on, pruned also after it is opened again, and its older receipts stay good', async () => {
  const copy = join(folder, 'again');
  await cp(join(folder, 'log'), copy, { recursive: true });
  const log = await Log.open({ directory: copy, origin, signingKey: key });
  expect([log.size, log.first]).toEqual([700, 512]);
  await log.appendPublished(utf8('another'));
  const indexes = async () => {
    const found: number[] = [];
    for await (const { index } of log.entries()) found.push(index);
    return found;
  };
  expect(await indexes()).toEqual(Array.from({ length: 189 }, (_, at) => 512 + at));
  await expect(log.receipt(100)).rejects.toThrow(RangeError);
  // What the room is made of again at a start leads to the signed root, or there is no room.
  const bundle = join(copy, 'tile/entries/002.p/189');
  const bytes = await readFile(bundle);
  await writeFile(bundle, bytes.fill(bytes.readUInt8(30) ^ 1, 30, 31));
  await expect(indexes()).rejects.toMatchObject({ code: 'tile-diverges' });
  await writeFile(bundle, bytes.fill(bytes.readUInt8(30) ^ 1, 30, 31));
  await log.close();
  const reader = new LogReader(directoryFetch(copy), ed25519Verifier(vkey));
  expect(await reader.inclusion(100, await reader.checkpoint())).toHaveLength(10);
});

test('of names that a crash brings back the writer removes every one', async () => {
  const whole = join(folder, 'whole');
  const log = await Log.open({ directory: whole, origin, signingKey: key });
  await Promise.all(Array.from({ length: 1500 }, (_, at) => log.append(utf8(`entry ${at}`))));
  await log.publish();
  await log.cutJournal();
  await log.close();
  for (const back of [[], [0], [1], [2], [0, 2], [1, 3], [0, 1, 2, 3]]) {
    const copy = join(folder, 'holes');
    await cp(whole, copy, { recursive: true });
    for (const n of [0, 1, 2, 3]) if (!back.includes(n)) await rm(join(copy, `tile/entries/00${n}`));
    const again = await Log.open({ directory: copy, origin, signingKey: key });
    // Contiguous up to the end, or not at all: a hole hides what is older.
    const first = back.length === 4 ? 0 : (back.includes(3) ? 3 : 4) * 256;
    expect(again.first, back.join()).toBe(first);
    for await (const { index } of again.entries()) expect(index).toBeGreaterThanOrEqual(first);
    await again.prune(1100);
    expect(again.first).toBe(1024);
    await again.close();
    expect((await readdir(join(copy, 'tile/entries'))).sort()).toEqual(['004', '005.p']);
    await rm(copy, { recursive: true });
  }
});

test.for(['modules', 'debian'] as const)('the Go program with x/mod of: %s', async (from, context) => {
  const go = buildGo(from);
  const run = 'run' in go ? go.run : context.skip(go.reason);
  const [log, pruned] = [join(folder, 'log'), '512'];
  expect(run(vkey, log)).toBe('bundle-missing');
  expect(run(vkey, log, { pruned: '256' })).toBe('bundle-missing');
  expect(run(vkey, log, { pruned, checkpoint: join(folder, '300') })).toBe('verified');
  expect(run(vkey, log, { pruned, receipt: join(folder, '700.tlog-proof') })).toBe('verified');
  expect(run(vkey, log, { pruned, receipt: join(folder, '300.tlog-proof') })).toBe('entry-pruned');
  expect(run(vkey, await withWrongHash(), { pruned })).toBe('root-mismatch');
  if ('close' in go) go.close();
});

/** The host's disk while a sealed file arrives: full, torn in the middle of a piece, behind what was confirmed, or empty. */
import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killed, type Running, type ServedRoom, servedRoom, spoolOf } from '../support/served-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

const pieceBytes = 50_000;
const run = promisify(execFile);

let room: ServedRoom;
beforeAll(async () => {
  room = await servedRoom();
  const rows = Array.from({ length: 300 }, (_, n) => `resident-${n};${['alpha', 'beta', 'gamma'][n % 3]};${n % 100};f`);
  await writeFile(join(room.folder, 'people.csv'), `person_id;district;age;sex\n${rows.join('\n')}\n`);
});
afterAll(() => room.close());

const start = (): Running => room.upload('people.csv', '--capacity', '5000', '--piece-bytes', String(pieceBytes));

/** Uploads three pieces, then the steward's process is gone. The path of the host's file and the bytes it should get. */
async function threePieces(): Promise<{ path: string; offer: string; bytes: Buffer; declared: number }> {
  const running = start();
  const hits = ({ kind, offset }: { kind: string; offset: number }) => kind === 'piece' && offset === 2 * pieceBytes;
  room.line.fault({ hits, moment: 'after', act: () => killed(running.process) });
  await running.ended;
  const spool = await spoolOf(room);
  const [offer = ''] = (await readdir(spool)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const path = join(room.uploads, offer);
  expect((await stat(path)).size).toBe(3 * pieceBytes);
  room.line.pieces.length = 0;
  return { path, offer, bytes: await readFile(join(spool, offer)), declared: await declarations() };
}

async function declarations(): Promise<number> {
  return (await verifiedLog(room.state)).entries.filter(({ type }) => type === 'dataset.declared').length;
}

async function expectResumed(from: number, { path, bytes, declared }: Awaited<ReturnType<typeof threePieces>>) {
  const { code, said } = await start().ended;
  expect(code, said).toBe(0);
  expect(said).toContain('admitted as version');
  expect(room.line.pieces[0]?.offset).toBe(from);
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect(await declarations()).toBe(declared);
}

test('died in the middle of a piece: what was not confirmed is sent again', async () => {
  const started = await threePieces();
  await appendFile(started.path, started.bytes.subarray(3 * pieceBytes, 3 * pieceBytes + 12_345));
  await room.killServer();
  await expectResumed(3 * pieceBytes, started);
});

test('a power cut left zeros where a piece was written and never synced: they are overwritten', async () => {
  const started = await threePieces();
  await appendFile(started.path, Buffer.alloc(pieceBytes));
  await room.killServer();
  await expectResumed(3 * pieceBytes, started);
});

test('the disk lost bytes it had confirmed: the upload goes on from what is there', async () => {
  const started = await threePieces();
  await truncate(started.path, 70_001);
  await room.killServer();
  await expectResumed(70_001, started);
});

test('bytes are lost after the last piece and before admission: they are sent again', async () => {
  const started = await threePieces();
  const hits = ({ type }: { type: string | undefined }) => type === 'dataset.seal';
  room.line.fault({ hits, moment: 'before', act: () => truncate(started.path, 100_000) });
  expect((await start().ended).code).toBe(1);
  room.line.pieces.length = 0;
  await expectResumed(100_000, started);
});

test('a file from before there were confirmations goes on from its length', async () => {
  const started = await threePieces();
  await rm(`${started.path}.confirmed`);
  await expectResumed(3 * pieceBytes, started);
});

test('the whole file is gone: the records are sealed anew under a new declaration', async () => {
  const { path, bytes, declared } = await threePieces();
  await rm(path);
  const { code, said } = await start().ended;
  expect(code, said).toBe(0);
  expect(await declarations()).toBe(declared + 1);
  await expect(stat(path)).rejects.toThrow();
  const { entries } = await verifiedLog(room.state);
  const offers = entries.flatMap((entry) => (entry.type === 'dataset.declared' ? [entry.detail.offer] : []));
  expect((await stat(join(room.uploads, offers.at(-1) ?? ''))).size).toBe(bytes.length);
});

test('the disk is full: the room says so, and the upload goes on by itself once there is space', async () => {
  const started = await threePieces();
  const { pid } = room.server();
  // The limit of a file's size is the nearest thing to a full disk that needs no disk: a short write, then an error.
  const limit = (bytes: string) => run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
  await limit('180000');
  const url = `/uploads/${started.offer}`;
  const piece = started.bytes.subarray(3 * pieceBytes, 4 * pieceBytes);
  const headers = { 'content-type': 'application/octet-stream', 'x-reinraum-offset': String(3 * pieceBytes) };
  const put = room.client('steward').public.fetch(url, { method: 'PUT', headers, body: new Uint8Array(piece) });
  await expect(put).rejects.toMatchObject({ code: 'storage-full', status: 507 });
  expect((await stat(started.path)).size).toBe(180_000);
  const offset = await (await room.client('steward').public.fetch(url)).json();
  expect(offset).toEqual({ offset: 3 * pieceBytes });

  room.line.pieces.length = 0;
  const resumed = expectResumed(3 * pieceBytes, started);
  const failedTwice = async () => {
    while (room.line.pieces.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await failedTwice();
  await limit('unlimited');
  await resumed;
});

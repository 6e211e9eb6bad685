/**
 * The steward's process, gateway with host, or the enclave is killed at every boundary between two pieces of an upload and
 * at a random point within every piece: the same sealed bytes go on, only what had not arrived is sent again, and the
 * version is admitted once.
 */
import { randomInt } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import type { Moment } from '../support/faulty-line.ts';
import { killed, type Running, type ServedRoom, servedRoom, spoolOf } from '../support/served-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

const pieceBytes = 50_000;
const moments: readonly Moment[] = ['before', 'within', 'after'];

let room: ServedRoom;
let version = 0;
beforeAll(async () => {
  room = await servedRoom();
  const rows = Array.from({ length: 900 }, (_, n) => `resident-${n};${['alpha', 'beta', 'gamma'][n % 3]};${n % 100};f`);
  await writeFile(join(room.folder, 'people.csv'), `person_id;district;age;sex\n${rows.join('\n')}\n`);
});
afterAll(() => room.close());

const start = (): Running =>
  room.upload('people.csv', '--capacity', '5000', '--piece-bytes', String(pieceBytes), '--receipt', 'receipt');

/** Every piece, at every moment, by where the piece begins. */
function everyFault(fileBytes: number): { offset: number; moment: Moment; share: number }[] {
  const pieces = Array.from({ length: Math.ceil(fileBytes / pieceBytes) }, (_, n) => n * pieceBytes);
  return pieces.flatMap((offset) => moments.map((moment) => ({ offset, moment, share: randomInt(1, 100) / 100 })));
}

/** Cuts the next upload off at a place, and does something there. */
function at({ offset, moment, share }: { offset: number; moment: Moment; share: number }, act: () => unknown): void {
  room.line.fault({ hits: (passing) => passing.kind === 'piece' && passing.offset === offset, moment, share, act });
}

/** Names and bytes of the sealed file in the spool. */
async function sealed(): Promise<{ offer: string; bytes: Buffer }> {
  const spool = await spoolOf(room);
  const [offer = ''] = (await readdir(spool)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  return { offer, bytes: await readFile(join(spool, offer)) };
}

/** Log entries about a version. */
async function about(number: number): Promise<string[]> {
  const { entries } = await verifiedLog(room.state);
  return entries.filter(({ detail }) => 'version' in detail && detail.version === number).map(({ type }) => type);
}

/** Seals the next version and stops before the first piece has left. */
async function sealedOnly(): Promise<{ offer: string; bytes: Buffer }> {
  version += 1;
  room.line.pieces.length = 0;
  const running = start();
  at({ offset: 0, moment: 'before', share: 0 }, () => killed(running.process));
  expect((await running.ended).code).toBeNull();
  return sealed();
}

/** What must hold of a version that was handed over at last. */
async function expectHandedOver(
  { code, out, said }: Awaited<Running['ended']>,
  { offer, bytes }: { offer: string; bytes: Buffer },
): Promise<void> {
  expect(code, said).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ admitted: true });
  expect(said).toContain(`admitted as version ${version}`);
  expect((await readFile(join(room.uploads, offer))).equals(bytes)).toBe(true);
  expect(await about(version)).toEqual(['dataset.declared', 'dataset.admitted']);
  // Every byte arrived; a piece is sent a second time only where its answer was lost.
  const sent = room.line.pieces.map(({ offset }) => offset);
  expect(sent).toEqual(sent.toSorted((a, b) => a - b));
  expect(new Set(sent).size).toBe(Math.ceil(bytes.length / pieceBytes));
  expect(await readFile(join(room.folder, 'receipt'), 'utf8')).toContain('c2sp.org/tlog-proof@v1');
  await expect(stat(await spoolOf(room))).rejects.toThrow();
}

test('the steward’s process is killed: the command run again goes on', async () => {
  const file = await sealedOnly();
  const faults = everyFault(file.bytes.length);
  expect(faults.length).toBeGreaterThanOrEqual(15);
  for (const fault of faults) {
    const running = start();
    let hit = false;
    at(fault, () => {
      hit = true;
      return killed(running.process);
    });
    const { code, said } = await running.ended;
    expect(hit, `${JSON.stringify(fault)} ${said}`).toBe(true);
    expect(code).toBeNull();
    expect((await sealed()).bytes.equals(file.bytes)).toBe(true);
  }
  await expectHandedOver(await start().ended, file);
});

test('gateway and host are killed: the steward’s process waits and goes on', async () => {
  const file = await sealedOnly();
  let kills = 0;
  const act = async () => {
    kills += 1;
    await room.killServer();
  };
  const faults = everyFault(file.bytes.length);
  for (const fault of faults) at(fault, act);
  await expectHandedOver(await start().ended, file);
  expect(kills).toBe(faults.length);
});

test('the enclave is killed: pieces arrive all the same', async () => {
  const file = await sealedOnly();
  let kills = 0;
  for (const fault of everyFault(file.bytes.length).filter(({ moment }) => moment === 'after')) {
    at(fault, async () => {
      kills += 1;
      await room.killEnclave();
    });
  }
  await expectHandedOver(await start().ended, file);
  expect(kills).toBeGreaterThan(4);
});

test('the log verifies, and nothing was charged', async () => {
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: {} });
});

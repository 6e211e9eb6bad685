/** The steward's work ends where no piece is on its way: while sealing, with a spool that was lost, with an answer that was. */
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { verifyReceipt } from '@reinraum/audit';
import { encodeEntry, parseStatement } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import type { Passing } from '../support/faulty-line.ts';
import { killed, type Running, type ServedRoom, servedRoom, spoolOf } from '../support/served-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let room: ServedRoom;
beforeAll(async () => {
  room = await servedRoom();
  await writePeople(900);
});
afterAll(() => room.close());

async function writePeople(count: number): Promise<void> {
  const rows = Array.from(
    { length: count },
    (_, n) => `resident-${n};${['alpha', 'beta', 'gamma'][n % 3]};${n % 100};f`,
  );
  await writeFile(join(room.folder, 'people.csv'), `person_id;district;age;sex\n${rows.join('\n')}\n`);
}

const start = (...more: readonly string[]): Running =>
  room.upload('people.csv', '--capacity', '5000', '--piece-bytes', '50000', ...more);

const isManifest = ({ type }: Passing) => type === 'dataset.seal';
const isPieceAt = (offset: number) => (passing: Passing) => passing.kind === 'piece' && passing.offset === offset;

async function sealedNames(): Promise<string[]> {
  const names = await readdir(await spoolOf(room)).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{64}$/.test(name));
}

/** Log entries about datasets, from an index on. */
async function since(index: number): Promise<{ type: string; version: number }[]> {
  const { entries } = await verifiedLog(room.state);
  return entries
    .slice(index)
    .flatMap(({ type, detail }) => ('version' in detail ? [{ type, version: detail.version }] : []));
}

const logSize = async () => (await verifiedLog(room.state)).entries.length;

async function expectAdmitted(running: Running, version: number): Promise<void> {
  const { code, out, said } = await running.ended;
  expect(code, said).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ admitted: true });
  expect(said).toContain(`version ${version}`);
  await expect(stat(await spoolOf(room))).rejects.toThrow();
}

test('killed while sealing: what was sealed is thrown away, and a new declaration has a new key', async () => {
  const running = room.upload('people.csv', '--capacity', '600000');
  const deadline = Date.now() + 20_000;
  let partial: string | undefined;
  while (!partial && Date.now() < deadline) {
    await setTimeout(2);
    const [name] = await sealedNames();
    const bytes = name ? (await stat(join(await spoolOf(room), name)).catch(() => undefined))?.size : 0;
    if (bytes) partial = name;
  }
  await killed(running.process);
  expect(partial).toBeDefined();
  expect(await readdir(await spoolOf(room))).toEqual([partial]);
  const before = await logSize();

  const again = start();
  room.line.fault({ hits: isPieceAt(0), moment: 'before', act: () => killed(again.process) });
  await again.ended;
  const [offer, ...more] = await sealedNames();
  expect(more).toEqual([]);
  expect(offer).not.toBe(partial);
  await expectAdmitted(start(), 1);
  expect(await since(before)).toEqual([
    { type: 'dataset.declared', version: 1 },
    { type: 'dataset.admitted', version: 1 },
  ]);
});

describe('a spool that is no longer what was sealed is sealed anew', () => {
  test.each([
    ['the sealed file is lost', async (path: string) => rm(path)],
    ['the sealed file is cut short', async (path: string) => truncate(path, 70_000)],
    ['the sealed file has one other byte', async (path: string) => flip(path)],
    ['the record beside it is torn', async (path: string) => truncate(join(path, '..', 'manifest.json'), 30)],
    ['the file to hand over was corrected', async () => writePeople(901)],
  ])('%s', async (_what, damage) => {
    const before = await logSize();
    const running = start();
    room.line.fault({ hits: isPieceAt(50_000), moment: 'after', act: () => killed(running.process) });
    await running.ended;
    const [offer = ''] = await sealedNames();
    await damage(join(await spoolOf(room), offer));
    const { datasets } = await room.client('steward').catalogue();
    const version = Math.max(...datasets.map((dataset) => dataset.version));
    await expectAdmitted(start(), version);
    expect(await since(before)).toEqual([
      { type: 'dataset.declared', version },
      { type: 'dataset.declared', version },
      { type: 'dataset.admitted', version },
    ]);
  });
});

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[90_000] = (bytes[90_000] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

describe('the room has admitted the version and the answer is lost', () => {
  const admittedLast = async () => (await since(0)).findLast(({ type }) => type === 'dataset.admitted')?.version ?? 0;

  test('with the steward’s process: the next run finds it out from the log and hands nothing over', async () => {
    const running = start();
    room.line.fault({ hits: isManifest, moment: 'after', act: () => killed(running.process) });
    expect((await running.ended).code).toBeNull();
    const version = await admittedLast();
    const before = await logSize();
    const again = start('--receipt', 'found.tlog-proof');
    await expectAdmitted(again, version);
    expect(await since(before)).toEqual([]);
    const { entries } = await verifiedLog(room.state);
    const entry = entries.find(({ type, detail }) => type === 'dataset.admitted' && detail.version === version);
    const bytes = entry ? encodeEntry(entry) : new Uint8Array();
    const receipt = await readFile(join(room.folder, 'found.tlog-proof'), 'utf8');
    const { logVerifier } = room.client('steward');
    expect((await verifyReceipt(bytes, receipt, logVerifier)).index).toBeLessThan(before);
  });

  test('with gateway and host: the command says to run it again, and that succeeds', async () => {
    room.line.fault({ hits: isManifest, moment: 'after', act: () => room.killServer() });
    const { code, said } = await start().ended;
    expect(code).toBe(1);
    expect(said).toContain('run the same command again');
    const version = await admittedLast();
    const before = await logSize();
    await expectAdmitted(start(), version);
    expect(await since(before)).toEqual([]);
  });

  test('before the manifest has reached the room: it is submitted again', async () => {
    room.line.fault({ hits: isManifest, moment: 'before', act: () => room.killServer() });
    expect((await start().ended).code).toBe(1);
    const last = await admittedLast();
    await expectAdmitted(start(), last + 1);
  });

  test('another file is the next version, not the one that was found', async () => {
    const running = start();
    room.line.fault({ hits: isManifest, moment: 'after', act: () => killed(running.process) });
    await running.ended;
    const version = await admittedLast();
    await writePeople(950);
    const { code, said } = await start().ended;
    expect(code, said).toBe(0);
    expect(said).toContain(`has handed over version ${version}`);
    expect(said).toMatch(new RegExp(`version ${version + 1} of "residents" follows version ${version}, admitted`));
    expect(said).toContain(`admitted as version ${version + 1}`);
  });
});

test('the same version was declared again from another machine: the sealed file is of no use, the records are', async () => {
  const running = start();
  room.line.fault({ hits: isPieceAt(50_000), moment: 'after', act: () => killed(running.process) });
  await running.ended;
  const { entries } = await verifiedLog(room.state);
  const digest = entries.findLast(({ type }) => type === 'dataset.declared')?.statements[0]?.digest ?? '';
  const statement = parseStatement(await readFile(join(room.state, 'objects', digest)));
  if (statement.type !== 'dataset.declare') throw new Error('not the declaration');
  await room.client('steward').act('dataset.declare', statement.body);
  const { version } = statement.body;
  const before = await logSize();
  await expectAdmitted(start(), version);
  expect(await since(before)).toEqual([
    { type: 'dataset.declared', version },
    { type: 'dataset.admitted', version },
  ]);
});

test('the log verifies, and nothing was charged', async () => {
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: {} });
});

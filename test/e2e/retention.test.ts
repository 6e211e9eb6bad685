/** Old entries given up in a whole room: after the charter's years, by two parties, and nothing that counts is forgotten. */
import { execFileSync } from 'node:child_process';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyReceipt } from '@reinraum/audit';
import { holdLog, pruneLog, takeSnapshot } from '@reinraum/client';
import { type Accepted, formatInstant, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { prove } from '../../src/cli/audit-search.ts';
import { readVerified } from '../../src/cli/audit-subject.ts';
import { exportBundle } from '../../src/cli/evidence-bundle.ts';
import { indexState } from '../../src/cli/indexed-state.ts';
import { openState } from '../../src/cli/state-source.ts';
import { ask } from '../../src/client/ask.ts';
import { EntryIndex } from '../../src/index/entry-index.ts';
import { reportNames, reportOf } from '../../src/reports/reports.ts';
import { readRoomLog } from '../../src/steward/room-log.ts';
import { watchedDirectory } from '../../src/watch/watched-log.ts';
import { buildGo } from '../support/foreign-verifiers.ts';
import { type QuickRoom, quickRoom } from '../support/quick-room.ts';
import { approved, residentRecords, uploadResidents } from '../support/small-room.ts';
import { watched } from '../support/watched.ts';

const yearMs = 366 * 86_400_000;

let aheadMs = 0;
let room: QuickRoom;
let query: string;
let kept: Accepted[];
let snapshot: Accepted;
let state: string;
let objectsBefore: number;
let older: string;

const names = (path: string) => readdir(join(room.state, path));
const officer = (of: 'cityDpo' | 'bureauDpo' = 'cityDpo') => room.client(of);

beforeAll(async () => {
  room = await quickRoom({ clock: () => Date.now() + aheadMs });
  await uploadResidents(room, residentRecords([300, 200, 100]));
  query = await approved(room);
  kept = [(await ask(room.client('analyst'), query, 'planning', { sex: 'f' })).accepted];
  // Much reading, little else: more than a bundle of entries.
  for (let at = 0; at < 300; at++) await room.client('steward').session();
  kept.push((await ask(room.client('analyst'), query, 'planning', { sex: 'm' })).accepted);
  snapshot = await takeSnapshot(officer());
  state = (JSON.parse(snapshot.entry) as { detail: { state: string } }).detail.state;
  kept.push(snapshot);
  objectsBefore = (await names('objects')).length;
  older = join(room.directory, 'older');
}, 60_000);
afterAll(() => room.close());

test('not before the charter’s years are over, not while the log is held, and not what is no snapshot', async () => {
  await expect(pruneLog(officer(), snapshot.index, state)).rejects.toMatchObject({ code: 'retention-not-over' });
  aheadMs = 5 * yearMs;
  await expect(pruneLog(officer(), snapshot.index - 1, state)).rejects.toMatchObject({ code: 'snapshot-unknown' });
  await expect(pruneLog(officer(), snapshot.index, 'ab'.repeat(32))).rejects.toMatchObject({
    code: 'snapshot-unknown',
  });
  await expect(pruneLog(room.client('steward'), snapshot.index, state)).rejects.toMatchObject({ code: 'role-missing' });
  await holdLog(officer('bureauDpo'), true);
  await expect(pruneLog(officer(), snapshot.index, state)).rejects.toMatchObject({ code: 'log-held' });
  await holdLog(officer('bureauDpo'), false);
  expect(await names('log/tile/entries')).toContain('000');
});

test('one party alone asks for it; with the other the entries are gone, and everything they add up to stands', async () => {
  const before = await readRoomLog(officer());
  for (const part of ['log/tile/entries', 'objects']) {
    await cp(join(room.state, part), join(older, part), { recursive: true });
  }
  await pruneLog(officer(), snapshot.index, state);
  await pruneLog(officer(), snapshot.index, state);
  expect(await names('log/tile/entries')).toContain('000');
  expect((await readRoomLog(officer())).entries.has(0)).toBe(true);
  await pruneLog(officer('bureauDpo'), snapshot.index, state);
  expect(await names('log/tile/entries')).not.toContain('000');
  expect((await names('objects')).length).toBeLessThan(objectsBefore - 200);
  const verdict = await verifyState(room.state);
  expect(verdict).toMatchObject({ verified: true, from: snapshot.index, spent: { person: { loss: '1/4' } } });
  const after = await readRoomLog(officer());
  expect(after.entries.has(0)).toBe(false);
  for (const part of ['charges', 'releases', 'spent', 'queries', 'datasets', 'members', 'details'] as const) {
    expect(after.room[part], part).toEqual(before.room[part]);
  }
  for (const { entry, proof } of kept) await verifyReceipt(utf8(entry), proof, room.client('analyst').logVerifier);
});

test('the room goes on, also after a restart: what was answered is repeated at no charge, what is new is charged', async () => {
  for (const isRestarted of [false, true]) {
    if (isRestarted) await room.restart();
    expect((await ask(room.client('analyst'), query, 'planning', { sex: 'f' })).isRepeat).toBe(true);
    const { balances } = await room.client('analyst').catalogue();
    expect(balances[0]?.loss.spent).toBe('1/4');
    expect(await verifyState(room.state)).toMatchObject({ verified: true, from: snapshot.index });
  }
});

test('what a copy from before brings back is gone again after a start, be it all of it or objects alone', async () => {
  const objects = (await names('objects')).length;
  for (const parts of [['log/tile/entries', 'objects'], ['objects']]) {
    for (const part of parts) await cp(join(older, part), join(room.state, part), { recursive: true, force: false });
    await room.restart();
    await expect.poll(() => names('log/tile/entries'), { timeout: 5000 }).not.toContain('000');
    await expect.poll(async () => (await names('objects')).length, { timeout: 5000 }).toBeLessThanOrEqual(objects + 20);
    expect(await verifyState(room.state)).toMatchObject({ verified: true, from: snapshot.index });
  }
});

test('a snapshot among the first entries removes nothing, and everything is verified from the beginning', async () => {
  let laterMs = 0;
  const small = await quickRoom({ clock: () => Date.now() + laterMs });
  onTestFinished(() => small.close());
  const taken = await takeSnapshot(small.client('cityDpo'));
  const { detail } = JSON.parse(taken.entry) as { detail: { state: string } };
  laterMs = 5 * yearMs;
  const before = (await readdir(join(small.state, 'objects'))).length;
  for (const of of ['cityDpo', 'bureauDpo'] as const) await pruneLog(small.client(of), taken.index, detail.state);
  expect((await readdir(join(small.state, 'objects'))).length).toBeGreaterThan(before);
  expect(await verifyState(small.state)).toMatchObject({ verified: true, from: 0 });
  const { entries } = await readRoomLog(small.client('cityDpo'));
  expect([...entries.values()].map(({ type }) => type)).toContain('log.pruned');
});

describe('whoever reads the log from here on', () => {
  test('hands on a bundle that strangers verify, with OpenSSL and with Go', async (context) => {
    const bundle = join(room.directory, 'bundle');
    await exportBundle(await openState(room.state), { directory: bundle, receipts: 'releases' });
    expect(await verifyState(bundle)).toMatchObject({ verified: true, from: snapshot.index });
    const page = await readFile(join(bundle, 'VERIFY.md'), 'utf8');
    expect(page).toContain('-pruned 256 -receipt ../receipts/256.tlog-proof');
    const block = /^```sh\n([\s\S]*?)^```/m.exec(page)?.[1] ?? '';
    const options = { cwd: bundle, encoding: 'utf8' } as const;
    expect(execFileSync('sh', ['-c', block], options)).toMatch(/\nOK\n$/);
    await expect(
      exportBundle(await openState(room.state), { directory: `${bundle}-2`, receipts: [3] }),
    ).rejects.toThrow('256');
    const go = buildGo('modules');
    const run = 'run' in go ? go.run : context.skip(go.reason);
    const vkey = (await readFile(join(bundle, 'keys', 'log.vkey'), 'utf8')).trim();
    expect(run(vkey, join(bundle, 'log'), { pruned: '256' })).toBe('verified');
    expect(run(vkey, join(bundle, 'log'))).toBe('bundle-missing');
    if ('close' in go) go.close();
  });

  test('makes reports with all charges there ever were, that say what was pruned', async () => {
    const log = await readVerified(room.state);
    const madeAt = formatInstant(Date.now() + aheadMs);
    for (const name of reportNames.filter((name) => name !== 'case')) {
      const document = reportOf(name, log, { madeAt });
      expect(
        document.facts.map(({ name }) => name.en),
        name,
      ).toContain('Pruned entries');
    }
    const ledger = JSON.stringify(reportOf('ledger', log, { madeAt }));
    expect(ledger.match(/person: ρ 1\/8/g)?.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(reportOf('deletions', log, { madeAt }))).toContain('Alte Einträge gelöscht');
    expect(reportOf('case', log, { madeAt, entry: [...log.room.charges.keys()][0] }).id).toBe('case');
  });

  test('searches what is left, and an index made before forgets what is gone', async () => {
    const index = await EntryIndex.open();
    const indexed = await indexState(await openState(room.state), index);
    expect(indexed).toMatchObject({ verified: true });
    const found = await index.search({}, 100_000);
    expect(found.rows.every(({ row }) => row.index >= snapshot.index)).toBe(true);
    expect(found.rows.find(({ row }) => row.type === 'query.repeated')?.row.purpose).toBe('planning');
    await prove(await openState(room.state), room.client('analyst').roomId, found);
    index.close();
  });

  test('watches it from the snapshot on, and is told where entries are missing that nobody pruned', async () => {
    const clock = () => Date.now() + aheadMs;
    const seen = await watched(watchedDirectory(room.state), { clock });
    expect(seen.told[0]).toBe(snapshot.index);
    expect(seen.alerts.filter(({ subject }) => subject === 'bundle-missing')).toEqual([]);
    const copy = join(room.directory, 'copy');
    await cp(room.state, copy, { recursive: true });
    await rm(join(copy, 'log', 'tile', 'entries'), { recursive: true });
    expect(await verifyState(copy)).toMatchObject({ verified: false, rule: 'bundle-missing' });
  });
});

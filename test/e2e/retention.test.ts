/** Old entries given up in a whole room: after the charter's years, by two parties, and nothing that counts is forgotten. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyReceipt } from '@reinraum/audit';
import { holdLog, pruneLog, takeSnapshot } from '@reinraum/client';
import { type Accepted, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { readRoomLog } from '../../src/steward/room-log.ts';
import { type QuickRoom, quickRoom } from '../support/quick-room.ts';
import { approved, residentRecords, uploadResidents } from '../support/small-room.ts';

const yearMs = 366 * 86_400_000;

let aheadMs = 0;
let room: QuickRoom;
let query: string;
let kept: Accepted[];
let snapshot: Accepted;
let state: string;
let objectsBefore: number;

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
  await pruneLog(officer(), snapshot.index, state);
  await pruneLog(officer(), snapshot.index, state);
  expect(await names('log/tile/entries')).toContain('000');
  expect((await readRoomLog(officer())).entries.has(0)).toBe(true);
  await pruneLog(officer('bureauDpo'), snapshot.index, state);
  expect(await names('log/tile/entries')).not.toContain('000');
  expect((await names('objects')).length).toBeLessThan(objectsBefore - 250);
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

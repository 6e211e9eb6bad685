/** The random source fails in the middle of an answer: the charge stands, nothing leaves, and one constant word is said. */
import { randomFillSync } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../../src/client/ask.ts';
import { clearQuery } from '../../src/client/lifecycle.ts';
import { type QuickRoom, quickRoom } from '../support/quick-room.ts';
import { approved, byDistrict, residentRecords, uploadResidents } from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let room: QuickRoom;
let query: string;
let isBroken = false;
beforeAll(async () => {
  const fill = (bytes: Uint8Array) => {
    if (isBroken) throw new Error('no entropy');
    randomFillSync(bytes);
  };
  // Broken from the moment the answer is charged until somebody mends it.
  room = await quickRoom({ fill, reached: (step) => void (isBroken ||= step === 'charged') });
  await uploadResidents(room, residentRecords([100, 50, 20]));
  query = await approved(room, { ...byDistrict, slotMs: 600 });
});
afterAll(() => room.close());

test('no answer leaves, none is stored, and the charge stands', async () => {
  const failed = ask(room.client('analyst'), query, 'planning', { sex: 'f' });
  await expect(failed).rejects.toMatchObject({ code: 'enclave-failed', status: 500 });
  expect(isBroken).toBe(true);
  const { entries, spent } = await verifiedLog(room.state);
  expect(entries.slice(-2).map(({ type }) => type)).toEqual(['query.charged', 'query.failed']);
  expect(spent.loss).toBe('1/8');
  expect(await readdir(join(room.state, 'releases')).catch(() => [])).toEqual([]);
});

test('nothing that needs randomness is done without', async () => {
  await expect(room.client('cityDpo').session()).rejects.toMatchObject({ code: 'enclave-failed', status: 500 });
  isBroken = false;
  await clearQuery(room.client('cityDpo'), query);
});

/** A failure at run time suspends its question, and only that, until a data protection officer has looked at it. */
import { AggregateQuery } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../../src/client/ask.ts';
import { clearQuery } from '../../src/client/lifecycle.ts';
import { enginesOf } from '../support/engine-processes.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { refusedCodes, verifiedLog } from '../support/verified-log.ts';

let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom({ rho: '2' });
  await uploadResidents(room, residentRecords([100, 50, 20]));
});
afterAll(() => room.close());

const put = (query: string, sex = 'f') => ask(room.client('analyst'), query, 'planning', { sex });
const suspended = async (query: string) =>
  (await room.client('cityDpo').catalogue()).queries.find(({ digest }) => digest === query)?.suspended;

/** Asks while the engine stands still: the slot ends before the answer is there. */
async function overrun(query: string, sex: string): Promise<void> {
  const [engine] = await enginesOf(room);
  process.kill(engine ?? 0, 'SIGSTOP');
  await expect(put(query, sex)).rejects.toMatchObject({ code: 'enclave-failed', status: 500 });
}

test('an overrun suspends the question: stored answers are repeated, no new one is charged', async () => {
  const [query, other] = [
    await approved(room),
    await approved(room, AggregateQuery.parse({ ...byDistrict, id: 'other' })),
  ];
  const first = await put(query, 'f');
  expect(await suspended(query)).toBeNull();
  await overrun(query, 'm');
  const { entries, spent } = await verifiedLog(room.state);
  const failed = entries.findIndex(({ type }) => type === 'query.failed');
  expect(await suspended(query)).toBe(failed);
  expect(spent.loss).toBe('1/4');

  await expect(put(query, 'm')).rejects.toMatchObject({ code: 'query-suspended', field: 'query', status: 422 });
  const repeat = await put(query, 'f');
  expect(repeat).toMatchObject({ isRepeat: true, document: first.document });
  expect((await put(other)).isRepeat).toBe(false);
  expect(refusedCodes(await verifiedLog(room.state))).toEqual(['query-suspended']);
  expect((await verifiedLog(room.state)).spent.loss).toBe('3/8');
});

test('a data protection officer clears it, nobody else, and only for the failure it was', async () => {
  const [known] = (await room.client('cityDpo').catalogue()).queries.filter((one) => one.suspended !== null);
  const query = known?.digest ?? '';
  await expect(clearQuery(room.client('steward'), query)).rejects.toMatchObject({ code: 'role-missing' });
  await expect(clearQuery(room.client('analyst'), query)).rejects.toMatchObject({ code: 'role-missing' });
  const other = { query, failed: (known?.suspended ?? 0) - 1 };
  await expect(room.client('cityDpo').act('query.clear', other)).rejects.toMatchObject({
    code: 'query-not-suspended',
    field: 'failed',
  });
  const unknown = { query: '0'.repeat(64), failed: 0 };
  await expect(room.client('cityDpo').act('query.clear', unknown)).rejects.toMatchObject({ code: 'query-unknown' });

  // The other party's officer: any one suffices.
  await clearQuery(room.client('bureauDpo'), query);
  expect(await suspended(query)).toBeNull();
  expect((await put(query, 'm')).isRepeat).toBe(false);
  await expect(clearQuery(room.client('cityDpo'), query)).rejects.toMatchObject({ code: 'query-not-suspended' });

  const { entries, spent } = await verifiedLog(room.state);
  expect(spent.loss).toBe('1/2');
  const cleared = entries.find(({ type }) => type === 'query.cleared');
  expect(entries[cleared?.caused ?? -1]?.type).toBe('query.failed');
});

test('suspended is what the log says, also after a restart', async () => {
  const query = await approved(room, AggregateQuery.parse({ ...byDistrict, id: 'again' }));
  await put(query, 'f');
  await overrun(query, 'm');
  const { door, enclave } = await room.rooms.room('small');
  door.close();
  await enclave.exited;
  expect(await suspended(query)).toEqual(expect.any(Number));
  await expect(put(query, 'm')).rejects.toMatchObject({ code: 'query-suspended' });
});

/** The engine's process is gone, as after running out of memory: one charge at most is lost, and the next question is answered. */
import { AggregateQuery } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { enginesOf } from '../support/engine-processes.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom({ rho: '2' });
  await uploadResidents(room, residentRecords([100, 50, 20]));
});
afterAll(() => room.close());

test('after its engine was killed the room fails at most once, and goes on with a fresh one', async () => {
  const question = (id: string) => approved(room, AggregateQuery.parse({ ...byDistrict, id }));
  const put = (query: string) => ask(room.client('analyst'), query, 'planning', { sex: 'f' });
  const [first, second, third] = [await question('first'), await question('second'), await question('third')];
  expect((await put(first)).isRepeat).toBe(false);
  const [engine, ...more] = await enginesOf(room);
  expect(more).toEqual([]);
  process.kill(engine ?? 0, 'SIGKILL');

  const failure = await put(second).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined) expect(failure).toMatchObject({ code: 'enclave-failed', status: 500 });
  expect((await put(third)).isRepeat).toBe(false);
  const [fresh] = await enginesOf(room);
  expect(fresh).not.toBe(engine);
  const { entries } = await verifiedLog(room.state);
  const failed = entries.filter(({ type }) => type === 'query.failed').length;
  expect(failed).toBe(failure === undefined ? 0 : 1);
  expect(entries.filter(({ type }) => type === 'query.charged')).toHaveLength(3);
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: { person: { loss: '3/8' } } });
});

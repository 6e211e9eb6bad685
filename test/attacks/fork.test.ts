/** A log that was copied and continued twice shows itself to its own members, and the room stops for good. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { expectProblem, plainStatement, post, signedBy } from '../support/raw-statement.ts';
import { copyOf, removeCopy, reopened } from '../support/reopened-room.ts';
import { type People, type SmallRoom, smallRoom } from '../support/small-room.ts';

let founded: SmallRoom;
let first: SmallRoom;
let second: SmallRoom;
let copy: string;

beforeAll(async () => {
  founded = await smallRoom();
  await founded.installation.close();
  copy = await copyOf(founded);
  first = await reopened(founded);
  second = await reopened(founded, copy);
});
afterAll(async () => {
  await first.close();
  await second.close();
  await founded.close();
  await removeCopy(copy);
});

const checkpointOf = async (room: SmallRoom) => (await room.client('steward').public.status()).checkpoint ?? '';
const sizeOf = (checkpoint: string) => Number(checkpoint.split('\n')[1]);

/** Submits a person's act that says it has seen a checkpoint. */
async function seen(room: SmallRoom, person: keyof People, checkpoint: string): Promise<Response> {
  const statement = await plainStatement(room, person, 'session.open', { scope: 'log' });
  const envelope = await signedBy(room, person, { ...statement, seen: checkpoint });
  return post(room, JSON.stringify({ envelope }));
}

async function expectStopped(room: SmallRoom): Promise<void> {
  const stopped = { code: 'room-stopped' };
  await expectProblem(await seen(room, 'cityDpo', await lastPublished(room)), stopped);
  await expectProblem(await fetch(`${room.installation.url}/rooms/small/log/checkpoint`), stopped);
  expect(await room.client('steward').public.status()).toMatchObject({ founded: true, stopped: true });
}

const lastPublished = (room: SmallRoom) => readFile(join(room.state, 'log', 'checkpoint'), 'utf8');

test('older and current checkpoints of the own log are welcome', async () => {
  const older = await checkpointOf(first);
  expect((await seen(first, 'steward', older)).status).toBe(200);
  expect((await seen(first, 'steward', older)).status).toBe(200);
  expect((await seen(first, 'steward', await checkpointOf(first))).status).toBe(200);
});

test('a checkpoint beyond the log’s own size stops the room', async () => {
  while (sizeOf(await checkpointOf(second)) <= sizeOf(await checkpointOf(first)))
    await second.client('steward').session();
  const beyond = await checkpointOf(second);
  const { size } = (await verifyState(first.state)) as { size: number };
  expect(sizeOf(beyond)).toBeGreaterThan(size);
  expect((await seen(first, 'analyst', beyond)).ok).toBe(false);
  await expectStopped(first);
  expect(await verifyState(first.state)).toMatchObject({ verified: true, size });
});

test('a checkpoint of another tree within the log’s size stops the room', async () => {
  const other = await lastPublished(first);
  expect(sizeOf(other)).toBeLessThan(sizeOf(await checkpointOf(second)));
  expect((await seen(second, 'analyst', other)).ok).toBe(false);
  await expectStopped(second);
  expect(await verifyState(second.state)).toMatchObject({ verified: true });
});

test('a stopped room stays stopped after a restart', async () => {
  await first.installation.close();
  first = await reopened(founded);
  await expectStopped(first);
});

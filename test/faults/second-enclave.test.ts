/** Two enclaves on one state directory: the second is turned away with a word, the first goes on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { RoomInUse } from '../../src/host/rooms.ts';
import { expectProblem } from '../support/raw-statement.ts';
import { reopened } from '../support/reopened-room.ts';
import { type SmallRoom, smallRoom } from '../support/small-room.ts';

let room: SmallRoom;
let second: SmallRoom;
beforeAll(async () => {
  room = await smallRoom();
  second = await reopened(room);
});
afterAll(async () => {
  await second.close();
  await room.close();
});

test('the second is turned away and says why', async () => {
  await expect(second.rooms.room('small')).rejects.toBeInstanceOf(RoomInUse);
  const status = () => fetch(`${second.installation.url}/rooms/small/status`);
  await expectProblem(await status(), { code: 'room-in-use' });
  await expectProblem(await status(), { code: 'room-in-use' });
});

test('the first goes on, and its log verifies', async () => {
  await room.client('steward').session();
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});

test('when the first has ended the second takes over where it was', async () => {
  const { size } = (await verifyState(room.state)) as { size: number };
  await room.installation.close();
  await second.client('steward').session();
  // One entry for the start, one for the session.
  expect(await verifyState(room.state)).toMatchObject({ verified: true, size: size + 2 });
});

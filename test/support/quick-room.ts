/** A small room founded in this process, without a sandbox: quick to start, and its randomness and its steps can be given. */
import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foundingOf, instanceOf } from '../../src/client/instance.ts';
import { RoomClient, RoomPublic, verifiedClaims } from '../../src/client/room-client.ts';
import { type InProcessOptions, type InProcessRoom, inProcessRoom } from './in-process-room.ts';
import { debtors, people, residents, type SmallRoom, signatures, template } from './small-room.ts';

/** A founded room. */
export interface QuickRoom
  extends Pick<SmallRoom, 'directory' | 'state' | 'client' | 'people'>,
    Pick<InProcessRoom, 'beat'> {
  /** Ends the enclave and starts another on the same state. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the room and founds it. Members go by its clock. */
export async function quickRoom(
  given: Partial<Pick<InProcessOptions, 'reached' | 'fill' | 'clock'>>,
): Promise<QuickRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-quick-'));
  const operatorKey = new Uint8Array(randomFillSync(new Uint8Array(32)));
  const measurement = '11'.repeat(32);
  const { clock = Date.now } = given;
  const options = { directory, measurement, operatorKey, ...given, clock };
  let room = await inProcessRoom(options);
  const address = () => ({ url: room.url, room: 'small', clock });
  const everyone = people();
  const cards = Object.values(everyone).map(({ member }) => member);
  const claims = await verifiedClaims(new RoomPublic(address()));
  const instance = instanceOf(template(), [residents, debtors], cards, claims);
  await new RoomPublic(address()).found(foundingOf(instance, await signatures(instance, everyone)));
  return {
    directory,
    state: join(directory, 'state'),
    beat: () => room.beat(),
    people: everyone,
    client: (person) => new RoomClient(address(), instance.charter, everyone[person]),
    async restart() {
      await room.close();
      room = await inProcessRoom(options);
    },
    async close() {
      await room.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

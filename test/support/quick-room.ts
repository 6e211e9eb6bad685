/** A small room founded in this process, without a sandbox: quick to start, and its randomness and its steps can be given. */
import { randomFillSync } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
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
  /** Ends the enclave and starts another, on a copy of the state: what an enclave holds open ends with its process. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the room and founds it. Members go by its clock. */
export async function quickRoom(
  given: Partial<Pick<InProcessOptions, 'reached' | 'fill' | 'clock'>>,
): Promise<QuickRoom> {
  const made = [await mkdtemp(join(tmpdir(), 'reinraum-quick-'))];
  const directory = () => made.at(-1) ?? '';
  const operatorKey = new Uint8Array(randomFillSync(new Uint8Array(32)));
  const measurement = '11'.repeat(32);
  const { clock = Date.now } = given;
  const options = { measurement, operatorKey, ...given, clock };
  let room = await inProcessRoom({ directory: directory(), ...options });
  const address = () => ({ url: room.url, room: 'small', clock });
  const everyone = people();
  const cards = Object.values(everyone).map(({ member }) => member);
  const claims = await verifiedClaims(new RoomPublic(address()));
  const instance = instanceOf(template(), [residents, debtors], cards, claims);
  await new RoomPublic(address()).found(foundingOf(instance, await signatures(instance, everyone)));
  return {
    get directory() {
      return directory();
    },
    get state() {
      return join(directory(), 'state');
    },
    beat: () => room.beat(),
    people: everyone,
    client: (person) => new RoomClient(address(), instance.charter, everyone[person]),
    async restart() {
      await room.close();
      const copy = await mkdtemp(join(tmpdir(), 'reinraum-quick-'));
      for (const part of ['state', 'uploads']) await cp(join(directory(), part), join(copy, part), { recursive: true });
      made.push(copy);
      room = await inProcessRoom({ directory: copy, ...options });
    },
    async close() {
      await room.close();
      for (const one of made) await rm(one, { recursive: true, force: true });
    },
  };
}

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
export interface QuickRoom extends Pick<SmallRoom, 'directory' | 'state' | 'client'>, Pick<InProcessRoom, 'beat'> {
  close(): Promise<void>;
}

/** Starts the room and founds it. */
export async function quickRoom(options: Pick<InProcessOptions, 'reached' | 'fill'>): Promise<QuickRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-quick-'));
  const operatorKey = new Uint8Array(randomFillSync(new Uint8Array(32)));
  const measurement = '11'.repeat(32);
  const room = await inProcessRoom({ directory, measurement, operatorKey, clock: Date.now, ...options });
  const address = { url: room.url, room: 'small' };
  const everyone = people();
  const cards = Object.values(everyone).map(({ member }) => member);
  const claims = await verifiedClaims(new RoomPublic(address));
  const instance = instanceOf(template(), [residents, debtors], cards, claims);
  await new RoomPublic(address).found(foundingOf(instance, await signatures(instance, everyone)));
  return {
    directory,
    state: join(directory, 'state'),
    beat: () => room.beat(),
    client: (person) => new RoomClient(address, instance.charter, everyone[person]),
    async close() {
      await room.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A small room whose enclave can be killed at a named moment (see `enclave-with-faults.ts`). */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SmallRoom, type SmallRoomOptions, smallRoom } from './small-room.ts';

const survivedAfterMs = 20_000;

/** A room with a switch for faults. */
export interface FaultyRoom {
  readonly room: SmallRoom;
  /** Sets the moment the enclave is killed at. */
  killAt(moment: string): Promise<void>;
  /** Waits until the enclave has been killed and clears the fault; the next request starts it again. */
  killed(): Promise<void>;
  close(): Promise<void>;
}

/** Founds the room with the entry that can fail. */
export async function faultyRoom(options: Omit<SmallRoomOptions, 'sandbox'> = {}): Promise<FaultyRoom> {
  const folder = await mkdtemp(join(tmpdir(), 'reinraum-faults-'));
  const entry = 'enclave-with-faults.ts';
  await copyFile(fileURLToPath(new URL('./enclave-with-faults.ts', import.meta.url)), join(folder, entry));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const sandbox = { entry: `/faults/${entry}`, extraReadOnly: [{ from: folder, to: '/faults' }] };
  const room = await smallRoom({ ...options, sandbox });
  const fault = join(folder, 'fault');
  let dying: Promise<unknown> | undefined;
  return {
    room,
    async killAt(moment) {
      const { enclave } = await room.rooms.room('small');
      dying = enclave.exited;
      await writeFile(fault, moment);
    },
    async killed() {
      const survived = setTimeout(survivedAfterMs, undefined, { ref: false }).then(() => {
        throw new Error('the enclave was not killed');
      });
      await Promise.race([dying, survived]);
      await rm(fault, { force: true });
    },
    async close() {
      await room.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

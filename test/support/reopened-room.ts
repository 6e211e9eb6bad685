/** A room's directory opened by another installation, as after a restart, on a copy, or beside the first. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../src/cli/root.ts';
import { RoomClient } from '../../src/client/room-client.ts';
import { serveInstallation } from '../../src/gateway/node.ts';
import { Rooms } from '../../src/host/rooms.ts';
import type { People, SmallRoom } from './small-room.ts';

/** A copy of everything an installation keeps. Remove it with {@link removeCopy}. */
export async function copyOf({ directory }: Pick<SmallRoom, 'directory'>): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'reinraum-copy-'));
  await cp(directory, copy, { recursive: true });
  return copy;
}

/** Removes a copy. */
export function removeCopy(copy: string): Promise<void> {
  return rm(copy, { recursive: true, force: true });
}

/** The same room in another installation; its enclave starts with the first request. */
export async function reopened(room: SmallRoom, directory: string = room.directory): Promise<SmallRoom> {
  const rooms = new Rooms({ appDirectory: repositoryRoot, directory });
  const installation = await serveInstallation({
    rooms,
    port: 0,
    accessLog: (line) => room.accessLog.push(line),
  });
  const address = { url: installation.url, room: 'small' };
  return {
    ...room,
    directory,
    state: join(directory, 'rooms', 'small', 'state'),
    uploads: join(directory, 'rooms', 'small', 'uploads'),
    rooms,
    installation,
    client: (person: keyof People) => new RoomClient(address, room.instance.charter, room.people[person]),
    close: () => installation.close(),
  };
}

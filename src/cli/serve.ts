/** `reinraum serve`: host and gateway of an installation. */
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { type HostAddress, pinoAccessLog, serveInstallation } from '../gateway/node.ts';
import { RoomInUse, Rooms, type RoomsOptions } from '../host/rooms.ts';
import { tokenFromFile } from '../host/token-file.ts';
import { say } from './output.ts';
import { repositoryRoot } from './root.ts';
import { servedScreens } from './screens.ts';
import { wordsFor } from './words.ts';

interface ServeWords {
  readonly state: string;
  readonly room?: string[];
  readonly port: string;
  readonly hostname: string;
  readonly hostPort?: string;
  readonly hostHostname: string;
  readonly hostTokenFile?: string;
}

/** What is said of a room somebody should look at. */
const alarms = {
  'quorum-missing':
    'Zu wenige Zeugen antworten; keine Antwort verlässt den Raum. / Too few witnesses answer; no answer leaves the room.',
  'rolled-back':
    'ALARM: Die Zeugen kennen Einträge, die diesem Zustand fehlen – eine ältere oder zweite Kopie. Der Raum ist geschlossen. / ALARM: The witnesses know entries this state does not have – an older or a second copy. The room is closed.',
} as const;

/** How often and how long apart a lock is tried that a killed predecessor's enclave may hold for a moment longer. */
const lockAttemptsMax = 20;
const lockWaitMs = 250;

/** Adds the command. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve the rooms of an installation until interrupted')
    .requiredOption('--state <directory>', 'directory of the installation')
    .option('--room <name...>', 'rooms to make ready for founding, beside those there are')
    .option('--port <port>', 'port of the gateway', '8480')
    .option('--hostname <name>', 'address the gateway listens on', '127.0.0.1')
    .option('--host-port <port>', 'offer the host’s API to a gateway elsewhere on this port; needs --host-token-file')
    .option('--host-hostname <name>', 'address the host’s API listens on', '127.0.0.1')
    .option('--host-token-file <file>', 'token of that gateway; made with mode 0600 where there is none')
    .action(async (options: ServeWords) => {
      const host = await hostAddress(options);
      const alarm: RoomsOptions['alarm'] = (room, what) => say(`room "${room}": ${alarms[what]}`);
      const rooms = new Rooms({ appDirectory: repositoryRoot, directory: resolve(options.state), fetch, alarm });
      const { hostname } = options;
      const stop = interrupted();
      const installation = await serveInstallation({
        rooms,
        port: Number(options.port),
        hostname,
        accessLog: pinoAccessLog(),
        ...(host ? { host } : {}),
        ...(await servedScreens()),
      });
      for (const name of new Set([...(await rooms.names()), ...(options.room ?? [])])) await openRoom(rooms, name);
      say(`serving on ${installation.url}`);
      if (host) say(`host API on ${installation.hostUrl}`);
      await stop;
      await installation.close();
    });
}

/** Where the host's API is offered to others; nowhere unless a port and a token are given. */
async function hostAddress({ hostPort, hostHostname, hostTokenFile }: ServeWords): Promise<HostAddress | undefined> {
  if (hostPort === undefined && hostTokenFile === undefined) {
    if (hostHostname !== '127.0.0.1') throw new Error('--host-hostname: needs --host-port and --host-token-file');
    return undefined;
  }
  if (hostPort === undefined)
    throw new Error('--host-token-file: needs --host-port, the port to offer the host’s API on');
  if (hostTokenFile === undefined)
    throw new Error('--host-port: needs --host-token-file, the token the gateway will show');
  const port = /^\d{1,5}$/.test(hostPort) ? Number(hostPort) : Number.NaN;
  if (!(port <= 65_535)) throw new Error('--host-port: needs a number from 0 to 65535');
  return { port, hostname: hostHostname, token: await tokenFromFile(resolve(hostTokenFile)) };
}

/** Opens a room, or says why it does not open: the others are served all the same, and a request tries this one again. */
async function openRoom(rooms: Rooms, name: string): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    try {
      await rooms.room(name);
      return;
    } catch (error) {
      if (error instanceof RoomInUse && attempts < lockAttemptsMax) {
        await setTimeout(lockWaitMs);
        continue;
      }
      say(`room "${name}" does not open: ${wordsFor(error)}`);
      return;
    }
  }
}

/** Resolves at the first SIGINT or SIGTERM. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

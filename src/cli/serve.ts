/** `reinraum serve`: host and gateway of an installation. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type HostAddress, pinoAccessLog, serveInstallation } from '../gateway/node.ts';
import { Rooms } from '../host/rooms.ts';
import { tokenFromFile } from '../host/token-file.ts';
import { say } from './output.ts';
import { repositoryRoot } from './root.ts';
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
      const rooms = new Rooms({ appDirectory: repositoryRoot, directory: resolve(options.state) });
      const { hostname } = options;
      const installation = await serveInstallation({
        rooms,
        port: Number(options.port),
        hostname,
        accessLog: pinoAccessLog(),
        ...(host ? { host } : {}),
      });
      for (const name of new Set([...(await rooms.names()), ...(options.room ?? [])])) {
        // A room that does not open says so, here and at every request; the others are served.
        await rooms.room(name).catch((error: unknown) => say(`room "${name}" does not open: ${wordsFor(error)}`));
      }
      say(`serving on ${installation.url}`);
      if (host) say(`host API on ${installation.hostUrl}`);
      await interrupted();
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

/** Resolves at the first SIGINT or SIGTERM. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

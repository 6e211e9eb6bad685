/** `reinraum serve`: host and gateway of an installation. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { pinoAccessLog, serveInstallation } from '../gateway/node.ts';
import { Rooms } from '../host/rooms.ts';
import { say } from './output.ts';
import { repositoryRoot } from './root.ts';

/** Adds the command. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve the rooms of an installation until interrupted')
    .requiredOption('--state <directory>', 'directory of the installation')
    .option('--room <name...>', 'rooms to make ready for founding, beside those there are')
    .option('--port <port>', 'port of the gateway', '8480')
    .option('--hostname <name>', 'address the gateway listens on', '127.0.0.1')
    .action(async (options: { state: string; room?: string[]; port: string; hostname: string }) => {
      const rooms = new Rooms({ appDirectory: repositoryRoot, directory: resolve(options.state) });
      const { hostname } = options;
      const installation = await serveInstallation({
        rooms,
        port: Number(options.port),
        hostname,
        accessLog: pinoAccessLog(),
      });
      for (const name of new Set([...(await rooms.names()), ...(options.room ?? [])])) await rooms.room(name);
      say(`serving on ${installation.url}`);
      await interrupted();
      await installation.close();
    });
}

/** Resolves at the first SIGINT or SIGTERM. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

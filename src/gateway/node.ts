/** The Node entry: host API on a loopback port of its own, gateway in front of it, both in this process. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { pino } from 'pino';
import { hostApi } from '../host/api.ts';
import type { Rooms } from '../host/rooms.ts';
import { type AccessLine, gateway } from './app.ts';

/** A running installation. */
export interface Installation {
  /** Where the gateway answers. */
  readonly url: string;
  close(): Promise<void>;
}

/** How an installation is served. */
export interface ServeOptions {
  readonly rooms: Rooms;
  /** 0 for any free port. */
  readonly port: number;
  readonly hostname?: string;
  /** Where the access log goes. Default: nowhere. */
  readonly accessLog?: (line: AccessLine) => void;
}

/** An access log in JSON lines on standard error; everything but the four fields of a line is removed. */
export function pinoAccessLog(): (line: AccessLine) => void {
  const logger = pino(
    {
      base: null,
      redact: { paths: ['*.authorization', '*.envelope', '*.opening', 'headers', 'body', 'url'], remove: true },
    },
    pino.destination(2),
  );
  return ({ method, route, status, durationMs }) => logger.info({ method, route, status, durationMs });
}

/** Serves the rooms until closed; closing ends the enclaves. */
export async function serveInstallation({
  rooms,
  port,
  hostname = '127.0.0.1',
  accessLog,
}: ServeOptions): Promise<Installation> {
  const token = randomBytes(32).toString('hex');
  const host = await listen(hostApi({ rooms, token }).fetch, 0, '127.0.0.1');
  const app = gateway({
    hostUrl: host.url,
    hostToken: token,
    fetch,
    clock: () => performance.now(),
    log: accessLog ?? (() => {}),
  });
  const front = await listen(app.fetch, port, hostname);
  return {
    url: front.url,
    async close() {
      await front.close();
      await host.close();
      await rooms.close();
    },
  };
}

async function listen(handler: (request: Request) => Response | Promise<Response>, port: number, hostname: string) {
  const { server, info } = await new Promise<{ server: ReturnType<typeof serve>; info: AddressInfo }>(
    (resolve, reject) => {
      const server = serve({ fetch: handler, port, hostname }, (info) => resolve({ server, info }));
      server.once('error', reject);
    },
  );
  return {
    url: `http://${hostname}:${info.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

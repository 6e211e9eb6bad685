/** The Node entry: host API on a loopback port of its own, gateway in front of it, both in this process. */
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { hostApi } from '../host/api.ts';
import type { Rooms } from '../host/rooms.ts';
import { type AccessLine, gateway } from './app.ts';
import { listen } from './listen.ts';
import { screenFiles } from './screen-files.ts';

/** A running installation. */
export interface Installation {
  /** Where the gateway answers. */
  readonly url: string;
  /** Where the host's API answers whoever shows its token. */
  readonly hostUrl: string;
  close(): Promise<void>;
}

/** How the host's API is offered to gateways elsewhere, such as a Worker. It speaks plain HTTP. */
export interface HostAddress {
  /** 0 for any free port. */
  readonly port: number;
  readonly hostname: string;
  /** What a gateway must show; who has it can send, delay and drop, but not read, alter or sign. */
  readonly token: string;
}

/** How an installation is served. */
export interface ServeOptions {
  readonly rooms: Rooms;
  /** 0 for any free port. */
  readonly port: number;
  readonly hostname?: string;
  /** Folder of the built screens. Default: none are served. */
  readonly screens?: string;
  /** Where the access log goes. Default: nowhere. */
  readonly accessLog?: (line: AccessLine) => void;
  /** Default: any free port of the loopback address and a random token nobody else knows. */
  readonly host?: HostAddress;
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
  screens,
  accessLog,
  host: address = { port: 0, hostname: '127.0.0.1', token: randomBytes(32).toString('hex') },
}: ServeOptions): Promise<Installation> {
  const host = await listen(hostApi({ rooms, token: address.token }).fetch, address.port, address.hostname);
  const app = gateway({
    hostUrl: host.url,
    hostToken: address.token,
    fetch,
    clock: () => performance.now(),
    log: accessLog ?? (() => {}),
    ...(screens === undefined ? {} : { assets: screenFiles(screens) }),
  });
  const front = await listen(app.fetch, port, hostname).catch(async (error: unknown) => {
    await host.close();
    throw error;
  });
  return {
    url: front.url,
    hostUrl: host.url,
    async close() {
      await front.close();
      await host.close();
      await rooms.close();
    },
  };
}

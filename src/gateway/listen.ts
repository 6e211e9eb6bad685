/** A fetch handler behind an address of this machine. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';

/** A server that listens. */
export interface Listening {
  /** With the port it got. */
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Serves until closed; resolves once it listens, rejects where the address is taken. Port 0 is any free one. */
export async function listen(
  handler: (request: Request) => Response | Promise<Response>,
  port: number,
  hostname: string,
): Promise<Listening> {
  const { server, info } = await new Promise<{ server: ReturnType<typeof serve>; info: AddressInfo }>(
    (resolve, reject) => {
      const server = serve({ fetch: handler, port, hostname }, (info) => resolve({ server, info }));
      server.once('error', reject);
    },
  );
  return {
    url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${info.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

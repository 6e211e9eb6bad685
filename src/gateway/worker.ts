/** The Workers entry: the same gateway, in front of a host elsewhere. */
import { pieceBytesMax } from '../host/limits.ts';
import { gateway } from './app.ts';
import type { Assets } from './assets.ts';
import { discardBody } from './discard-body.ts';

/** Bindings of `wrangler.toml`; the token is a secret. */
export interface Bindings {
  readonly HOST_URL: string;
  readonly HOST_TOKEN: string;
  /** Files of the application, where the deployment has them. */
  readonly ASSETS?: { readonly fetch: Assets };
}

/** One gateway for all requests: bindings do not change while an isolate lives. */
let running: { readonly bindings: Bindings; readonly app: ReturnType<typeof gateway> } | undefined;

export default {
  async fetch(request: Request, bindings: Bindings): Promise<Response> {
    if (running?.bindings !== bindings) running = { bindings, app: gateway(optionsOf(bindings)) };
    const answer = await running.app.fetch(request);
    if (!request.bodyUsed) await discardBody(request.body, 2 * pieceBytesMax);
    return answer;
  },
};

function optionsOf({ HOST_URL, HOST_TOKEN, ASSETS }: Bindings): Parameters<typeof gateway>[0] {
  const assets = ASSETS ? { assets: (request: Request) => ASSETS.fetch(request) } : {};
  return { hostUrl: HOST_URL, hostToken: HOST_TOKEN, fetch, clock: () => Date.now(), log: () => {}, ...assets };
}

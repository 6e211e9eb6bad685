/** The Workers entry: the same gateway, in front of a host elsewhere. */
import { gateway } from './app.ts';

/** Bindings of `wrangler.toml`; the token is a secret. */
export interface Bindings {
  readonly HOST_URL: string;
  readonly HOST_TOKEN: string;
}

export default {
  fetch(request: Request, { HOST_URL, HOST_TOKEN }: Bindings): Response | Promise<Response> {
    const options = { hostUrl: HOST_URL, hostToken: HOST_TOKEN, fetch, clock: () => Date.now(), log: () => {} };
    return gateway(options).fetch(request);
  },
};

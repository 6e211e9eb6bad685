/** The Workers entry: the same witness, its key a secret, its state in Durable Objects. */
import { cosigner, parsePolicyLogs } from '@reinraum/audit/verifier';
import { discardBody } from '../gateway/discard-body.ts';
import { witnessApp } from './app.ts';
import { type HeadObjects, objectStore, WitnessedLog } from './object-store.ts';
import { parseWitnessKey } from './witness-key.ts';

/** Bindings of `src/witness/wrangler.toml`; the key is a secret. */
export interface Bindings {
  /** What `witness keygen` wrote. */
  readonly WITNESS_KEY: string;
  /** Lines `log <vkey>`, or a whole policy. */
  readonly WITNESS_LOGS: string;
  readonly HEADS: HeadObjects;
}

/** One app for all requests: bindings do not change while an isolate lives. */
let running: { readonly bindings: Bindings; readonly app: ReturnType<typeof witnessApp> } | undefined;

/** Bytes of a refused body that are read on. */
const discardedBytesMax = 1_000_000;

export default {
  async fetch(request: Request, bindings: Bindings): Promise<Response> {
    if (running?.bindings !== bindings) running = { bindings, app: appOf(bindings) };
    const answer = await running.app.fetch(request);
    if (!request.bodyUsed) await discardBody(request.body, discardedBytesMax);
    return answer;
  },
};

// Workers find the class of an object among the exports of the entry.
export { WitnessedLog };

/** Throws an `Error` that says which binding is wrong, never what is in it. */
function appOf({ WITNESS_KEY, WITNESS_LOGS, HEADS }: Bindings): ReturnType<typeof witnessApp> {
  const key = parseWitnessKey(WITNESS_KEY);
  if (!key) throw new Error('WITNESS_KEY: not a key of "witness keygen"');
  const signer = cosigner(key.name, key.key, () => BigInt(Math.floor(Date.now() / 1000)));
  return witnessApp({
    cosigner: signer,
    logs: parsePolicyLogs(WITNESS_LOGS).map(({ key }) => key),
    store: objectStore(HEADS, signer.vkey),
    clock: () => Date.now(),
    log: () => {},
  });
}

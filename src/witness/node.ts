/** The witness on Node: key, lock, state file and server. */
import { stat } from 'node:fs/promises';
import { cosigner, type LogVerifier } from '@reinraum/audit';
import { type Listening, listen } from '../gateway/listen.ts';
import { type WitnessAccessLine, witnessApp } from './app.ts';
import { FileStore, WitnessStateError } from './file-store.ts';
import { lockDirectory } from './lock.ts';
import type { WitnessKey } from './witness-key.ts';

/** How a witness is run. */
export interface ServeWitnessOptions {
  readonly key: WitnessKey;
  readonly logs: readonly LogVerifier[];
  /** Directory of the state, made together with the key. */
  readonly state: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly hostname: string;
  /** The machine's clock, in milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly accessLog?: (line: WitnessAccessLine) => void;
  /** Told once when a write has failed: nothing is cosigned any more until a new start. Must not throw. */
  readonly onFailure?: (cause: unknown) => void;
}

/**
 * Serves the witness until closed. Throws {@link WitnessStateError} where the state is not there, damaged, another key's or in
 * use, `RangeError` where a log has the witness's key, and the error of the network where the address is taken.
 */
export async function serveWitness(options: ServeWitnessOptions): Promise<Listening> {
  const { key, logs, state, port, hostname, nowMs, accessLog, onFailure } = options;
  // Before the lock, which would make a file in whatever directory was named by mistake.
  if (!(await stat(state).catch(() => undefined))?.isDirectory()) throw new WitnessStateError('state-missing');
  const lock = await lockDirectory(state);
  try {
    const signer = cosigner(key.name, key.key, () => BigInt(Math.floor(nowMs() / 1000)));
    const store = await FileStore.open({ directory: state, vkey: signer.vkey, ...(onFailure && { onFailure }) });
    const app = witnessApp({
      cosigner: signer,
      logs,
      store,
      clock: () => performance.now(),
      log: accessLog ?? (() => {}),
    });
    const server = await listen(app.fetch, port, hostname);
    return {
      url: server.url,
      async close() {
        await server.close();
        await store.close();
        await lock.close();
      },
    };
  } catch (error) {
    await lock.close();
    throw error;
  }
}

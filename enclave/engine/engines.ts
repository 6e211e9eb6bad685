/** The warm engine: one process for the admitted datasets, ended and started afresh whenever they change. */
import type { Engine } from './duckdb.ts';

/** Starts an engine with everything admitted loaded and locked. */
export type StartEngine = () => Promise<Engine>;

/** Holds at most one engine. Owns its process. */
export class Engines {
  readonly #start: StartEngine;
  #current: Promise<Engine> | undefined;

  constructor(start: StartEngine) {
    this.#start = start;
  }

  /** The engine with the datasets admitted now. Rejects where one of them cannot be loaded; the next call tries again. */
  async ready(): Promise<Engine> {
    for (;;) {
      this.#current ??= this.#start();
      const current = this.#current;
      const engine = await current.catch((error: unknown) => {
        this.#forget(current);
        throw error;
      });
      if (engine.isAlive) return engine;
      // Killed, for lack of memory or from outside: nobody may be charged for an engine that can never answer.
      this.#forget(current);
    }
  }

  /** Datasets have changed: ends the process, and with it everything it held. */
  async renew(): Promise<void> {
    const before = this.#current;
    this.#current = undefined;
    (await before?.catch(() => undefined))?.close();
  }

  /** Forgets an engine, unless another has taken its place already. */
  #forget(engine: Promise<Engine>): void {
    if (this.#current === engine) this.#current = undefined;
  }
}

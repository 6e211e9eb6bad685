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
  ready(): Promise<Engine> {
    this.#current ??= this.#start();
    this.#current.catch(() => {
      this.#current = undefined;
    });
    return this.#current;
  }

  /** Datasets have changed: ends the process, and with it everything it held. */
  async renew(): Promise<void> {
    const before = this.#current;
    this.#current = undefined;
    (await before?.catch(() => undefined))?.close();
  }
}

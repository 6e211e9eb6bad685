/** Answer slots: what an answer took is not to be seen from outside (privacy.md "Not public"). */
import { setTimeout } from 'node:timers/promises';

/** One slot, begun when it is made. */
export class Slot {
  readonly #clock: () => number;
  readonly #endsAt: number;

  constructor(clock: () => number, slotMs: number) {
    this.#clock = clock;
    this.#endsAt = clock() + slotMs;
  }

  /** What `work` comes to, if it comes within the slot; rejects at the end of the slot otherwise. */
  async within<T>(work: Promise<T>): Promise<T> {
    const abort = new AbortController();
    const over = setTimeout(Math.max(0, this.#endsAt - this.#clock()), undefined, abort).then(() => {
      throw new Error('slot: overrun');
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      abort.abort();
      over.catch(() => undefined);
    }
  }

  /** Waits for the end of the slot. Throws when it is over already: an overrun is a failure. */
  async end(): Promise<void> {
    const leftMs = this.#endsAt - this.#clock();
    if (leftMs < 0) throw new Error('slot: overrun');
    await setTimeout(leftMs);
  }
}

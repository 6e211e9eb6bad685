/** Short-lived log sessions: a member signed for reading, the log says so, and the token ends with the process. */
import { formatInstant, toHex } from '@reinraum/protocol';
import { sessionMs, sessionsMax } from './limits.ts';
import type { FillRandom } from './privacy/bits.ts';

/** Sessions of one process, in memory only. */
export class Sessions {
  readonly #untilMs = new Map<string, number>();
  readonly #clock: () => number;
  readonly #fill: FillRandom;

  constructor(clock: () => number, fill: FillRandom) {
    this.#clock = clock;
    this.#fill = fill;
  }

  /** When a session opened now would end. */
  nextEnd(): string {
    return formatInstant(this.#clock() + sessionMs);
  }

  /** Opens a session; beyond the limit the oldest ends. */
  open(until: string): { readonly token: string; readonly until: string } {
    const secret = new Uint8Array(32);
    this.#fill(secret);
    const token = toHex(secret);
    const [oldest] = this.#untilMs.keys();
    if (oldest !== undefined && this.#untilMs.size >= sessionsMax) this.#untilMs.delete(oldest);
    this.#untilMs.set(token, Date.parse(until));
    return { token, until };
  }

  isOpen(token: string | null): boolean {
    const untilMs = token === null ? undefined : this.#untilMs.get(token);
    if (token === null || untilMs === undefined) return false;
    if (untilMs >= this.#clock()) return true;
    this.#untilMs.delete(token);
    return false;
  }
}

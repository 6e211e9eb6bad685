/** Short-lived log sessions: a member signed for reading, the log says so, and the token ends with the process. */
import { formatInstant, toHex } from '@reinraum/protocol';
import { sessionMs, sessionsMax } from './limits.ts';
import type { FillRandom } from './privacy/bits.ts';

/** Sessions of one process, in memory only. */
export class Sessions {
  readonly #open = new Map<string, { readonly untilMs: number; readonly member: string }>();
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
  open(until: string, member: string): { readonly token: string; readonly until: string } {
    const secret = new Uint8Array(32);
    this.#fill(secret);
    const token = toHex(secret);
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size >= sessionsMax) this.#open.delete(oldest);
    this.#open.set(token, { untilMs: Date.parse(until), member });
    return { token, until };
  }

  isOpen(token: string | null): boolean {
    return this.memberOf(token) !== undefined;
  }

  /** Reference of the member whose open session this is. */
  memberOf(token: string | null): string | undefined {
    const session = token === null ? undefined : this.#open.get(token);
    if (token === null || session === undefined) return undefined;
    if (session.untilMs >= this.#clock()) return session.member;
    this.#open.delete(token);
    return undefined;
  }

  /** Ends every session of a member, by reference: the key that opened them is nobody's any more. */
  endOf(member: string): void {
    for (const [token, session] of this.#open) if (session.member === member) this.#open.delete(token);
  }
}

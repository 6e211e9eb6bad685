/**
 * What has to be witnessed before it is told (docs/spec/witness.md §6): an entry is final once a checkpoint that includes it has
 * the cosignatures of a quorum. The host carries checkpoints out and cosignatures in; it is not believed, they are.
 */
import { setTimeout } from 'node:timers/promises';
import {
  EvidenceError,
  evaluatePolicy,
  formatNote,
  isSameKey,
  type Log,
  type NoteSignature,
  type Policy,
  type PublishedHead,
  parseNote,
  TrustError,
} from '@reinraum/audit';
import { Refusal } from '@reinraum/protocol';
import { quorumWaitMs, waitingMax } from './limits.ts';

/** Checkpoints that were handed out and may still come back cosigned. */
const offeredMax = 8;

interface Waiting {
  readonly size: number;
  readonly resolve: () => void;
}

/** The witnessed part of one room's log, in one run of the process. Without a policy everything published is final. */
export class Finality {
  readonly #policy: Policy | undefined;
  readonly #log: Pick<Log, 'published' | 'attach'>;
  readonly #offered = new Map<number, PublishedHead>();
  /** Nothing is believed of what was witnessed before this process: a start is an entry of its own. */
  #final: PublishedHead | undefined;
  #waiting: Waiting[] = [];
  #idle: (() => void)[] = [];

  constructor(policy: Policy | undefined, log: Pick<Log, 'published' | 'attach'>) {
    this.#policy = policy;
    this.#log = log;
  }

  /** The head receipts are given at: witnessed, where the room has witnesses. */
  get head(): PublishedHead {
    return (this.#policy && this.#final) ?? this.#log.published;
  }

  /** Published entries that are not final yet; null in a room without witnesses. */
  get unwitnessed(): number | null {
    return this.#policy ? this.#log.published.size - (this.#final?.size ?? 0) : null;
  }

  /** A checkpoint to be witnessed, as soon as there is one; null in a room without witnesses. */
  async next(): Promise<PublishedHead | null> {
    if (!this.#policy) return null;
    while (this.#log.published.size <= (this.#final?.size ?? 0)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    const head = this.#log.published;
    this.#offered.set(head.size, head);
    for (const size of this.#offered.keys()) if (this.#offered.size > offeredMax) this.#offered.delete(size);
    return head;
  }

  /** The log has grown. */
  grown(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * Takes cosignature lines for a checkpoint that was handed out; true where it is witnessed now. What is not a quorum of
   * valid cosignatures of the charter's witnesses changes nothing.
   */
  async cosigned(size: number, lines: string): Promise<boolean> {
    const head = this.#offered.get(size);
    if (!this.#policy || !head) return false;
    const found = await witnessed(this.#policy, head.note, lines);
    if (!found || size <= (this.#final?.size ?? 0)) return found !== undefined;
    this.#final = { ...head, note: found.note };
    const due = this.#waiting.filter((one) => one.size <= size);
    this.#waiting = this.#waiting.filter((one) => one.size > size);
    for (const { resolve } of due) resolve();
    await this.#log.attach(size, found.cosignatures);
    return true;
  }

  /** Whether the first `size` entries are final. */
  isFinal(size: number): boolean {
    return !this.#policy || size <= (this.#final?.size ?? 0);
  }

  /** Resolves once the first `size` entries are final, however long that takes. */
  async whenFinal(size: number): Promise<void> {
    if (!this.isFinal(size)) await new Promise<void>((resolve) => this.#waiting.push({ size, resolve }));
  }

  /** Resolves once the first `size` entries are final. Throws {@link Refusal} `quorum-missing` where that takes too long. */
  async until(size: number): Promise<void> {
    if (this.isFinal(size)) return;
    if (this.#waiting.length >= waitingMax) throw new Refusal('quorum-missing');
    const abort = new AbortController();
    const waiting = Promise.withResolvers<'final'>();
    const own: Waiting = { size, resolve: () => waiting.resolve('final') };
    this.#waiting.push(own);
    const over = setTimeout(quorumWaitMs, 'over' as const, abort).catch(() => 'over' as const);
    const outcome = await Promise.race([waiting.promise, over]);
    abort.abort();
    this.#waiting = this.#waiting.filter((one) => one !== own);
    if (outcome === 'over') throw new Refusal('quorum-missing');
  }
}

interface Witnessed {
  readonly note: string;
  readonly cosignatures: readonly NoteSignature[];
}

/** The note with the valid cosignatures of the policy's witnesses and no other lines, where they are a quorum. */
async function witnessed(policy: Policy, note: string, lines: string): Promise<Witnessed | undefined> {
  try {
    const { text, signatures } = parseNote(note);
    const added = parseNote(`${text}\n${lines}`);
    // An empty line among them would have moved the end of the signed text.
    if (added.text !== text) return undefined;
    const whole = formatNote({ text, signatures: [...signatures, ...added.signatures] });
    const { quorum, checkpoint } = await evaluatePolicy(policy, whole);
    if (!quorum) return undefined;
    const cosignatures = checkpoint.verified.filter((one) => policy.witnesses.some(({ key }) => isSameKey(key, one)));
    return { note: formatNote({ text, signatures: [...signatures, ...cosignatures] }), cosignatures };
  } catch (error) {
    if (error instanceof EvidenceError || error instanceof TrustError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * `audit verify`: the whole log in one pass, offline – checkpoint signature, root from the bundles, every tile, every
 * entry against every rule (audit-log.md "Replay"). Names the first entry that breaks something.
 */
import { type LogEntry } from '@reinraum/protocol';
import { ahead } from './ahead.ts';
import { atOnce } from './at-once.ts';
import { EvidenceError, TrustError } from './evidence-error.ts';
import { examine, type ReadObject, taken } from './examine.ts';
import type { Fetch } from './fetch-tile.ts';
import { evaluatePolicy } from './policy.ts';
import { LogReader } from './reader.ts';
import { Replay } from './replay.ts';
import { notPruned, type Resumption, resumption } from './resumption.ts';
import { mayBeginAt } from './retention-rules.ts';
import type { Room } from './room.ts';
import { charterNamedIn, logKeyOf, policyOf } from './room-policy.ts';
import { Broken } from './rule.ts';

/** What was verified, or the first thing that is wrong. */
export type Verdict =
  | {
      readonly verified: true;
      readonly size: number;
      /** First entry that was replayed: 0, or the snapshot behind which everything is kept. */
      readonly from: number;
      readonly room: Room;
    }
  | {
      readonly verified: false;
      /** First entry known to be affected; null where the fault is not at an entry. */
      readonly entry: number | null;
      /** A rule of replay, or a code of the evidence. */
      readonly rule: string;
      readonly message: string;
    };

/** Where a log comes from, and which room it must be; without `room` the log names itself. */
export interface Evidence {
  readonly fetch: Fetch;
  readonly readObject: ReadObject;
  /** Objects asked for at once; default 32, half of what an enclave works on, which may be asked by others too. */
  readonly readsAtOnce?: number;
  readonly room?: string;
  /** Told where the fold begins, if it is not at the first entry: those before it were pruned. */
  readonly resumed?: (start: Resumption) => void;
  /** Shown every entry once it is proved; may throw {@link Broken} where it knows of something that contradicts it. */
  readonly each?: (index: number, bytes: Uint8Array, size: number, entry: LogEntry) => void;
}

/**
 * Bundles whose entries are examined – objects read, signatures verified, all at once – ahead of the one whose entries are
 * folded. More would not be faster, and an entry may rest on 16 objects of 16 KiB, which wait in memory.
 */
const bundlesAhead = 3;

/**
 * Verifies a log. Never throws on bad evidence. What is examined ahead is judged in its turn: the verdict is the one that a
 * verifier which looks at one entry after another comes to.
 */
export async function verifyLog({
  fetch,
  readObject,
  readsAtOnce = 32,
  room,
  resumed,
  each,
}: Evidence): Promise<Verdict> {
  let index: number | null = null;
  try {
    const { reader, named } = await readerOf(fetch, readObject, room);
    const head = await reader.checkpoint();
    const start = await resumption(reader, head, readObject);
    const { index: from, replay } = start ?? { index: 0, replay: new Replay(readObject) };
    if (start) resumed?.(start);
    const read = atOnce(readsAtOnce, readObject);
    const bundles = ahead(reader.bundles(head, from), bundlesAhead, async ({ index: first, entries }) => ({
      first,
      entries,
      outcomes: await Promise.allSettled(entries.map((entry) => examine(entry, read))),
    }));
    for await (const { first, entries, outcomes } of bundles) {
      for (const [at, bytes] of entries.entries()) {
        if (first + at < from) continue;
        index = first + at;
        const entry = await replay.apply(taken(outcomes[at] ?? unexamined));
        if (entry.room !== named)
          throw new Broken('room', 'the log is signed for another room than its entries are of');
        each?.(index, bytes, head.size, entry);
      }
    }
    if (from > 0 && !mayBeginAt(replay.room, from)) throw notPruned();
    if (!replay.room) throw new Broken('founding', 'the log is empty');
    const policy = policyOf(replay.room.charter, replay.room.id);
    if (policy && !(await evaluatePolicy(policy, head.note)).quorum) {
      throw new TrustError('quorum-missing', 'too few of the charter’s witnesses have cosigned the checkpoint');
    }
    return { verified: true, size: head.size, from, room: replay.room };
  } catch (error) {
    return wrong(error, index);
  }
}

const unexamined = { status: 'rejected', reason: new Error('verify: an entry was not examined') } as const;

/** The reader of a log whose key stands in the charter its checkpoint names. */
async function readerOf(
  fetch: Fetch,
  readObject: ReadObject,
  expected: string | undefined,
): Promise<{ readonly reader: LogReader; readonly named: string }> {
  const note = await fetch('checkpoint');
  if (!note) throw new EvidenceError('checkpoint-missing', 'no checkpoint', { path: 'checkpoint' });
  const { charter, room } = await charterNamedIn(note, readObject, expected);
  return { reader: new LogReader(fetch, logKeyOf(charter, room)), named: room };
}

function wrong(error: unknown, index: number | null): Verdict {
  if (error instanceof Broken) return { verified: false, entry: index, rule: error.rule, message: error.message };
  if (error instanceof EvidenceError) {
    return { verified: false, entry: error.entryIndex ?? null, rule: error.code, message: error.message };
  }
  if (error instanceof TrustError) return { verified: false, entry: null, rule: error.code, message: error.message };
  return { verified: false, entry: index, rule: 'unreadable', message: 'the evidence cannot be read' };
}

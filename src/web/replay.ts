/** Replaying a room's whole log in the browser, and what it tells about questions. */
import { type Verdict, verifyLog } from '@reinraum/audit/verifier';
import type { EntryOf, LogEntry } from '@reinraum/protocol';
import type { OpenRoom } from './open-room.ts';

/** Events of the register: who asked what, when, and what became of it. */
export const registerTypes = [
  'query.approved',
  'query.revoked',
  'query.cleared',
  'query.charged',
  'query.released',
  'query.repeated',
  'query.failed',
  'release.retracted',
] as const;
type RegisterEntry = EntryOf<(typeof registerTypes)[number]>;

/** A line of the register. */
export interface RegisterLine {
  readonly index: number;
  readonly entry: RegisterEntry;
}

/** What came of it. The register is only as far as the log was verified. */
export interface Replayed {
  readonly verdict: Verdict;
  readonly register: readonly RegisterLine[];
  readonly durationMs: number;
}

/** Verifies everything from the first entry on; `progress` is told after each. Never throws on bad evidence; throws `NoAnswer` or
 * `RoomProblem` where there was none. */
export async function replayed(room: OpenRoom, progress: (done: number, total: number) => void): Promise<Replayed> {
  const begun = performance.now();
  const register: RegisterLine[] = [];
  const evidence = await room.log();
  const verdict = await verifyLog({
    ...evidence,
    each(index, _bytes, size, entry) {
      if (isOfRegister(entry)) register.push({ index, entry });
      progress(index + 1, size);
    },
  });
  if (!verdict.verified && verdict.rule === 'unreadable') evidence.answered();
  return { verdict, register, durationMs: performance.now() - begun };
}

function isOfRegister(entry: LogEntry): entry is RegisterEntry {
  return (registerTypes as readonly string[]).includes(entry.type);
}

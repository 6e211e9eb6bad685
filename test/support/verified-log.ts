/** The entries of a room's log, taken from its state directory and verified as a whole on the way. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryFetch, verifyLog } from '@reinraum/audit';
import { formatRational, type LogEntry } from '@reinraum/protocol';

/** A log that was verified. */
export interface VerifiedLog {
  readonly entries: readonly LogEntry[];
  /** Σρ and Σδ of the one population. */
  readonly spent: { readonly loss: string; readonly delta: string };
}

/** Verifies a log and hands out its entries. Throws where it does not verify. */
export async function verifiedLog(state: string): Promise<VerifiedLog> {
  const entries: LogEntry[] = [];
  const verdict = await verifyLog({
    fetch: directoryFetch(join(state, 'log')),
    readObject: (digest) => readFile(join(state, 'objects', digest)).catch(() => undefined),
    each: (_index, _bytes, _size, entry) => void entries.push(entry),
  });
  if (!verdict.verified) throw new Error(`entry ${verdict.entry}: ${verdict.rule}: ${verdict.message}`);
  const spent = verdict.room.spent.get('person');
  return {
    entries,
    spent: {
      loss: spent ? formatRational(spent.loss) : '0',
      delta: spent ? formatRational(spent.delta) : '0',
    },
  };
}

/** Codes of the refusals a log remembers, in order. */
export function refusedCodes({ entries }: VerifiedLog): string[] {
  return entries.flatMap((entry) => (entry.type === 'statement.refused' ? [entry.detail.code] : []));
}

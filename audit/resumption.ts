/** Where a reader begins in a log whose first entries were pruned (docs/spec/retention.md §4). */
import type { Checkpoint } from './checkpoint.ts';
import { EvidenceError } from './evidence-error.ts';
import type { ReadObject } from './examine.ts';
import type { LogReader } from './reader.ts';
import { Replay } from './replay.ts';
import type { Room } from './room.ts';
import type { Frontier } from './tree.ts';

/** A fold that begins behind a pruning: at the entry of a snapshot, with the room that it says and the tree before it. */
export interface Resumption {
  readonly index: number;
  readonly room: Room;
  readonly frontier: Frontier;
}

/**
 * Where the log begins; undefined where its first entries are there. Whether they may be gone is known only at the end
 * (`mayBeginAt`). Throws `EvidenceError` `bundle-missing` where no snapshot is kept, `Broken` where it is wrong.
 */
export async function resumption(
  reader: LogReader,
  head: Checkpoint,
  read: ReadObject,
): Promise<(Resumption & { readonly replay: Replay }) | undefined> {
  const kept = await reader.first(head);
  if (kept === 0) return undefined;
  for await (const { index: first, entries } of reader.bundles(head, kept)) {
    for (const [at, bytes] of entries.entries()) {
      const index = first + at;
      const replay = await Replay.behind(index, bytes, read);
      if (replay?.room) return { index, replay, room: replay.room, frontier: await reader.frontier(index, head) };
    }
  }
  throw notPruned();
}

/** The first entries are gone, and nobody has pruned them. */
export const notPruned = () =>
  new EvidenceError('bundle-missing', 'the first entries are missing, and nobody has pruned them', { entryIndex: 0 });

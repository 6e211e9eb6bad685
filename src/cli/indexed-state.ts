/** Brings a derived index to the head of a log, or tells that it has to be made anew (docs/spec/audit-tools.md §1). */
import type { Resumption } from '@reinraum/audit';
import { fromHex, toHex } from '@reinraum/protocol';
import type { EntryIndex, IndexHead } from '../index/entry-index.ts';
import { EntryFold } from '../index/fold.ts';
import { type StateVerdict, verifyState } from './audit.ts';
import { readerOf, type StateSource } from './state-source.ts';

/** What was done: it fitted, it was extended, it was empty, or it was of another log and was replaced. */
export type IndexStep = 'kept' | 'extended' | 'made' | 'replaced';

/** The head the index now has, or why the log was not accepted; then the index is as it was. */
export type Indexed =
  | { readonly verified: true; readonly head: IndexHead; readonly step: IndexStep }
  | Extract<StateVerdict, { verified: false }>;

/**
 * Brings the index to the log's head. Unless it is there already, the whole log is verified, and only entries that
 * verification has accepted come in. An index of a log that is not a beginning of this one is emptied and made anew.
 */
export async function indexState(source: StateSource, index: EntryIndex, room?: string): Promise<Indexed> {
  const known = await index.head();
  if (known && (room === undefined || room === known.room) && (await isHeadOf(source, known))) {
    const first = await (await readerOf(source, known.room)).first();
    // Entries are gone that the index has: whether they may be is for a verification to say.
    if (first === 0 || !(await index.hasBefore(first))) return { verified: true, head: known, step: 'kept' };
  }
  const extended = await pass(source, index, room, known);
  if (extended !== 'other-log') return extended;
  const anew = await pass(source, index, room, undefined);
  if (anew === 'other-log') throw new Error('index: an empty index fits every log');
  return anew.verified ? { ...anew, step: 'replaced' } : anew;
}

async function isHeadOf(source: StateSource, { room, size, root }: IndexHead): Promise<boolean> {
  try {
    const { head } = await readerOf(source, room);
    return head.size === size && toHex(head.root) === root;
  } catch {
    // Whatever is wrong with it, verification will say it by its name.
    return false;
  }
}

/** Whether the log at that head is a beginning of this one, by the tiles, which the verification of it compares with its root. */
async function isBeginning(source: StateSource, { room, size, root }: IndexHead): Promise<boolean> {
  try {
    return await (await readerOf(source, room)).extends(size, fromHex(root));
  } catch {
    return false;
  }
}

/** One verification from the first entry on, which adds what lies beyond `known`. */
async function pass(
  source: StateSource,
  index: EntryIndex,
  room: string | undefined,
  known: IndexHead | undefined,
): Promise<Indexed | 'other-log'> {
  const from = known?.size ?? 0;
  const fits = known === undefined || (await isBeginning(source, known));
  await index.begin(known === undefined);
  const fold = new EntryFold((folded) => {
    if (fits && folded.row.index >= from) index.add(folded);
  });
  let first = 0;
  const observer = {
    resumed(start: Resumption) {
      first = start.index;
      fold.resumed(start);
    },
    object: (digest: string, bytes: Uint8Array) => fold.object(digest, bytes),
    entry: (at: number, bytes: Uint8Array) => fold.entry(at, bytes),
  };
  let verdict: StateVerdict;
  try {
    verdict = await verifyState(source, room, observer);
  } catch (error) {
    await index.rollback();
    throw error;
  }
  if (!verdict.verified || !fits || (known && verdict.room !== known.room)) {
    await index.rollback();
    return verdict.verified ? 'other-log' : verdict;
  }
  // What was pruned from the log does not live on in what was derived from it.
  await index.forgetBefore(first);
  const head = { room: verdict.room, size: verdict.size, root: toHex(fold.root()) };
  await index.commit(head);
  return { verified: true, head, step: known ? 'extended' : 'made' };
}

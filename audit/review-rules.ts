/** Rules of reviews, acknowledged warnings and recorded reports: they are about entries there are. */
import { canonicalText, type EntryOf, type StatementOf } from '@reinraum/protocol';
import type { Room } from './room.ts';
import { Broken } from './rule.ts';

/** Whether a review of these entries, or a report about them, can be signed when the log has `size` of them. */
export function isReviewable({ from, to }: { readonly from: number; readonly to: number }, size: number): boolean {
  return from <= to && to < size;
}

/** A review says what was signed, about entries before it. Throws {@link Broken}. */
export function reviewed(
  room: Room,
  entry: EntryOf<'review.completed'>,
  { body, actor }: StatementOf<'review.complete'>,
  index: number,
): () => void {
  if (canonicalText(entry.detail) !== canonicalText(body)) {
    throw new Broken('statement', 'a review does not say what its statement says');
  }
  if (!isReviewable(body, index)) throw new Broken('review', 'a review is of entries that were not there');
  return () => room.reviews.push({ ...entry.detail, by: actor, at: entry.at, index });
}

/** A warning that is acknowledged is about an entry before, or about none. Throws {@link Broken}. */
export function acknowledged(
  entry: EntryOf<'alert.acknowledged'>,
  { body }: StatementOf<'alert.acknowledge'>,
  index: number,
): void {
  if (canonicalText(entry.detail) !== canonicalText(body)) {
    throw new Broken('statement', 'an acknowledgement does not say what its statement says');
  }
  if ((body.entry ?? 0) >= index) throw new Broken('review', 'a warning is about an entry that was not there');
}

/** A recorded report is what was signed, about entries before it. Throws {@link Broken}. */
export function recorded(
  entry: EntryOf<'report.generated'>,
  { body }: StatementOf<'report.record'>,
  index: number,
): void {
  if (canonicalText(entry.detail) !== canonicalText(body)) {
    throw new Broken('statement', 'a recorded report is not the one of its statement');
  }
  if (!isReviewable(body, index)) throw new Broken('review', 'a report is about entries that were not there');
}

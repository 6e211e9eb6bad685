/** The step every store of a witness takes in one piece: compare, then swap, and never backwards. */
import type { Checkpoint } from '@reinraum/audit/verifier';
import { equalBytes } from '@reinraum/protocol';

/**
 * Whether `next` may take the place of `last` for somebody who believes that the last one is `previous`. Throws `RangeError`
 * for a head that is smaller, has the same size and another root, or is another log's: no caller may ask for that.
 */
export function mayReplace(last: Checkpoint | undefined, previous: Checkpoint | undefined, next: Checkpoint): boolean {
  if (!isSameHead(last, previous)) return false;
  const goesBack = last && (next.size < last.size || (next.size === last.size && !isSameHead(last, next)));
  if (goesBack || (last && last.origin !== next.origin)) {
    throw new RangeError('witness: a head that does not continue the last one');
  }
  return true;
}

function isSameHead(a: Checkpoint | undefined, b: Checkpoint | undefined): boolean {
  return a && b ? a.size === b.size && equalBytes(a.root, b.root) : a === b;
}

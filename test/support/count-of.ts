/** The one estimate of a cell's first measure. */
import { type Cell, type Estimate, estimatesOf } from '@reinraum/protocol';

/** Null where it is hidden; undefined without a cell. */
export function countOf(cell: Cell | undefined): Estimate | null | undefined {
  return cell && (estimatesOf(cell, 0)[0] ?? null);
}

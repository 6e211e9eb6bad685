/** A file format the entries of a verified log are handed on in (docs/spec/audit-tools.md §4). */
import type { FoldedEntry } from '../index/fold.ts';

/** How a file begins, and the text of each entry, with its end of line. Pure: equal entries give equal bytes. */
export interface ExportFormat {
  readonly head: string;
  readonly record: (folded: FoldedEntry) => string;
}

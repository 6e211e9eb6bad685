/** A document as JSON for other programs: `reinraum-report/1` (docs/spec/reports.md §3). */
import { canonicalText, type Json } from '@reinraum/protocol';
import type { SpokenDocument } from './spoken.ts';

/** Canonical JSON with a final newline: equal documents are equal bytes. */
export function toJson(document: SpokenDocument): string {
  return `${canonicalText({ format: 'reinraum-report/1', ...document } as unknown as Json)}\n`;
}

/** JSON Lines: every entry as it was logged, with its number, the hash of its leaf and the name of its question. */
import { canonicalText, type Json, toHex } from '@reinraum/protocol';
import type { FoldedEntry, QuestionName } from '../index/fold.ts';
import type { ExportFormat } from './format.ts';

/** One canonical JSON object a line: `entry`, `index`, `leaf` (hexadecimal), `question` (or null). */
export const jsonLines: ExportFormat = {
  head: '',
  record: ({ entry, leaf, row, question }) =>
    `${canonicalText({ index: row.index, leaf: toHex(leaf), entry: entry as Json, question: questionJson(question) })}\n`,
};

/** A question's name as JSON. */
export function questionJson(question: QuestionName | null): Json {
  return question && { ...question, title: { ...question.title } };
}

/** A row as JSON, without what the entry says in the same words. */
export function rowJson({ row }: Pick<FoldedEntry, 'row'>): { readonly [name: string]: Json } {
  const { outcome, code, party, purpose, legalBasis, datasets, query, recipient, charges } = row;
  const costs = charges.map((charge) => ({ ...charge }));
  return { outcome, code, party, purpose, legalBasis, datasets: [...datasets], query, recipient, charges: costs };
}

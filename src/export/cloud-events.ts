/**
 * CloudEvents 1.0 in the JSON format, structured, one event a line (CNCF CloudEvents v1.0.2; extension `sequence` as in its
 * "Sequence" extension). The source is the log's origin, so that source and id are unique for good.
 */
import { canonicalText, type Json, toHex } from '@reinraum/protocol';
import type { FoldedEntry } from '../index/fold.ts';
import type { ExportFormat } from './format.ts';
import { questionJson, rowJson } from './json-lines.ts';

/** Digits of a number as a text that sorts as numbers do. */
const sequenceDigits = 16;

/** One event a line. `data` has the entry as it was logged, its columns, and the name of its question. */
export const cloudEvents: ExportFormat = {
  head: '',
  record: (folded) => `${canonicalText(eventOf(folded))}\n`,
};

function eventOf(folded: FoldedEntry): Json {
  const { entry, row, question, leaf } = folded;
  const subject = row.query ?? row.datasets[0] ?? row.actor;
  return {
    specversion: '1.0',
    id: String(row.index),
    source: `reinraum/${entry.room}`,
    type: `reinraum.${row.type}`,
    ...(subject === null ? {} : { subject }),
    time: row.at,
    datacontenttype: 'application/json',
    sequence: String(row.index).padStart(sequenceDigits, '0'),
    leafhash: toHex(leaf),
    data: { ...rowJson(folded), entry: entry as Json, question: questionJson(question) },
  };
}

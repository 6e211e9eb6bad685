/** Rows from published files: counts expanded to one row a person, or records as they are. */
import { createReadStream } from 'node:fs';
import type { DatasetSchema } from '@reinraum/protocol';
import { parse } from 'csv-parse';
import type { SourceRecord } from '../../steward/records.ts';
import type { SourceOf } from '../example-plan.ts';

/**
 * One row a counted person. Throws an `Error` naming file, line and field where a field is missing, a count is no whole
 * number, or a code is not in the column's list.
 */
export async function* expanded(
  source: SourceOf<'expand'>,
  schema: DatasetSchema,
  path: string,
): AsyncGenerator<SourceRecord> {
  const patterns = Object.entries(source.matching).map(
    ([field, pattern]) => [field, new RegExp(`^(?:${pattern})$`)] as const,
  );
  const columns = schema.columns.map((column) => ({
    field: source.columns[column.name] ?? '',
    codes: column.type === 'code' ? new Set(column.codes.map(({ code }) => code)) : undefined,
  }));
  let person = 0;
  for await (const line of linesOf(path)) {
    if (Object.entries(source.where).some(([field, value]) => line.text(field) !== value)) continue;
    if (patterns.some(([field, pattern]) => !pattern.test(line.text(field)))) continue;
    const values = columns.map(({ field, codes }) => {
      const value = line.text(field);
      if (codes?.has(value) === false) throw line.fault(field, 'holds a code that is not in the column’s list');
      return value;
    });
    const count = Number(line.text(source.count) || Number.NaN);
    if (!Number.isSafeInteger(count) || count < 0) throw line.fault(source.count, 'holds no count');
    for (let n = 0; n < count; n++) yield { id: `person-${person++}`, values };
  }
}

/** Records as they stand; an empty field is missing. Throws an `Error` where the file lacks a field or an identifier. */
export async function* records(
  source: SourceOf<'csv'>,
  schema: DatasetSchema,
  path: string,
): AsyncGenerator<SourceRecord> {
  for await (const line of linesOf(path)) {
    const id = line.text(source.id);
    if (id === '') throw line.fault(source.id, 'is empty; every row needs an identifier');
    const values = schema.columns.map((column) => {
      const value = line.text(source.columns[column.name] ?? '');
      if (value === '') return null;
      // Published files write integers as "17000.0".
      return column.type === 'integer' ? value.replace(/\.0+$/, '') : value;
    });
    yield { id, values };
  }
}

interface Line {
  text(field: string): string;
  fault(field: string, what: string): Error;
}

async function* linesOf(path: string): AsyncGenerator<Line> {
  const rows = createReadStream(path).pipe(parse({ bom: true, columns: true }));
  let number = 1;
  for await (const row of rows as AsyncIterable<Record<string, string>>) {
    number += 1;
    const at = number;
    const fault = (field: string, what: string) => new Error(`${path}: line ${at}: field "${field}" ${what}`);
    const text = (field: string) => {
      const value = row[field];
      if (value === undefined) throw fault(field, 'is missing; is this the right file?');
      return value;
    };
    yield { text, fault };
  }
}

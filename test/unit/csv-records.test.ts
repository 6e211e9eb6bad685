/** CSV of the steward: what is no CSV is refused by its line, and never quoted. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatasetSchema } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvRecords } from '../../src/steward/csv-records.ts';
import { SourceError } from '../../src/steward/source-error.ts';
import { residents } from '../support/small-room.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const schema = DatasetSchema.parse({
  ...residents,
  unit: 'id',
  columns: [{ name: 'value', title: { de: 'x', en: 'x' }, type: 'integer', min: 0, max: 9, unit: 'x', nullable: true }],
});

async function read(text: string): Promise<unknown[]> {
  const path = join(folder, 'records.csv');
  await writeFile(path, text);
  const records: unknown[] = [];
  for await (const record of csvRecords(path, schema)) records.push(record);
  return records;
}

test('fields in quotes are read', async () => {
  expect(await read('id;value\n"M""sentinel""; J";1\n')).toEqual([{ id: 'M"sentinel"; J', values: ['1'] }]);
});

test.each([
  [
    'a quote in a field without quotes',
    'id;value\nok;1\nsentinel "Jun.";1\n',
    'line 3: not CSV (INVALID_OPENING_QUOTE)',
  ],
  ['more after a closing quote', 'id;value\n"sentinel"Jun;1\n', 'line 2: not CSV (CSV_INVALID_CLOSING_QUOTE)'],
  ['a quote that never closes', 'id;value\n"sentinel;1\n', 'line 2: not CSV (CSV_QUOTE_NOT_CLOSED)'],
])('%s', async (_, text, says) => {
  const error: unknown = await read(text).catch((failed: unknown) => failed);
  expect(error).toBeInstanceOf(SourceError);
  const { message, stack = '', cause } = error as SourceError;
  expect(message).toContain(says);
  expect(message).toContain('put fields with quotes in quotes');
  expect(`${message}${stack}`).not.toContain('sentinel');
  expect(cause).toBeUndefined();
});

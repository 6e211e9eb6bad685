/** A steward's file → records in schema order. What cannot be read is named by row and column, on this machine only. */
import { createReadStream } from 'node:fs';
import type { DatasetSchema } from '@reinraum/protocol';
import { parse } from 'csv-parse';

/** One row: the unit's identifier and its values in schema column order, null where missing. */
export interface SourceRecord {
  readonly id: string;
  readonly values: readonly (string | null)[];
}

/** A file the steward has to correct. The message names the row, the column and the fix. */
export class SourceError extends Error {}

/**
 * Records of a CSV file (UTF-8, with or without BOM; `;`, `,` or tab, taken from the header line). The header must name
 * the unit column and every column of the schema; further columns are refused, so that nothing is handed over unseen.
 */
export async function* csvRecords(path: string, schema: DatasetSchema): AsyncGenerator<SourceRecord> {
  const delimiter = await delimiterOf(path);
  const rows = createReadStream(path).pipe(
    parse({ bom: true, delimiter, skip_empty_lines: true, relax_column_count: true }),
  );
  const wanted = [schema.unit, ...schema.columns.map(({ name }) => name)];
  let positions: readonly number[] | undefined;
  let row = 0;
  for await (const cells of rows as AsyncIterable<string[]>) {
    if (!positions) {
      positions = headerPositions(cells, wanted);
      continue;
    }
    row += 1;
    if (cells.length !== wanted.length)
      throw new SourceError(`row ${row}: has ${cells.length} fields, the header has ${wanted.length}`);
    const [id = '', ...values] = positions.map((position) => cells[position] ?? '');
    yield { id, values: values.map((value) => (value === '' ? null : value)) };
  }
  if (!positions) throw new SourceError('the file has no header line');
}

function headerPositions(header: readonly string[], wanted: readonly string[]): number[] {
  for (const name of wanted) if (!header.includes(name)) throw new SourceError(`header: column "${name}" is missing`);
  if (header.length !== wanted.length) {
    throw new SourceError(
      `header: has ${header.length} columns, the schema has ${wanted.length}; remove what is not asked for`,
    );
  }
  return wanted.map((name) => header.indexOf(name));
}

async function delimiterOf(path: string): Promise<string> {
  let head = '';
  for await (const piece of createReadStream(path, { encoding: 'utf8', end: 65_535 })) {
    head += String(piece);
    if (head.includes('\n')) break;
  }
  const line = head.split('\n')[0] ?? '';
  const [best = ','] = [';', ',', '\t'].sort((a, b) => line.split(b).length - line.split(a).length);
  return best;
}

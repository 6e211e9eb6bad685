/** CSV → records in schema order. */
import { createReadStream } from 'node:fs';
import type { DatasetSchema } from '@reinraum/protocol';
import { CsvError, parse } from 'csv-parse';
import type { SourceRecord } from './records.ts';
import { columnPositions, SourceError } from './source-error.ts';

/**
 * Records of a CSV file: UTF-8, with or without BOM; `;`, `,` or tab, taken from the header line. Values are taken as
 * written. Throws {@link SourceError}; what csv-parse says of a line holds its values and is not passed on.
 */
export async function* csvRecords(path: string, schema: DatasetSchema): AsyncGenerator<SourceRecord> {
  const delimiter = await delimiterOf(path);
  const rows = createReadStream(path).pipe(
    parse({ bom: true, delimiter, skip_empty_lines: true, relax_column_count: true }),
  );
  let positions: readonly number[] | undefined;
  let row = 0;
  for await (const cells of linesOf(rows)) {
    if (!positions) {
      positions = columnPositions(cells, schema);
      continue;
    }
    row += 1;
    if (cells.length !== positions.length)
      throw new SourceError(`row ${row}: has ${cells.length} fields, the header has ${positions.length}`);
    const [id = '', ...values] = positions.map((position) => cells[position] ?? '');
    yield { id, values: values.map((value) => (value === '' ? null : value)) };
  }
  if (!positions) throw new SourceError('the file has no header line');
}

async function* linesOf(rows: AsyncIterable<string[]>): AsyncGenerator<string[]> {
  try {
    yield* rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error['lines'] === 'number' ? `line ${error['lines']}` : 'the file';
    throw new SourceError(`${line}: not CSV (${error.code}); put fields with quotes in quotes, and double theirs`);
  }
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

/** Rows made up from a seed and a plan of shares. */
import type { Column, DatasetSchema } from '@reinraum/protocol';
import type { SourceRecord } from '../../steward/records.ts';
import type { ColumnSource, SourceOf } from '../example-plan.ts';
import { codesOf, drawing } from './draws.ts';
import { seeded } from './seeded.ts';

/** Draws the value of one column for a row, knowing the columns before it. */
type Drawer = (row: number, before: readonly string[]) => string;

/**
 * Records of a synthetic source that `sourceFaults` finds nothing wrong with. A pure function of source and schema: the same
 * seed gives the same rows in the same order. Identifiers are unique.
 */
export async function* synthetic(source: SourceOf<'synthetic'>, schema: DatasetSchema): AsyncGenerator<SourceRecord> {
  const random = seeded(source.seed);
  const drawers = schema.columns.map((column) => drawerOf(column, source.columns[column.name], schema, random));
  for (let row = 0; row < source.rows; row++) {
    const values: string[] = [];
    for (const draw of drawers) values.push(draw(row, values));
    yield { id: `${source.seed}/${row}`, values };
  }
}

function drawerOf(column: Column, spec: ColumnSource | undefined, schema: DatasetSchema, random: () => number): Drawer {
  if (!spec) throw new Error(`source.columns: there is no column "${column.name}"`);
  if ('counts' in spec) return countedOut(column, spec.counts);
  const { caseOf, draw } = drawing(column, spec, schema, random);
  return (_, before) => draw(caseOf(before));
}

/** The codes in the order of the list, each for as many rows as its count says. */
function countedOut(column: Column, counts: Readonly<Record<string, number>>): Drawer {
  let end = 0;
  const ends = codesOf(column).map((code) => ({ code, end: (end += counts[code] ?? 0) }));
  let at = 0;
  return (row) => {
    while (row >= (ends[at]?.end ?? Number.POSITIVE_INFINITY)) at += 1;
    return ends[at]?.code ?? '';
  };
}

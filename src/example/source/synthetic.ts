/** Rows made up from a seed and a plan of shares. */
import type { Column, DatasetSchema } from '@reinraum/protocol';
import type { SourceRecord } from '../../steward/records.ts';
import type { ColumnSource, Draw, SourceOf } from '../example-plan.ts';
import { seeded, weighted } from './seeded.ts';

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
  if (!('given' in spec)) return drawn(column, spec, random);
  const position = schema.columns.findIndex(({ name }) => name === spec.given);
  const cases = spec.cases.map(({ when, draw }) => ({ when, draw: drawn(column, draw, random) }));
  return (row, before) => {
    const value = before[position] ?? '';
    const found = cases.find(({ when }) => fits(value, when));
    if (!found) throw new Error(`source.columns.${column.name}.cases: none fits a value of "${spec.given}"`);
    return found.draw(row, before);
  };
}

/** Whether a value of the given column is one of the case's codes or in its range. */
export function fits(value: string, when: readonly string[] | { readonly from: number; readonly to: number }): boolean {
  return 'from' in when ? Number(value) >= when.from && Number(value) <= when.to : when.includes(value);
}

function drawn(column: Column, draw: Draw, random: () => number): Drawer {
  if ('weights' in draw) {
    const codes = codesOf(column).filter((code) => Object.hasOwn(draw.weights, code));
    const pick = weighted(
      codes.map((code) => draw.weights[code] ?? 0),
      random,
    );
    return () => codes[pick()] ?? '';
  }
  const step = column.type === 'integer' ? column.step : 1;
  const pick = weighted(
    draw.bands.map(([, , weight]) => weight),
    random,
  );
  return () => {
    const [from = 0, to = 0] = draw.bands[pick()] ?? [];
    const values = Math.floor((to - from) / step) + 1;
    return String(from + step * Math.floor(random() * values));
  };
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

function codesOf(column: Column): string[] {
  return column.type === 'code' ? column.codes.map(({ code }) => code) : [];
}

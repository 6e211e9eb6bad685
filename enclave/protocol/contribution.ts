/**
 * How far one unit reaches into a table, from template and schema alone (privacy.md "Contribution bounds"). A unit has one
 * row, or one a period where the schema names a period column; both are proved at admission. Of a unit with many rows
 * those of the lowest ranks count, as many as the template says.
 */
import { findColumn, nameIn } from './column.ts';
import type { AggregateQuery, GroupKey, Predicate } from './query.ts';
import { Refusal } from './refusal.ts';
import type { DatasetSchema } from './schema.ts';

/** Bounds that hold for every unit, whatever the parameters. */
export interface Contribution {
  /** Rows of a unit that can satisfy the predicate. */
  readonly rows: bigint;
  /** Cells of the table a unit can be in (L0). */
  readonly cells: bigint;
  /** Rows of a unit that can be in one cell. */
  readonly rowsPerCell: bigint;
}

/**
 * The contribution of one unit to the table of a query. Throws {@link Refusal} `query-not-compilable` where a dataset with
 * many rows a unit is asked without a bound, and where a bound is stated that the schema gives already.
 */
export function contributionOf(query: AggregateQuery, schema: DatasetSchema): Contribution {
  const { period, columns, rowsPerUnit } = schema;
  const { contribution: stated } = query;
  if ((rowsPerUnit === 1) !== (stated === undefined)) throw new Refusal('query-not-compilable', 'contribution');
  if (stated) {
    const rows = BigInt(stated.maxRows);
    return { rows, cells: BigInt(Math.min(stated.maxRows, cellsOf(query, schema))), rowsPerCell: rows };
  }
  const column = columns.find(({ name }) => name === period);
  if (column?.type !== 'code') return { rows: 1n, cells: 1n, rowsPerCell: 1n };
  const isPeriod = (reference: string) => nameIn(reference, query) === column.name;
  const periods = column.codes.length;
  const rows = query.where ? Math.min(periods, periodsIn(query.where, isPeriod, periods)) : periods;
  const axes = query.groupBy.filter((key) => isPeriod(key.column));
  const rowsPerCell = Math.min(rows, ...axes.map(periodsPerLabel));
  const cells = Math.min(rows, ...axes.map((axis) => labelsOf(axis, periods)));
  return { rows: BigInt(rows), cells: BigInt(cells), rowsPerCell: BigInt(rowsPerCell) };
}

/** Cells of the table; no number where an axis names no column or no classes, which the compiler refuses. */
function cellsOf(query: AggregateQuery, schema: DatasetSchema): number {
  return query.groupBy.reduce((cells, { column, keys, groups, edges }) => {
    const own = findColumn(column, query, schema);
    const classes = keys ?? groups ?? edges ?? (own?.type === 'code' ? own.codes : undefined);
    return cells * (classes?.length ?? Number.POSITIVE_INFINITY);
  }, 1);
}

/** At most so many periods satisfy a predicate; what does not speak of the period leaves all of them. */
function periodsIn(predicate: Predicate, isPeriod: (reference: string) => boolean, periods: number): number {
  if ('all' in predicate) {
    return Math.min(periods, ...predicate.all.map((part) => periodsIn(part, isPeriod, periods)));
  }
  if ('any' in predicate) {
    return predicate.any.reduce((total, part) => total + periodsIn(part, isPeriod, periods), 0);
  }
  if ('in' in predicate && isPeriod(predicate.in[0])) return predicate.in[1].length;
  if ('eq' in predicate && predicate.eq && isPeriod(predicate.eq[0])) return 1;
  return periods;
}

function periodsPerLabel(key: GroupKey): number {
  return key.groups ? Math.max(...key.groups.map(({ of }) => of.length)) : 1;
}

/** Rows of one period group may still differ in other axes, so only single periods bound the cells. */
function labelsOf(key: GroupKey, periods: number): number {
  return key.groups ? Number.POSITIVE_INFINITY : (key.keys?.length ?? periods);
}

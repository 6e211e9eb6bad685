/** Plan → SQL and binds. The only place that writes SQL: identifiers are quoted here, values are bound, never text. */
import type { DatasetSchema, Plan, PlanAxis, PlanNode } from '@reinraum/protocol';

/** One statement with its values. */
export interface Sql {
  readonly text: string;
  readonly binds: readonly number[];
}

/** Name of the table that holds a dataset's admitted rows. */
export function tableOf(dataset: string): string {
  return `d_${dataset}`;
}

/** Settings of the instance, in the order they are applied; access is closed by {@link lockdown} after loading. */
export const instanceOptions = {
  temp_directory: '',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  threads: '2',
  memory_limit: '4GB',
} as const;

/** Closes the instance to everything but reading its own tables, for good. */
export const lockdown = ['SET enable_external_access = false', 'SET lock_configuration = true'] as const;

const comparators = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** Reads encoded rows – row number, pseudonym, one integer a column – from the pipe into a staging table. */
export function loadSql(schema: DatasetSchema, pipe: string): string {
  const columns = [`'row': 'BIGINT'`, `'unit': 'UUID'`, ...schema.columns.map((_, at) => `'c${at}': 'BIGINT'`)].join(
    ', ',
  );
  // Codes from 0 and bounded integers: BIGINT while reading, so that nothing can overflow before it was checked.
  const path = pipe.replaceAll("'", "''");
  return `CREATE TABLE "staging" AS SELECT * FROM read_csv('${path}', header = false, auto_detect = false, parallel = false, delim = ',', quote = '', escape = '', nullstr = '', columns = {${columns}})`;
}

/** Row numbers of rows whose unit stands in an earlier row, at most `limit`, and how many there are in all. */
export function duplicatesSql(limit: number): { readonly rows: string; readonly total: string } {
  const repeated = `SELECT "row", row_number() OVER (PARTITION BY "unit" ORDER BY "row") AS "nth" FROM "staging"`;
  return {
    total: 'SELECT count(*) - count(DISTINCT "unit") AS "n" FROM "staging"',
    rows: `SELECT "row" FROM (${repeated}) AS "t" WHERE "nth" > 1 ORDER BY "row" LIMIT ${Math.trunc(limit)}`,
  };
}

/** Turns the staging table into the dataset: dense unit numbers, sorted by unit so that the order of rows is gone. */
export function admitSql(schema: DatasetSchema): readonly string[] {
  const columns = schema.columns.map(({ name }, at) => `"c${at}" AS ${quote(name)}`).join(', ');
  const ranked = `SELECT row_number() OVER (ORDER BY "unit") AS "rank", * FROM "staging"`;
  return [
    `CREATE TABLE ${quote(tableOf(schema.id))} AS SELECT CAST("rank" AS INTEGER) AS ${quote(schema.unit)}, ${columns} FROM (${ranked}) AS "t" ORDER BY "rank"`,
    'DROP TABLE "staging"',
  ];
}

/** Exact counts of units by cell. Empty cells are not in the result; the caller knows the public key set. */
export function aggregateSql(plan: Plan): Sql {
  const binds: number[] = [];
  const bind = (value: number) => `$${binds.push(value)}`;
  const names = plan.axes.map((_, at) => quote(`a${at}`));
  const axes = plan.axes.map((axis, at) => `${axisSql(axis, bind)} AS ${names[at]}`);
  const where = plan.where ? ` WHERE ${nodeSql(plan.where, bind)}` : '';
  const inner = `SELECT ${axes.join(', ')} FROM ${quote(tableOf(plan.dataset))}${where}`;
  const inCell = names.map((name) => `${name} IS NOT NULL`).join(' AND ');
  const keys = names.join(', ');
  return {
    text: `SELECT ${keys}, count(*) AS "n" FROM (${inner}) AS "t" WHERE ${inCell} GROUP BY ${keys} ORDER BY ${keys}`,
    binds,
  };
}

/** Position of a row on an axis, NULL where it has none. */
function axisSql({ column, split }: PlanAxis, bind: (value: number) => string): string {
  const name = quote(column);
  if ('values' in split) {
    // The first codes of a list in its own order need no translation: the column holds positions already.
    if (split.values.every((value, at) => value === at)) {
      const below = `WHEN ${name} < ${bind(0)} THEN NULL`;
      return `CASE WHEN ${name} IS NULL THEN NULL ${below} WHEN ${name} < ${bind(split.values.length)} THEN ${name} ELSE NULL END`;
    }
    const branches = split.values.map((value, at) => `WHEN ${name} = ${bind(value)} THEN ${at}`);
    return `CASE WHEN ${name} IS NULL THEN NULL ${branches.join(' ')} ELSE NULL END`;
  }
  const [first = 0, ...rest] = split.edges;
  const branches = rest.map((edge, at) => `WHEN ${name} < ${bind(edge)} THEN ${at}`);
  return `CASE WHEN ${name} IS NULL THEN NULL WHEN ${name} < ${bind(first)} THEN NULL ${branches.join(' ')} ELSE ${rest.length} END`;
}

function nodeSql(node: PlanNode, bind: (value: number) => string): string {
  switch (node.op) {
    case 'all':
    case 'any':
      return `(${node.of.map((part) => nodeSql(part, bind)).join(node.op === 'all' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${nodeSql(node.of, bind)})`;
    case 'present':
      return `(${quote(node.column)} IS NOT NULL)`;
    case 'missing':
      return `(${quote(node.column)} IS NULL)`;
    case 'in': {
      const column = quote(node.column);
      return `(${column} IS NOT NULL AND (${node.values.map((value) => `${column} = ${bind(value)}`).join(' OR ')}))`;
    }
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      // The explicit NULL test keeps the logic two-valued, so that "not" means what the plan says.
      return `(${quote(node.column)} IS NOT NULL AND ${quote(node.column)} ${comparators[node.op]} ${bind(node.value)})`;
    default:
      return node satisfies never;
  }
}

/** Plan → SQL and binds. The only place that writes SQL: identifiers are quoted here, values are bound, never text. */
import {
  type DatasetSchema,
  type Plan,
  type PlanAxis,
  type PlanInput,
  type PlanJoin,
  type PlanNode,
  type PlanSplit,
  toHex,
} from '@reinraum/protocol';

/** One statement with its values. */
export interface Sql {
  readonly text: string;
  readonly binds: readonly number[];
}

/** Name of the table that holds a dataset's admitted rows. */
export function tableOf(dataset: string): string {
  return `d_${dataset}`;
}

/** The place of a row among its unit's; no column of a schema is named so. */
const rankName = '"#rank"';

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

/** A column of a plan: where datasets are linked it is `dataset.column`, and neither part holds a point. */
function quoted(column: string): string {
  return column.split('.').map(quote).join('.');
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

/** Row numbers of rows whose unit (and period) stands in an earlier row, at most `limit`, and how many there are in all. */
export function duplicatesSql(
  { period, columns }: DatasetSchema,
  limit: number,
): { readonly rows: string; readonly total: string } {
  const at = columns.findIndex(({ name }) => name === period);
  const once = at === -1 ? '"unit"' : `"unit", "c${at}"`;
  const repeated = `SELECT "row", row_number() OVER (PARTITION BY ${once} ORDER BY "row") AS "nth" FROM "staging"`;
  return {
    total: `SELECT (SELECT count(*) FROM "staging") - (SELECT count(*) FROM (SELECT DISTINCT ${once} FROM "staging") AS "d") AS "n"`,
    rows: `SELECT "row" FROM (${repeated}) AS "t" WHERE "nth" > 1 ORDER BY "row" LIMIT ${Math.trunc(limit)}`,
  };
}

/**
 * Turns the staging table into the dataset: numbered units, sorted by unit so that the order of rows is gone. Within a domain
 * of pseudonyms a unit has the same number in every dataset. Rows of a unit that may have many are ranked by a hash under
 * `rankKey`, 32 secret bytes (docs/spec/policy.md §4.6).
 */
export function admitSql(schema: DatasetSchema, domain: string, rankKey?: Uint8Array): readonly string[] {
  // Positions of codes fit 16 bits and are grouped faster so; integers keep the width their sums and squares need.
  const stored = schema.columns.map(({ type }, at) => (type === 'code' ? `CAST("c${at}" AS SMALLINT)` : `"c${at}"`));
  const columns = schema.columns.map(({ name }, at) => `${stored[at]} AS ${quote(name)}`).join(', ');
  // With a period a unit has several rows: they get one number, and follow each other in the order of the periods.
  const period = schema.columns.findIndex(({ name }) => name === schema.period);
  const isOnce = schema.rowsPerUnit === 1;
  const within = isOnce ? period !== -1 && `"c${period}"` : rankName;
  // Qualified, or a column of the dataset that has such a name would be meant.
  const order = ['"k"."number"', ...(within ? [`"t".${within}`] : [])].join(', ');
  const source = isOnce ? '"staging"' : rankedSql(schema, rankKey);
  const rank = isOnce ? '' : `, ${rankName}`;
  const known = quote(`u_${domain}`);
  const fresh = `SELECT DISTINCT "unit" FROM "staging" ANTI JOIN ${known} USING ("unit")`;
  const next = `(SELECT count(*) FROM ${known}) + row_number() OVER (ORDER BY "unit")`;
  return [
    `CREATE TABLE IF NOT EXISTS ${known} ("unit" UUID, "number" INTEGER)`,
    `INSERT INTO ${known} SELECT "unit", CAST(${next} AS INTEGER) FROM (${fresh}) AS "f"`,
    `CREATE TABLE ${quote(tableOf(schema.id))} AS SELECT "k"."number" AS ${quote(schema.unit)}, ${columns}${rank} FROM ${source} AS "t" JOIN ${known} AS "k" USING ("unit") ORDER BY ${order}`,
    'DROP TABLE "staging"',
  ];
}

/** Forgets pseudonyms of a domain: once every dataset is there its units are numbers. */
export function forgetSql(domain: string): string {
  return `DROP TABLE ${quote(`u_${domain}`)}`;
}

/**
 * Rows with their place among their unit's, from 1, by HMAC-SHA-256(rank key, pseudonym ‖ row ‖ occurrence). Nothing else goes
 * into it: no row number, no other unit. Which of some identical rows is which occurrence makes no difference.
 */
function rankedSql({ columns }: DatasetSchema, rankKey: Uint8Array | undefined): string {
  if (rankKey?.length !== 32) throw new TypeError('sql: rows cannot be ranked without a key');
  const own = columns.map((_, at) => `"c${at}"`);
  const nth = `SELECT *, row_number() OVER (PARTITION BY ${['"unit"', ...own].join(', ')}) AS "nth" FROM "staging"`;
  const fields = own.map((name) => `coalesce(CAST(${name} AS VARCHAR), '')`);
  const text = ['CAST("unit" AS VARCHAR)', ...fields, 'CAST("nth" AS VARCHAR)'].join(` || ',' || `);
  // RFC 2104, with a key shorter than the block. 128 bits of it: no two rows of a unit have the same.
  const block = (byte: number) =>
    `unhex('${toHex(Uint8Array.from({ length: 64 }, (_, at) => (rankKey[at] ?? 0) ^ byte))}')`;
  const inner = `unhex(sha256(${block(0x36)} || encode(${text})))`;
  const hash = `CAST(left(sha256(${block(0x5c)} || ${inner}), 32) AS UUID)`;
  const place = `row_number() OVER (PARTITION BY "unit" ORDER BY ${hash})`;
  return `(SELECT *, CAST(${place} AS INTEGER) AS ${rankName} FROM (${nth}) AS "n")`;
}

/**
 * The exact tables of a plan as statements: one for everything that is counted or summed by cell, then one for each
 * measure by classes. Cells nobody is in are not in the results; the caller knows the public key set. What each column
 * means is for `tablesOf` to say.
 */
export function aggregateSql(plan: Plan): readonly Sql[] {
  const classed = plan.measures.filter(({ input }) => input.of === 'class' || input.of === 'sides');
  const byCell = classed.length < plan.measures.length ? [byCellSql(plan)] : [];
  return [...byCell, ...classed.map(({ input }) => byClassSql(plan, input))];
}

/** Axes, units, and in the order of the measures a count and a sum of each clamped value (of a variance its squares too), a sum of each truth. */
function byCellSql(plan: Plan): Sql {
  const read: string[] = [];
  const aggregates = [plan.distinct === null ? 'count(*)' : 'count(DISTINCT "u")', 'count(*)'];
  const { binds, bind } = binder();
  const axes = axesSql(plan, bind);
  if (plan.distinct !== null) read.push(`${quoted(plan.distinct)} AS "u"`);
  plan.measures.forEach(({ input }, at) => {
    const value = `"v${at}"`;
    if (input.of === 'truth') {
      read.push(`CASE WHEN ${nodeSql(input.where, bind)} THEN 1 ELSE 0 END AS ${value}`);
      aggregates.push(`sum(${value})`);
    } else if (input.of === 'value') {
      read.push(`${clampSql(input.column, input.clamp, bind)} AS ${value}`);
      // Several rows of a unit in a cell: units with a value are counted by their number, once more only where some have none.
      const valid = input.nullable ? `"u${at}"` : '"u"';
      if (plan.distinct !== null && input.nullable) {
        read.push(`CASE WHEN ${quoted(input.column)} IS NULL THEN NULL ELSE ${quoted(plan.distinct)} END AS ${valid}`);
      }
      aggregates.push(
        plan.distinct === null ? `count(${value})` : `count(DISTINCT ${valid})`,
        input.distinct ? `count(DISTINCT ${value})` : `sum(${value})`,
        ...(input.squared ? [`sum(${value} * ${value})`] : []),
      );
    }
  });
  return { text: groupedSql(plan, [...axes, ...read], axisNames(plan), aggregates, bind), binds };
}

/** Axes and class, and how many units are in each. */
function byClassSql(plan: Plan, input: PlanInput): Sql {
  const { binds, bind } = binder();
  const axes = axesSql(plan, bind);
  const read = [...axes, `${input.of === 'class' ? splitSql(input.split, bind) : sidesSql(plan)} AS "c"`];
  return { text: groupedSql(plan, read, [...axisNames(plan), quote('c')], ['count(*)'], bind), binds };
}

function groupedSql(
  plan: Plan,
  read: readonly string[],
  names: readonly string[],
  aggregates: readonly string[],
  bind: Bind,
) {
  const inner = `SELECT ${read.join(', ')} FROM ${sourceSql(plan, bind)}`;
  const inCell = names.map((name) => `${name} IS NOT NULL`).join(' AND ');
  const keys = names.join(', ');
  return `SELECT ${keys}, ${aggregates.join(', ')} FROM (${inner}) AS "t" WHERE ${inCell} GROUP BY ${keys} ORDER BY ${keys}`;
}

/** What rows are read of, and which of them. */
function sourceSql(plan: Plan, bind: Bind): string {
  const { dataset, joins = [], measures } = plan;
  const rank = joins.length === 0 ? rankName : `${quote(dataset)}.${rankName}`;
  const bounded = plan.maxRows === undefined ? [] : [`(${rank} <= ${bind(plan.maxRows)})`];
  const own = [...bounded, ...(plan.where ? [nodeSql(plan.where, bind)] : [])];
  if (joins.length === 0) return `${quote(tableOf(dataset))}${whereSql(own)}`;
  if (measures.some(({ input }) => input.of === 'sides')) return sidesSource(plan, own, bind);
  // Each join finds one row or none: what is asked of the joined rows can be asked after it.
  const linked = joins.map((join) => `INNER JOIN ${namedTable(join.dataset)} ON ${onSql(join)}`);
  const asked = joins.flatMap(({ where }) => (where ? [nodeSql(where, bind)] : []));
  return `${namedTable(dataset)} ${linked.join(' ')}${whereSql([...own, ...asked])}`;
}

/** The units of either side, after what is asked of each: asked after the join, a unit filtered out would be on neither. */
function sidesSource(plan: Plan, own: readonly string[], bind: Bind): string {
  const join = plan.joins?.[0] ?? never();
  const [unit, other] = join.on;
  const side = (dataset: string, columns: readonly string[], conditions: readonly string[]) =>
    `(SELECT ${[...new Set(columns)].map(quoted).join(', ')} FROM ${namedTable(dataset)}${whereSql(conditions)}) AS ${quote(dataset)}`;
  const first = side(plan.dataset, [unit, ...plan.axes.map(({ column }) => column)], own);
  const there = plan.axes.map(({ otherwise }) => (otherwise ?? never()).column);
  const second = side(join.dataset, [other, ...there], join.where ? [nodeSql(join.where, bind)] : []);
  return `${first} FULL OUTER JOIN ${second} ON ${onSql(join)}`;
}

/** 0 for units of both sides, 1 for those of the first alone, 2 for those of the second alone. */
function sidesSql({ joins }: Plan): string {
  const [unit, other] = joins?.[0]?.on ?? never();
  return `CASE WHEN ${quoted(other)} IS NULL THEN 1 WHEN ${quoted(unit)} IS NULL THEN 2 ELSE 0 END`;
}

function namedTable(dataset: string): string {
  return `${quote(tableOf(dataset))} AS ${quote(dataset)}`;
}

function onSql({ on: [unit, other] }: PlanJoin): string {
  return `(${quoted(unit)} = ${quoted(other)})`;
}

function whereSql(conditions: readonly string[]): string {
  return conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
}

type Bind = (value: number) => string;

function binder(): { readonly binds: number[]; readonly bind: Bind } {
  const binds: number[] = [];
  return { binds, bind: (value) => `$${binds.push(value)}` };
}

function axisNames({ axes }: Plan): string[] {
  return axes.map((_, at) => quote(`a${at}`));
}

function axesSql({ axes }: Plan, bind: Bind): string[] {
  return axes.map((axis, at) => `${axisSql(axis, bind)} AS ${quote(`a${at}`)}`);
}

/** The class of a row; of an overlap that of its joined side, where the first says none. */
function axisSql(axis: PlanAxis, bind: Bind): string {
  const own = splitSql(axis, bind);
  if (!axis.otherwise) return own;
  return `CASE WHEN ${quoted(axis.column)} IS NULL THEN ${splitSql(axis.otherwise, bind)} ELSE ${own} END`;
}

/** A value within its bounds, NULL where it is missing: `least` and `greatest` would make a bound of it. */
function clampSql(column: string, [low, high]: readonly [number, number], bind: Bind): string {
  const name = quoted(column);
  const below = `WHEN ${name} < ${bind(low)} THEN ${bind(low)}`;
  return `CASE WHEN ${name} IS NULL THEN NULL ${below} WHEN ${name} > ${bind(high)} THEN ${bind(high)} ELSE ${name} END`;
}

function never(): never {
  throw new TypeError('sql: not by classes');
}

/** Position of a row among the classes of a split, NULL where it has none. */
function splitSql({ column, by }: PlanSplit, bind: Bind): string {
  const name = quoted(column);
  if ('groups' in by) {
    const branches = by.groups.map((values, at) => `WHEN ${equalsSql(name, values, bind)} THEN ${at}`);
    return `CASE WHEN ${name} IS NULL THEN NULL ${branches.join(' ')} ELSE NULL END`;
  }
  if ('values' in by) {
    // The first codes of a list in its own order need no translation: the column holds positions already.
    if (by.values.every((value, at) => value === at)) {
      const below = `WHEN ${name} < ${bind(0)} THEN NULL`;
      return `CASE WHEN ${name} IS NULL THEN NULL ${below} WHEN ${name} < ${bind(by.values.length)} THEN ${name} ELSE NULL END`;
    }
    const branches = by.values.map((value, at) => `WHEN ${name} = ${bind(value)} THEN ${at}`);
    return `CASE WHEN ${name} IS NULL THEN NULL ${branches.join(' ')} ELSE NULL END`;
  }
  const [first = 0, ...rest] = by.edges;
  const branches = rest.map((edge, at) => `WHEN ${name} < ${bind(edge)} THEN ${at}`);
  return `CASE WHEN ${name} IS NULL THEN NULL WHEN ${name} < ${bind(first)} THEN NULL ${branches.join(' ')} ELSE ${rest.length} END`;
}

function equalsSql(name: string, values: readonly number[], bind: Bind): string {
  return `(${values.map((value) => `${name} = ${bind(value)}`).join(' OR ')})`;
}

function nodeSql(node: PlanNode, bind: Bind): string {
  switch (node.op) {
    case 'all':
    case 'any':
      return `(${node.of.map((part) => nodeSql(part, bind)).join(node.op === 'all' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${nodeSql(node.of, bind)})`;
    case 'present':
      return `(${quoted(node.column)} IS NOT NULL)`;
    case 'missing':
      return `(${quoted(node.column)} IS NULL)`;
    case 'in': {
      const column = quoted(node.column);
      return `(${column} IS NOT NULL AND ${equalsSql(column, node.values, bind)})`;
    }
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      // The explicit NULL test keeps the logic two-valued, so that "not" means what the plan says.
      return `(${quoted(node.column)} IS NOT NULL AND ${quoted(node.column)} ${comparators[node.op]} ${bind(node.value)})`;
    default:
      return node satisfies never;
  }
}

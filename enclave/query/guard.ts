/**
 * Defence in depth behind the printer: DuckDB's own parse of a statement is walked by a whitelist that fails closed, and
 * its plan may scan the asked tables only (engine.md "Compiler"). An unknown node or member is a reason to refuse.
 */
import { tableOf } from './sql.ts';

/** Expressions an aggregate may hold, by DuckDB's class and type. */
const expressions = new Set([
  'COLUMN_REF COLUMN_REF',
  'CASE CASE_EXPR',
  'COMPARISON COMPARE_EQUAL',
  'COMPARISON COMPARE_NOTEQUAL',
  'COMPARISON COMPARE_LESSTHAN',
  'COMPARISON COMPARE_LESSTHANOREQUALTO',
  'COMPARISON COMPARE_GREATERTHAN',
  'COMPARISON COMPARE_GREATERTHANOREQUALTO',
  'CONJUNCTION CONJUNCTION_AND',
  'CONJUNCTION CONJUNCTION_OR',
  'OPERATOR OPERATOR_NOT',
  'OPERATOR OPERATOR_IS_NULL',
  'OPERATOR OPERATOR_IS_NOT_NULL',
  'PARAMETER VALUE_PARAMETER',
  'CONSTANT VALUE_CONSTANT',
  'FUNCTION FUNCTION',
]);
const functions = new Set(['count_star', 'count', 'sum']);
/** The number of the unit. */
const unitName = 'u';
/** What may be counted once each: units, units with a value, and what a measure reads. */
const distinctName = /^(u\d*|v\d+)$/;
/** What a measure reads of a row. */
const valueName = /^v\d+$/;
const nodes = new Set([
  'SELECT_NODE',
  'ORDER_MODIFIER',
  'ORDER_DEFAULT',
  'SUBQUERY',
  'BASE_TABLE',
  'JOIN',
  'BOUND',
  'INTEGER',
]);
/** Members whose value must be empty; everything they could mean is outside the printer's language. */
const emptyMembers = new Set(['having', 'sample', 'qualify', 'filter', 'at_clause', 'catalog_name', 'schema_name']);
const operators = new Set([
  'LOGICAL_ORDER_BY',
  'LOGICAL_PROJECTION',
  'LOGICAL_AGGREGATE_AND_GROUP_BY',
  'LOGICAL_FILTER',
  'LOGICAL_COMPARISON_JOIN',
  'LOGICAL_GET',
]);

/** Names of two unit columns that are the same in the rows of a join. */
export type Link = readonly [string, string];

/** Refuses a serialised statement (`json_serialize_sql`) that is not one SELECT of the printer's language over these links. */
export function checkStatement(serialised: unknown, links: readonly Link[]): void {
  const { error, statements } = record(serialised);
  if (error !== false || !Array.isArray(statements) || statements.length !== 1) throw refused();
  const node = record(record(statements[0])['node']);
  walk(node);
  checkShape(node, links);
}

/** Refuses a serialised plan (`json_serialize_plan`) that reads anything but the datasets' tables. */
export function checkPlan(serialised: unknown, datasets: readonly string[]): void {
  const { error, plans } = record(serialised);
  if (error !== false || !Array.isArray(plans) || plans.length !== 1) throw refused();
  scan(plans[0], datasets.map(tableOf));
}

function walk(value: unknown): void {
  if (Array.isArray(value)) return value.forEach(walk);
  if (typeof value !== 'object' || value === null) return;
  const node = record(value);
  if (typeof node['class'] === 'string') {
    if (!expressions.has(`${node['class']} ${String(node['type'])}`)) throw refused();
    if (node['class'] === 'FUNCTION' && !functions.has(String(node['function_name']))) throw refused();
    if (node['is_operator'] === true) throw refused();
    if (node['distinct'] === true && !isDistinctCount(node)) throw refused();
    if (node['class'] === 'CONSTANT') return;
  } else if (typeof node['type'] === 'string' && !nodes.has(node['type'])) throw refused();
  for (const [member, part] of Object.entries(node)) {
    if (emptyMembers.has(member) && part !== null && part !== '') throw refused();
    if (member === 'cte_map') {
      const { map } = record(part);
      if (!Array.isArray(map) || map.length > 0) throw refused();
    } else if (member !== 'children' || !isSumOfSquares(node)) walk(part);
  }
}

/** Counts and sums by group, over what is read of one source: what hands out rows or sub-totals has another shape. */
function checkShape(outer: Record<string, unknown>, links: readonly Link[]): void {
  const table = record(outer['from_table']);
  const inner = record(record(table['subquery'])['node']);
  const axes = list(outer['group_expressions']).map((_, at) => at);
  const isGrouped = axes.length > 0 && classes(outer['group_expressions']) === axes.map(() => 'COLUMN_REF').join();
  const isPlain = [outer, inner].every((node) => node['aggregate_handling'] === 'STANDARD_HANDLING');
  const isOneSet = list(outer['group_sets']).length === 1 && String(outer['group_sets']) === axes.join();
  const selected = list(outer['select_list']);
  const isKeyed = classes(selected.slice(0, axes.length)) === axes.map(() => 'COLUMN_REF').join();
  const isCounted = selected.length > axes.length && selected.slice(axes.length).every(isAggregate);
  const read = list(inner['select_list']);
  const isAxes = classes(read.slice(0, axes.length)) === axes.map(() => 'CASE').join();
  const isRead = read.slice(axes.length).every((part) => record(part)['class'] === 'CASE' || isUnit(part));
  const isFlat = isSource(record(inner['from_table']), links) && list(inner['group_expressions']).length === 0;
  if (!(isGrouped && isPlain && isOneSet && isKeyed && isCounted && isAxes && isRead && isFlat)) throw refused();
}

/** One table; or tables linked one after another, each by the two columns that are stated and nothing else. */
function isSource(table: Record<string, unknown>, links: readonly Link[]): boolean {
  const link = links.at(-1);
  if (!link) return table['type'] === 'BASE_TABLE';
  const { type, join_type, ref_type, condition, using_columns, duplicate_eliminated_columns } = table;
  const { class: kind, type: compared, left: one, right: other } = record(condition);
  const names = [one, other].map((side) => list(record(side)['column_names'] ?? []).join('.'));
  const isEqual = kind === 'COMPARISON' && compared === 'COMPARE_EQUAL' && names.join() === link.join();
  const isOneWay = list(using_columns).length === 0 && list(duplicate_eliminated_columns).length === 0;
  if (type !== 'JOIN' || ref_type !== 'REGULAR' || !isEqual || !isOneWay) return false;
  const [left, right] = [record(table['left']), record(table['right'])];
  if (join_type === 'FULL') return links.length === 1 && isSide(left) && isSide(right);
  const isFirst = links.length > 1 || isNamed(left);
  return join_type === 'INNER' && isFirst && isSource(left, links.slice(0, -1)) && isNamed(right);
}

/** Columns of a named table as they stand, under its name. */
function isSide({ type, alias, subquery }: Record<string, unknown>): boolean {
  if (type !== 'SUBQUERY') return false;
  const side = record(record(subquery)['node']);
  const from = record(side['from_table']);
  const isPlain = side['aggregate_handling'] === 'STANDARD_HANDLING' && list(side['group_expressions']).length === 0;
  const isColumns = list(side['select_list']).every((part) => record(part)['class'] === 'COLUMN_REF');
  return isPlain && isColumns && isNamed(from) && from['alias'] === alias;
}

/** The table of a dataset under the dataset's name. */
function isNamed({ type, table_name, alias }: Record<string, unknown>): boolean {
  return type === 'BASE_TABLE' && table_name === tableOf(String(alias));
}

/** A count of rows, of distinct units or values, or a count or sum of what a measure reads. */
function isAggregate(expression: unknown): boolean {
  const node = record(expression);
  if (node['class'] !== 'FUNCTION') return false;
  if (node['function_name'] === 'count_star') return list(node['children']).length === 0;
  if (node['distinct'] === true) return isDistinctCount(node);
  return isSumOfSquares(node) || valueName.test(argumentOf(node));
}

/** A sum of what a measure reads times itself: the one product there is. */
function isSumOfSquares({ function_name, distinct, filter, order_bys, children }: Record<string, unknown>): boolean {
  if (function_name !== 'sum' || distinct !== false || filter || !isUnordered(order_bys)) return false;
  const [product, ...more] = list(children).map(record);
  if (product?.['function_name'] !== '*' || product['is_operator'] !== true || more.length > 0) return false;
  // It is not walked, as the one operator there is: nothing else may hang on it.
  if (product['distinct'] !== false || product['filter'] || !isUnordered(product['order_bys'])) return false;
  const [left, right, ...others] = list(product['children']).map(record);
  const factors = [left, right].map((factor) =>
    factor?.['class'] === 'COLUMN_REF' ? String(factor['column_names']) : '',
  );
  return others.length === 0 && valueName.test(factors[0] ?? '') && factors[0] === factors[1];
}

function isUnordered(order: unknown): boolean {
  return list(record(order)['orders']).length === 0;
}

/** `count(DISTINCT "u")`, of the units with a value, or of values. */
function isDistinctCount(node: Record<string, unknown>): boolean {
  return node['function_name'] === 'count' && distinctName.test(argumentOf(node));
}

/** Name of the one column an aggregate is of; empty where it is of anything else. */
function argumentOf({ children }: Record<string, unknown>): string {
  const [column, ...more] = list(children).map(record);
  return column?.['class'] === 'COLUMN_REF' && more.length === 0 ? String(column['column_names']) : '';
}

/** A column as it stands, under the name of the unit. */
function isUnit(expression: unknown): boolean {
  const { class: kind, alias } = record(expression);
  return kind === 'COLUMN_REF' && alias === unitName;
}

function classes(expressions: unknown): string {
  return list(expressions)
    .map((expression) => record(expression)['class'])
    .join();
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw refused();
  return value;
}

function scan(value: unknown, tables: readonly string[]): void {
  const node = record(value);
  if (!operators.has(String(node['type']))) throw refused();
  if (node['type'] === 'LOGICAL_GET') {
    if (node['name'] !== 'seq_scan' || !tables.includes(String(record(node['function_data'])['table'])))
      throw refused();
  }
  const { children } = node;
  if (!Array.isArray(children)) throw refused();
  for (const child of children) scan(child, tables);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused();
  return value as Record<string, unknown>;
}

function refused(): Error {
  return new Error('guard: a statement outside the printer’s language');
}

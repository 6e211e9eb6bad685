/**
 * Template + schema + parameters → plan: small frozen nodes, all values encoded as integers (docs/spec/query.md §4).
 * A pure function of public policy; the analyst's tool and the enclave compute the same plan and the same price.
 */

import { mechanismOf } from './price.ts';
import type { AggregateQuery, Comparison, Constant, GroupKey, Predicate } from './query.ts';
import { comparisons } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Column, DatasetSchema } from './schema.ts';

/** Changes whenever the same template would give another plan, SQL or price. Part of what approvals rest on. */
export const compilerVersion = 'reinraum-compiler/1';
/** Most cells of one answer; each of them is noised. */
export const cellsMax = 200_000;

/** A predicate on encoded columns. A comparison with a missing value is false; `not` negates that truth value. */
export type PlanNode =
  | { readonly op: Comparison; readonly column: string; readonly value: number }
  | { readonly op: 'in'; readonly column: string; readonly values: readonly number[] }
  | { readonly op: 'present' | 'missing'; readonly column: string }
  | { readonly op: 'all' | 'any'; readonly of: readonly PlanNode[] }
  | { readonly op: 'not'; readonly of: PlanNode };

/** One grouping axis. A row falls into the position of its value in `values`, or of its band; otherwise into no cell. */
export interface PlanAxis {
  readonly as: string;
  readonly column: string;
  readonly split: { readonly values: readonly number[] } | { readonly edges: readonly number[] };
  /** Public labels, one a position. */
  readonly labels: readonly string[];
}

/** What one unit can change in the exact table, before noise. */
export interface Sensitivity {
  readonly l0: bigint;
  readonly l1: bigint;
  readonly l2Squared: bigint;
  readonly lInfinity: bigint;
}

/** What is computed: the cells, the noise and the minimum of one question with its parameters filled in. */
export interface Plan {
  readonly compiler: typeof compilerVersion;
  readonly dataset: string;
  readonly population: string;
  readonly where: PlanNode | null;
  readonly axes: readonly PlanAxis[];
  readonly measures: readonly { readonly as: string; readonly fn: 'count' }[];
  readonly cells: number;
  readonly k: number;
  readonly mechanism: ReturnType<typeof mechanismOf>;
  readonly sensitivity: Sensitivity;
}

/** Parameter values by name, as the analyst chose them. */
export type Parameters = Readonly<Record<string, Constant>>;

/**
 * Compiles a template with parameters against its schema. Throws {@link Refusal} `query-not-compilable` or
 * `parameter-invalid` with the field; total otherwise.
 */
export function plan(query: AggregateQuery, schema: DatasetSchema, parameters: Parameters): Plan {
  if (query.from.dataset !== schema.id) throw new Refusal('query-not-compilable', 'from.dataset');
  if (query.population !== schema.population) throw new Refusal('query-not-compilable', 'population');
  checkParameters(query, parameters);
  const scope: Scope = { alias: query.from.as, columns: new Map(schema.columns.map((c) => [c.name, c])), parameters };
  const axes = query.groupBy.map((key, at) => axis(key, scope, `groupBy.${at}`));
  const cells = axes.reduce((total, { labels }) => total * labels.length, 1);
  if (cells > cellsMax) throw new Refusal('query-not-compilable', 'groupBy');
  // One row per unit is proved at admission, so a unit is in at most one cell and counts there once.
  const sensitivity: Sensitivity = { l0: 1n, l1: 1n, l2Squared: 1n, lInfinity: 1n };
  return freeze({
    compiler: compilerVersion,
    dataset: schema.id,
    population: query.population,
    where: query.where ? node(query.where, scope, 'where') : null,
    axes,
    measures: query.measures.map(({ as, fn }) => ({ as, fn })),
    cells,
    k: query.privacy.k,
    mechanism: mechanismOf(query),
    sensitivity,
  });
}

/** Checks that every permitted parameter value compiles, so that an approved template is never refused for one. */
export function checkCompiles(query: AggregateQuery, schema: DatasetSchema): void {
  const names = Object.keys(query.params);
  const first: Record<string, Constant> = {};
  for (const name of names) first[name] = query.params[name]?.oneOf[0] ?? '';
  plan(query, schema, first);
  for (const name of names) {
    for (const value of query.params[name]?.oneOf ?? []) plan(query, schema, { ...first, [name]: value });
  }
}

/** Labels of a cell by its position in row-major order of the axes. */
export function cellKey({ axes }: Plan, position: number): string[] {
  const key: string[] = [];
  let rest = position;
  for (const { labels } of axes.toReversed()) {
    key.unshift(labels[rest % labels.length] ?? '');
    rest = Math.floor(rest / labels.length);
  }
  return key;
}

interface Scope {
  readonly alias: string;
  readonly columns: ReadonlyMap<string, Column>;
  readonly parameters: Parameters;
}

function checkParameters(query: AggregateQuery, parameters: Parameters): void {
  const given = new Map(Object.entries(parameters));
  for (const [name, { oneOf }] of Object.entries(query.params)) {
    const value = given.get(name);
    if (value === undefined || !oneOf.includes(value)) throw new Refusal('parameter-invalid', `params.${name}`);
    given.delete(name);
  }
  // The name of an unforeseen parameter is the analyst's input and is not repeated.
  if (given.size > 0) throw new Refusal('parameter-invalid', 'params');
}

function columnOf(reference: string, { alias, columns }: Scope, field: string): Column {
  const [table, name = ''] = reference.split('.');
  const column = table === alias ? columns.get(name) : undefined;
  if (!column) throw new Refusal('query-not-compilable', field);
  return column;
}

/** The integer a constant or parameter stands for in a column: the position of a code, or the integer itself. */
function encode(operand: Constant, column: Column, { parameters }: Scope, field: string): number {
  const value =
    typeof operand === 'string' && operand.startsWith('$')
      ? new Map(Object.entries(parameters)).get(operand.slice(1))
      : operand;
  if (column.type === 'code') {
    const position = column.codes.findIndex(({ code }) => code === value);
    if (position >= 0) return position;
  } else if (typeof value === 'number' && value >= column.min && value <= column.max) {
    return value;
  }
  throw new Refusal('query-not-compilable', field);
}

function node(predicate: Predicate, scope: Scope, field: string): PlanNode {
  if ('all' in predicate) return { op: 'all', of: predicate.all.map((p, at) => node(p, scope, `${field}.all.${at}`)) };
  if ('any' in predicate) return { op: 'any', of: predicate.any.map((p, at) => node(p, scope, `${field}.any.${at}`)) };
  if ('not' in predicate) return { op: 'not', of: node(predicate.not, scope, `${field}.not`) };
  if ('in' in predicate) {
    const column = columnOf(predicate.in[0], scope, `${field}.in`);
    const values = predicate.in[1].map((value) => encode(value, column, scope, `${field}.in`));
    return { op: 'in', column: column.name, values: [...new Set(values)].sort((a, b) => a - b) };
  }
  if ('is' in predicate) {
    return { op: predicate.is[1], column: columnOf(predicate.is[0], scope, `${field}.is`).name };
  }
  for (const op of comparisons) {
    const operands = predicate[op];
    if (!operands) continue;
    const column = columnOf(operands[0], scope, `${field}.${op}`);
    // Codes have no order; comparing their positions would compare the order of the code list.
    if (column.type === 'code' && op !== 'eq' && op !== 'ne')
      throw new Refusal('query-not-compilable', `${field}.${op}`);
    return { op, column: column.name, value: encode(operands[1], column, scope, `${field}.${op}`) };
  }
  throw new Refusal('query-not-compilable', field);
}

function axis(key: GroupKey, scope: Scope, field: string): PlanAxis {
  const column = columnOf(key.column, scope, `${field}.column`);
  if ('edges' in key) {
    if (column.type !== 'integer') throw new Refusal('query-not-compilable', `${field}.edges`);
    if (key.edges.some((edge) => edge < column.min || edge > column.max)) {
      throw new Refusal('query-not-compilable', `${field}.edges`);
    }
    return { as: key.as, column: column.name, split: { edges: key.edges }, labels: bandLabels(key.edges) };
  }
  if (!key.keys && column.type !== 'code') throw new Refusal('query-not-compilable', `${field}.keys`);
  const keys = key.keys ?? (column.type === 'code' ? column.codes.map(({ code }) => code) : []);
  const values = keys.map((value) => encode(value, column, scope, `${field}.keys`));
  if (new Set(values).size < values.length) throw new Refusal('query-not-compilable', `${field}.keys`);
  return { as: key.as, column: column.name, split: { values }, labels: keys.map(String) };
}

/** "0-17", "18-64", "65+" for edges 0, 18, 65. */
function bandLabels(edges: readonly number[]): string[] {
  return edges.map((edge, at) => {
    const next = edges[at + 1];
    if (next === undefined) return `${edge}+`;
    return next === edge + 1 ? `${edge}` : `${edge}-${next - 1}`;
  });
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}

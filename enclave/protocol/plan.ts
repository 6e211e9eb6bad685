/**
 * Template + schema + parameters → plan: small frozen nodes, all values encoded as integers (docs/spec/query.md §4).
 * A pure function of public policy; the analyst's tool and the enclave compute the same plan and the same price.
 */

import { columnNamed } from './column.ts';
import { type Component, componentsOf, placesIn, rangeOf, type SplitKey } from './component.ts';
import { contributionOf } from './contribution.ts';
import { levelsOf, type PlanLevel } from './hierarchy.ts';
import { type AskedSchema, asksOverlap } from './join.ts';
import type { AggregateQuery, Comparison, Constant, GroupKey, Measure, MeasureFunction, Predicate } from './query.ts';
import { comparisons } from './query.ts';
import { compare, parseRational, type Rational } from './rational.ts';
import { Refusal } from './refusal.ts';
import type { Column } from './schema.ts';

/** Changes whenever the same template would give another plan, SQL or price. Part of what approvals rest on. */
export const compilerVersion = 'reinraum-compiler/2';
/** Most cells of one answer; each of them is noised. */
export const cellsMax = 200_000;

/** A predicate on encoded columns. A comparison with a missing value is false; `not` negates that truth value. */
export type PlanNode =
  | { readonly op: Comparison; readonly column: string; readonly value: number }
  | { readonly op: 'in'; readonly column: string; readonly values: readonly number[] }
  | { readonly op: 'present' | 'missing'; readonly column: string }
  | { readonly op: 'all' | 'any'; readonly of: readonly PlanNode[] }
  | { readonly op: 'not'; readonly of: PlanNode };

/** Public classes of a column. A row falls into the position of its value, group or band; otherwise into no class. */
export interface PlanSplit {
  readonly column: string;
  readonly by:
    | { readonly values: readonly number[] }
    | { readonly groups: readonly (readonly number[])[] }
    | { readonly edges: readonly number[] };
  /** Public labels, one a class. */
  readonly labels: readonly string[];
}

/** One grouping axis. */
export interface PlanAxis extends PlanSplit {
  readonly as: string;
  /** Of an overlap: where rows without a value belong; the same labels. */
  readonly otherwise?: PlanSplit;
}

/** A linked dataset. */
export interface PlanJoin {
  readonly dataset: string;
  /** Units of the asked dataset and of this one, each the name of a column. */
  readonly on: readonly [string, string];
  readonly where: PlanNode | null;
}

/** What a measure reads of a row: nothing, a clamped value, a truth, or a class. */
export type PlanInput =
  | { readonly of: 'unit' }
  | {
      readonly of: 'value';
      readonly column: string;
      readonly nullable: boolean;
      readonly clamp: readonly [number, number];
      readonly step: number;
      /** Whether squares are summed too. */
      readonly squared?: true;
      /** Whether different values are counted and nothing is summed; the clamp is all there can be. */
      readonly distinct?: true;
    }
  | { readonly of: 'truth'; readonly where: PlanNode }
  | { readonly of: 'class'; readonly split: PlanSplit; readonly nullable: boolean }
  /** On which sides of the one join a unit is: both, the first alone, the second alone. */
  | { readonly of: 'sides'; readonly labels: readonly string[] };

/** One measure with the components it is made from, by position. */
export interface PlanMeasure {
  readonly as: string;
  readonly fn: MeasureFunction;
  readonly input: PlanInput;
  readonly decider: number;
  readonly value: number;
  /** Component of the squares of a variance. */
  readonly squares?: number;
  /** What one counts, for people; null for counts and shares. */
  readonly unit: string | null;
  /** For quantiles: which one, the last band's upper end, and the others made from the same bands. */
  readonly quantile: { readonly q: Rational; readonly max: number; readonly further?: readonly Rational[] } | null;
}

/** What is computed: the cells, the noise and the minimum of one question with its parameters filled in. */
export interface Plan {
  readonly compiler: typeof compilerVersion;
  readonly dataset: string;
  readonly population: string;
  /** Column of pseudonyms, numbered; null where a cell holds at most one row of a unit and rows are units. */
  readonly distinct: string | null;
  /** Rows of a unit that are read, those of the lowest ranks; absent where there is no more to leave out. */
  readonly maxRows?: number;
  readonly where: PlanNode | null;
  /** Linked datasets; a row without its unit in all of them is not read, unless an overlap is asked. */
  readonly joins?: readonly PlanJoin[];
  readonly axes: readonly PlanAxis[];
  readonly measures: readonly PlanMeasure[];
  readonly components: readonly Component[];
  readonly cells: number;
  /** The axis whose labels are grouped, and the levels above the finest cells, finest first. */
  readonly hierarchy?: string;
  readonly levels?: readonly PlanLevel[];
  readonly k: number;
}

/** Parameter values by name, as the analyst chose them. */
export type Parameters = Readonly<Record<string, Constant>>;

/**
 * Compiles a template with parameters against its schema. Throws {@link Refusal} `query-not-compilable` or
 * `parameter-invalid` with the field; total otherwise.
 */
export function plan(query: AggregateQuery, schema: AskedSchema, parameters: Parameters): Plan {
  if (query.from.dataset !== schema.id) throw new Refusal('query-not-compilable', 'from.dataset');
  if (query.population !== schema.population) throw new Refusal('query-not-compilable', 'population');
  checkParameters(query, parameters);
  const scope: Scope = { query, schema, parameters };
  const axes = query.groupBy.map((key, at) => axisOf(key, scope, `groupBy.${at}`));
  const cells = axes.reduce((total, { labels }) => total * labels.length, 1);
  const { components, measures } = componentsOf(query, schema);
  const levels = levelsOf(query, axes);
  const noised = components.reduce((total, component) => total + placesIn(component, cells), 0);
  if (noised > cellsMax) throw new Refusal('query-not-compilable', 'groupBy');
  return freeze({
    compiler: compilerVersion,
    dataset: schema.id,
    population: query.population,
    distinct: contributionOf(query, schema).rowsPerCell > 1n ? schema.unit : null,
    ...(query.contribution ? { maxRows: query.contribution.maxRows } : {}),
    where: query.where ? node(query.where, sideOf(query.from.dataset, scope), 'where') : null,
    ...joinsOf(scope),
    axes,
    measures: query.measures.map((measure, at) => ({
      as: measure.as,
      fn: measure.fn,
      ...(measures[at] ?? missing()),
      ...read(measure, scope, `measures.${at}`),
    })),
    components,
    cells,
    ...(query.hierarchy ? { hierarchy: query.hierarchy.axis, levels } : {}),
    k: query.privacy.k,
  });
}

function missing(): never {
  throw new TypeError('plan: a measure without components');
}

/** Checks that every permitted parameter value compiles, so that an approved template is never refused for one. */
export function checkCompiles(query: AggregateQuery, schema: AskedSchema): void {
  const first = firstParameters(query.params);
  plan(query, schema, first);
  for (const name of Object.keys(query.params)) {
    for (const value of query.params[name]?.oneOf ?? []) plan(query, schema, { ...first, [name]: value });
  }
}

/** The first permitted value of every parameter. */
export function firstParameters(params: AggregateQuery['params']): Parameters {
  return Object.fromEntries(Object.entries(params).map(([name, { oneOf }]) => [name, oneOf[0] ?? '']));
}

/** Labels of a cell by its position in row-major order of the axes. */
export function cellKey({ axes }: { readonly axes: readonly Pick<PlanAxis, 'labels'>[] }, position: number): string[] {
  const key: string[] = [];
  let rest = position;
  for (const { labels } of axes.toReversed()) {
    key.unshift(labels[rest % labels.length] ?? '');
    rest = Math.floor(rest / labels.length);
  }
  return key;
}

interface Scope {
  readonly query: AggregateQuery;
  readonly schema: AskedSchema;
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

/** Linked datasets, each with what is asked of its own rows. */
function joinsOf(scope: Scope): Pick<Plan, 'joins'> {
  const { query, schema } = scope;
  if (!query.joins) return {};
  const joins = query.joins.map(({ dataset, where }, at): PlanJoin => {
    const unit = schema.joined?.[at] ?? missing();
    const own = { ...scope, schema: columnsFrom(dataset, schema) };
    return { dataset, on: [schema.unit, unit], where: where ? node(where, own, `joins.${at}.where`) : null };
  });
  return { joins };
}

/** Of an overlap each side is asked for its own rows; otherwise rows are linked first. */
function sideOf(dataset: string, scope: Scope): Scope {
  return asksOverlap(scope.query) ? { ...scope, schema: columnsFrom(dataset, scope.schema) } : scope;
}

function columnsFrom(dataset: string, schema: AskedSchema): AskedSchema {
  return { ...schema, columns: schema.columns.filter(({ name }) => name.startsWith(`${dataset}.`)) };
}

/** An axis; of an overlap it says of both sides where a unit belongs. */
function axisOf(key: GroupKey, scope: Scope, field: string): PlanAxis {
  const { query } = scope;
  if (!asksOverlap(query)) {
    if (key.otherwise !== undefined) throw new Refusal('query-not-compilable', `${field}.otherwise`);
    return { as: key.as, ...splitOf(key, scope, field) };
  }
  const own = splitOf(key, sideOf(query.from.dataset, scope), field);
  const joined = sideOf(query.joins?.[0]?.dataset ?? '', scope);
  if (key.otherwise === undefined) throw new Refusal('query-not-compilable', `${field}.otherwise`);
  const otherwise = splitOf({ ...key, column: key.otherwise }, joined, `${field}.otherwise`);
  if (otherwise.labels.join() !== own.labels.join()) throw new Refusal('query-not-compilable', `${field}.otherwise`);
  return { as: key.as, ...own, otherwise };
}

function columnOf(reference: string, { query, schema }: Scope, field: string): Column {
  return columnNamed(reference, query, schema, field);
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

/** What a measure reads, in the plan's own terms. */
function read(measure: Measure, scope: Scope, field: string): Pick<PlanMeasure, 'input' | 'unit' | 'quantile'> {
  const plain = { unit: null, quantile: null };
  switch (measure.fn) {
    case 'count':
    case 'countRows':
      return { ...plain, input: { of: 'unit' } };
    case 'countDistinct': {
      const column = columnOf(measure.column, scope, `${field}.column`);
      const { name, nullable } = column;
      const step = column.type === 'code' ? 1 : column.step;
      const input = { of: 'value', column: name, nullable, clamp: rangeOf(column), step, distinct: true } as const;
      return { ...plain, input };
    }
    case 'rate':
      return { ...plain, input: { of: 'truth', where: node(measure.of, scope, `${field}.of`) } };
    case 'shares':
    case 'histogram': {
      const { nullable } = columnOf(measure.column, scope, `${field}.column`);
      return { ...plain, input: { of: 'class', split: splitOf(measure, scope, field), nullable } };
    }
    case 'overlap': {
      const [one, other] = [scope.query.from, ...(scope.query.joins ?? [])];
      return { ...plain, input: { of: 'sides', labels: ['both', `only-${one.as}`, `only-${other?.as}`] } };
    }
    case 'quantile':
    case 'quantiles': {
      const column = integerColumn(measure.column, scope, `${field}.column`);
      const [q, ...further] = quantilesOf(measure.q, `${field}.q`);
      const input = { of: 'class', split: splitOf(measure, scope, field), nullable: column.nullable } as const;
      const quantile = { q, max: column.max, ...(further.length > 0 ? { further } : {}) };
      return { input, unit: column.unit, quantile };
    }
    case 'sum':
    case 'mean':
    case 'variance':
    case 'stddev': {
      const column = integerColumn(measure.column, scope, `${field}.column`);
      const { name, nullable, step, unit } = column;
      const isSquared = measure.fn === 'variance' || measure.fn === 'stddev';
      const input = { of: 'value', column: name, nullable, clamp: measure.clamp, step } as const;
      return {
        ...plain,
        unit: measure.fn === 'variance' ? `${unit}²` : unit,
        input: isSquared ? { ...input, squared: true } : input,
      };
    }
    default:
      return measure satisfies never;
  }
}

/** One or several fractions between 0 and 1, rising. */
function quantilesOf(q: string | readonly string[], field: string): [Rational, ...Rational[]] {
  const [first, ...further] = (typeof q === 'string' ? [q] : q).map(parseRational);
  const refused = new Refusal('query-not-compilable', field);
  if (!first || first.num === 0n) throw refused;
  let before = first;
  for (const next of further) {
    if (compare(next, before) <= 0) throw refused;
    before = next;
  }
  if (before.num >= before.den) throw refused;
  return [first, ...further];
}

function integerColumn(reference: string, scope: Scope, field: string): Column & { readonly type: 'integer' } {
  const column = columnOf(reference, scope, field);
  if (column.type !== 'integer') throw new Refusal('query-not-compilable', field);
  return column;
}

function splitOf(key: SplitKey, scope: Scope, field: string): PlanSplit {
  const column = columnOf(key.column, scope, `${field}.column`);
  if (key.edges) {
    if (column.type !== 'integer') throw new Refusal('query-not-compilable', `${field}.edges`);
    if (key.edges.some((edge) => edge < column.min || edge > column.max)) {
      throw new Refusal('query-not-compilable', `${field}.edges`);
    }
    return { column: column.name, by: { edges: key.edges }, labels: bandLabels(key.edges) };
  }
  if (key.groups) {
    const groups = key.groups.map(({ of }) => of.map((value) => publicKey(value, column, scope, `${field}.groups`)));
    // A value in two groups would be counted in two cells, where one is what the price says.
    const all = groups.flat();
    if (new Set(all).size < all.length) throw new Refusal('query-not-compilable', `${field}.groups`);
    return { column: column.name, by: { groups }, labels: key.groups.map(({ code }) => code) };
  }
  if (!key.keys && column.type !== 'code') throw new Refusal('query-not-compilable', `${field}.keys`);
  const keys = key.keys ?? (column.type === 'code' ? column.codes.map(({ code }) => code) : []);
  const values = keys.map((value) => publicKey(value, column, scope, `${field}.keys`));
  if (new Set(values).size < values.length) throw new Refusal('query-not-compilable', `${field}.keys`);
  return { column: column.name, by: { values }, labels: keys.map(String) };
}

/** A key of the table is public and the same in every run: no parameter can stand in for one. */
function publicKey(value: Constant, column: Column, scope: Scope, field: string): number {
  if (typeof value === 'string' && value.startsWith('$')) throw new Refusal('query-not-compilable', field);
  return encode(value, column, scope, field);
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

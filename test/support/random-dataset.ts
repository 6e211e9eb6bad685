/** Random schemas, rows and questions, and what the answer is by the plainest reading of the query language. */
import {
  AggregateQuery,
  type Column,
  csvHeader,
  DatasetSchema,
  type Measure,
  type Predicate,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { ranksOf } from './ranks.ts';

/** A value as it stands in the data: a code, an integer, or nothing. */
export type Value = string | number | null;

/** A schema with rows that fit it, one value a column. */
export interface RandomDataset {
  readonly schema: DatasetSchema;
  readonly rows: readonly (readonly Value[])[];
  /** Number of each row's unit; the row's own number without it. */
  readonly units?: readonly number[];
}

const title = { de: 'x', en: 'x' };
const codes = ['A', 'b.2', '07', '10', 'Z-z', 'a+b', 'x_y'];

const column = (name: string): fc.Arbitrary<Column> =>
  fc.oneof(
    fc
      .record({ nullable: fc.boolean(), codes: fc.shuffledSubarray(codes, { minLength: 1 }) })
      .map(({ nullable, codes: own }) => ({
        name,
        title,
        nullable,
        type: 'code' as const,
        codes: own.map((code) => ({ code, de: code, en: code })),
      })),
    fc
      .record({
        nullable: fc.boolean(),
        min: fc.integer({ min: -6, max: 3 }),
        steps: fc.nat(12),
        step: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ nullable, min, steps, step }) => ({
        name,
        title,
        nullable,
        type: 'integer' as const,
        min,
        max: min + steps * step,
        step,
        unit: 'x',
      })),
  );

/** Every value of a column but the missing one. */
export function domain(of: Column): readonly (string | number)[] {
  if (of.type === 'code') return of.codes.map(({ code }) => code);
  return Array.from({ length: (of.max - of.min) / of.step + 1 }, (_, at) => of.min + at * of.step);
}

const value = (of: Column): fc.Arbitrary<Value> =>
  of.nullable ? fc.option(fc.constantFrom(...domain(of)), { freq: 4 }) : fc.constantFrom(...domain(of));

/** A dataset of this name. */
export const randomDataset = (id: string): fc.Arbitrary<RandomDataset> =>
  fc
    .integer({ min: 1, max: 4 })
    .chain((width) =>
      fc.tuple(...Array.from({ length: width }, (_, at) => column(['select', 'b-c', 'c_d', 'e'][at] ?? 'z'))),
    )
    .map((columns) =>
      DatasetSchema.parse({
        apiVersion: 'reinraum/v1',
        kind: 'DatasetSchema',
        id,
        title,
        owner: 'a/b',
        population: 'person',
        unit: 'unit_id',
        rowsPerUnit: 1,
        columns,
      }),
    )
    .chain((schema) =>
      fc.record({
        schema: fc.constant(schema),
        rows: fc.array(fc.tuple(...schema.columns.map(value)), { minLength: 0, maxLength: 80, size: 'max' }),
      }),
    );

/** Pseudonym of a unit's number. */
export const unitOf = (n: number) =>
  `${((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}-0000-8000-8000-${n.toString(16).padStart(12, '0')}`;

/** Canonical CSV of a dataset. */
export function csvOf({ schema, rows, units }: RandomDataset, unit: (n: number) => string = unitOf): string {
  const lines = rows.map((row, n) => `${[unit(units?.[n] ?? n), ...row.map((v) => v ?? '')].join(',')}\n`);
  return csvHeader(schema) + lines.join('');
}

function predicate(schema: DatasetSchema): fc.Arbitrary<Predicate> {
  const leaf = fc.constantFrom(...schema.columns).chain((of): fc.Arbitrary<Predicate> => {
    const name = `r.${of.name}`;
    // The whole range of an integer column is permitted, on the grid or off it.
    const constant: fc.Arbitrary<string | number> =
      of.type === 'code' ? fc.constantFrom(...domain(of)) : fc.integer({ min: of.min, max: of.max });
    const ops = of.type === 'code' ? (['eq', 'ne'] as const) : (['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const);
    return fc.oneof(
      fc
        .tuple(fc.constantFrom(...ops), constant)
        .map(([op, c]): Predicate => ({ [op]: [name, c] as [string, string | number] })),
      fc.array(constant, { minLength: 1, maxLength: 4 }).map((list): Predicate => ({ in: [name, list] })),
      fc.constantFrom<('present' | 'missing')[]>('present', 'missing').map((word): Predicate => ({ is: [name, word] })),
    );
  });
  const level = (depth: number): fc.Arbitrary<Predicate> => {
    if (depth === 1) return leaf;
    const part = level(depth - 1);
    const parts = fc.array(part, { minLength: 1, maxLength: 3 });
    return fc.oneof(
      leaf,
      parts.map((all) => ({ all })),
      parts.map((any) => ({ any })),
      part.map((not) => ({ not })),
    );
  };
  return level(5);
}

/** A public split of a column: keys, groups or bands. */
function split(of: Column) {
  const common = { column: `r.${of.name}` };
  const values = [...domain(of)];
  const keys = fc.shuffledSubarray(values, { minLength: 1 }).map((list) => ({ ...common, keys: list }));
  const groups = fc.shuffledSubarray(values, { minLength: 1 }).chain((list) =>
    fc.integer({ min: 1, max: list.length }).map((size) => ({
      ...common,
      groups: Array.from({ length: Math.ceil(list.length / size) }, (_, at) => ({
        code: `G${at}`,
        de: `Gruppe ${at}`,
        en: `group ${at}`,
        of: list.slice(at * size, (at + 1) * size),
      })),
    })),
  );
  if (of.type === 'code') return fc.oneof(keys, groups, fc.constant(common));
  const between = Array.from({ length: of.max - of.min + 1 }, (_, n) => of.min + n);
  const edges = fc.subarray(between, { minLength: 1 }).map((list) => ({ ...common, edges: list }));
  return fc.oneof(keys, groups, edges);
}

/** How many classes a split has. */
function classesOf(by: object, of: Column): number {
  const { keys, groups, edges } = by as { keys?: unknown[]; groups?: unknown[]; edges?: unknown[] };
  return (keys ?? groups ?? edges ?? domain(of)).length;
}

function clamped(of: Column & { type: 'integer' }) {
  const grid = domain(of).map(Number);
  return fc
    .subarray(grid, { minLength: 2, maxLength: 2 })
    .map(([low = 0, high = 0]) => ({ column: `r.${of.name}`, clamp: [low, high] }));
}

/** Measures that compile for a schema: those of values only where one row of a unit can be in a cell, or sums of bounded rows. */
function measures(schema: DatasetSchema, isSingle: boolean): fc.Arbitrary<object[]> {
  const several = schema.columns.filter((of) => domain(of).length > 1);
  const integers = schema.columns.filter((of) => of.type === 'integer');
  const summed = integers.filter((of) => of.max > of.min && of.min % of.step === 0);
  const distinct = fc.constantFrom(...schema.columns).map(({ name }) => ({ fn: 'countDistinct', column: `r.${name}` }));
  const bounded =
    schema.rowsPerUnit === 1 || summed.length === 0
      ? []
      : [fc.constantFrom(...summed).chain((of) => clamped(of).map((by) => ({ fn: 'sum', ...by })))];
  const single: fc.Arbitrary<object>[] = isSingle
    ? [
        predicate(schema).map((of) => ({ fn: 'rate', of })),
        fc.constantFrom(...schema.columns).chain((of) => split(of).map((by) => ({ fn: 'histogram', ...by }))),
        ...(several.length > 0
          ? [
              fc
                .constantFrom(...several)
                .chain((of) => split(of).filter((by) => classesOf(by, of) > 1))
                .map((by) => ({ fn: 'shares', ...by })),
            ]
          : []),
        ...(summed.length > 0
          ? (['sum', 'mean', 'variance', 'stddev'] as const).map((fn) =>
              fc.constantFrom(...summed).chain((of) => clamped(of).map((by) => ({ fn, ...by }))),
            )
          : []),
        ...(integers.some((of) => of.max > of.min)
          ? [
              fc.constantFrom(...integers.filter((of) => of.max > of.min)).chain((of) => {
                const above = Array.from({ length: of.max - of.min }, (_, n) => of.min + 1 + n);
                return fc
                  .tuple(
                    fc.subarray(above, { minLength: 1 }),
                    fc.constantFrom({ fn: 'quantile', q: '1/2' }, { fn: 'quantiles', q: ['1/10', '1/2', '3/4'] }),
                  )
                  .map(([edges, which]) => ({ ...which, column: `r.${of.name}`, edges: [of.min, ...edges] }));
              }),
            ]
          : []),
      ]
    : [];
  const any = fc.oneof(fc.constant({ fn: 'count' }), fc.constant({ fn: 'countRows' }), distinct, ...bounded, ...single);
  return fc
    .array(any, { minLength: 1, maxLength: 4 })
    .map((list) => list.map((measure, at) => ({ as: `m${at}`, ...measure })));
}

/** A question about a dataset. */
export const randomQuery = (schema: DatasetSchema): fc.Arbitrary<AggregateQuery> =>
  fc
    .tuple(
      fc.option(predicate(schema), { freq: 6, nil: undefined }),
      fc
        .array(fc.constantFrom(...schema.columns), { minLength: 1, maxLength: 3 })
        .chain((columns) => fc.tuple(...columns.map((of, at) => split(of).map((by) => ({ as: `g${at}`, ...by }))))),
      fc.boolean(),
      fc.constantFrom({ mechanism: 'discreteGaussian', rho: '1/8' }, { mechanism: 'discreteLaplace', epsilon: '1/2' }),
      fc.integer({ min: 1, max: 4 }),
    )
    .chain(([where, groupBy, isFixed, noise, maxRows]) => {
      const period = schema.period === null ? undefined : `r.${schema.period}`;
      const fixed = period !== undefined && isFixed ? { eq: [period, 'q2'] } : undefined;
      const all = [...(where ? [where] : []), ...(fixed ? [fixed] : [])];
      const isGrouped = groupBy.some((key) => key.column === period && !('groups' in key));
      const isMany = schema.rowsPerUnit !== 1;
      const isSingle = isMany ? maxRows === 1 : period === undefined || fixed !== undefined || isGrouped;
      return measures(schema, isSingle).map((list) =>
        AggregateQuery.parse({
          apiVersion: 'reinraum/v1',
          kind: 'AggregateQuery',
          id: 'q',
          title,
          sentence: title,
          purpose: 'p',
          legalBasis: 'x',
          recipients: ['a/b'],
          expires: '2030-01-01',
          population: 'person',
          from: { dataset: schema.id, as: 'r' },
          ...(all.length > 0 ? { where: { all } } : {}),
          ...(isMany ? { contribution: { maxRows } } : {}),
          groupBy,
          measures: list,
          privacy: { ...noise, k: 5 },
          slotMs: 100,
        }),
      );
    });

type Row = (column: string) => Value;

/** Whether a row satisfies a predicate: a comparison with a missing value is false, `not` turns that truth value. */
export function holds(where: Predicate, row: Row): boolean {
  if ('all' in where) return where.all.every((part) => holds(part, row));
  if ('any' in where) return where.any.some((part) => holds(part, row));
  if ('not' in where) return !holds(where.not, row);
  if ('in' in where) return where.in[1].some((constant) => row(where.in[0]) === constant);
  if ('is' in where) return (row(where.is[0]) === null) === (where.is[1] === 'missing');
  const [[op, [name, constant]] = ['', ['', '']]] = Object.entries(where) as [string, [string, string | number]][];
  const own = row(name);
  if (own === null) return false;
  const truth: Record<string, boolean> = {
    eq: own === constant,
    ne: own !== constant,
    lt: own < constant,
    lte: own <= constant,
    gt: own > constant,
    gte: own >= constant,
  };
  return truth[op] === true;
}

interface Split {
  readonly column: string;
  readonly keys?: readonly Value[] | undefined;
  readonly groups?: readonly { readonly of: readonly Value[] }[] | undefined;
  readonly edges?: readonly number[] | undefined;
}

/** Exact integers of one measure: of the units it rests on, a cell each, and of its value. */
export interface ReferenceMeasure {
  readonly units: bigint[];
  readonly value: bigint[];
  /** Of a variance. */
  readonly squares: bigint[];
}

/** The answer by going through rows one after another: per measure, cells in row-major order of the axes. */
export function counted(dataset: RandomDataset, query: AggregateQuery): ReferenceMeasure[] {
  const { schema, rows, units } = dataset;
  const at = new Map(schema.columns.map(({ name }, n) => [`r.${name}`, n]));
  const classes = ({ column, keys, groups, edges }: Split) => {
    const own = schema.columns[at.get(column) ?? -1];
    const parts: readonly ((v: Value) => boolean)[] = edges
      ? edges.map(
          (edge, n) => (v) => typeof v === 'number' && v >= edge && v < (edges[n + 1] ?? Number.POSITIVE_INFINITY),
        )
      : groups
        ? groups.map(
            ({ of }) =>
              (v: Value) =>
                of.includes(v),
          )
        : (keys ?? (own ? domain(own) : [])).map((key) => (v: Value) => v === key);
    return { size: parts.length, on: (row: Row) => parts.findIndex((holdsIn) => holdsIn(row(column))) };
  };
  const axes = query.groupBy.map(classes);
  const cells: { unit: number; row: Row }[][] = Array.from(
    { length: axes.reduce((product, { size }) => product * size, 1) },
    () => [],
  );
  const ranks = query.contribution ? ranksOf(dataset, unitOf) : [];
  rows.forEach((values, n) => {
    if (query.contribution && (ranks[n] ?? 0) > query.contribution.maxRows) return;
    const row: Row = (name) => values[at.get(name) ?? -1] ?? null;
    if (query.where && !holds(query.where, row)) return;
    const places = axes.map(({ on }) => on(row));
    if (places.some((place) => place < 0)) return;
    const cell = places.reduce((position, place, axis) => position * (axes[axis]?.size ?? 1) + place, 0);
    cells[cell]?.push({ unit: units?.[n] ?? n, row });
  });
  return query.measures.map((measure) => {
    const isPure = 'epsilon' in query.privacy;
    const each = cells.map((members) => reference(measure, members, classes, schema, isPure));
    return {
      units: each.map((one) => one.units),
      value: each.flatMap((one) => one.value),
      squares: each.flatMap((one) => one.squares ?? []),
    };
  });
}

function reference(
  measure: Measure,
  members: readonly { readonly unit: number; readonly row: Row }[],
  classes: (split: Split) => { size: number; on: (row: Row) => number },
  { columns }: DatasetSchema,
  isPure: boolean,
): { units: bigint; value: bigint[]; squares?: bigint[] } {
  const units = BigInt(new Set(members.map(({ unit }) => unit)).size);
  if (measure.fn === 'overlap') throw new TypeError('random dataset: one alone has no overlap');
  if (measure.fn === 'count') return { units, value: [units] };
  if (measure.fn === 'countRows') return { units, value: [BigInt(members.length)] };
  if (measure.fn === 'rate') {
    const yes = BigInt(members.filter(({ row }) => holds(measure.of, row)).length);
    return { units, value: [yes, units - yes] };
  }
  if (measure.fn === 'shares' || measure.fn === 'histogram' || 'edges' in measure) {
    const { size, on } = classes(measure);
    const value = Array.from({ length: size }, (_, n) => BigInt(members.filter(({ row }) => on(row) === n).length));
    return { units: value.reduce((sum, count) => sum + count, 0n), value };
  }
  const present = members.filter(({ row }) => row(measure.column) !== null);
  const valid = BigInt(new Set(present.map(({ unit }) => unit)).size);
  if (measure.fn === 'countDistinct') {
    return { units: valid, value: [BigInt(new Set(present.map(({ row }) => row(measure.column))).size)] };
  }
  const [low, high] = measure.clamp;
  const of = columns.find(({ name }) => `r.${name}` === measure.column);
  const step = of?.type === 'integer' ? of.step : 1;
  const values = present.map(({ row }) => Math.min(high, Math.max(low, Number(row(measure.column)))));
  const sumOf = (part: (v: number) => number) => BigInt(values.reduce((total, v) => total + part(v), 0) / step);
  if (measure.fn === 'sum') return { units: valid, value: [sumOf((v) => v)] };
  if (measure.fn !== 'mean') {
    const squares = values.map((v) => 2 * ((2 * v - low - high) / step) ** 2 - ((high - low) / step) ** 2);
    const about = BigInt(squares.reduce((total, square) => total + square, 0));
    return { units: valid, value: [sumOf((v) => 2 * v - low - high)], squares: [about] };
  }
  return {
    units: valid,
    value: isPure ? [sumOf((v) => v - low), sumOf((v) => high - v)] : [sumOf((v) => 2 * v - low - high)],
  };
}

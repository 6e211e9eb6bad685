/** Random schemas, rows and questions, and what the answer is by the plainest reading of the query language. */
import { AggregateQuery, type Column, csvHeader, DatasetSchema, type Predicate } from '@reinraum/protocol';
import * as fc from 'fast-check';

/** A value as it stands in the data: a code, an integer, or nothing. */
export type Value = string | number | null;

/** A schema with rows that fit it, one value a column. */
export interface RandomDataset {
  readonly schema: DatasetSchema;
  readonly rows: readonly (readonly Value[])[];
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

/** Pseudonym of a row number. */
export const unitOf = (n: number) =>
  `${((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}-0000-8000-8000-${n.toString(16).padStart(12, '0')}`;

/** Canonical CSV of a dataset, one unit a row. */
export function csvOf({ schema, rows }: RandomDataset, unit: (n: number) => string = unitOf): string {
  return csvHeader(schema) + rows.map((row, n) => `${[unit(n), ...row.map((v) => v ?? '')].join(',')}\n`).join('');
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

function axis(of: Column, at: number) {
  const common = { column: `r.${of.name}`, as: `g${at}` };
  const keys = fc.shuffledSubarray([...domain(of)], { minLength: 1 }).map((list) => ({ ...common, keys: list }));
  if (of.type === 'code') return fc.oneof(keys, fc.constant(common));
  const between = Array.from({ length: of.max - of.min + 1 }, (_, n) => of.min + n);
  const first = between.filter((n) => n >= 0).slice(0, 4);
  const edges = fc.subarray(between, { minLength: 1 }).map((list) => ({ ...common, edges: list }));
  return first[0] === 0 ? fc.oneof(keys, edges, fc.constant({ ...common, keys: first })) : fc.oneof(keys, edges);
}

/** A question about a dataset. */
export const randomQuery = (schema: DatasetSchema): fc.Arbitrary<AggregateQuery> =>
  fc
    .tuple(
      fc.option(predicate(schema), { freq: 6, nil: undefined }),
      fc
        .array(fc.constantFrom(...schema.columns), { minLength: 1, maxLength: 3 })
        .chain((columns) => fc.tuple(...columns.map(axis))),
    )
    .map(([where, groupBy]) =>
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
        ...(where ? { where } : {}),
        groupBy,
        measures: [{ as: 'n', fn: 'count' }],
        privacy: { mechanism: 'discreteGaussian', rho: '1/8', k: 5 },
        slotMs: 100,
      }),
    );

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

/** The answer by counting rows one after another: counts of the cells in row-major order of the axes. */
export function counted({ schema, rows }: RandomDataset, query: AggregateQuery): bigint[] {
  const at = new Map(schema.columns.map(({ name }, n) => [`r.${name}`, n]));
  const axes = query.groupBy.map((key) => {
    if ('edges' in key) {
      const inBand = (v: Value, n: number) =>
        typeof v === 'number' && v >= (key.edges[n] ?? 0) && v < (key.edges[n + 1] ?? Number.POSITIVE_INFINITY);
      return { size: key.edges.length, on: (row: Row) => key.edges.findIndex((_, n) => inBand(row(key.column), n)) };
    }
    const own = schema.columns[at.get(key.column) ?? -1];
    const keys: readonly Value[] = key.keys ?? (own ? domain(own) : []);
    return { size: keys.length, on: (row: Row) => keys.indexOf(row(key.column)) };
  });
  const counts = Array.from({ length: axes.reduce((product, { size }) => product * size, 1) }, () => 0n);
  for (const values of rows) {
    const row: Row = (name) => values[at.get(name) ?? -1] ?? null;
    if (query.where && !holds(query.where, row)) continue;
    const places = axes.map(({ on }) => on(row));
    if (places.some((place) => place < 0)) continue;
    const cell = places.reduce((position, place, n) => position * (axes[n]?.size ?? 1) + place, 0);
    counts[cell] = (counts[cell] ?? 0n) + 1n;
  }
  return counts;
}

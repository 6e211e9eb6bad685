/** A release beside what it estimates: only for examples whose data are published anyway. */
import {
  type Cell,
  type Column,
  type DatasetSchema,
  type Estimate,
  estimatesOf,
  type Plan,
  type PlanMeasure,
  type PlanSplit,
  plan,
  toNumber,
} from '@reinraum/protocol';
import type { SourceRecord } from '../steward/records.ts';
import type { Policies } from './policy-files.ts';
import type { ExampleAnswer } from './run.ts';
import { recordsOf } from './source.ts';

/** How one measure of a release compares with the published data, estimate by estimate. */
export interface Comparison {
  readonly query: string;
  readonly measure: string;
  readonly cells: number;
  readonly shown: number;
  readonly hidden: number;
  /** Shown estimates whose 95 % range holds the true value. */
  readonly inRange: number;
  /** Shown estimates that rest on fewer than k units; must be 0. */
  readonly shownBelowK: number;
  readonly errorMean: number;
  readonly errorMax: number;
  /** The true values beside the released ones, where the table is small enough to be read. */
  readonly beside?: readonly {
    readonly key: readonly string[];
    readonly truth: number | null;
    readonly value: number | null;
    readonly low: number | null;
    readonly high: number | null;
  }[];
}

/** Estimates of a table that is printed beside the truth at most. */
const besideMax = 40;

/** What is true of one cell: its units, and per measure a value a class, or one; null where no unit has a value. */
export interface TrueCell {
  readonly units: number;
  readonly values: readonly (readonly (number | null)[])[];
  /** Units behind each of them, which k is about. */
  readonly behind: readonly (readonly number[])[];
}

/**
 * Compares every answer about a published file with that file. None for made-up data, for questions with a predicate, and
 * for schemas with periods: those need the enclave's own reading of a row, and a second one here would be no reference.
 */
export async function compareWithReference(
  policies: Policies,
  answers: readonly ExampleAnswer[],
  data: string | undefined,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const { query, parameters, answered } of answers) {
    const source = policies.example.datasets.find(({ dataset }) => dataset === query.from.dataset)?.source;
    const schema = policies.schemas.find(({ id }) => id === query.from.dataset);
    if (!schema || query.joins || schema.period !== null || schema.rowsPerUnit !== 1 || query.where) continue;
    if (source?.kind !== 'expand' && source?.kind !== 'csv') continue;
    const asked = plan(query, schema, parameters);
    const truth = await truthOf(asked, schema, recordsOf(source, schema, data));
    const { k, cells, measures } = answered.release;
    measures.forEach((measure, at) => {
      const pairs = cells.flatMap((cell, position) => pairsOf(cell, at, truth[position], measure.labels));
      comparisons.push({ query: query.id, measure: measure.as, ...compare(pairs, k, measure.decimals) });
    });
  }
  return comparisons;
}

/** The true table of a plan without predicate, one cell a position, from records in schema column order. */
export async function truthOf(
  asked: Plan,
  schema: DatasetSchema,
  records: AsyncIterable<SourceRecord>,
): Promise<TrueCell[]> {
  const read = readerOf(schema);
  const cells = Array.from({ length: asked.cells }, () => ({
    units: 0,
    read: asked.measures.map((): number[] => []),
  }));
  for await (const record of records) {
    const value = read(record);
    const cell = cells[cellOf(asked, value)];
    if (!cell) continue;
    cell.units += 1;
    asked.measures.forEach(({ input }, at) => {
      const found =
        input.of === 'value' ? value(input.column) : input.of === 'class' ? value(input.split.column) : undefined;
      if (found !== undefined) cell.read[at]?.push(found);
    });
  }
  return cells.map(({ units, read }) => {
    const all = asked.measures.map((measure, at) => trueValues(measure, units, read[at] ?? []));
    return { units, values: all.map(({ values }) => values), behind: all.map(({ behind }) => behind) };
  });
}

type Reader = (record: SourceRecord) => (column: string) => number | undefined;

/** Codes by their position, integers as themselves, nothing where a value is missing. */
function readerOf({ columns }: DatasetSchema): Reader {
  const at = new Map(columns.map(({ name }, position) => [name, position]));
  const codes = columns.map((column: Column) =>
    column.type === 'code' ? new Map(column.codes.map(({ code }, position) => [code, position])) : undefined,
  );
  return ({ values }) =>
    (column) => {
      const position = at.get(column) ?? -1;
      const value = values[position] ?? null;
      if (value === null) return undefined;
      const list = codes[position];
      return list ? list.get(value) : Number(value);
    };
}

function cellOf({ axes }: Plan, value: (column: string) => number | undefined): number {
  return axes.reduce((cell, axis) => {
    const at = classOf(axis, value(axis.column));
    return cell < 0 || at < 0 ? -1 : cell * axis.labels.length + at;
  }, 0);
}

function classOf({ by }: PlanSplit, value: number | undefined): number {
  if (value === undefined) return -1;
  if ('values' in by) return by.values.indexOf(value);
  if ('groups' in by) return by.groups.findIndex((group) => group.includes(value));
  return by.edges.findLastIndex((edge) => edge <= value);
}

function trueValues({ fn, input, quantile }: PlanMeasure, units: number, read: readonly number[]) {
  const alone = (value: number | null, behind: number) => ({ values: [value], behind: [behind] });
  if (input.of === 'class' && !quantile) {
    const classes = input.split.labels.map(
      (_, at) => read.filter((value) => classOf(input.split, value) === at).length,
    );
    const total = classes.reduce((sum, count) => sum + count, 0);
    const share = (count: number) => (total === 0 ? null : count / total);
    return { values: fn === 'shares' ? classes.map(share) : classes, behind: classes };
  }
  if (quantile) {
    const sorted = [...read].sort((a, b) => a - b);
    return alone(sorted[Math.max(0, Math.ceil(toNumber(quantile.q) * sorted.length) - 1)] ?? null, read.length);
  }
  if (input.of === 'value') {
    const [low, high] = input.clamp;
    if (input.distinct) return alone(new Set(read).size, read.length);
    const sum = read.reduce((total, value) => total + Math.min(high, Math.max(low, value)), 0);
    return alone(fn === 'sum' ? sum : read.length === 0 ? null : sum / read.length, read.length);
  }
  return alone(input.of === 'unit' ? units : null, units);
}

interface Pair {
  readonly key: readonly string[];
  readonly estimate: Estimate | null;
  readonly truth: number | null;
  readonly behind: number;
}

function pairsOf(cell: Cell, measure: number, truth: TrueCell | undefined, labels: readonly string[] | null): Pair[] {
  return estimatesOf(cell, measure).map((estimate, at) => ({
    key: labels ? [...cell.key, labels[at] ?? ''] : cell.key,
    estimate,
    truth: truth?.values[measure]?.[at] ?? null,
    behind: truth?.behind[measure]?.[at] ?? 0,
  }));
}

function compare(pairs: readonly Pair[], k: number, decimals: number): Omit<Comparison, 'query' | 'measure'> {
  const scale = 10 ** decimals;
  const shown = pairs.flatMap(({ estimate, truth, behind }) =>
    estimate && truth !== null ? [{ estimate, behind, truth: truth * scale }] : [],
  );
  const errors = shown.map(({ estimate, truth }) => Math.abs(estimate.value - truth) / scale);
  // Means of the source have more decimals than released ones, whose ends are rounded outwards.
  const inRange = shown.filter(({ estimate, truth }) => estimate.low <= truth && truth <= estimate.high).length;
  const hundredths = (value: number) => Math.round(value * 100) / 100;
  const beside = pairs.map(({ key, estimate, truth }) => ({
    key,
    truth: truth === null ? null : hundredths(truth),
    value: estimate ? estimate.value / scale : null,
    low: estimate ? estimate.low / scale : null,
    high: estimate ? estimate.high / scale : null,
  }));
  return {
    cells: pairs.length,
    shown: shown.length,
    hidden: pairs.length - shown.length,
    inRange,
    shownBelowK: shown.filter(({ behind }) => behind < k).length,
    errorMean: shown.length === 0 ? 0 : hundredths(errors.reduce((sum, error) => sum + error, 0) / shown.length),
    errorMax: hundredths(Math.max(0, ...errors)),
    ...(pairs.length <= besideMax ? { beside } : {}),
  };
}

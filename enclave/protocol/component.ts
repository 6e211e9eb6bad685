/**
 * What of a measure is noised: tables of integers, each with its sensitivity, its part of the loss and its mechanism
 * (docs/spec/query.md §5). A pure function of template and schema, so verifiers recompute price and noise without
 * parameters.
 */
import { columnNamed } from './column.ts';
import { type Contribution, contributionOf } from './contribution.ts';
import { hierarchyAxis, levelShares } from './hierarchy.ts';
import { accountantOf, lossField, lossOf } from './loss.ts';
import { type Mechanism, parameterOf } from './mechanism.ts';
import type { AggregateQuery, GroupKey, Measure } from './query.ts';
import { compare, divide, formatRational, multiply, type Rational, rational, rationalPattern } from './rational.ts';
import { Refusal } from './refusal.ts';
import type { Column, DatasetSchema } from './schema.ts';

/** What one unit can change in an exact table, before noise, in the integers that are noised. */
export interface Sensitivity {
  readonly l0: bigint;
  readonly l1: bigint;
  readonly l2Squared: bigint;
  readonly lInfinity: bigint;
}

/**
 * Integers of a cell: `units` (valid units), `rows`, `sum` (clamped, in grid steps), `centred` (Σy with y = 2x − l − u in steps),
 * `squares` (Σ(2y² − W²), W = u − l in steps), `twoSided` (Σ(x − l) and Σ(u − x) in steps; together u − l times the valid units), `pair` (units with and without),
 * `bins` (units by class), `distinct` (different values).
 */
export type ComponentPart =
  | 'units'
  | 'rows'
  | 'sum'
  | 'centred'
  | 'squares'
  | 'twoSided'
  | 'pair'
  | 'bins'
  | 'distinct';

/** One table of integers that is noised as a whole. */
export interface Component {
  readonly part: ComponentPart;
  /** Integers a cell: 2 for two sides and a pair, one a class for bins, else 1. */
  readonly width: number;
  /** Cells of a level above the finest; without it, those of the plan. */
  readonly cells?: number;
  readonly sensitivity: Sensitivity;
  readonly mechanism: Mechanism;
  /** Whether cells are shown by its own values, each by itself or two sides by their sum; every such decision a unit can
   * influence is charged its δ. */
  readonly decides: boolean;
}

/** The tables a measure is made from, by position. `decider` counts the units whose minimum is k. */
export interface MeasureComponents {
  readonly decider: number;
  readonly value: number;
  /** Of a variance. */
  readonly squares?: number;
}

/** All components of a query, and which of them each measure uses. */
export interface Components {
  readonly components: readonly Component[];
  readonly measures: readonly MeasureComponents[];
}

/** Part of a measure's loss that goes to the count which decides, where the measure has one of its own: of a mean, and else. */
const meanDeciderShare = rational(1n, 2n);
const deciderShare = rational(1n, 4n);
/** Part of what is left that goes to the sum of a variance; the rest goes to its squares. */
const varianceSumShare = rational(1n, 2n);
/** Sums over 10^8 rows stay below 2^52 up to here, with room for their noise. */
const clampMax = 40_000_000;
/** Widest clamp of a variance in the column's unit: its square in hundredths stays a safe integer. */
const squaredClampMax = 10_000_000;
/**
 * Variances and scales whose tails and ranges can be computed (privacy/tail.ts, inference/interval.ts): less noise is none to
 * speak of, and nothing could be read off more.
 */
const noiseMin = { discreteGaussian: rational(1n, 1000n), discreteLaplace: rational(1n, 500n) } as const;
const deciderNoiseMax = { discreteGaussian: rational(2n ** 24n), discreteLaplace: rational(2n ** 20n) } as const;
const valueNoiseMax = { discreteGaussian: rational(2n ** 80n), discreteLaplace: rational(2n ** 40n) } as const;

/** Components of a query that has form. Throws {@link Refusal} `query-not-compilable` with the field. */
export function componentsOf(query: AggregateQuery, schema: DatasetSchema): Components {
  const contribution = contributionOf(query, schema);
  const components: Component[] = [];
  const measures: MeasureComponents[] = [];
  const add = (component: Omit<Component, 'mechanism'>, loss: Rational) =>
    components.push({ ...component, mechanism: mechanismFor(query, component, loss) }) - 1;
  const counts = query.measures.findIndex(({ fn }) => fn === 'count');
  if (query.hierarchy) return hierarchyOf(query, schema, contribution);
  // The count of units comes first, because others may be decided by it.
  const order = [...query.measures.keys()].sort((a, b) => Number(b === counts) - Number(a === counts) || a - b);
  for (const at of order) {
    const measure = query.measures[at];
    if (!measure) continue;
    const { column, table } = tableOf(query, schema, contribution, measure, `measures.${at}`);
    const loss = shareOf(query, measure);
    if (table.decides) {
      const value = add(table, loss);
      measures[at] = { decider: value, value };
      continue;
    }
    // Another measure's count decides where it counts the same units: all of them have a value here.
    const shared = column?.nullable ? undefined : measures[counts]?.decider;
    const part = measure.fn === 'mean' ? meanDeciderShare : deciderShare;
    const units = { part: 'units', width: 1, sensitivity: counted(contribution), decides: true } as const;
    const decider = shared ?? add(units, multiply(loss, part));
    const left = shared === undefined ? multiply(loss, rest(part)) : loss;
    if (isVariance(measure)) {
      const value = add(table, multiply(left, varianceSumShare));
      measures[at] = { decider, value, squares: add(squaresOf(table), multiply(left, rest(varianceSumShare))) };
    } else measures[at] = { decider, value: add(table, left) };
  }
  return { components, measures };
}

/** A count of units at every level: in each a unit is in as many cells as in the finest, once. */
function hierarchyOf(query: AggregateQuery, schema: DatasetSchema, contribution: Contribution): Components {
  const { groupBy, measures, hierarchy } = query;
  if (measures.length !== 1 || measures[0]?.fn !== 'count') throw new Refusal('query-not-compilable', 'measures');
  const axis = hierarchyAxis(query);
  const columns = groupBy.map(({ column }, at) => columnNamed(column, query, schema, `groupBy.${at}.column`));
  const isPeriod = columns[axis]?.name === schema.period;
  if (isPeriod || contribution.rowsPerCell > 1n) throw new Refusal('query-not-compilable', 'hierarchy.axis');
  const others = groupBy.reduce((total, key, at) => {
    const column = columns[at];
    return at === axis || !column ? total : total * classesOf(key, column, `groupBy.${at}`);
  }, 1);
  const sizes = [undefined, ...(hierarchy?.levels ?? []).map(({ groups }) => others * groups.length)];
  const shares = levelShares(sizes.length);
  const components = sizes.map((cells, at): Component => {
    const table = { part: 'units', width: 1, sensitivity: counted(contribution), decides: true } as const;
    const mechanism = mechanismFor(query, table, multiply(lossOf(query.privacy), shares[at] ?? rational(0n)));
    return { ...table, ...(cells === undefined ? {} : { cells }), mechanism };
  });
  return { components, measures: [{ decider: 0, value: 0 }] };
}

/** Integers of a component of a plan with so many finest cells. */
export function placesIn({ width, cells }: Component, finest: number): number {
  return width * (cells ?? finest);
}

/** Keep decisions one unit can influence, over all components. */
export function decisionsOf({ components }: Components): bigint {
  return components.reduce((total, { part, decides, sensitivity: { l0 } }) => {
    // Two sides are two integers and one decision.
    return total + (decides ? (part === 'twoSided' ? l0 / 2n : l0) : 0n);
  }, 0n);
}

/** How many classes a split of a column has. Throws {@link Refusal} where a column of integers names none. */
export function classesOf(split: SplitKey, column: Column, field: string): number {
  const named = split.edges ?? split.groups ?? split.keys;
  if (named) return named.length;
  if (column.type !== 'code') throw new Refusal('query-not-compilable', `${field}.keys`);
  return column.codes.length;
}

/** What a group key and a measure by classes have in common. */
export type SplitKey = Pick<GroupKey, 'column' | 'keys' | 'groups' | 'edges'>;

type Table = Omit<Component, 'mechanism'>;

function tableOf(
  query: AggregateQuery,
  schema: DatasetSchema,
  contribution: Contribution,
  measure: Measure,
  field: string,
): { readonly table: Table; readonly column?: Column } {
  const { cells, rows, rowsPerCell } = contribution;
  const units = { width: 1, sensitivity: counted(contribution), decides: true };
  if (measure.fn === 'count') return { table: { part: 'units', ...units } };
  if (measure.fn === 'overlap') {
    // A unit is on both sides or on one; of several rows each could be somewhere else.
    const isAlone = query.measures.length === 1 && query.joins?.length === 1 && rows === 1n;
    if (!isAlone) throw new Refusal('query-not-compilable', `${field}.fn`);
    return { table: { part: 'bins', ...units, width: 3 } };
  }
  if (measure.fn === 'countRows') {
    // Most of a unit's rows in as few cells as hold them: Σn² is largest there.
    const l2Squared = rows * rowsPerCell;
    const sensitivity = { l0: cells, l1: rows, l2Squared, lInfinity: rowsPerCell };
    return { table: { part: 'rows', width: 1, sensitivity, decides: false } };
  }
  if (measure.fn === 'countDistinct') {
    const column = columnNamed(measure.column, query, schema, `${field}.column`);
    // A unit adds no more values to a cell than it has rows there, and than the column can have.
    const [from, to] = rangeOf(column);
    const values = (BigInt(to) - BigInt(from)) / BigInt(column.type === 'code' ? 1 : column.step) + 1n;
    const most = { ...contribution, rowsPerCell: values < rowsPerCell ? values : rowsPerCell };
    return { column, table: { part: 'distinct', width: 1, sensitivity: summed(most, 1n), decides: false } };
  }
  // A value a unit has several of is no value of the unit; fix the period, or group by it. Rows that are bounded add up.
  if (rowsPerCell > 1n && !(query.contribution && measure.fn === 'sum'))
    throw new Refusal('query-not-compilable', `${field}.fn`);
  if (measure.fn === 'rate') return { table: { part: 'pair', ...units, width: 2 } };
  const column = columnNamed(measure.column, query, schema, `${field}.column`);
  if (measure.fn === 'shares' || measure.fn === 'histogram') {
    const width = classesOf(measure, column, field);
    // One class alone is all there is: its share says nothing.
    if (measure.fn === 'shares' && width < 2) throw new Refusal('query-not-compilable', `${field}.column`);
    return { table: { part: 'bins', ...units, width } };
  }
  if (column.type !== 'integer') throw new Refusal('query-not-compilable', `${field}.column`);
  if (measure.fn === 'quantile' || measure.fn === 'quantiles') {
    // Every valid unit must be in a band, or the quantile would be one of fewer units than decide.
    if (measure.edges[0] !== column.min) throw new Refusal('query-not-compilable', `${field}.edges`);
    return { column, table: { part: 'bins', ...units, width: measure.edges.length, decides: false } };
  }
  const [low, high] = steps(measure.clamp, column, `${field}.clamp`);
  // Means and variances noise the whole width of their clamp, or its square.
  const extent = measure.clamp[1] - measure.clamp[0];
  const isSquareTooWide = isVariance(measure) && (extent > squaredClampMax || (high - low) ** 2n > clampMax);
  if ((measure.fn === 'mean' && extent > clampMax) || isSquareTooWide) {
    throw new Refusal('query-not-compilable', `${field}.clamp`);
  }
  // A unit's x − l and u − x share one draw's worth of Laplace noise; Gaussian noise gains nothing from it.
  if (measure.fn === 'mean' && accountantOf(query.privacy) === 'pure') {
    const width = high - low;
    const sensitivity = { l0: 2n * cells, l1: cells * width, l2Squared: cells * width * width, lInfinity: width };
    return { column, table: { part: 'twoSided', width: 2, sensitivity, decides: true } };
  }
  const isSum = measure.fn === 'sum';
  const reach = isSum ? (abs(low) > abs(high) ? abs(low) : abs(high)) : high - low;
  return {
    column,
    table: { part: isSum ? 'sum' : 'centred', width: 1, sensitivity: summed(contribution, reach), decides: false },
  };
}

/** Least and greatest value of a column as it is encoded: positions of codes, or integers. */
export function rangeOf(column: Column): readonly [number, number] {
  return column.type === 'code' ? [0, column.codes.length - 1] : [column.min, column.max];
}

function isVariance({ fn }: Measure): boolean {
  return fn === 'variance' || fn === 'stddev';
}

/** Beside Σy with |y| ≤ W: every 2y² − W² is within ± W². */
function squaresOf({ sensitivity: { l0, lInfinity } }: Table): Table {
  const once = { rows: l0, cells: l0, rowsPerCell: 1n };
  return { part: 'squares', width: 1, sensitivity: summed(once, lInfinity ** 2n), decides: false };
}

/** One value of at most `reach` either way, in each of a unit's rows. Σn² is largest with most rows in one cell. */
function summed({ rows, cells, rowsPerCell }: Contribution, reach: bigint): Sensitivity {
  const counted = rows < cells * rowsPerCell ? rows : cells * rowsPerCell;
  const l2Squared = counted * rowsPerCell * reach * reach;
  return { l0: cells, l1: counted * reach, l2Squared, lInfinity: rowsPerCell * reach };
}

/** One unit more or less, in each of its cells. */
function counted({ cells }: Contribution): Sensitivity {
  return { l0: cells, l1: cells, l2Squared: cells, lInfinity: 1n };
}

/** Clamps in steps of the column's grid; what is noised in steps must be a multiple of them. */
function steps([low, high]: readonly [number, number], column: Column & { type: 'integer' }, field: string) {
  const isOnGrid = [low, high, column.min].every((value) => value % column.step === 0);
  const isWithin = low >= column.min && high <= column.max && low < high && Math.max(-low, high) <= clampMax;
  if (!isOnGrid || !isWithin) throw new Refusal('query-not-compilable', field);
  return [BigInt(low / column.step), BigInt(high / column.step)] as const;
}

/** The part of the query's loss a measure has, by its weight. */
function shareOf({ privacy, measures }: AggregateQuery, { as }: Measure): Rational {
  const weight = (name: string) => BigInt(privacy.split?.[name] ?? 1);
  const all = measures.reduce((total, { as: name }) => total + weight(name), 0n);
  return multiply(lossOf(privacy), rational(weight(as), all));
}

function rest(part: Rational): Rational {
  return rational(part.den - part.num, part.den);
}

/** σ² = Δ₂²/2ρ, or the scale Δ₁/ε. */
function mechanismFor({ privacy }: AggregateQuery, { sensitivity, decides }: Table, loss: Rational): Mechanism {
  const refused = new Refusal('query-not-compilable', lossField(privacy));
  if (loss.num === 0n) throw refused;
  const { l1, l2Squared, lInfinity } = sensitivity;
  const mechanism: Mechanism =
    accountantOf(privacy) === 'zcdp'
      ? { kind: 'discreteGaussian', variance: divide(rational(l2Squared, 2n), loss) }
      : { kind: 'discreteLaplace', scale: divide(rational(l1), loss) };
  const amount = parameterOf(mechanism);
  // Deciders are limited by what one unit weighs in them: W steps of two sides, else 1.
  const [counted, most] = decides ? [divide(amount, rational(lInfinity)), deciderNoiseMax] : [amount, valueNoiseMax];
  const isTooWide = compare(counted, most[mechanism.kind]) > 0 || compare(amount, valueNoiseMax[mechanism.kind]) > 0;
  if (isTooWide || compare(counted, noiseMin[mechanism.kind]) < 0) throw refused;
  // The log must be able to spell it, or the charge could not be written.
  if (!rationalPattern.test(formatRational(amount))) throw refused;
  return mechanism;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

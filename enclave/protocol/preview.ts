/**
 * What a run would cost and how exact it would be, before anything is charged (privacy.md "Approval-time analysis"): from
 * template, schema, charter, balances and an assumption about the size of a cell. No row is read, nothing is secret.
 */
import { z } from 'zod';
import { type Account, type Asker, accountsOf } from './allotment.ts';
import type { Charter } from './charter.ts';
import type { PlanLevel } from './hierarchy.ts';
import { distributionOf, laplacePairDistribution, type NoiseDistribution } from './inference/distribution.ts';
import { CountIntervals } from './inference/interval.ts';
import type { Noisy } from './inference/noisy.ts';
import { plainInterval, ratioInterval } from './inference/ratio.ts';
import { TwoSidedIntervals } from './inference/two-sided.ts';
import { varianceInterval } from './inference/variance.ts';
import type { AskedSchema } from './join.ts';
import { lossOf, withLoss } from './loss.ts';
import { type Mechanism, mechanismKey } from './mechanism.ts';
import { type Parameters, type Plan, type PlanMeasure, plan } from './plan.ts';
import { type Charge, price } from './price.ts';
import type { AggregateQuery } from './query.ts';
import { divide, parseRational, type Rational, subtract, toNumber } from './rational.ts';

/** What is expected of one measure in a cell of the assumed size. */
const MeasurePreview = z.strictObject({
  as: z.string(),
  fn: z.string(),
  unit: z.string().nullable(),
  /** Smallest noised count of units that is shown. */
  cut: z.int(),
  /** Units a cell needs to be shown with a probability of one half, and of 95 %. */
  unitsForHalf: z.int(),
  unitsForMost: z.int(),
  /** Probability that a cell of the assumed size is shown; of all its classes, for rates and shares. */
  shown: z.number(),
  /** Cells one would expect to be hidden, were all of the assumed size; of a histogram, their classes. */
  hiddenExpected: z.number(),
  /** Expected half of the 95 % range in the measure's unit, parts of one for rates and shares; null for quantiles. */
  halfWidth: z.number().nullable(),
});
/** See {@link previewOf}. */
export type MeasurePreview = z.infer<typeof MeasurePreview>;

/** What is expected of a level above the finest cells, whose cells are as many times larger as they are fewer. */
const LevelPreview = MeasurePreview.extend({ cells: z.int() });

/** The preview of a run. */
export const Preview = z.strictObject({
  charges: z.array(withLoss({ population: z.string(), delta: z.string() })),
  /** Runs the budgets still allow, this one included. */
  runsLeft: z.int(),
  cells: z.int(),
  unitsPerCell: z.int(),
  measures: z.array(MeasurePreview),
  /** Of a hierarchy: its levels, finest first. */
  levels: z.array(LevelPreview).optional(),
});
export type Preview = z.infer<typeof Preview>;

/** What an account has spent: a population's, or an allotment's of it. */
export type Spent = (account: string) => { readonly loss: Rational; readonly delta: Rational };

/** The preview of a run with these parameters, for cells of `unitsPerCell` units; runs left are those of the asker. Throws as `plan` and `price`. */
export function previewOf(
  query: AggregateQuery,
  schema: AskedSchema,
  parameters: Parameters,
  charter: Pick<Charter, 'populations' | 'accountant'>,
  spent: Spent,
  unitsPerCell: number,
  asker: Asker | null = null,
): Preview {
  const compiled = plan(query, schema, parameters);
  const charges = price(query, schema, charter);
  const delta = parseRational(charter.accountant.deltaPerDecision);
  return {
    charges,
    runsLeft: runsLeft(charges, charter, spent, asker),
    cells: compiled.cells,
    unitsPerCell,
    measures: compiled.measures.map((measure) => measurePreview(measure, compiled, delta, unitsPerCell)),
    ...(compiled.levels ? { levels: levelPreviews(compiled, compiled.levels, delta, unitsPerCell) } : {}),
  };
}

/** Each level by itself: what is hidden along with other cells is not foreseen. */
function levelPreviews(of: Plan, levels: readonly PlanLevel[], delta: Rational, unitsPerCell: number) {
  return of.measures.flatMap((measure) =>
    levels.map(({ as, cells, component }) => {
      const own = { ...measure, as, decider: component, value: component };
      const units = Math.floor((unitsPerCell * of.cells) / cells);
      return { ...measurePreview(own, { ...of, cells }, delta, units), cells };
    }),
  );
}

/** How many cells of known or earlier released sizes one would expect to be hidden; 0 for a cell hidden before. */
export function hiddenExpected(
  { cut, k }: { readonly cut: number; readonly k: number },
  noise: Mechanism,
  sizes: readonly number[],
): number {
  const { survival } = distributionOf(noise);
  return sizes.reduce((sum, units) => sum + 1 - (units < k ? 0 : survival(cut - units)), 0);
}

function runsLeft(
  charges: readonly Charge[],
  { populations }: Pick<Charter, 'populations'>,
  spent: Spent,
  asker: Asker | null,
): number {
  const runs = charges.map((charge) => {
    const population = populations.find(({ id }) => id === charge.population);
    if (!population) return 0;
    return Math.min(...accountsOf(population, asker).map(({ name, cap }) => timesWithin(cap, spent(name), charge)));
  });
  return Math.min(...runs);
}

/** How often a charge fits between what is spent and a cap; a part of it that is zero bounds nothing. */
function timesWithin(cap: Account['cap'], spent: ReturnType<Spent>, charge: Charge): number {
  const times = (most: Rational, used: Rational, one: Rational) => {
    if (one.num === 0n) return Number.POSITIVE_INFINITY;
    const { num, den } = divide(subtract(most, used), one);
    return Number(num / den);
  };
  return Math.min(
    times(lossOf(cap), spent.loss, lossOf(charge)),
    times(parseRational(cap.delta), spent.delta, parseRational(charge.delta)),
  );
}

function measurePreview(
  measure: PlanMeasure,
  { components, k, cells }: Plan,
  delta: Rational,
  units: number,
): MeasurePreview {
  const decider = components[measure.decider];
  const value = components[measure.value];
  if (!decider || !value) throw new TypeError('preview: a measure without components');
  // Two sides decide by their sum, in which each unit counts W steps.
  const width = decider.part === 'twoSided' ? Number(decider.sensitivity.lInfinity) : null;
  const cut = cutFor(decider.mechanism, k, delta, width);
  const { survival } = deciding(decider.mechanism, width);
  const shownAt = (n: number) => (n < k ? 0 : survival((width ?? 1) * (cut - n)));
  const classes = width === null ? decider.width : 1;
  const isByClass = measure.fn === 'histogram' || measure.fn === 'overlap';
  const shown = shownAt(Math.floor(units / classes)) ** (isByClass ? 1 : classes);
  return {
    as: measure.as,
    fn: measure.fn,
    unit: measure.unit,
    cut,
    unitsForHalf: classes * first((n) => shownAt(n) >= 0.5, k),
    unitsForMost: classes * first((n) => shownAt(n) >= 0.95, k),
    shown,
    hiddenExpected: Math.round(10 * cells * (isByClass ? classes : 1) * (1 - shown)) / 10,
    halfWidth: halfWidth(measure, {
      mechanism: value.mechanism,
      squares: measure.squares === undefined ? null : (components[measure.squares]?.mechanism ?? null),
      decider: decider.mechanism,
      width,
      cut,
      k,
      units,
      classes,
    }),
  };
}

interface Assumed {
  readonly mechanism: Mechanism;
  /** Noise of the squares of a variance. */
  readonly squares: Mechanism | null;
  readonly decider: Mechanism;
  /** W of a two-sided mean. */
  readonly width: number | null;
  readonly cut: number;
  readonly k: number;
  readonly units: number;
  readonly classes: number;
}

const alpha = 0.05;

/** Half of the range of a shown cell of the assumed size; of the smallest one that is shown, where that is smaller. */
function halfWidth({ fn, input }: PlanMeasure, assumed: Assumed): number | null {
  const { mechanism, squares, decider, width, cut, k, units, classes } = assumed;
  const shownFrom = { cut: BigInt(cut), k: BigInt(k) };
  const count = (n: number): Noisy => ({
    value: BigInt(Math.max(Math.floor(n), cut)),
    mechanism: decider,
    terms: 1,
    shownFrom,
  });
  const half = (low: number | bigint, high: number | bigint) => (Number(high) - Number(low)) / 2;
  if (fn === 'count' || fn === 'histogram' || fn === 'overlap') {
    const { low, high } = new CountIntervals({ mechanism: decider, ...shownFrom, alpha }).of(
      BigInt(Math.max(Math.floor(units / classes), cut)),
    );
    return half(low, high);
  }
  if (fn === 'quantile' || fn === 'quantiles') return null;
  if (fn === 'countRows' || fn === 'countDistinct' || fn === 'sum') {
    const { low, high } = plainInterval({ value: 0n, mechanism, terms: 1 }, alpha);
    return half(low, high) * (fn === 'sum' && input.of === 'value' ? input.step : 1);
  }
  if (fn === 'mean' && width !== null && input.of === 'value') {
    // Both sides alike, of no more units than ranges are made for: more would only be more exact.
    const counted = Math.min(Math.max(Math.floor(units), cut), Math.floor(2 ** 51 / width));
    const side = BigInt(Math.floor((width * counted + 1) / 2));
    const rule = { mechanism, width: BigInt(width), ...shownFrom, alpha };
    const { low, high } = new TwoSidedIntervals(rule).of(side, side);
    return half(low, high) * (input.clamp[1] - input.clamp[0]);
  }
  if ((fn === 'variance' || fn === 'stddev') && squares !== null && input.of === 'value') {
    // Of values spread evenly over the clamp.
    const reach = (input.clamp[1] - input.clamp[0]) / input.step;
    const square = BigInt(-Math.round((reach ** 2 * Number(count(units).value)) / 3));
    const [sum, about] = [
      { value: 0n, mechanism, terms: 1 },
      { value: square, mechanism: squares, terms: 1 },
    ];
    const { low, high } = varianceInterval({ units: count(units), sum, squares: about, width: reach }, alpha);
    if (fn === 'variance') return half(low, high) * input.step ** 2;
    return half(Math.sqrt(low), Math.sqrt(high)) * input.step;
  }
  if (fn === 'mean') {
    const { low, high } = ratioInterval({ value: 0n, mechanism, terms: 1 }, count(units), alpha);
    return (half(low, high) * (input.of === 'value' ? input.step : 1)) / 2;
  }
  const part = Math.floor(units / classes);
  const rest: Noisy =
    classes === 2
      ? count(part)
      : { ...plainCount(part * (classes - 1), cut * (classes - 1), decider), terms: classes - 1 };
  const { low, high } = ratioInterval(count(part), rest, alpha);
  return half(Math.max(0, low) / (1 + Math.max(0, low)), Number.isFinite(high) ? high / (1 + high) : 1);
}

function plainCount(n: number, atLeast: number, mechanism: Mechanism): Noisy {
  return { value: BigInt(Math.max(n, atLeast)), mechanism, terms: 1 };
}

const cuts = new Map<string, number>();

/** What decides: one draw, or two where a unit counts W steps of their sum. */
function deciding(mechanism: Mechanism, width: number | null): NoiseDistribution {
  return width === null ? distributionOf(mechanism) : laplacePairDistribution(mechanism);
}

/**
 * The cut for display, from tails in doubles; the enclave decides by exact ones (`threshold.ts`). Of a two-sided mean with its
 * W. Throws as `distributionOf`.
 */
export function cutFor(mechanism: Mechanism, k: number, delta: Rational, width: number | null = null): number {
  const key = `${mechanismKey(mechanism)} ${delta.num}/${delta.den} ${width}`;
  const known = cuts.get(key);
  if (known !== undefined) return known + k;
  const { survival } = deciding(mechanism, width);
  const bound = toNumber(delta);
  const rare = Math.ceil(first((m) => survival(m) <= bound, 1) / (width ?? 1));
  cuts.set(key, rare);
  return rare + k;
}

/** The first integer from `from` on that passes a test which never fails again after it passed. */
function first(passes: (n: number) => boolean, from: number): number {
  let stride = 1;
  while (!passes(from + stride - 1)) stride *= 2;
  let low = from + (stride === 1 ? 0 : stride / 2);
  let high = from + stride - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (passes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Kept integers → estimates with 95 % ranges: post-processing of what is shown, nothing else (docs/spec/release.md §4). */
import {
  type Cell,
  type Component,
  CountIntervals,
  cellKey,
  type Estimate,
  formatRational,
  type Mechanism,
  type Noisy,
  noiseOf,
  type Plan,
  type PlanMeasure,
  plainInterval,
  quantileRange,
  type Rational,
  type Release,
  ratioInterval,
  TwoSidedIntervals,
  toNumber,
  varianceInterval,
  varianceOf,
} from '@reinraum/protocol';
import type { Kept, KeptCell } from './stages.ts';

const alpha = 0.05;
/** Decimals of means, and of rates and shares, which are released as parts of one. */
const meanDecimals = 2;
const shareDecimals = 4;

type Rule = Kept['measures'][number]['rule'];
/** Estimates of one measure in one shown cell, one a class. */
type Infer = (cell: KeptCell) => (Estimate | null)[];

/** Cells of a release in row-major order of the axes, and what is said of each measure. */
export function infer({ measures, levels }: Kept, plan: Plan): Pick<Release, 'measures' | 'cells' | 'hierarchy'> {
  const made = plan.measures.map((measure, at) => {
    const { cells, rule } = measures[at] ?? missing();
    const component = plan.components[measure.value] ?? missing();
    const labels = labelsOf(measure);
    const estimates =
      component.part === 'twoSided'
        ? twoSidedOf(measure, rule, component.sensitivity.lInfinity)
        : inferOf(measure, component, squaresOf(measure, plan), rule);
    const hidden = labels ? labels.map(() => null) : null;
    const released = {
      as: measure.as,
      fn: measure.fn,
      unit: measure.unit,
      decimals: decimalsOf(measure),
      labels,
      noise: noiseOf(component.mechanism),
      cut: Number(rule.cut),
    };
    const values = cells.map((cell) => {
      if (!cell) return hidden;
      const all = estimates(cell);
      return labels ? all : (all[0] ?? null);
    });
    return { released, values };
  });
  const cells = Array.from(
    { length: plan.cells },
    (_, position): Cell => ({
      key: cellKey(plan, position),
      values: made.map(({ values }) => values[position] ?? null),
    }),
  );
  return { measures: made.map(({ released }) => released), cells, ...hierarchyOf(levels, plan) };
}

/** The levels above the finest cells: counts like theirs. */
function hierarchyOf(tables: Kept['levels'], plan: Plan): Pick<Release, 'hierarchy'> {
  if (!plan.levels) return {};
  const at = plan.axes.findIndex(({ as }) => as === plan.hierarchy);
  const levels = plan.levels.map(({ as, labels, groupOf }, n) => {
    const { cells, rule } = tables[n] ?? missing();
    const intervals = new CountIntervals({ ...rule, alpha });
    const axes = plan.axes.with(at, { ...(plan.axes[at] ?? missing()), labels });
    return {
      as,
      labels: [...labels],
      groupOf: [...groupOf],
      noise: noiseOf(rule.mechanism),
      cut: Number(rule.cut),
      cells: cells.map((cell, position): Cell => {
        const [value] = cell?.values ?? [];
        const estimate = value === undefined ? null : within(value, intervals.of(value));
        return { key: cellKey({ axes }, position), values: [estimate] };
      }),
    };
  });
  return { hierarchy: { axis: plan.axes[at]?.as ?? missing(), levels } };
}

function labelsOf(measure: PlanMeasure): string[] | null {
  const { fn, input } = measure;
  if (fn === 'quantiles') return quantilesOf(measure).map(formatRational);
  if (input.of === 'sides') return [...input.labels];
  return (fn === 'shares' || fn === 'histogram') && input.of === 'class' ? [...input.split.labels] : null;
}

function quantilesOf({ quantile }: PlanMeasure): readonly Rational[] {
  return quantile ? [quantile.q, ...(quantile.further ?? [])] : [];
}

/** Noise of the squares of a variance. */
function squaresOf({ squares }: PlanMeasure, { components }: Plan): Mechanism | null {
  return squares === undefined ? null : (components[squares] ?? missing()).mechanism;
}

function decimalsOf({ fn }: PlanMeasure): number {
  return fn === 'mean' || fn === 'variance' || fn === 'stddev'
    ? meanDecimals
    : fn === 'rate' || fn === 'shares'
      ? shareDecimals
      : 0;
}

function inferOf(measure: PlanMeasure, { mechanism, width }: Component, squares: Mechanism | null, rule: Rule): Infer {
  const { k, cut } = rule;
  const shownFrom = { k, cut };
  /** A count that was shown by its own value, and one whose own noise decided nothing. */
  const counted = (value: bigint): Noisy => ({ value, mechanism: rule.mechanism, terms: 1, shownFrom });
  const plain = (value: bigint): Noisy => ({ value, mechanism, terms: 1 });
  switch (measure.fn) {
    case 'count':
    case 'histogram':
    case 'overlap': {
      const intervals = new CountIntervals({ ...rule, alpha });
      return ({ values }) => values.map((value) => (value === undefined ? null : within(value, intervals.of(value))));
    }
    case 'countRows':
      return ({ values: [rows = 0n] }) => {
        const { low, high } = plainInterval(plain(rows), alpha);
        // A cell that is shown holds at least k units, and each of them a row.
        return [within(rows, { low: low > k ? low : k, high: high > k ? high : k })];
      };
    case 'countDistinct': {
      if (measure.input.of !== 'value') throw new TypeError('infer: different values of nothing');
      const { clamp, step } = measure.input;
      const most = (BigInt(clamp[1]) - BigInt(clamp[0])) / BigInt(step) + 1n;
      // A cell that is shown has units with a value, so one value at least.
      const possible = (value: bigint) => (value < 1n ? 1n : value > most ? most : value);
      return ({ values: [values = 0n] }) => {
        const { low, high } = plainInterval(plain(values), alpha);
        return [within(values, { low: possible(low), high: possible(high) })];
      };
    }
    case 'sum': {
      const step = BigInt(measure.input.of === 'value' ? measure.input.step : 1);
      return ({ values: [sum = 0n] }) => {
        const { low, high } = plainInterval(plain(sum), alpha);
        return [within(sum * step, { low: low * step, high: high * step })];
      };
    }
    case 'mean':
      return ({ units, values: [centred = 0n] }) => [mean(measure, counted(units ?? 0n), plain(centred))];
    case 'variance':
    case 'stddev': {
      const noise = squares ?? missing();
      return ({ units, values: [centred = 0n, about = 0n] }) => [
        spread(measure, counted(units ?? 0n), plain(centred), { value: about, mechanism: noise, terms: 1 }),
      ];
    }
    case 'rate':
      return ({ values: [yes = 0n, no = 0n] }) => [share(counted(yes), counted(no))];
    case 'shares':
      return ({ values }) => {
        const all = values.map((value) => value ?? 0n);
        const total = all.reduce((sum, value) => sum + value, 0n);
        return all.map((value) => share(counted(value), restOf(total - value, rule, width - 1)));
      };
    case 'quantile':
    case 'quantiles': {
      const all = quantilesOf(measure);
      return ({ values }) => all.map((q) => quantile(measure, mechanism, values, q));
    }
    default:
      return measure.fn satisfies never;
  }
}

/** All other classes together: their noises add up, and with one other class it is that class alone. */
function restOf(value: bigint, { mechanism, k, cut }: Rule, terms: number): Noisy {
  return terms === 1 ? { value, mechanism, terms, shownFrom: { k, cut } } : { value, mechanism, terms };
}

/** l + (u − l)·A/(A + B), within the clamp. */
function twoSidedOf({ input }: PlanMeasure, rule: Rule, width: bigint): Infer {
  if (input.of !== 'value') throw new TypeError('infer: a mean without a value');
  const [lower, upper] = input.clamp;
  const at = (part: number) => Math.min(upper, Math.max(lower, lower + (upper - lower) * part));
  const intervals = new TwoSidedIntervals({ ...rule, width, alpha });
  return ({ values: [a = 0n, b = 0n] }) => {
    const { low, high } = intervals.of(a, b);
    const mean = scaled(at(Number(a) / Number(a + b)), at(low), at(high), meanDecimals);
    return [{ ...mean, units: Number((a + b) / width) }];
  };
}

/** (l + u)/2 + step·D/2n, within the clamp. */
function mean({ input }: PlanMeasure, units: Noisy, centred: Noisy): Estimate {
  if (input.of !== 'value') throw new TypeError('infer: a mean without a value');
  const [lower, upper] = input.clamp;
  const at = (ratio: number) => Math.min(upper, Math.max(lower, (lower + upper) / 2 + (input.step * ratio) / 2));
  const { low, high } = ratioInterval(centred, units, alpha);
  const mean = scaled(at(Number(centred.value) / Number(units.value)), at(low), at(high), meanDecimals);
  return { ...mean, units: Number(units.value) };
}

/** A variance in the column's unit, or its root. */
function spread({ fn, input }: PlanMeasure, units: Noisy, sum: Noisy, squares: Noisy): Estimate {
  if (input.of !== 'value') throw new TypeError('infer: a variance without a value');
  const moments = { units, sum, squares, width: (input.clamp[1] - input.clamp[0]) / input.step };
  const { low, high } = varianceInterval(moments, alpha);
  const [value, from, to] = [varianceOf(moments), low, high].map((squared) =>
    fn === 'variance' ? squared * input.step ** 2 : Math.sqrt(squared) * input.step,
  ) as [number, number, number];
  return scaled(value, from, to, meanDecimals);
}

/** x/(x + y), where the range is one of x/y. */
function share(x: Noisy, y: Noisy): Estimate {
  const { low, high } = ratioInterval(x, y, alpha);
  const part = (ratio: number) => (Number.isFinite(ratio) ? ratio / (1 + ratio) : 1);
  const total = Number(x.value) + Number(y.value);
  return { ...scaled(Number(x.value) / total, part(Math.max(0, low)), part(high), shareDecimals), units: total };
}

/** The quantile inside its band, and the outer ends of the bands it may lie in. */
function quantile(
  { input, quantile }: PlanMeasure,
  mechanism: Mechanism,
  values: KeptCell['values'],
  q: Rational,
): Estimate {
  if (input.of !== 'class' || !('edges' in input.split.by) || !quantile) throw new TypeError('infer: no bands');
  const { edges } = input.split.by;
  const bins = values.map((value) => value ?? 0n);
  const { bin, low, high } = quantileRange(bins, mechanism, q, alpha);
  const edge = (at: number) => edges[at] ?? quantile.max;
  const value = Math.round(edge(bin) + withinBin(bins, bin, toNumber(q)) * (edge(bin + 1) - edge(bin)));
  return { value, low: edge(low), high: edge(high + 1) };
}

/** Where in its band the quantile lies, as if units were spread evenly over it: 0 … 1. */
function withinBin(bins: readonly bigint[], bin: number, q: number): number {
  const sum = (list: readonly bigint[]) => Number(list.reduce((total, count) => total + count, 0n));
  const part = (q * sum(bins) - sum(bins.slice(0, bin))) / Number(bins[bin] ?? 0n);
  return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0.5;
}

/** Rounded outwards: rounding never makes a range smaller. */
function scaled(value: number, low: number, high: number, decimals: number): Estimate {
  const factor = 10 ** decimals;
  return {
    value: Math.round(value * factor),
    low: Math.floor(low * factor + 1e-9),
    high: Math.ceil(high * factor - 1e-9),
  };
}

function within(value: bigint, { low, high }: { readonly low: bigint; readonly high: bigint }): Estimate {
  return { value: Number(value), low: Number(low), high: Number(high) };
}

function missing(): never {
  throw new TypeError('infer: a measure without its cells');
}

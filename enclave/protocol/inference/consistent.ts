/**
 * Tables of a hierarchy that add up, from what is released of them (privacy.md "Tables and hierarchies"): weighted least
 * squares in two passes, non-negative projection and controlled rounding, each linear in the number of cells but for sorting a
 * family. Post-processing of released values; whoever reads a release can repeat it.
 */
import { estimatesOf, type Release } from '../document.ts';
import { parentOf } from '../hierarchy.ts';
import { mechanismOf, type Noise } from '../mechanism.ts';
import { toNumber } from '../rational.ts';

/** One level: what is shown of its cells, the variance of their noise, and the parent of each in the level above. */
export interface MeasuredLevel {
  readonly values: readonly (number | null)[];
  readonly variance: number;
  /** Empty for the highest level. */
  readonly parents: readonly number[];
}

/** A cell of a table that adds up. */
export interface ConsistentCell {
  readonly key: readonly string[];
  /** Whole number; null where hidden. Shown children of a cell without hidden ones add up to it, else to at most it. */
  readonly value: number | null;
  /** Whether it lies outside the range of its own measurement, and is to be shown as such. */
  readonly isOutside: boolean;
}

/** Cells that lie below one shown cell. */
interface Family {
  readonly parent: number;
  readonly children: number[];
  /** Whether some child is hidden: what is left of the parent is then theirs. */
  hides: boolean;
}

/** The tables of a release with a hierarchy, finest first; null without one. */
export function consistentTables(release: Release): ConsistentCell[][] | null {
  const { hierarchy } = release;
  if (!hierarchy) return null;
  const at = release.axes.findIndex(({ as }) => as === hierarchy.axis);
  const inner = release.axes.slice(at + 1).reduce((total, { labels }) => total * labels.length, 1);
  const tables = [
    { cells: release.cells, noise: release.measures[0]?.noise ?? missing() },
    ...hierarchy.levels.map(({ cells, noise }) => ({ cells, noise })),
  ];
  const levels = tables.map(({ cells, noise }, n): MeasuredLevel => {
    const above = hierarchy.levels[n];
    const nesting = above && { groupOf: above.groupOf, groups: above.labels.length, inner };
    return {
      values: cells.map((cell) => estimatesOf(cell, 0)[0]?.value ?? null),
      variance: varianceOfNoise(noise),
      parents: nesting ? cells.map((_, position) => parentOf(nesting, position)) : [],
    };
  });
  return consistent(levels).map((values, n) =>
    (tables[n]?.cells ?? []).map((cell, position) => {
      const value = values[position] ?? null;
      const own = estimatesOf(cell, 0)[0];
      return { key: cell.key, value, isOutside: value !== null && !!own && (value < own.low || value > own.high) };
    }),
  );
}

/** Whole numbers for every shown cell, finest level first: least squares, then projected, then rounded. */
export function consistent(levels: readonly MeasuredLevel[]): (number | null)[][] {
  const families = levels.slice(0, -1).map((level, at) => familiesOf(level, levels[at + 1]?.values.length ?? 0));
  const { fitted, variances } = leastSquares(levels, families);
  const result: (number | null)[][] = levels.map(({ values }) => values.map(() => null));
  const top = levels.length - 1;
  levels[top]?.values.forEach((value, root) => {
    if (value !== null) set(result, top, root, Math.max(0, Math.round(fitted[top]?.[root] ?? 0)));
  });
  for (let at = top - 1; at >= 0; at--) {
    for (const { parent, children, hides } of families[at] ?? []) {
      const total = result[at + 1]?.[parent];
      if (total === null || total === undefined || children.length === 0) continue;
      const wanted = children.map((child) => fitted[at]?.[child] ?? 0);
      const weights = children.map((child) => variances[at]?.[child] ?? 0);
      const whole = rounded(projected(wanted, weights, total, hides), total, hides);
      children.forEach((child, n) => set(result, at, child, whole[n] ?? 0));
    }
  }
  return result;
}

/**
 * The two passes of Hay, Rastogi, Miklau and Suciu (2010) for families of any size and noise: upwards the best estimate of each cell
 * from what is below it, downwards what its family lacks, in parts of the variances. Where a cell below is hidden, its family says
 * nothing of the sum, and what it lacks is the hidden cells'. Real numbers and the variances of the upward pass.
 */
export function leastSquares(
  levels: readonly MeasuredLevel[],
  families: readonly (readonly Family[])[] = levels
    .slice(0, -1)
    .map((level, at) => familiesOf(level, levels[at + 1]?.values.length ?? 0)),
): { readonly fitted: readonly Float64Array[]; readonly variances: readonly Float64Array[] } {
  const fitted = levels.map(({ values }) => Float64Array.from(values, (value) => value ?? 0));
  const variances = levels.map(({ values, variance }) => new Float64Array(values.length).fill(variance));
  const sums = (at: number, children: readonly number[]) => ({
    sum: children.reduce((total, child) => total + (fitted[at]?.[child] ?? 0), 0),
    variance: children.reduce((total, child) => total + (variances[at]?.[child] ?? 0), 0),
  });
  for (let at = 1; at < levels.length; at++) {
    for (const { parent, children, hides } of families[at - 1] ?? []) {
      if (hides || children.length === 0) continue;
      const { sum, variance } = sums(at - 1, children);
      const own = variances[at]?.[parent] ?? 0;
      set(fitted, at, parent, ((fitted[at]?.[parent] ?? 0) * variance + sum * own) / (variance + own));
      set(variances, at, parent, (own * variance) / (own + variance));
    }
  }
  for (let at = levels.length - 2; at >= 0; at--) {
    for (const { parent, children, hides } of families[at] ?? []) {
      if (hides) continue;
      const { sum, variance } = sums(at, children);
      const lack = (fitted[at + 1]?.[parent] ?? 0) - sum;
      for (const child of children) {
        set(fitted, at, child, (fitted[at]?.[child] ?? 0) + (lack * (variances[at]?.[child] ?? 0)) / variance);
      }
    }
  }
  return { fitted, variances };
}

/** Shown cells by the shown cell they lie below. */
function familiesOf({ values, parents }: MeasuredLevel, above: number): Family[] {
  const families = Array.from({ length: above }, (_, parent): Family => ({ parent, children: [], hides: false }));
  values.forEach((value, position) => {
    const family = families[parents[position] ?? -1] ?? missing();
    if (value === null) family.hides = true;
    else family.children.push(position);
  });
  return families;
}

/**
 * The nearest numbers, in units of their variances, that are not negative and add up to a total – to at most it where hidden
 * cells take the rest: x − λ·weight, cut at 0.
 */
function projected(wanted: readonly number[], weights: readonly number[], total: number, hides: boolean): number[] {
  const cut = (lambda: number) => wanted.map((value, at) => Math.max(0, value - lambda * (weights[at] ?? 0)));
  const sum = wanted.reduce((all, value) => all + value, 0);
  if (hides && cut(0).reduce((all, value) => all + value, 0) <= total) return cut(0);
  // From the cell that is cut first: while λ rises, cells leave the sum one after another.
  const order = [...wanted.keys()].sort((a, b) => ratio(wanted, weights, a) - ratio(wanted, weights, b));
  let [left, weight] = [sum, weights.reduce((all, value) => all + value, 0)];
  for (const at of order) {
    const lambda = (left - total) / weight;
    if (lambda <= ratio(wanted, weights, at)) return cut(lambda);
    left -= wanted[at] ?? 0;
    weight -= weights[at] ?? 0;
  }
  return wanted.map(() => 0);
}

function ratio(wanted: readonly number[], weights: readonly number[], at: number): number {
  return (wanted[at] ?? 0) / (weights[at] ?? 1);
}

/** Each rounded down or up, the largest remainders up, so that they add up to a whole total, or to at most it. */
function rounded(values: readonly number[], total: number, hides: boolean): number[] {
  const floors = values.map((value) => Math.floor(value + 1e-9));
  const floor = floors.reduce((sum, value) => sum + value, 0);
  const nearest = values.reduce((sum, value) => sum + value, 0);
  const up = (hides ? Math.min(total, Math.round(nearest)) : total) - floor;
  const order = [...values.keys()].sort(
    (a, b) => (values[b] ?? 0) - (floors[b] ?? 0) - ((values[a] ?? 0) - (floors[a] ?? 0)) || a - b,
  );
  for (const at of order.slice(0, Math.max(0, up))) floors[at] = (floors[at] ?? 0) + 1;
  return floors;
}

/** Of discrete noise: σ², or 2q/(1 − q)² with q = e^(−1/scale). */
function varianceOfNoise(noise: Noise): number {
  const mechanism = mechanismOf(noise);
  if (mechanism.kind === 'discreteGaussian') return toNumber(mechanism.variance);
  const q = Math.exp(-1 / toNumber(mechanism.scale));
  return (2 * q) / (1 - q) ** 2;
}

function set(tables: readonly { [at: number]: number | null }[], at: number, position: number, value: number): void {
  const table = tables[at] ?? missing();
  table[position] = value;
}

function missing(): never {
  throw new TypeError('consistent: a level that does not fit the one below');
}

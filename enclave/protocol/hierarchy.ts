/**
 * Levels above the finest cells of a count – districts, areas, the city – each measured by itself (privacy.md "Tables and
 * hierarchies"). A pure function of template and schema.
 */
import type { AggregateQuery } from './query.ts';
import { type Rational, rational } from './rational.ts';
import { Refusal } from './refusal.ts';

/** How the cells of one level lie in the next one: one axis is grouped, the others stay. */
export interface Nesting {
  /** Position of the group of every label of the level below. */
  readonly groupOf: readonly number[];
  readonly groups: number;
  /** Cells that share a label of the axis and of those before it: the product of the axes behind. */
  readonly inner: number;
}

/** One level of a plan, finest first. */
export interface PlanLevel extends Nesting {
  readonly as: string;
  /** Public labels, one a group. */
  readonly labels: readonly string[];
  /** Position of its table among the components; that of the level below stands before it. */
  readonly component: number;
  readonly cells: number;
}

/** Position of the cell of the level above in which a cell lies, both in row-major order of the axes. */
export function parentOf({ groupOf, groups, inner }: Nesting, position: number): number {
  const row = Math.floor(position / inner);
  const label = row % groupOf.length;
  const outer = (row - label) / groupOf.length;
  return (outer * groups + (groupOf[label] ?? 0)) * inner + (position % inner);
}

/** The axis a hierarchy stands on, by position. Throws {@link Refusal} where there is none. */
export function hierarchyAxis({ hierarchy, groupBy }: AggregateQuery): number {
  const axis = groupBy.findIndex(({ as }) => as === hierarchy?.axis);
  if (axis < 0) throw new Refusal('query-not-compilable', 'hierarchy.axis');
  return axis;
}

/**
 * The levels above cells with these labels. Throws {@link Refusal} where the groups of a level are not a partition of the labels
 * of the one below: a sum of the cells below would not be the cell above.
 */
export function levelsOf(query: AggregateQuery, axes: readonly { readonly labels: readonly string[] }[]): PlanLevel[] {
  if (!query.hierarchy) return [];
  const axis = hierarchyAxis(query);
  const sizes = axes.map(({ labels }) => labels.length);
  const product = (list: readonly number[]) => list.reduce((total, size) => total * size, 1);
  const inner = product(sizes.slice(axis + 1));
  const outer = product(sizes.slice(0, axis));
  let below = axes[axis]?.labels ?? [];
  return query.hierarchy.levels.map(({ as, groups }, at) => {
    const field = `hierarchy.levels.${at}.groups`;
    const groupOf = below.map((label) => groups.findIndex(({ of }) => of.some((value) => String(value) === label)));
    const named = groups.reduce((total, { of }) => total + of.length, 0);
    const isPartition = groupOf.every((group) => group >= 0) && named === below.length;
    if (!isPartition) throw new Refusal('query-not-compilable', field);
    below = groups.map(({ code }) => code);
    return {
      as,
      labels: below,
      groupOf,
      groups: groups.length,
      inner,
      component: at + 1,
      cells: outer * groups.length * inner,
    };
  });
}

/**
 * Parts of the loss of the finest level and those above it: from the top 1, 3, 6, 10 … of their sum. For three levels that is
 * 0.1, 0.3 and 0.6.
 */
export function levelShares(levels: number): Rational[] {
  const weights = Array.from({ length: levels }, (_, at) => BigInt(((levels - at) * (levels - at + 1)) / 2));
  const all = weights.reduce((total, weight) => total + weight, 0n);
  return weights.map((weight) => rational(weight, all));
}

/**
 * Sets of rows a predicate selects, compared without rows: predicates are evaluated over the product of the classes into
 * which their constants cut the referenced columns' finite domains (docs/spec/analysis.md §2). Exact up to `atomsMax`.
 */
import type { PlanNode, PlanSplit } from '../plan.ts';
import type { Column, DatasetSchema } from '../schema.ts';

/** Most atoms that are evaluated; a comparison that would need more is not decided. */
export const atomsMax = 1 << 16;

/** Rows that no constant in question tells apart: one value a referenced column, and the part of the domain they are. */
export interface Atom {
  /** A representative value of a referenced column; null where it is missing. */
  readonly value: (column: string) => number | null;
  /** Part of the product of the domains, each value and the missing one weighing the same. */
  readonly share: number;
}

/** How two sets of rows of one dataset lie to each other. */
export type Relation = 'equal' | 'subset' | 'superset' | 'complement' | 'disjoint' | 'overlap';

/** A comparison of sets A and B, with the parts of the domain that both hold and that only one of them holds. */
export interface Compared {
  readonly relation: Relation;
  readonly both: number;
  readonly onlyA: number;
  readonly onlyB: number;
}

/**
 * Compares the rows two predicates select; undefined where that needs more than `atomsMax` atoms. Empty sets are subsets
 * of everything; two empty sets are equal.
 */
export function compareSelections(a: PlanNode, b: PlanNode, schema: DatasetSchema): Compared | undefined {
  const atoms = atomsOf(schema, [a, b]);
  if (!atoms) return undefined;
  const seen = { both: false, onlyA: false, onlyB: false, none: false };
  const share = { both: 0, onlyA: 0, onlyB: 0 };
  for (const atom of atoms) {
    const inA = selects(a, atom.value);
    const inB = selects(b, atom.value);
    const where = inA ? (inB ? 'both' : 'onlyA') : inB ? 'onlyB' : 'none';
    seen[where] = true;
    if (where !== 'none') share[where] += atom.share;
  }
  return { relation: relationOf(seen), ...share };
}

function relationOf(seen: { both: boolean; onlyA: boolean; onlyB: boolean; none: boolean }): Relation {
  if (!seen.onlyA) return seen.onlyB ? 'subset' : 'equal';
  if (!seen.onlyB) return 'superset';
  if (seen.both) return 'overlap';
  return seen.none ? 'disjoint' : 'complement';
}

/** Whether a row satisfies a predicate: a comparison with a missing value is false, `not` turns that truth value. */
export function selects(node: PlanNode, value: (column: string) => number | null): boolean {
  if (!('of' in node)) return leafHolds(node, value(node.column));
  if (node.op === 'not') return !selects(node.of, value);
  return node.op === 'all'
    ? node.of.every((part) => selects(part, value))
    : node.of.some((part) => selects(part, value));
}

type Leaf = Exclude<PlanNode, { readonly of: unknown }>;

function leafHolds(leaf: Leaf, value: number | null): boolean {
  if (value === null) return leaf.op === 'missing';
  if ('values' in leaf) return leaf.values.includes(value);
  if (!('value' in leaf)) return leaf.op === 'present';
  switch (leaf.op) {
    case 'eq':
      return value === leaf.value;
    case 'ne':
      return value !== leaf.value;
    case 'lt':
      return value < leaf.value;
    case 'lte':
      return value <= leaf.value;
    case 'gt':
      return value > leaf.value;
    case 'gte':
      return value >= leaf.value;
    default:
      return leaf satisfies never;
  }
}

/** Position of a value among the classes of a split; −1 where it is in none. */
export function classOf({ by }: PlanSplit, value: number | null): number {
  if (value === null) return -1;
  if ('values' in by) return by.values.indexOf(value);
  if ('groups' in by) return by.groups.findIndex((group) => group.includes(value));
  return by.edges.findLastIndex((edge) => value >= edge);
}

/** Rows that are in some class of a split. */
export function coverageOf({ column, by }: PlanSplit): PlanNode {
  if ('values' in by) return { op: 'in', column, values: by.values };
  if ('groups' in by) return { op: 'in', column, values: by.groups.flat() };
  return { op: 'gte', column, value: by.edges[0] ?? 0 };
}

/** Atoms that predicates and splits tell apart; undefined where there are more than `atomsMax`. */
export function atomsOf(
  schema: DatasetSchema,
  nodes: readonly PlanNode[],
  splits: readonly PlanSplit[] = [],
): Atom[] | undefined {
  const axes = axesOf(schema, nodes, splits);
  if (productOf(axes) > atomsMax) return undefined;
  const at = new Map(axes.map(({ name }, position) => [name, position]));
  let rows: { values: (number | null)[]; share: number }[] = [{ values: [], share: 1 }];
  for (const { classes } of axes) {
    rows = rows.flatMap(({ values, share }) =>
      classes.map((one) => ({ values: [...values, one.value], share: share * one.share })),
    );
  }
  return rows.map(({ values, share }) => ({ share, value: (column) => values[at.get(column) ?? -1] ?? null }));
}

/** How many atoms predicates tell apart, without making them. */
export function atomsCount(schema: DatasetSchema, nodes: readonly PlanNode[]): number {
  return productOf(axesOf(schema, nodes, []));
}

interface ValueAxis {
  readonly name: string;
  readonly classes: readonly ValueClass[];
}

function productOf(axes: readonly ValueAxis[]): number {
  return axes.reduce((product, { classes }) => product * classes.length, 1);
}

function axesOf(schema: DatasetSchema, nodes: readonly PlanNode[], splits: readonly PlanSplit[]): ValueAxis[] {
  const leaves = nodes.flatMap(leavesOf);
  const names = [...new Set([...leaves, ...splits].map(({ column }) => column))];
  return names.map((name) => {
    const column = schema.columns.find((known) => known.name === name);
    if (!column) throw new TypeError('selection: a column the schema does not have');
    const own = <T extends { readonly column: string }>(list: readonly T[]) =>
      list.filter((one) => one.column === name);
    return { name, classes: classesOf(column, own(leaves), own(splits)) };
  });
}

interface ValueClass {
  readonly value: number | null;
  readonly share: number;
}

function leavesOf(node: PlanNode): Leaf[] {
  if (!('of' in node)) return [node];
  return node.op === 'not' ? leavesOf(node.of) : node.of.flatMap(leavesOf);
}

/** Values of a column that no leaf and no split tells apart, merged. */
function classesOf(column: Column, leaves: readonly Leaf[], splits: readonly PlanSplit[]): ValueClass[] {
  const intervals =
    column.type === 'code' ? column.codes.map((_, value) => ({ value, size: 1 })) : intervalsOf(column, leaves, splits);
  const all: { value: number | null; size: number }[] = column.nullable
    ? [...intervals, { value: null, size: 1 }]
    : intervals;
  const total = all.reduce((sum, { size }) => sum + size, 0);
  const merged = new Map<string, { value: number | null; size: number }>();
  for (const { value, size } of all) {
    const truths = leaves.map((leaf) => (leafHolds(leaf, value) ? 1 : 0)).join('');
    const signature = `${truths} ${splits.map((split) => classOf(split, value)).join()}`;
    const known = merged.get(signature);
    if (known) known.size += size;
    else merged.set(signature, { value, size });
  }
  return [...merged.values()].map(({ value, size }) => ({ value, share: size / total }));
}

/** The grid of an integer column, cut at the constants; intervals without a value of the grid are left out. */
function intervalsOf(
  { min, max, step }: Column & { readonly type: 'integer' },
  leaves: readonly Leaf[],
  splits: readonly PlanSplit[],
): { value: number; size: number }[] {
  const constants = leaves.flatMap((leaf) => ('value' in leaf ? [leaf.value] : 'values' in leaf ? leaf.values : []));
  const bounds = splits.flatMap(({ by }) =>
    'values' in by ? by.values : 'groups' in by ? by.groups.flat() : by.edges,
  );
  // A constant is an interval of its own, so every comparison is the same throughout an interval.
  const starts = new Set([min, ...[...constants, ...bounds].flatMap((value) => [value, value + 1])]);
  const sorted = [...starts].filter((start) => start >= min && start <= max).sort((a, b) => a - b);
  return sorted.flatMap((start, at) => {
    const first = min + Math.ceil((start - min) / step) * step;
    const end = sorted[at + 1] ?? max + 1;
    return first < end ? [{ value: first, size: Math.ceil((end - first) / step) }] : [];
  });
}

/** Partitions of a column: whether classes of two of them cross, and which is the coarser (domain.md rule 4). */
import type { PlanNode, PlanSplit } from '../plan.ts';
import type { DatasetSchema } from '../schema.ts';
import { atomsOf, classOf, selects } from './selection.ts';

/** How two partitions of a column lie to each other: A's classes within B's, B's within A's, both or neither. */
export interface Nesting {
  readonly isFinerA: boolean;
  readonly isFinerB: boolean;
  /** Labels of a class of A and one of B that share rows and each have others; null where there are none. */
  readonly crossing: readonly [string, string] | null;
}

/** Compares two partitions within the rows that both predicates select; undefined where there are too many cases. */
export function nestingOf(
  a: PlanSplit,
  b: PlanSplit,
  within: readonly PlanNode[],
  schema: DatasetSchema,
): Nesting | undefined {
  const atoms = atomsOf(schema, within, [a, b]);
  if (!atoms) return undefined;
  const byA = new Map<number, Set<number>>();
  const byB = new Map<number, Set<number>>();
  for (const { value } of atoms) {
    if (!within.every((node) => selects(node, value))) continue;
    const inA = classOf(a, value(a.column));
    const inB = classOf(b, value(b.column));
    byA.set(inA, (byA.get(inA) ?? new Set()).add(inB));
    byB.set(inB, (byB.get(inB) ?? new Set()).add(inA));
  }
  let crossing: Nesting['crossing'] = null;
  for (const [inA, others] of byA) {
    if (inA < 0 || others.size < 2) continue;
    for (const inB of others) {
      if (inB < 0 || (byB.get(inB)?.size ?? 0) < 2) continue;
      crossing ??= [a.labels[inA] ?? '', b.labels[inB] ?? ''];
    }
  }
  return { isFinerA: isWithin(byA), isFinerB: isWithin(byB), crossing };
}

/** Whether every class lies within one class of the other partition. */
function isWithin(classes: ReadonlyMap<number, ReadonlySet<number>>): boolean {
  return [...classes].every(([own, others]) => own < 0 || (others.size === 1 && !others.has(-1)));
}

/** How two lists of partitions lie to each other as products. What is not decided counts as not finer. */
export function productNesting(
  a: readonly PlanSplit[],
  b: readonly PlanSplit[],
  within: readonly PlanNode[],
  schema: DatasetSchema,
): { readonly isFinerA: boolean; readonly isFinerB: boolean } {
  const isFiner = (fine: readonly PlanSplit[], coarse: readonly PlanSplit[]) =>
    coarse.every((one) =>
      fine.some((own) => own.column === one.column && nestingOf(own, one, within, schema)?.isFinerA === true),
    );
  return { isFinerA: isFiner(a, b), isFinerB: isFiner(b, a) };
}

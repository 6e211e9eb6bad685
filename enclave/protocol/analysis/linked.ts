/**
 * Questions on linked datasets as sets of units: over the columns of all datasets together, named `dataset.column`, and over
 * whether a unit is in a dataset at all (docs/spec/analysis.md §2). Then questions on one, on the other and on both compare.
 */
import type { AskedSchema } from '../join.ts';
import type { Plan, PlanMeasure, PlanNode, PlanSplit } from '../plan.ts';
import type { Column, DatasetSchema } from '../schema.ts';

/** All datasets as one domain: their columns, and for each whether a unit is in it. */
export function universeOf(own: DatasetSchema, schemas: readonly DatasetSchema[]): DatasetSchema {
  const columns = schemas.flatMap(({ id, columns: all }): Column[] => [
    ...all.map((column) => ({ ...column, name: `${id}.${column.name}` })),
    { name: memberOf(id), title: { de: id, en: id }, type: 'code', nullable: true, codes: [presence] },
  ]);
  return { ...own, columns };
}

const presence = { code: '1', de: 'ja', en: 'yes' };

function memberOf(dataset: string): string {
  return `${dataset}.#`;
}

/**
 * A plan in the terms of its subject's domain: where that is the one of all datasets, its columns are named as there, and
 * what it asks holds of units that are in its datasets.
 */
export function comparable(
  plan: Plan,
  { schema, domain }: { readonly schema: AskedSchema; readonly domain: DatasetSchema },
): Plan {
  if (domain === schema) return plan;
  const { joins } = plan;
  const inDomain = joins ? plan : renamed(plan, (column) => `${plan.dataset}.${column}`);
  const [own, ...others] = memberships(inDomain);
  // Of an overlap what is asked of each side stays apart (sidesOf).
  const isOverlap = plan.measures.some(({ input }) => input.of === 'sides');
  return { ...inDomain, where: isOverlap ? inDomain.where : { op: 'all', of: [own ?? nothing, ...others] } };
}

/** Units of the first side and of the second side of an overlap, each as it is asked for. */
export function sidesOf(plan: Plan): readonly [PlanNode, PlanNode] {
  const [one = nothing, other = nothing] = memberships(plan);
  return [one, other];
}

const nothing: PlanNode = { op: 'any', of: [] };

/** For each dataset of a plan: the units that are in it and of whom holds what is asked. */
function memberships({ dataset, where, joins = [] }: Plan): PlanNode[] {
  return [{ dataset, where }, ...joins].map(({ dataset: of, where: asked }) => {
    const isIn: PlanNode = { op: 'present', column: memberOf(of) };
    return asked ? { op: 'all', of: [isIn, asked] } : isIn;
  });
}

type Rename = (column: string) => string;

function renamed(plan: Plan, name: Rename): Plan {
  const split = <S extends PlanSplit>(one: S): S => ({ ...one, column: name(one.column) });
  const measures = plan.measures.map((measure): PlanMeasure => {
    const { input } = measure;
    if (input.of === 'value') return { ...measure, input: { ...input, column: name(input.column) } };
    if (input.of === 'truth') return { ...measure, input: { ...input, where: nodeRenamed(input.where, name) } };
    return input.of === 'class' ? { ...measure, input: { ...input, split: split(input.split) } } : measure;
  });
  const where = plan.where && nodeRenamed(plan.where, name);
  return { ...plan, where, axes: plan.axes.map(split), measures };
}

function nodeRenamed(node: PlanNode, name: Rename): PlanNode {
  if (!('of' in node)) return { ...node, column: name(node.column) };
  if (node.op === 'not') return { ...node, of: nodeRenamed(node.of, name) };
  return { ...node, of: node.of.map((part) => nodeRenamed(part, name)) };
}

/** A question with its parameters filled in, as the sets of rows and the partitions its answer speaks of. */

import type { AskedSchema } from '../join.ts';
import {
  firstParameters,
  type Parameters,
  type Plan,
  type PlanMeasure,
  type PlanNode,
  type PlanSplit,
  plan,
} from '../plan.ts';
import type { AggregateQuery } from '../query.ts';
import type { DatasetSchema } from '../schema.ts';
import { comparable, sidesOf } from './linked.ts';
import { coverageOf } from './selection.ts';

/** Most choices of parameters of one question that are looked at. */
const instancesMax = 64;

/** A question that is known to a room, with what it is compiled against. */
export interface Subject {
  readonly query: AggregateQuery;
  readonly digest: string;
  readonly schema: AskedSchema;
  /** Columns rows are compared by: those of the schema, or of all datasets together (`linked.ts`). */
  readonly domain: DatasetSchema;
}

/** A set of rows an answer counts, and the field that says so. */
export interface Region {
  readonly field: string;
  readonly node: PlanNode;
}

/** What one measure says of which rows. */
export interface Published {
  readonly as: string;
  readonly fn: PlanMeasure['fn'];
  /** All rows it is about, in whichever cell. */
  readonly region: Region;
  /** Rows with the truth of a rate, and those without; of an overlap units of both sides, and those of one alone. */
  readonly truth: readonly Region[] | null;
  /** Partitions whose cells are shown or hidden one by one and add up to counts of units; null where nothing does. */
  readonly parts: readonly PlanSplit[] | null;
  /** All partitions of the measure, those included that are shown as a whole. */
  readonly splits: readonly PlanSplit[];
}

/** One choice of parameters. */
export interface Instance {
  readonly subject: Subject;
  readonly parameters: Parameters;
  readonly plan: Plan;
  readonly published: readonly Published[];
  readonly regions: readonly Region[];
}

/** Every choice of parameters of a question. */
export interface Instances {
  readonly subject: Subject;
  /** The first choice, whatever the others. */
  readonly first: Instance;
  readonly all: readonly Instance[];
  /** False where there are more than 64 choices: then `all` holds the first alone. */
  readonly isComplete: boolean;
}

/** Fills a question in with every choice of its parameters. Throws as `plan`. */
export function instancesOf(subject: Subject): Instances {
  const params = Object.entries(subject.query.params);
  const first = instanceOf(subject, firstParameters(subject.query.params));
  const isComplete = params.reduce((count, [, { oneOf }]) => count * oneOf.length, 1) <= instancesMax;
  if (!isComplete) return { subject, first, all: [first], isComplete };
  const choices = params.reduce<Parameters[]>(
    (chosen, [name, { oneOf }]) => chosen.flatMap((before) => oneOf.map((value) => ({ ...before, [name]: value }))),
    [{}],
  );
  return { subject, first, all: choices.map((parameters) => instanceOf(subject, parameters)), isComplete };
}

/** A question with one choice of parameters. Throws as `plan`. */
export function instanceOf(subject: Subject, parameters: Parameters): Instance {
  const compiled = comparable(plan(subject.query, subject.schema, parameters), subject);
  const published = compiled.measures.map((measure, at) => publishedBy(measure, at, compiled, subject));
  const regions = new Map<string, Region>();
  for (const { region, truth } of published) {
    for (const one of [region, ...(truth ?? [])]) {
      const key = JSON.stringify(one.node);
      if (!regions.has(key)) regions.set(key, one);
    }
  }
  return { subject, parameters, plan: compiled, published, regions: [...regions.values()] };
}

/** How findings name a choice: the question's id, with the parameters where there are any. */
export function nameOf({ subject, parameters }: Instance): string {
  const chosen = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return chosen.length === 0 ? subject.query.id : `${subject.query.id} (${chosen.join(', ')})`;
}

function publishedBy(measure: PlanMeasure, at: number, compiled: Plan, { query, domain }: Subject): Published {
  const { where, axes } = compiled;
  const { as, fn, input } = measure;
  const covered = (splits: readonly PlanSplit[]) => splits.map((split) => coverageIn(split, domain)).filter(isSome);
  const base = [...(where ? [where] : []), ...covered(axes)];
  const region = (nodes: readonly PlanNode[], field: string): Region => ({ field, node: { op: 'all', of: nodes } });
  const whole = region(base, query.where ? 'where' : query.joins ? 'joins' : 'groupBy');
  const plain = { as, fn, region: whole, truth: null, parts: axes, splits: axes };
  switch (input.of) {
    case 'unit':
      return fn === 'count' ? plain : { ...plain, parts: null };
    case 'truth': {
      const field = `measures.${at}.of`;
      const no: PlanNode = { op: 'not', of: input.where };
      return { ...plain, truth: [region([...base, input.where], field), region([...base, no], field)] };
    }
    case 'value': {
      const present: PlanNode[] = input.nullable ? [{ op: 'present', column: input.column }] : [];
      return { ...plain, region: region([...base, ...present], whole.field), parts: null };
    }
    case 'sides': {
      const field = `measures.${at}`;
      const [one, other] = sidesOf(compiled);
      const not = (of: PlanNode): PlanNode => ({ op: 'not', of });
      const truth = [
        [one, other],
        [one, not(other)],
        [not(one), other],
      ].map((nodes) => region(nodes, field));
      return { ...plain, region: region([{ op: 'any', of: [one, other] }], field), truth };
    }
    case 'class': {
      const own = { ...plain, region: region([...base, ...covered([input.split])], whole.field) };
      if (measure.quantile !== null) return { ...own, parts: null };
      const splits = [...axes, input.split];
      return { ...own, parts: fn === 'histogram' ? splits : axes, splits };
    }
    default:
      return input satisfies never;
  }
}

/** The rows in some class of a split; undefined where those are all rows. */
function coverageIn(split: PlanSplit, { columns }: DatasetSchema): PlanNode | undefined {
  const column = columns.find(({ name }) => name === split.column);
  const node = coverageOf(split);
  if (!column || column.nullable) return node;
  if (column.type === 'code') return node.op === 'in' && node.values.length === column.codes.length ? undefined : node;
  return node.op === 'gte' && node.value <= column.min ? undefined : node;
}

function isSome<T>(value: T | undefined): value is T {
  return value !== undefined;
}

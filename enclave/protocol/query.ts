/** Approved questions: a declarative template with a closed grammar (docs/spec/query.md). */
import { z } from 'zod';
import { Bilingual, Code, Day, Fraction, Slug, UnitPath } from './name.ts';

const valuesMax = 4096;
/** Most rows of one unit a question may use. */
const rowsMax = 1000;
/** Levels of a predicate; a comparison alone is one. */
const depthMax = 6;

/** A constant of the template: a code as text or an integer. */
export const Constant = z.union([z.string().min(1).max(32), z.int()]);
export type Constant = z.infer<typeof Constant>;

/** A column of the dataset, named `alias.column`. */
const ColumnRef = z.string().regex(/^[a-z][a-z0-9_-]{0,62}\.[a-z][a-z0-9_-]{0,62}$/, 'write alias.column');
/** A parameter, named `$parameter`. */
const ParameterRef = z.string().regex(/^\$[a-z][a-z0-9_-]{0,62}$/, 'write $parameter');
const Operand = z.union([ParameterRef, Constant]);

/** A predicate over one row. `is` asks whether a nullable column has a value. */
export type Predicate =
  | { readonly [Op in Comparison]?: readonly [string, Constant] }
  | { readonly in: readonly [string, readonly Constant[]] }
  | { readonly is: readonly [string, 'present' | 'missing'] }
  | { readonly all: readonly Predicate[] }
  | { readonly any: readonly Predicate[] }
  | { readonly not: Predicate };
/** Comparisons of a column with a constant or parameter. */
export const comparisons = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const;
/** One of {@link comparisons}. */
export type Comparison = (typeof comparisons)[number];

const leaves = [
  ...comparisons.map((op) => z.strictObject({ [op]: z.tuple([ColumnRef, Operand]) })),
  z.strictObject({ in: z.tuple([ColumnRef, z.array(Operand).min(1).max(valuesMax)]) }),
  z.strictObject({ is: z.tuple([ColumnRef, z.enum(['present', 'missing'])]) }),
] as const;

/** The grammar of predicates of at most `depth` levels: no recursion, so no input can exhaust the stack. */
function predicate(depth: number): z.ZodType<Predicate> {
  if (depth === 1) return z.union(leaves);
  const part = predicate(depth - 1);
  return z.union([
    ...leaves,
    z.strictObject({ all: z.array(part).min(1).max(32) }),
    z.strictObject({ any: z.array(part).min(1).max(32) }),
    z.strictObject({ not: part }),
  ]);
}

/** Codes or integers that are shown as one: how districts become areas, and how tiny ones are merged. */
const Group = Code.extend({ of: z.array(Constant).min(1).max(valuesMax) });

const keys = z.array(Constant).min(1).max(valuesMax);
const groups = z.array(Group).min(1).max(512);
const edges = z.array(z.int()).min(1).max(512);

/**
 * How a column is split into public classes: every code of it or a listed part, groups of values, or bands of an integer
 * column – band i holds edges[i] ≤ value < edges[i+1], the last is open above, values below edges[0] are in no band.
 */
const split = { column: ColumnRef, keys: keys.optional(), groups: groups.optional(), edges: edges.optional() };
const isOneSplit = (key: { keys?: unknown; groups?: unknown; edges?: unknown }) =>
  [key.keys, key.groups, key.edges].filter((part) => part !== undefined).length <= 1;
const oneSplit = 'name one of keys, groups and edges';

/** Public group keys of the table: its cells do not depend on data. */
export const GroupKey = z
  .strictObject({
    ...split,
    /** Of an overlap: the column of the joined dataset that says where units are that have no value in `column`. */
    otherwise: ColumnRef.optional(),
    as: Slug,
  })
  .refine(isOneSplit, oneSplit);
export type GroupKey = z.infer<typeof GroupKey>;

/** Values a parameter may have. */
const Parameter = z.strictObject({ oneOf: z.array(Constant).min(1).max(valuesMax) });

const named = <Fn extends string>(fn: Fn) => ({ as: Slug, fn: z.literal(fn) });
/** Bounds every value is clamped to, on the column's grid: what one unit can add at most. */
const clamped = { column: ColumnRef, clamp: z.tuple([z.int(), z.int()]) };
const bands = z.array(z.int()).min(2).max(512);

/** What there is instead of what is not bounded. */
const permitted =
  'no such measure; instead of min and max ask for quantiles 1/100 and 99/100, instead of avg for mean, instead of median for quantile 1/2';

/** What is computed for every cell (docs/spec/query.md §4). All but `countRows` and `countDistinct` are about units. */
export const Measure = z.discriminatedUnion(
  'fn',
  [
    z.strictObject(named('count')),
    z.strictObject(named('countRows')),
    /** How many different values of a column there are among the cell's rows. */
    z.strictObject({ ...named('countDistinct'), column: ColumnRef }),
    z.strictObject({ ...named('sum'), ...clamped }),
    z.strictObject({ ...named('mean'), ...clamped }),
    /** Mean squared distance from the mean, and its root. */
    z.strictObject({ ...named('variance'), ...clamped }),
    z.strictObject({ ...named('stddev'), ...clamped }),
    /** Share of the cell's units for which `of` holds. */
    z.strictObject({ ...named('rate'), of: predicate(depthMax) }),
    /** Shares of the classes of a column in the cell: all shown or none. */
    z.strictObject({ ...named('shares'), ...split }).refine(isOneSplit, oneSplit),
    /** Units by class of a column, each shown or hidden on its own. */
    z.strictObject({ ...named('histogram'), ...split }).refine(isOneSplit, oneSplit),
    /** Units that are in both of two linked datasets, in the first alone, in the second alone: each shown or hidden on its own. */
    z.strictObject(named('overlap')),
    /** The q-quantile from a histogram of public bands. */
    z.strictObject({ ...named('quantile'), column: ColumnRef, q: Fraction, edges: bands }),
    /** Several quantiles from one histogram: they cost what one does. */
    z.strictObject({ ...named('quantiles'), column: ColumnRef, q: z.array(Fraction).min(2).max(16), edges: bands }),
  ],
  permitted,
);
export type Measure = z.infer<typeof Measure>;
/** Names of the functions, as releases say them. */
export const measureFunctions = [
  'count',
  'countRows',
  'countDistinct',
  'sum',
  'mean',
  'variance',
  'stddev',
  'rate',
  'shares',
  'histogram',
  'overlap',
  'quantile',
  'quantiles',
] as const satisfies readonly Measure['fn'][];
/** Name of a measure's function. */
export type MeasureFunction = (typeof measureFunctions)[number];

const k = z.int().min(2).max(100_000);
/** Weights by which the loss is divided among the measures; equal parts without. */
const weights = z.record(Slug, z.int().min(1).max(1000)).optional();

/** The noise and the hard minimum: ρ in rooms with the zCDP accountant, ε in those with the pure one. */
export const QueryPrivacy = z.discriminatedUnion('mechanism', [
  z.strictObject({ mechanism: z.literal('discreteGaussian'), rho: Fraction, split: weights, k }),
  z.strictObject({ mechanism: z.literal('discreteLaplace'), epsilon: Fraction, split: weights, k }),
]);
export type QueryPrivacy = z.infer<typeof QueryPrivacy>;

/** What every question says of itself: its name, what it asks in words, why, for whom, until when, and its parameters. */
export const questionHead = {
  id: Slug,
  title: Bilingual,
  sentence: Bilingual,
  purpose: Slug,
  legalBasis: z.string().regex(/^[a-z0-9-]{1,64}$/, 'use lower-case letters, digits and "-"'),
  recipients: z.array(UnitPath).min(1).max(64),
  /** The last day. */
  expires: Day,
  params: z.record(Slug, Parameter).default({}),
};

/** A template: what is asked, of whom, for whom and why, with which noise. Its digest is what approvals sign. */
export const AggregateQuery = z
  .strictObject({
    apiVersion: z.literal('reinraum/v1'),
    kind: z.literal('AggregateQuery'),
    ...questionHead,
    population: Slug,
    from: z.strictObject({ dataset: Slug, as: Slug }),
    /** Linked datasets of the same population, always by the unit; `where` is about rows of that dataset (docs/spec/query.md §8). */
    joins: z
      .array(z.strictObject({ dataset: Slug, as: Slug, where: predicate(depthMax).optional() }))
      .min(1)
      .max(3)
      .optional(),
    where: predicate(depthMax).optional(),
    /** Rows of one unit that count, where its dataset has many; which ones, a keyed hash decides (docs/spec/query.md §4). */
    contribution: z.strictObject({ maxRows: z.int().min(1).max(rowsMax) }).optional(),
    groupBy: z.array(GroupKey).min(1).max(6),
    /**
     * Levels above the finest cells, finest first, each measured by itself: what of an axis, or of the level below, is counted
     * as one.
     */
    hierarchy: z
      .strictObject({
        axis: Slug,
        levels: z
          .array(z.strictObject({ as: Slug, title: Bilingual, groups }))
          .min(1)
          .max(4),
      })
      .optional(),
    measures: z.array(Measure).min(1).max(8),
    privacy: QueryPrivacy,
    /** The answer leaves this many milliseconds after the charge, whatever it took; overrun is failure. */
    slotMs: z.int().min(100).max(600_000),
  })
  .superRefine((query, context) => {
    const report = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const levels = query.hierarchy?.levels ?? [];
    const names = [...query.groupBy, ...levels, ...query.measures].map(({ as }) => as);
    if (new Set(names).size < names.length) report('groupBy', 'a name after "as" stands twice');
    for (const { as, groups: own } of levels) {
      const codes = new Set(own.map(({ code }) => code));
      if (codes.size < own.length) report('hierarchy', `a group of "${as}" stands twice`);
    }
    for (const part of [...query.groupBy, ...query.measures]) {
      const path = query.groupBy.some((key) => key === part) ? 'groupBy' : 'measures';
      const { edges, groups } = { edges: undefined, groups: undefined, ...part };
      if (edges?.some((edge: number, at: number) => at > 0 && edge <= (edges[at - 1] ?? edge))) {
        report(path, `edges of "${part.as}" must rise`);
      }
      if (groups && new Set(groups.map(({ code }) => code)).size < groups.length) {
        report(path, `a group of "${part.as}" stands twice`);
      }
    }
    const split = Object.keys(query.privacy.split ?? {})
      .sort()
      .join();
    if (
      query.privacy.split &&
      split !==
        query.measures
          .map(({ as }) => as)
          .sort()
          .join()
    ) {
      report('privacy', 'split must name every measure once');
    }
  });
export type AggregateQuery = z.infer<typeof AggregateQuery>;

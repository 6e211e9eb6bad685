/** Approved questions: a declarative template with a closed grammar (docs/spec/query.md). */
import { z } from 'zod';
import { Bilingual, Day, Fraction, Slug, UnitPath } from './name.ts';

const valuesMax = 4096;
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

/** Public group keys: every code of the column, a listed part of them, or bands of an integer column. */
export const GroupKey = z.union([
  z.strictObject({ column: ColumnRef, as: Slug, keys: z.array(Constant).min(1).max(valuesMax).optional() }),
  z.strictObject({
    column: ColumnRef,
    as: Slug,
    /** Band i holds edges[i] ≤ value < edges[i+1]; the last band is open above. Values below edges[0] are in no band. */
    edges: z.array(z.int()).min(1).max(512),
  }),
]);
export type GroupKey = z.infer<typeof GroupKey>;

const Parameter = z.strictObject({ oneOf: z.array(Constant).min(1).max(valuesMax) });

/** One measure of every cell. */
export const Measure = z.strictObject({ as: Slug, fn: z.literal('count') });

/** A template: what is asked, of whom, for whom and why, with which noise. Its digest is what approvals sign. */
export const AggregateQuery = z
  .strictObject({
    apiVersion: z.literal('reinraum/v1'),
    kind: z.literal('AggregateQuery'),
    id: Slug,
    title: Bilingual,
    sentence: Bilingual,
    purpose: Slug,
    legalBasis: z.string().regex(/^[a-z0-9-]{1,64}$/, 'use lower-case letters, digits and "-"'),
    recipients: z.array(UnitPath).min(1).max(64),
    expires: Day,
    population: Slug,
    from: z.strictObject({ dataset: Slug, as: Slug }),
    params: z.record(Slug, Parameter).default({}),
    where: predicate(depthMax).optional(),
    groupBy: z.array(GroupKey).min(1).max(6),
    measures: z.array(Measure).length(1),
    privacy: z.strictObject({
      mechanism: z.literal('discreteGaussian'),
      rho: Fraction,
      k: z.int().min(2).max(100_000),
    }),
    /** The answer leaves this many milliseconds after the charge, whatever it took; overrun is failure. */
    slotMs: z.int().min(100).max(600_000),
  })
  .superRefine((query, context) => {
    const report = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const names = [...query.groupBy.map(({ as }) => as), ...query.measures.map(({ as }) => as)];
    if (new Set(names).size < names.length) report('groupBy', 'a name after "as" stands twice');
    for (const key of query.groupBy) {
      if ('edges' in key && key.edges.some((edge, at) => at > 0 && edge <= (key.edges[at - 1] ?? edge))) {
        report('groupBy', `edges of "${key.as}" must rise`);
      }
    }
  });
export type AggregateQuery = z.infer<typeof AggregateQuery>;

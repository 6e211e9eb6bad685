/**
 * What approving a question would mean beside the questions a room knows already (docs/spec/analysis.md): a pure function
 * of public policy and of stated assumptions about the number of rows. No data is touched, nobody is asked.
 */

import type { Json } from '../canonical.ts';
import { type Charter, digestOf } from '../charter.ts';
import { type DerivedTable, inputParameters } from '../derived.ts';
import { among, askedSchema, datasetsOf } from '../join.ts';
import { firstParameters } from '../plan.ts';
import type { Question } from '../question.ts';
import type { DatasetSchema } from '../schema.ts';
import { type Analysis, inOrder } from './finding.ts';
import { type Found, findingOf, worstByCode } from './found.ts';
import { type Instance, instanceOf, instancesOf, type Subject } from './instance.ts';
import { universeOf } from './linked.ts';
import { ownFindings, pairFindings } from './pair.ts';
import { productNesting } from './partition.ts';
import { compareSelections } from './selection.ts';
import { type Assumptions, cellFindings, contributionFindings, priceFindings } from './single.ts';

/** What a question is analysed against. Questions that were revoked do not belong here. */
export interface AnalysisContext {
  readonly charter: Pick<Charter, 'populations' | 'accountant'>;
  readonly schemas: readonly DatasetSchema[];
  /** Proposed and approved questions; the analysed one is left out where it is among them. */
  readonly known: readonly Question[];
  /** Rows to assume, by dataset: what its steward declared, or what the reader says. */
  readonly rows?: Readonly<Record<string, number>>;
  /** A clamp is at most this per cent of the expected sum of a cell; 10 without. */
  readonly clampPercent?: number;
  /** Mean of a clamped value in per cent of its clamp; 10 without. */
  readonly meanPercent?: number;
}

/**
 * Analyses a question that compiles. Throws `Refusal` as `askedSchema`, `plan` and `price` where it, or one it is compared
 * with, does not.
 */
export function analyse(question: Question, context: AnalysisContext): Analysis {
  const digest = digestOf(question as Json);
  const known = new Map(context.known.map((one) => [digestOf(one as Json), one]));
  known.delete(digest);
  const { rows = {}, clampPercent = 10, meanPercent = 10 } = context;
  const subjects = [...known].flatMap(([own, one]) =>
    one.kind === 'AggregateQuery' ? [subjectOf(one, own, context)] : [],
  );
  const found =
    question.kind === 'AggregateQuery'
      ? queryFindings(subjectOf(question, digest, context), subjects, context, { clampPercent, meanPercent })
      : tableFindings(question, subjects);
  return {
    v: 'reinraum-analysis/1',
    question: { id: question.id, digest },
    against: [...known.keys()].sort(),
    rows: { ...rows },
    clampPercent,
    meanPercent,
    findings: inOrder(found.map(findingOf)),
  };
}

function subjectOf(query: Subject['query'], digest: string, { schemas }: AnalysisContext): Subject {
  const schema = askedSchema(query, among(schemas));
  return { query, digest, schema, domain: query.joins ? universeOf(schema, schemas) : schema };
}

/** Two questions in one domain, where they have a dataset in common. */
function together(own: Subject, other: Subject): [Subject, Subject] | undefined {
  const mine = datasetsOf(own.query);
  if (!datasetsOf(other.query).some((dataset) => mine.includes(dataset))) return undefined;
  const linked = [own, other].find(({ query }) => query.joins);
  if (!linked) return [own, other];
  const { domain } = linked;
  return [
    { ...own, domain },
    { ...other, domain },
  ];
}

function queryFindings(
  own: Subject,
  others: readonly Subject[],
  { charter, rows = {} }: AnalysisContext,
  percents: Omit<Assumptions, 'rows'>,
): Found[] {
  // How many units two datasets share is nobody's to assume.
  const rowsOf = own.query.joins ? undefined : new Map(Object.entries(rows)).get(own.schema.id);
  const assumed: Assumptions = { rows: rowsOf, ...percents };
  const instances = instancesOf(own);
  const pairs = others.flatMap((other) => {
    const [mine, theirs] = together(own, other) ?? [];
    if (!mine || !theirs) return [];
    const rowsHere = other.query.joins ? undefined : assumed.rows;
    return pairFindings(instancesOf(mine), instancesOf(theirs), rowsHere);
  });
  return [
    ...ownFindings(instances, assumed.rows),
    ...pairs,
    ...worstByCode(instances.all.flatMap((one) => cellFindings(one, charter, assumed))),
    ...contributionFindings(own, charter),
    ...priceFindings(own, others, charter),
  ];
}

/** A total over an axis is hidden with any of its parts, unless another question releases it on its own. */
function tableFindings(table: DerivedTable, known: readonly Subject[]): Found[] {
  const parameters = firstParameters(table.params);
  return table.axes.flatMap((axis, at) => {
    if (!axis.total) return [];
    return Object.entries(axis.from).flatMap(([name, label]) => {
      const input = table.inputs[name];
      const subject = known.find(({ digest }) => digest === input?.query);
      if (!input || !subject) return [];
      return known.flatMap((other) => {
        const [mine, theirs] = other === subject ? [] : (together(subject, other) ?? []);
        if (!mine || !theirs) return [];
        const instance = instanceOf(mine, inputParameters(table, name, parameters));
        const found = instancesOf(theirs).all.flatMap((one) => totalReleased(instance, input.measure, label, one));
        const [worst] = worstByCode(found.map((isExact) => totalFound(axis.as, at, other, isExact)));
        return worst ? [worst] : [];
      });
    });
  });
}

function totalFound(axis: string, at: number, other: Subject, isExact: boolean): Found {
  const values = { axis, other: other.query.id, exact: isExact ? 'yes' : 'no' };
  const severity = isExact ? 'warn' : 'note';
  return { code: 'total-with-hidden-part', severity, field: `axes.${at}.total`, with: [other], values };
}

/** For each measure that counts the same rows without the axis: whether its cells are just the totals, or coarser. */
function totalReleased(instance: Instance, measure: string, axis: string, other: Instance): boolean[] {
  const own = instance.published.find(({ as }) => as === measure);
  if (!own?.parts) return [];
  const { domain: schema } = instance.subject;
  const rest = instance.plan.axes.filter(({ as }) => as !== axis);
  return other.published.flatMap(({ region, parts }) => {
    if (!parts || compareSelections(own.region.node, region.node, schema)?.relation !== 'equal') return [];
    const { isFinerA, isFinerB } = productNesting(rest, parts, [region.node], schema);
    return isFinerA ? [isFinerB] : [];
  });
}

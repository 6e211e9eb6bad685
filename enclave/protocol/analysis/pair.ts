/** What two questions on one dataset, or two choices of one question's parameters, show together (docs/spec/analysis.md §3). */
import type { PlanMeasure, PlanNode, PlanSplit } from '../plan.ts';
import { formatRational } from '../rational.ts';
import { type Found, percent, worstByCode } from './found.ts';
import { type Instance, type Instances, nameOf, type Published, type Region } from './instance.ts';
import { nestingOf, productNesting } from './partition.ts';
import { atomsCount, atomsOf, type Compared, classOf, compareSelections, selects } from './selection.ts';

/** Most evaluations of a predicate for one pair of questions: seconds, whoever proposes what. */
const evaluationsMax = 1 << 22;

/** Findings about a question and another one on the same dataset. `rows` is the assumed size of the dataset. */
export function pairFindings(own: Instances, other: Instances, rows: number | undefined): Found[] {
  const scope = scopeOf(own, other);
  const found: Found[] = scope === 'all' ? [] : [undecided(own, other, scope)];
  for (const a of scope === 'all' ? own.all : [own.first]) {
    for (const b of scope === 'all' ? other.all : [other.first]) {
      found.push(...splitFindings(a, b));
      if (scope !== 'none') found.push(...selectionFindings(a, b, rows), ...sameCounts(a, b));
    }
  }
  return worstByCode(found).map((one) => ({ ...one, with: [other.subject] }));
}

/** Findings about one question's own parameters and measures. */
export function ownFindings(own: Instances, rows: number | undefined): Found[] {
  const scope = scopeOf(own, own);
  const found: Found[] = scope === 'all' ? [] : [undecided(own, own, scope)];
  const all = scope === 'all' ? own.all : [];
  all.forEach((a, at) => {
    for (const b of all.slice(at + 1)) {
      // Classes and measures are the same throughout: only the rows can differ.
      found.push(...selectionFindings(a, b, rows).map((one) => ({ ...one, field: 'params' })));
    }
  });
  return worstByCode([...found, ...(scope === 'none' ? [] : coarserWithin(own.first))]);
}

/** Which choices of parameters are compared: all of them, the first of each, or none, where even that is too much. */
type Scope = 'all' | 'first' | 'none';

function scopeOf(a: Instances, b: Instances): Scope {
  const [x, y] = [a.first.regions, b.first.regions];
  const nodes = [...x, ...y].map(({ node }) => node);
  const evaluations = x.length * y.length * atomsCount(a.subject.domain, nodes);
  if (evaluations > evaluationsMax) return 'none';
  const isAll = a.isComplete && b.isComplete && a.all.length * b.all.length * evaluations <= evaluationsMax;
  return isAll ? 'all' : 'first';
}

function undecided(own: Instances, other: Instances, scope: Scope): Found {
  const values = { own: own.subject.query.id, other: other.subject.query.id };
  return { code: 'selection-undecided', severity: 'warn', field: scope === 'none' ? 'where' : 'params', values };
}

/** Subsets and complements among the rows two answers count. */
function selectionFindings(a: Instance, b: Instance, rows: number | undefined): Found[] {
  const found: Found[] = [];
  const { domain: schema } = a.subject;
  const names = { own: nameOf(a), other: nameOf(b) };
  for (const x of a.regions) {
    for (const y of b.regions) {
      const compared = compareSelections(x.node, y.node, schema);
      if (!compared) {
        found.push({ code: 'selection-undecided', severity: 'warn', field: x.field, values: names });
      } else if (compared.relation === 'complement' && x === a.regions[0] && y === b.regions[0]) {
        const severity = a.subject.digest === b.subject.digest ? 'note' : 'warn';
        found.push({ code: 'predicate-complement', severity, field: x.field, values: names });
      } else {
        found.push(...subsetFinding(a, b, x, y, compared, rows));
      }
    }
  }
  return found;
}

function subsetFinding(a: Instance, b: Instance, x: Region, y: Region, compared: Compared, rows: number | undefined) {
  const { relation, both, onlyA, onlyB } = compared;
  // Nothing is subtracted where the smaller set is empty.
  if ((relation !== 'subset' && relation !== 'superset') || both === 0) return [];
  const [larger, smaller, holder] = relation === 'subset' ? [y, x, b] : [x, y, a];
  const slice: PlanNode = { op: 'all', of: [larger.node, { op: 'not', of: smaller.node }] };
  if ([...a.regions, ...b.regions].some(({ node }) => isSame(node, slice, a))) return [];
  const share = Math.max(onlyA, onlyB);
  const expected = rows === undefined ? undefined : share * rows;
  const isAligned = holder.published.some(({ parts }) => parts !== null && isUnionOfCells(slice, parts, holder));
  const k = Math.max(a.plan.k, b.plan.k);
  const isNarrow = expected !== undefined && expected < k;
  const values = {
    own: nameOf(a),
    other: nameOf(b),
    slice: percent(share),
    aligned: isAligned ? 'yes' : 'no',
    ...(expected === undefined ? {} : { rows: Math.round(expected) }),
  };
  const severity = isAligned ? 'note' : isNarrow ? 'refuse' : 'warn';
  return [{ code: 'predicate-subset', severity, field: x.field, values, weight: share * 1e6 } satisfies Found];
}

function isSame(a: PlanNode, b: PlanNode, { subject }: Instance): boolean {
  return compareSelections(a, b, subject.domain)?.relation === 'equal';
}

/** Whether a set of rows is made of whole cells. What is not decided is not. */
function isUnionOfCells(rows: PlanNode, splits: readonly PlanSplit[], { subject, plan }: Instance): boolean {
  const atoms = atomsOf(subject.domain, [rows, ...(plan.where ? [plan.where] : [])], splits);
  if (!atoms) return false;
  const sides = new Map<string, boolean>();
  for (const { value } of atoms) {
    if (plan.where && !selects(plan.where, value)) continue;
    const cell = splits.map((split) => classOf(split, value(split.column)));
    const isIn = selects(rows, value);
    const key = cell.includes(-1) ? 'outside' : cell.join();
    if ((sides.get(key) ?? isIn) !== isIn) return false;
    sides.set(key, isIn);
  }
  return true;
}

/** Classes of one column that cross, in rows both answers count. */
function splitFindings(a: Instance, b: Instance): Found[] {
  const found: Found[] = [];
  const { domain: schema } = a.subject;
  for (const { field, split } of splitsOf(a)) {
    for (const { split: theirs } of splitsOf(b)) {
      if (split.column !== theirs.column) continue;
      const within = [a.plan.where, b.plan.where].flatMap((where) => where ?? []);
      const nesting = nestingOf(split, theirs, within, schema);
      const values = { own: nameOf(a), other: b.subject.query.id, column: split.column };
      if (!nesting) found.push({ code: 'selection-undecided', severity: 'warn', field, values });
      else if (nesting.crossing) {
        const [classA, classB] = nesting.crossing;
        found.push({ code: 'split-overlap', severity: 'refuse', field, values: { ...values, a: classA, b: classB } });
      }
    }
  }
  return found;
}

/** The partitions whose counts are released; bands of a quantile are not. */
function splitsOf({ plan, published }: Instance): { readonly field: string; readonly split: PlanSplit }[] {
  return [
    ...plan.axes.map((split, at) => ({ field: `groupBy.${at}`, split })),
    ...published.flatMap(({ splits }, at) =>
      splits.slice(plan.axes.length).map((split) => ({ field: `measures.${at}`, split })),
    ),
  ];
}

/** Measures that mean the same, and counts of the same rows in coarser cells. */
function sameCounts(a: Instance, b: Instance): Found[] {
  const found: Found[] = [];
  const { domain: schema } = a.subject;
  a.published.forEach((x, at) => {
    for (const [n, y] of b.published.entries()) {
      if (!isSame(x.region.node, y.region.node, a)) continue;
      const within = [x.region.node];
      const { isFinerA, isFinerB } = productNesting(x.splits, y.splits, within, schema);
      if (isFinerA && isFinerB && meansSame(a, x, at, b, y, n)) {
        const values = { own: nameOf(a), other: nameOf(b), measure: x.as };
        found.push({ code: 'near-duplicate', severity: 'warn', field: `measures.${at}`, values });
      } else found.push(...coarserTotal(a, x, b, y, 'note', `measures.${at}`));
    }
  });
  return found;
}

function meansSame(a: Instance, x: Published, at: number, b: Instance, y: Published, n: number): boolean {
  if (x.truth || y.truth) {
    const [yes] = x.truth ?? [];
    return y.truth?.some(({ node }) => yes !== undefined && isSame(yes.node, node, a)) === true;
  }
  const kind = (measure: PlanMeasure | undefined) => {
    if (!measure) return '';
    const { fn, input, quantile } = measure;
    if (fn === 'count' || fn === 'histogram' || fn === 'shares') return 'units';
    const which = quantile ? [quantile.q, ...(quantile.further ?? [])].map(formatRational) : [];
    return JSON.stringify([fn, which, input.of === 'value' ? [input.column, input.clamp] : input]);
  };
  return kind(a.plan.measures[at]) === kind(b.plan.measures[n]);
}

function coarserTotal(
  a: Instance,
  x: Published,
  b: Instance,
  y: Published,
  severity: 'warn' | 'note',
  field: string,
): Found[] {
  if (!x.parts || !y.parts) return [];
  const { isFinerA, isFinerB } = productNesting(x.parts, y.parts, [x.region.node], a.subject.domain);
  if (isFinerA === isFinerB) return [];
  const isOne = a === b;
  const spelled = (one: Instance, { as }: Published) => `${isOne ? one.subject.query.id : nameOf(one)}.${as}`;
  const [coarse, fine] = isFinerA ? [spelled(b, y), spelled(a, x)] : [spelled(a, x), spelled(b, y)];
  return [{ code: 'coarser-total', severity, field, values: { coarse, fine, within: isOne ? 'answer' : 'room' } }];
}

/** Within one answer a hidden class beside a count of the whole: that is a promise about one release. */
function coarserWithin(one: Instance): Found[] {
  return one.published.flatMap((x, at) =>
    one.published.slice(at + 1).flatMap((y) => {
      if (!isSame(x.region.node, y.region.node, one)) return [];
      return coarserTotal(one, x, one, y, 'warn', `measures.${at}`);
    }),
  );
}

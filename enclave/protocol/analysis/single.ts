/** What a question shows of itself: the size of its cells, its clamps, its price (docs/spec/analysis.md §3). */
import type { Charter } from '../charter.ts';
import { componentsOf, decisionsOf } from '../component.ts';
import { contributionOf } from '../contribution.ts';
import { lossOf } from '../loss.ts';
import { previewOf } from '../preview.ts';
import { type Charge, price } from '../price.ts';
import { add, compare, formatRational, multiply, parseRational, type Rational, rational, zero } from '../rational.ts';
import type { Found } from './found.ts';
import type { Instance, Subject } from './instance.ts';
import { compareSelections } from './selection.ts';

type Budgets = Pick<Charter, 'populations' | 'accountant'>;

/** What is assumed of data nobody has looked at; stated in every analysis. */
export interface Assumptions {
  readonly rows: number | undefined;
  readonly clampPercent: number;
  readonly meanPercent: number;
}

/** A share of cells from which on a reader must accept that they are hidden, and one from which on it is mentioned. */
const hiddenWarn = 0.5;
const hiddenNote = 0.05;

/** Expected size of cells against k and the cut, and clamps against the expected sum of a cell. */
export function cellFindings(
  { plan, subject, parameters, published }: Instance,
  charter: Budgets,
  assumed: Assumptions,
): Found[] {
  const { query, schema } = subject;
  if (assumed.rows === undefined) {
    return [{ code: 'cells-unassessed', severity: 'note', field: 'from.dataset', values: { dataset: schema.id } }];
  }
  const everything = { op: 'all', of: [] } as const;
  return plan.measures.flatMap((measure, at) => {
    const region = published[at]?.region.node ?? everything;
    const share = compareSelections(region, region, schema)?.both ?? 1;
    const units = Math.floor(((assumed.rows ?? 0) * share) / plan.cells);
    const nothing = () => ({ loss: zero, delta: zero });
    const preview = previewOf(query, schema, parameters, charter, nothing, units).measures[at];
    if (!preview) return [];
    const found: Found[] = [];
    const hidden = 1 - preview.shown;
    const field = `measures.${at}`;
    if (hidden >= hiddenNote) {
      const severity = units < plan.k ? 'refuse' : hidden >= hiddenWarn ? 'warn' : 'note';
      const { cells, k } = plan;
      const values = { measure: measure.as, units, k, cut: preview.cut, hidden: Math.round(100 * hidden), cells };
      found.push({ code: 'cells-hidden', severity, field, values });
    }
    if (measure.fn === 'sum' && measure.input.of === 'value') {
      const clamp = Math.max(...measure.input.clamp.map(Math.abs));
      // clamp ≤ q · units · mean · clamp, in integers, with as many rows as a unit can have in a cell.
      const most = 10_000 * Number(contributionOf(query, schema).rowsPerCell);
      if (most > units * assumed.meanPercent * assumed.clampPercent) {
        const part = units === 0 ? '> 100' : Math.round(most / (units * assumed.meanPercent));
        const values = {
          measure: measure.as,
          clamp,
          share: part,
          q: assumed.clampPercent,
          mean: assumed.meanPercent,
          units,
        };
        found.push({ code: 'clamp-dominates', severity: 'warn', field, values });
      }
    }
    return found;
  });
}

/** What it costs that a unit can be in several cells. */
export function contributionFindings({ query, schema }: Subject, { accountant }: Budgets): Found[] {
  const { cells } = contributionOf(query, schema);
  if (cells <= 1n) return [];
  const decisions = decisionsOf(componentsOf(query, schema));
  const delta = formatRational(multiply(parseRational(accountant.deltaPerDecision), rational(decisions)));
  const values = {
    cells: Number(cells),
    decisions: Number(decisions),
    delta,
    loss: spelled(accountant, lossOf(query.privacy)),
  };
  return [{ code: 'several-cells', severity: 'note', field: 'groupBy', values }];
}

/** One run, and all questions once each, against the caps. */
export function priceFindings(own: Subject, others: readonly Subject[], charter: Budgets): Found[] {
  const mine = price(own.query, own.schema, charter);
  const all = [mine, ...others.map(({ query, schema }) => price(query, schema, charter))];
  return mine.flatMap(({ population }): Found[] => {
    const budget = charter.populations.find(({ id }) => id === population)?.budget;
    if (!budget) return [];
    const [cap, capDelta] = [lossOf(budget), parseRational(budget.delta)];
    const values = (loss: Rational, delta: Rational) => ({
      population,
      price: `${spelled(charter.accountant, loss)}, δ ${formatRational(delta)}`,
      cap: `${spelled(charter.accountant, cap)}, δ ${budget.delta}`,
      questions: all.length,
    });
    const isOver = ({ loss, delta }: Totals) => compare(loss, cap) > 0 || compare(delta, capDelta) > 0;
    const [run, plan] = [totalOf([mine], population), totalOf(all, population)];
    const field = 'rho' in own.query.privacy ? 'privacy.rho' : 'privacy.epsilon';
    if (isOver(run))
      return [{ code: 'price-over-cap', severity: 'refuse', field, values: values(run.loss, run.delta) }];
    const [code, severity] = isOver(plan) ? (['plan-over-cap', 'warn'] as const) : (['plan-price', 'note'] as const);
    return [{ code, severity, field, values: values(plan.loss, plan.delta) }];
  });
}

interface Totals {
  readonly loss: Rational;
  readonly delta: Rational;
}

function totalOf(charges: readonly (readonly Charge[])[], population: string): Totals {
  const own = charges.flat().filter((charge) => charge.population === population);
  return {
    loss: own.reduce((sum, charge) => add(sum, lossOf(charge)), zero),
    delta: own.reduce((sum, charge) => add(sum, parseRational(charge.delta)), zero),
  };
}

function spelled({ kind }: Charter['accountant'], loss: Rational): string {
  return `${kind === 'zcdp' ? 'ρ' : 'ε'} ${formatRational(loss)}`;
}

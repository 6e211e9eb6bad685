/** What is left of a budget, exactly, and what the whole means for one person. */
import {
  type Asker,
  accountsOf,
  type Catalogue,
  type Charge,
  type Charter,
  compare,
  divide,
  epsilonOf,
  formatRational,
  type Loss,
  lossOf,
  parseRational,
  posterior,
  subtract,
  toNumber,
} from '@reinraum/protocol';
import type { Speech } from './texts/speech.ts';

type Balance = Catalogue['balances'][number];

/** How full one population's budget is. */
export interface BudgetView {
  readonly population: string;
  /** Spent share of the loss, 0…1. */
  readonly share: number;
  /** In the unit of the room's accountant: ρ or ε. */
  readonly loss: { readonly cap: string; readonly spent: string; readonly left: number };
  readonly epsilon: { readonly cap: number; readonly spent: number };
  /** What somebody who held it for 10 % likely that a person is in the data can come to hold at most, so far. */
  readonly suspicion: number;
  /** Parts of the budget for some who ask. */
  readonly allotments: readonly {
    readonly account: string;
    readonly loss: Balance['loss'] & { readonly left: string };
  }[];
}

/** The prior the sentence about a budget speaks of. */
export const priorOfSentence = 0.1;

/** A balance for people. */
export function budgetView({ population, loss, epsilon, allotments = [] }: Balance): BudgetView {
  const cap = parseRational(loss.cap);
  const spent = parseRational(loss.spent);
  return {
    population,
    share: cap.num === 0n ? 1 : toNumber(divide(spent, cap)),
    loss: { ...loss, left: toNumber(subtract(cap, spent)) },
    epsilon,
    suspicion: posterior(priorOfSentence, epsilon.spent),
    allotments: allotments.map((part) => {
      const left = subtract(parseRational(part.loss.cap), parseRational(part.loss.spent));
      return { account: part.account, loss: { ...part.loss, left: formatRational(left) } };
    }),
  };
}

/** How many more times these charges fit into what is left of every balance they touch when this member asks. */
export function runsLeft(
  charges: readonly Charge[],
  { charter, balances }: Pick<Catalogue, 'charter' | 'balances'>,
  asker: Asker,
): number {
  let least = Number.POSITIVE_INFINITY;
  const pairs = charges.flatMap((charge) => {
    const touched = touchedBy(charge, { charter, balances }, asker);
    return touched.map((balance) => ({ charge, balance }));
  });
  for (const { charge, balance } of pairs) {
    if (!balance) return 0;
    for (const [{ cap, spent }, part] of [
      [balance.loss, lossOf(charge)],
      [balance.delta, parseRational(charge.delta)],
    ] as const) {
      if (part.num === 0n) continue;
      const left = subtract(parseRational(cap), parseRational(spent));
      if (compare(part, left) > 0) return 0;
      const { num, den } = divide(left, part);
      least = Math.min(least, Number(num / den));
    }
  }
  return Number.isFinite(least) ? least : 0;
}

/** The population's balance and those of its allotments that name the asker; undefined for one the catalogue does not have. */
function touchedBy(
  { population }: Charge,
  { charter, balances }: Pick<Catalogue, 'charter' | 'balances'>,
  asker: Asker,
): (Pick<Balance, 'loss' | 'delta'> | undefined)[] {
  const agreed = charter.populations.find(({ id }) => id === population);
  const own = balances.find((balance) => balance.population === population);
  if (!agreed) return [undefined];
  const [, ...allotted] = accountsOf(agreed, asker);
  return [own, ...allotted.map(({ name }) => own?.allotments?.find(({ account }) => account === name))];
}

/** A loss as it is written: "ρ 1/64", "ε 1/4". */
export function lossText(loss: Loss): string {
  return 'rho' in loss ? `ρ ${loss.rho}` : `ε ${loss.epsilon}`;
}

/** A charge in words: "ρ 1/64 (ε 0,79) für Personen"; ε of ρ at the charter's δ, rounded up. */
function chargeText(charge: Charge, { accountant, populations }: Charter, { t, number, language }: Speech): string {
  const title = populations.find(({ id }) => id === charge.population)?.title[language] ?? charge.population;
  const text = t('cost.for', { loss: lossText(charge), population: title });
  if (!('rho' in charge) || accountant.kind !== 'zcdp') return text;
  const epsilon = epsilonOf(parseRational(charge.rho), parseRational(accountant.deltaConversion));
  const rounded = number(Math.ceil(epsilon * 100) / 100, 2);
  return t('cost.for', { loss: `${lossText(charge)} (ε ${rounded})`, population: title });
}

/** Charges in words. */
export function costText(charges: readonly Charge[], charter: Charter, speech: Speech): string {
  return charges.map((charge) => chargeText(charge, charter, speech)).join('; ');
}

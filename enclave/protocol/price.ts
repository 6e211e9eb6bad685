/** What an answer costs: a pure function of template, schema and charter, recomputed by every verifier (privacy.md). */
import type { Charter } from './charter.ts';
import { componentsOf, decisionsOf } from './component.ts';
import { checkLinkage, type Schemas } from './join.ts';
import { accountantOf, asLoss, type Loss, lossOf } from './loss.ts';
import type { AggregateQuery } from './query.ts';
import { formatRational, multiply, parseRational, type Rational, rational } from './rational.ts';
import { Refusal } from './refusal.ts';
import type { DatasetSchema } from './schema.ts';

/** One charge on one population's two balances: its loss, and the δ of its keep decisions. */
export type Charge = Loss & { readonly population: string; readonly delta: string };

/**
 * Charges of one release, the asked population first, then those it covers. The loss is the template's, whatever the
 * measures; δ is charged for every keep decision one unit can influence. Throws {@link Refusal} on an unknown population.
 */
export function price(
  query: AggregateQuery,
  schema: DatasetSchema,
  charter: Pick<Charter, 'populations' | 'accountant'>,
): Charge[] {
  const population = charter.populations.find(({ id }) => id === query.population);
  if (!population) throw new Refusal('query-not-compilable', 'population');
  const loss = lossOf(query.privacy);
  const decisions = rational(decisionsOf(componentsOf(query, schema)));
  const delta = multiply(parseRational(charter.accountant.deltaPerDecision), decisions);
  const charge = (id: string, factor: Rational): Charge => ({
    population: id,
    ...asLoss(charter.accountant.kind, multiply(loss, factor)),
    // Exact for a factor of 1 and for units in different cells; for m units in one cell see docs/threat-model.md, "The unit".
    delta: formatRational(multiply(delta, factor)),
  });
  return [
    charge(population.id, rational(1n)),
    ...population.covers.map((covered) => charge(covered.population, parseRational(covered.lossFactor))),
  ];
}

/** Refuses a template the charter does not allow: accountant, purpose, recipients, population, k floor, linkage. */
export function checkAgainstCharter(query: AggregateQuery, charter: Charter, schemas: Schemas): void {
  const population = charter.populations.find(({ id }) => id === query.population);
  if (!population) throw new Refusal('query-not-compilable', 'population');
  if (accountantOf(query.privacy) !== charter.accountant.kind) {
    throw new Refusal('query-not-compilable', 'privacy.mechanism');
  }
  if (query.privacy.k < population.kFloor) throw new Refusal('k-below-floor', 'privacy.k');
  checkLinkage(query, schemas, charter);
  checkPolicy(query, charter);
}

/** Refuses a purpose the charter does not have and recipients it does not allow. */
export function checkPolicy(
  { purpose, recipients }: Pick<AggregateQuery, 'purpose' | 'recipients'>,
  charter: Pick<Charter, 'purposes' | 'recipients'>,
): void {
  if (!charter.purposes.some(({ id }) => id === purpose)) throw new Refusal('purpose-unknown', 'purpose');
  for (const [at, recipient] of recipients.entries()) {
    if (!charter.recipients.includes(recipient)) throw new Refusal('recipient-not-allowed', `recipients.${at}`);
  }
}

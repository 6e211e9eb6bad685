/** What an answer costs: a pure function of template and charter, recomputed by every verifier (privacy.md). */
import type { Charter } from './charter.ts';
import type { AggregateQuery } from './query.ts';
import { formatRational, multiply, parseRational, type Rational, rational } from './rational.ts';
import { Refusal } from './refusal.ts';

/** One charge on one population's two balances. */
export interface Charge {
  readonly population: string;
  readonly rho: string;
  readonly delta: string;
}

/**
 * Charges of one release, the asked population first, then those it covers. One row per unit: a unit is in one cell,
 * so it influences one keep decision and δ is charged once. Throws {@link Refusal} on an unknown population.
 */
export function price(query: AggregateQuery, charter: Charter): Charge[] {
  const population = charter.populations.find(({ id }) => id === query.population);
  if (!population) throw new Refusal('query-not-compilable', 'population');
  const rho = parseRational(query.privacy.rho);
  const delta = parseRational(charter.accountant.deltaPerDecision);
  const charge = (id: string, factor: Rational): Charge => ({
    population: id,
    rho: formatRational(multiply(rho, factor)),
    // δ grows at most with the number of units one human is, which is at most the factor of ρ (its square).
    delta: formatRational(multiply(delta, factor)),
  });
  return [
    charge(population.id, rational(1n)),
    ...population.covers.map((covered) => charge(covered.population, parseRational(covered.rhoFactor))),
  ];
}

/** The noise of a template: σ² = Δ₂² / 2ρ with Δ₂ = 1, as one unit changes one count by one. */
export function mechanismOf(query: AggregateQuery): { readonly kind: 'discreteGaussian'; readonly variance: Rational } {
  const rho = parseRational(query.privacy.rho);
  return { kind: query.privacy.mechanism, variance: rational(rho.den, 2n * rho.num) };
}

/** Refuses a template the charter does not allow: purpose, recipients, population, k floor. */
export function checkAgainstCharter(query: AggregateQuery, charter: Charter): void {
  const population = charter.populations.find(({ id }) => id === query.population);
  if (!population) throw new Refusal('query-not-compilable', 'population');
  if (parseRational(query.privacy.rho).num === 0n) throw new Refusal('query-not-compilable', 'privacy.rho');
  if (query.privacy.k < population.kFloor) throw new Refusal('k-below-floor', 'privacy.k');
  if (!charter.purposes.some(({ id }) => id === query.purpose)) throw new Refusal('purpose-unknown', 'purpose');
  for (const [at, recipient] of query.recipients.entries()) {
    if (!charter.recipients.includes(recipient)) throw new Refusal('recipient-not-allowed', `recipients.${at}`);
  }
}

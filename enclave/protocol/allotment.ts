/** Allotments: parts of a population's budget that are set aside for some who ask (docs/spec/policy.md §2). They divide it, they never extend it. */
import { z } from 'zod';
import type { Charter, Population } from './charter.ts';
import { type Loss, withLoss } from './loss.ts';
import { Fraction, Slug, UnitPath } from './name.ts';

/** Whose charges count against an allotment: a party's, a unit's, those for a purpose, or every analyst's own. */
const AllotmentFor = z.union([
  z.strictObject({ party: Slug }),
  z.strictObject({ unit: UnitPath }),
  z.strictObject({ purpose: Slug }),
  z.strictObject({ each: z.literal('analyst') }),
]);

/** The most that may be charged for whom it names. */
export const Allotment = withLoss({ for: AllotmentFor, delta: Fraction });
export type Allotment = z.infer<typeof Allotment>;

/** Who asks, and what for. */
export interface Asker {
  readonly ref: string;
  readonly unit: string;
  readonly purpose: string;
}

/** A pair of balances with its caps: of a population, or of an allotment of it. */
export interface Account {
  /** The population's id; of an allotment followed by whose it is, such as "person party/city". */
  readonly name: string;
  readonly cap: Loss & { readonly delta: string };
}

/** Everything a charge on a population counts against: its budget, and each allotment that names the asker; without one the budget. */
export function accountsOf({ id, budget, allotments = [] }: Population, asker: Asker | null): Account[] {
  const named = allotments.flatMap((allotment): Account[] => {
    const whose = asker && whoseOf(allotment, asker);
    return whose === null ? [] : [{ name: `${id} ${whose}`, cap: allotment }];
  });
  return [{ name: id, cap: budget }, ...named];
}

/** Every account there is in a charter, those of analysts for these members. */
export function allAccounts(population: Population, charter: Pick<Charter, 'members'>): Account[] {
  const analysts = charter.members.filter(({ roles }) => roles.includes('analyst'));
  const named = (population.allotments ?? []).flatMap((allotment): Account[] => {
    const whose =
      'each' in allotment.for ? analysts.map(({ ref }) => `analyst/${ref}`) : [whoseOf(allotment, null) ?? ''];
    return whose.map((one) => ({ name: `${population.id} ${one}`, cap: allotment }));
  });
  return [{ name: population.id, cap: population.budget }, ...named];
}

/** Whose an allotment is, or null where it is not this asker's; without an asker, that of all but analysts. */
function whoseOf({ for: of }: Allotment, asker: Asker | null): string | null {
  if ('each' in of) return asker && `analyst/${asker.ref}`;
  if ('purpose' in of) return asker === null || of.purpose === asker.purpose ? `purpose/${of.purpose}` : null;
  if ('unit' in of) return asker === null || of.unit === asker.unit ? `unit/${of.unit}` : null;
  return asker === null || asker.unit.startsWith(`${of.party}/`) ? `party/${of.party}` : null;
}

/** The spelling of whom an allotment is for, to tell two apart. */
export function allotmentKey({ for: of }: Allotment): string {
  return Object.entries(of).join();
}

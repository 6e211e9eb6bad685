/** Balances at any moment of a log: added up anew from its charges, account by account. */
import {
  type Account,
  accountsOf,
  add,
  allAccounts,
  formatRational,
  lossOf,
  parseRational,
  type Rational,
  zero,
} from '@reinraum/protocol';
import type { ReadEntry, VerifiedLog } from './subject.ts';

/** Sums of an account, exact, with the charges they were added up from. */
export interface AccountSum {
  readonly account: Account;
  readonly loss: Rational;
  readonly delta: Rational;
  readonly entries: readonly number[];
}

/** Every account of the charter with what these entries charged it, in the charter's order. */
export function accountSums({ room }: VerifiedLog, entries: readonly ReadEntry[]): readonly AccountSum[] {
  const sums = new Map<string, AccountSum>();
  for (const population of room.charter.populations) {
    for (const account of allAccounts(population, room.charter)) {
      sums.set(account.name, { account, loss: zero, delta: zero, entries: [] });
    }
  }
  for (const { row, entry } of entries) {
    if (entry.type !== 'query.charged' || row.actor === null || row.unit === null) continue;
    const asker = { ref: row.actor, unit: row.unit, purpose: entry.detail.purpose };
    for (const charge of entry.detail.charges) {
      const population = room.charter.populations.find(({ id }) => id === charge.population);
      for (const account of population ? accountsOf(population, asker) : []) {
        const before = sums.get(account.name) ?? { account, loss: zero, delta: zero, entries: [] };
        const [loss, delta] = [add(before.loss, lossOf(charge)), add(before.delta, parseRational(charge.delta))];
        sums.set(account.name, { account, loss, delta, entries: [...before.entries, row.index] });
      }
    }
  }
  return [...sums.values()];
}

/**
 * The sums of the whole log. Verification has added them up as well: throws an error that is a bug where the two differ, so
 * that no report can show a balance the rules did not see.
 */
export function finalSums(log: VerifiedLog): readonly AccountSum[] {
  const sums = accountSums(log, log.entries);
  for (const { account, loss, delta } of sums) {
    const known = log.room.spent.get(account.name) ?? { loss: zero, delta: zero };
    if (formatRational(known.loss) !== formatRational(loss) || formatRational(known.delta) !== formatRational(delta)) {
      throw new Error('report: a balance is not the one that was verified');
    }
  }
  return sums;
}

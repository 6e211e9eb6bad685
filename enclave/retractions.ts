/** Taking back a wrong release: its readers are told, it is not delivered again, its price is not given back. */
import { mayRetract, type Room } from '@reinraum/audit';
import type { StatementOf } from '@reinraum/protocol';
import { type Authorised, checkUnused, RefusedAct } from './authorise.ts';
import type { Ledger, Logged } from './ledger.ts';

type Act = Authorised & { readonly statement: StatementOf<'release.retract'> };

/** Retracts the release of a charge. Throws {@link RefusedAct} where there is none or the signer may not. */
export async function retract(ledger: Ledger, room: Room, act: Act): Promise<Logged> {
  const { charge, reason } = act.statement.body;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    const charged = room.charges.get(charge)?.entry;
    const release = room.releases.get(charge);
    if (!charged || release === undefined) throw new RefusedAct('release-unknown', 'charge', act);
    if (!mayRetract(room, charged, act.member)) throw new RefusedAct('dataset-not-owned', 'charge', act);
    if (room.retractions.has(charge)) throw new RefusedAct('release-retracted', 'charge', act);
    const { query, recipient } = charged.detail;
    return append({
      type: 'release.retracted',
      activity: 'einschraenken',
      actor: { ref: act.member.ref, unit: act.member.unit },
      statements: [act],
      caused: release,
      detail: { query, charge, recipient, reason },
    });
  });
}

/** What data protection officers sign after reading the log: reviews and acknowledged warnings. */
import { isReviewable, type Room } from '@reinraum/audit';
import type { StatementOf } from '@reinraum/protocol';
import { type Authorised, by, checkUnused, RefusedAct } from './authorise.ts';
import type { Ledger, Logged } from './ledger.ts';

type Act<Type extends 'review.complete' | 'alert.acknowledge'> = Authorised & { readonly statement: StatementOf<Type> };

/** Logs a review of entries there are. Throws {@link RefusedAct}. */
export function review(ledger: Ledger, room: Room, act: Act<'review.complete'>): Promise<Logged> {
  const { body } = act.statement;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    if (!isReviewable(body, ledger.log.size)) throw new RefusedAct('entry-unknown', 'to', act);
    return append({ type: 'review.completed', activity: 'verwalten', ...by(act), detail: body });
  });
}

/** Logs that an officer has seen a warning. Throws {@link RefusedAct}. */
export function acknowledge(ledger: Ledger, room: Room, act: Act<'alert.acknowledge'>): Promise<Logged> {
  const { body } = act.statement;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    if ((body.entry ?? 0) >= ledger.log.size) throw new RefusedAct('entry-unknown', 'entry', act);
    return append({ type: 'alert.acknowledged', activity: 'verwalten', ...by(act), detail: body });
  });
}

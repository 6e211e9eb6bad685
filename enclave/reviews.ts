/** What data protection officers sign after reading the log: reviews, acknowledged warnings, reports they made. */
import { isReviewable, type Room } from '@reinraum/audit';
import type { StatementOf } from '@reinraum/protocol';
import { type Authorised, by, checkUnused, RefusedAct } from './authorise.ts';
import type { Ledger, Logged } from './ledger.ts';

type Act = Authorised & { readonly statement: StatementOf<'review.complete' | 'alert.acknowledge' | 'report.record'> };

/** Logs it, where it is about entries there are. Throws {@link RefusedAct}. */
export function logReading(ledger: Ledger, room: Room, act: Act): Promise<Logged> {
  const { type, body } = act.statement;
  const common = { activity: 'verwalten', ...by(act) } as const;
  return ledger.exclusive(async (append) => {
    const { size } = ledger.log;
    checkUnused(room, act);
    if (type === 'alert.acknowledge') {
      if ((body.entry ?? 0) >= size) throw new RefusedAct('entry-unknown', 'entry', act);
      return append({ type: 'alert.acknowledged', ...common, detail: body });
    }
    if (!isReviewable(body, size)) throw new RefusedAct('entry-unknown', 'to', act);
    if (type === 'report.record') return append({ type: 'report.generated', ...common, detail: body });
    return append({ type: 'review.completed', ...common, detail: body });
  });
}

/** Acts that come to one entry, and to nothing that leaves the room. */
import type { Room } from '@reinraum/audit';
import type { StatementOf, StatementType } from '@reinraum/protocol';
import { type Desk, stockApproved } from './answer.ts';
import type { Authorised } from './authorise.ts';
import { type Intakes, withdraw } from './datasets.ts';
import { describe, erase, hold } from './details.ts';
import type { Logged } from './ledger.ts';
import { approve, clear, propose, revoke } from './queries.ts';
import { takeSnapshot } from './retention.ts';
import { retract } from './retractions.ts';
import { logReading } from './reviews.ts';

/** Acts that do more than that. */
type Others =
  | 'charter.sign'
  | 'dataset.declare'
  | 'dataset.seal'
  | 'query.run'
  | 'member.recover'
  | 'detail.open'
  | 'log.hold'
  | 'log.prune'
  | 'session.open';

/** Does an act and logs it. Throws `RefusedAct`. `object` is what travelled beside the statement. */
export async function entryOf(
  desk: Desk & Intakes,
  room: Room,
  act: Authorised & { readonly statement: StatementOf<Exclude<StatementType, Others>> },
  object: unknown,
): Promise<Logged> {
  const { ledger } = desk;
  const { statement } = act;
  switch (statement.type) {
    case 'dataset.withdraw':
      return (await withdraw(desk, room, { ...act, statement })).logged;
    case 'query.propose':
      return propose(ledger, room, { ...act, statement }, object);
    case 'query.approve': {
      const logged = await approve(ledger, room, { ...act, statement });
      stockApproved(desk, room);
      return logged;
    }
    case 'query.revoke':
      return revoke(ledger, room, { ...act, statement });
    case 'query.clear':
      return clear(ledger, room, { ...act, statement });
    case 'release.retract':
      return retract(ledger, room, { ...act, statement });
    case 'detail.describe':
      return describe(desk, room, { ...act, statement }, object);
    case 'detail.hold':
      return hold(desk, room, { ...act, statement });
    case 'detail.erase':
      return erase(desk, room, { ...act, statement });
    case 'review.complete':
    case 'alert.acknowledge':
    case 'report.record':
      return logReading(ledger, room, { ...act, statement });
    case 'log.snapshot':
      return takeSnapshot(ledger, room, { ...act, statement });
    default:
      return statement satisfies never;
  }
}

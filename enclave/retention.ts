/** How old entries of the log are given up: snapshot, hold, and a pruning by two officers (docs/spec/retention.md). */
import { hasCharterKey, pruningFault, pruningSeconded, type Room } from '@reinraum/audit';
import { formatInstant, type StatementOf } from '@reinraum/protocol';
import { type Authorised, by, checkUnused, RefusedAct } from './authorise.ts';
import type { Finality } from './finality.ts';
import type { Ledger, Logged } from './ledger.ts';

type Act<Type extends 'log.snapshot' | 'log.hold' | 'log.prune'> = Authorised & {
  readonly statement: StatementOf<Type>;
};

/** Keeps what all entries so far add up to, and logs its digest. Throws {@link RefusedAct}. */
export function takeSnapshot(ledger: Ledger, room: Room, act: Act<'log.snapshot'>): Promise<Logged> {
  return ledger.exclusive(async (append) => {
    checkOfficer(room, act);
    const state = await ledger.keepSnapshot();
    return append({ type: 'log.snapshot', activity: 'verwalten', ...by(act), detail: { state } });
  });
}

/** Holds or prunes. Throws {@link RefusedAct}. */
export function retain(ledger: Ledger, room: Room, act: Act<'log.hold' | 'log.prune'>, nowMs: number): Promise<Logged> {
  const { statement } = act;
  return statement.type === 'log.hold'
    ? holdLog(ledger, room, { ...act, statement })
    : prune(ledger, room, { ...act, statement }, nowMs);
}

/** Holds the log, so that nothing of it is pruned, or lifts the hold. */
function holdLog(ledger: Ledger, room: Room, act: Act<'log.hold'>): Promise<Logged> {
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    return append({ type: 'log.held', activity: 'verwalten', ...by(act), detail: act.statement.body });
  });
}

/** Asks for a pruning or, as an officer of another party, decides it; {@link forget} carries it out. */
function prune(ledger: Ledger, room: Room, act: Act<'log.prune'>, nowMs: number): Promise<Logged> {
  const { body } = act.statement;
  return ledger.exclusive(async (append) => {
    checkOfficer(room, act);
    const now = formatInstant(nowMs);
    const fault = pruningFault(room, body, now);
    if (fault) throw new RefusedAct(fault, 'snapshot', act);
    const request = pruningSeconded(room, body, act.member, now);
    const common = { ...by(act), detail: body };
    if (!request) return append({ type: 'log.prune-requested', activity: 'verwalten', ...common });
    return append({ type: 'log.pruned', activity: 'loeschen', caused: request.index, ...common });
  });
}

/**
 * Removes what was pruned, once the witnesses know of the first `size` entries, however long that takes; what is interrupted is done
 * after the next start. `failed` is told where it cannot be done.
 */
export async function forget(
  { ledger, finality }: { readonly ledger: Ledger; readonly finality: Finality },
  size: number,
  failed: () => void,
): Promise<void> {
  await finality.whenFinal(size);
  const act = async () => {
    const by = ledger.room?.retention.pruned?.by;
    // A later pruning may have been logged since; its own turn comes.
    if (by !== undefined && finality.isFinal(by + 1)) await ledger.forget();
  };
  await ledger.exclusive(act).catch(failed);
}

/** Unused, and under the key of the charter. Throws {@link RefusedAct}. */
function checkOfficer(room: Room, act: Authorised): void {
  checkUnused(room, act);
  if (!hasCharterKey(room, act.member.ref)) throw new RefusedAct('charter-key-missing', 'key', act);
}

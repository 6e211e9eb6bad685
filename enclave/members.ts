/** New keys for a member who has lost the old ones (docs/spec/policy.md §5): each approval is an act, the last one recovers. */
import { approvalsOf, earliest, isPossession, isRecovered, lifetimeMaxMs, type Room, unfitKey } from '@reinraum/audit';
import { canonicalText, formatInstant, openEnvelope, type SignedStatement, type StatementOf } from '@reinraum/protocol';
import { type Authorised, checkUnused, RefusedAct } from './authorise.ts';
import type { Ledger, Logged } from './ledger.ts';

type Act = Authorised & { readonly statement: StatementOf<'member.recover'> };

/**
 * Approves new keys; `untrustedProof` is the same statement in an envelope signed under the new key. Returns the entry of
 * the recovery where this approval was the last one needed, that of the approval otherwise. Throws {@link RefusedAct}.
 */
export async function recoverMember(
  ledger: Ledger,
  room: Room,
  act: Act,
  untrustedProof: unknown,
  nowMs: number,
): Promise<Logged> {
  const { body } = act.statement;
  checkKeys(room, act);
  const proof = await possession(act, untrustedProof, formatInstant(nowMs));
  return ledger.exclusive(async (append) => {
    // Checked again: another recovery may have come first, of this member or of the one who approves.
    checkUnused(room, act);
    if (room.used.has(proof.statement.id)) throw new RefusedAct('recovery-unproved', 'object', act);
    const { unit } = checkKeys(room, act);
    const activity = 'verwalten';
    const actor = { ref: act.member.ref, unit: act.member.unit };
    const approved = { type: 'member.recovery-approved', activity, actor, statements: [act], detail: body } as const;
    const logged = await append(approved);
    if (!isRecovered(room, approvalsOf(room, body, logged.entry.at))) return logged;
    return append({
      type: 'member.recovered',
      activity,
      actor: { ref: body.member, unit },
      statements: [proof],
      caused: logged.index,
      detail: body,
    });
  });
}

function checkKeys(room: Room, act: Act) {
  const { body } = act.statement;
  const member = room.members.get(body.member);
  if (!member) throw new RefusedAct('member-unknown', 'member', act);
  if (body.member === act.member.ref) throw new RefusedAct('recovery-own', 'member', act);
  const unfit = unfitKey(room, body);
  if (unfit) throw new RefusedAct('recovery-key', unfit, act);
  return member;
}

/** The proof that somebody holds the new key: in force now, for the same room and keys. */
async function possession(act: Act, untrusted: unknown, now: string): Promise<SignedStatement> {
  const signed = await openEnvelope(untrusted).catch(() => undefined);
  const statement = signed?.statement;
  const { room, charter, body } = act.statement;
  const lifetimeMs = Date.parse(statement?.expiresAt ?? '') - Date.parse(statement?.issuedAt ?? '');
  const proves =
    signed &&
    statement &&
    isPossession(statement) &&
    canonicalText(statement.body) === canonicalText(body) &&
    statement.room === room &&
    statement.charter === charter &&
    now >= earliest(statement) &&
    now <= statement.expiresAt &&
    lifetimeMs <= lifetimeMaxMs;
  if (!proves) throw new RefusedAct('recovery-unproved', 'object', act);
  return signed;
}

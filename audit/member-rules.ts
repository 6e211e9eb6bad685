/**
 * Rules of lost keys: m others approve new keys for a member, of at least two parties, and the new key itself signs that it
 * is held (docs/spec/policy.md §5).
 */
import { canonicalText, type EntryOf, partyOf, type Statement, type StatementOf } from '@reinraum/protocol';
import type { NewKeys, RecoveryApproval, Room } from './room.ts';
import { Broken } from './rule.ts';
import { isEnrollable, isSealable } from './signer.ts';

/** The key that may not be enrolled, because it is weak or a member has or had it; undefined where both may. */
export function unfitKey(room: Room, { signingKey, readingKey }: NewKeys): 'signingKey' | 'readingKey' | undefined {
  if (!isEnrollable(signingKey) || room.keys.has(signingKey)) return 'signingKey';
  if (!isSealable(readingKey) || room.keys.has(readingKey) || readingKey === signingKey) return 'readingKey';
  return undefined;
}

/** Approvals of exactly these keys whose statements are in force at a moment, at most one a member. */
export function approvalsOf(room: Room, keys: NewKeys, at: string): readonly RecoveryApproval[] {
  const same = canonicalText(keys);
  return room.recoveries.filter((given) => given.expiresAt >= at && canonicalText(given.keys) === same);
}

/** Whether approvals suffice: as many as the charter asks for, by members of at least two parties. */
export function isRecovered(room: Room, approvals: readonly RecoveryApproval[]): boolean {
  const parties = new Set(approvals.map(({ approver }) => partyOf(room.members.get(approver)?.unit ?? '')));
  return approvals.length >= room.charter.recovery.approvals && parties.size >= 2;
}

/** Whether a statement is the proof by which a key that is no member's yet shows that somebody holds it. */
export function isPossession(statement: Statement): statement is StatementOf<'member.recover'> {
  return (
    statement.type === 'member.recover' &&
    statement.actor === statement.body.member &&
    statement.key === statement.body.signingKey
  );
}

/** An approval is of another member's keys, and these may be enrolled. Throws {@link Broken}. */
export function recoveryApproved(
  room: Room,
  entry: EntryOf<'member.recovery-approved'>,
  { actor, body, expiresAt }: StatementOf<'member.recover'>,
  index: number,
): () => void {
  checkKeys(room, entry, body);
  if (actor === body.member) throw new Broken('recovery', 'a member approved their own new keys');
  return () => {
    const others = room.recoveries.filter(({ approver, keys }) => approver !== actor || keys.member !== body.member);
    room.recoveries.splice(0, Infinity, ...others, { approver: actor, keys: body, expiresAt, index });
  };
}

/** New keys are approved by enough others and proved to be held; from here on the old ones are nobody's. Throws {@link Broken}. */
export function recovered(
  room: Room,
  entry: EntryOf<'member.recovered'>,
  [statement, ...more]: readonly Statement[],
): () => void {
  if (!statement || more.length > 0 || !isPossession(statement)) {
    throw new Broken('statement', 'an entry member.recovered needs exactly one statement under the new key');
  }
  const { body } = statement;
  const before = checkKeys(room, entry, body);
  if (entry.actor?.ref !== before.ref || entry.actor.unit !== before.unit) {
    throw new Broken('statement', 'the actor of an entry is not the member with new keys');
  }
  const approvals = approvalsOf(room, body, entry.at);
  if (!isRecovered(room, approvals)) throw new Broken('recovery', 'new keys lack approvals of the charter’s number');
  if (entry.caused !== approvals.at(-1)?.index) throw new Broken('recovery', 'new keys follow from another approval');
  return () => {
    const { signingKey, readingKey } = body;
    room.members.set(before.ref, { ...before, signingKey, readingKey });
    for (const key of [signingKey, readingKey]) room.keys.add(key);
    // What was signed with the lost key counts for nobody any more.
    const others = room.recoveries.filter(({ approver, keys }) => ![approver, keys.member].includes(before.ref));
    room.recoveries.splice(0, Infinity, ...others);
  };
}

function checkKeys(room: Room, entry: EntryOf<'member.recovery-approved' | 'member.recovered'>, body: NewKeys) {
  if (canonicalText(entry.detail) !== canonicalText(body)) {
    throw new Broken('statement', 'an entry does not name the keys of its statement');
  }
  const member = room.members.get(body.member);
  if (!member) throw new Broken('recovery', 'new keys are for nobody of the charter');
  const unfit = unfitKey(room, body);
  if (unfit) throw new Broken('recovery', `a new ${unfit} is weak or was enrolled before`);
  return member;
}

/** New keys for a member who lost the old ones: a request under the new key, and what others approve of it. */
import {
  type Accepted,
  type Charter,
  decodeEntry,
  founders,
  type Member,
  openEnvelope,
  partyOf,
  type StatementOf,
  utf8,
} from '@reinraum/protocol';
import { z } from 'zod';
import { type MemberKeys, newMember } from './key-file.ts';
import { type RoomClient, signAs } from './room-client.ts';

/** A request as a file: the statement by which the new key shows that somebody holds it. */
export const RecoveryRequest = z.strictObject({ kind: z.literal('reinraum-recovery'), proof: z.unknown() });
export type RecoveryRequest = z.infer<typeof RecoveryRequest>;

/** The keys a request asks for, by member. */
export type NewKeys = StatementOf<'member.recover'>['body'];

/** Others need time to approve; the room takes no statement that lives longer. */
const requestLifetimeMs = 7 * 86_400_000;

/** Fresh keys for a member of a charter: the same reference, unit and roles. Throws where the charter has no such member. */
export function replacementFor(charter: Charter, ref: string): MemberKeys {
  const lost = charter.members.find((member) => member.ref === ref);
  if (!lost) throw new Error(`--replaces: the charter has no member ${ref}`);
  const fresh = newMember(lost.unit, lost.roles);
  return { ...fresh, member: { ...fresh.member, ref } };
}

/** Members of a charter whom nobody could give new keys: too few others are owner or dpo, or those of one party only. */
export function withoutRecovery({ members, recovery }: Pick<Charter, 'members' | 'recovery'>): readonly Member[] {
  return members.filter(({ ref }) => {
    const others = founders({ members }).filter((other) => other.ref !== ref);
    return others.length < recovery.approvals || new Set(others.map(({ unit }) => partyOf(unit))).size < 2;
  });
}

/** Asks for the keys of a new key file to take the place of its member's lost ones. */
export async function recoveryRequest(keys: MemberKeys, room: string, nowMs: number): Promise<RecoveryRequest> {
  const { ref, signingKey, readingKey } = keys.member;
  const body = { member: ref, signingKey, readingKey };
  const proof = await signAs(keys, { room, type: 'member.recover', body, nowMs, lifetimeMs: requestLifetimeMs });
  return { kind: 'reinraum-recovery', proof };
}

/** The keys an untrusted request asks for, once it is proved that somebody holds the signing key. Throws an error in words. */
export async function requestedKeys(request: RecoveryRequest): Promise<NewKeys> {
  const { statement } = await openEnvelope(request.proof);
  const isProof = statement.type === 'member.recover' && statement.key === statement.body.signingKey;
  if (!isProof) throw new Error('the file is no request of "reinraum member recover"');
  return statement.body;
}

/** What an approval came to: whether the keys are in force now, or others have to approve. */
export interface Approved {
  readonly accepted: Accepted;
  readonly isRecovered: boolean;
}

/** Approves a request as an owner or data protection officer. Throws `RoomProblem`. */
export async function approveRecovery(client: RoomClient, request: RecoveryRequest): Promise<Approved> {
  const body = await requestedKeys(request);
  const envelope = await client.sign('member.recover', body, requestLifetimeMs);
  const { accepted } = await client.submit({ envelope, object: request.proof });
  return { accepted, isRecovered: decodeEntry(utf8(accepted.entry)).type === 'member.recovered' };
}

/** Who signed: membership, key and role of the statements an entry rests on. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import {
  fromBase64,
  type LogEntry,
  type Member,
  Refusal,
  type Statement,
  type StatementOf,
  type StatementType,
  verifyPayload,
} from '@reinraum/protocol';
import type { Room } from './room.ts';
import { Broken } from './rule.ts';

/** The statement of signed payload bytes. Throws {@link Broken} `signature`. */
export async function verified(payload: Uint8Array, signature: string): Promise<Statement> {
  try {
    return await verifyPayload(payload, signature);
  } catch (error) {
    if (error instanceof Refusal) throw new Broken('signature', `a statement is not valid: ${error.code}`);
    throw error;
  }
}

/**
 * Whether a base64 Ed25519 public key may be enrolled: canonically encoded, on the curve and in the prime-order group.
 * Under a key with a small-order part a signature can verify for messages nobody signed.
 */
export function isEnrollable(publicKey: string): boolean {
  try {
    const point = ed25519.Point.fromBytes(fromBase64(publicKey), false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/**
 * Whether something can be sealed to a base64 X25519 public key so that only its holder opens it: to a key of small order
 * everybody could (RFC 7748 §6.1). Only the one spelling of a key below the prime is accepted: X25519 would take others for
 * it, and an old key must not come back as a new one.
 */
export function isSealable(publicKey: string): boolean {
  try {
    if (bytesToNumberLE(fromBase64(publicKey)) >= 2n ** 255n - 19n) return false;
    // Any secret: with a point of small order every one gives zero, which is refused.
    x25519.getSharedSecret(new Uint8Array(32).fill(1), fromBase64(publicKey));
    return true;
  } catch {
    return false;
  }
}

/** Clocks of signers may run ahead of the enclave's by this much. */
const skewMs = 120_000;

/** Longest life of a statement: what a room must remember to use each only once. */
export const lifetimeMaxMs = 7 * 86_400_000;

/** First moment at which a statement may be used. */
export function earliest({ issuedAt }: Statement): string {
  return `${new Date(Date.parse(issuedAt) - skewMs).toISOString().slice(0, 19)}Z`;
}

/** The member a statement names, if it was signed with the key that member has now. */
export function member(room: Room, statement: Statement): Member {
  const found = room.members.get(statement.actor);
  if (!found || found.signingKey !== statement.key)
    throw new Broken('member', 'a statement was not signed by a member');
  return found;
}

/** Roles that may sign a type of statement. */
export const rolesOf: Readonly<Record<StatementType, readonly Member['roles'][number][]>> = {
  'charter.sign': ['owner', 'dpo'],
  'dataset.declare': ['owner'],
  'dataset.seal': ['owner'],
  'dataset.withdraw': ['owner', 'dpo'],
  'query.propose': ['analyst', 'owner', 'dpo'],
  'query.approve': ['owner', 'dpo'],
  'query.revoke': ['owner', 'dpo'],
  'query.clear': ['dpo'],
  'query.run': ['analyst'],
  'release.retract': ['owner', 'dpo'],
  'member.recover': ['owner', 'dpo'],
  'detail.describe': ['owner', 'analyst', 'dpo'],
  'detail.open': ['dpo'],
  'detail.hold': ['dpo'],
  'detail.erase': ['owner', 'analyst', 'dpo'],
  'review.complete': ['dpo'],
  'alert.acknowledge': ['dpo'],
  'log.snapshot': ['dpo'],
  'log.hold': ['dpo'],
  'log.prune': ['dpo'],
  'report.record': ['dpo'],
  'session.open': ['owner', 'analyst', 'dpo'],
};

/** The one statement of an entry, of the right type, by the entry's actor in a permitted role. */
export function only<Type extends StatementType>(
  room: Room,
  entry: LogEntry,
  statements: readonly Statement[],
  type: Type,
): StatementOf<Type> {
  const [statement] = statements;
  if (!statement || statements.length > 1 || statement.type !== type) {
    throw new Broken('statement', `an entry ${entry.type} needs exactly one statement ${type}`);
  }
  const actor = member(room, statement);
  if (!actor.roles.some((role) => rolesOf[type].includes(role))) throw new Broken('role', 'the signer lacks the role');
  if (entry.actor?.ref !== actor.ref || entry.actor.unit !== actor.unit) {
    throw new Broken('statement', 'the actor of an entry is not the signer of its statement');
  }
  return statement as StatementOf<Type>;
}

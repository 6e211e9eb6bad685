/**
 * Who may do what: an untrusted envelope becomes an authorised act or a refusal, from log, charter and statement alone.
 * The order of the checks is the order of the refusals.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  earliest,
  ed25519Verifier,
  type Log,
  lifetimeMaxMs,
  type Room,
  rolesOf,
  verifyCheckpoint,
} from '@reinraum/audit';
import { formatInstant, type Member, openEnvelope, Refusal, type SignedStatement, toHex } from '@reinraum/protocol';

/** A statement its signer may make now. */
export interface Authorised extends SignedStatement {
  readonly member: Member;
  readonly digest: string;
}

/** A signed checkpoint of our own key that our log does not contain: the log was forked or rolled back. */
export class ForkSeen extends Error {}

/** Throws {@link Refusal}; {@link ForkSeen} where the signer has seen another log under our own signature. */
export async function authorise(untrusted: unknown, room: Room, log: Log, nowMs: number): Promise<Authorised> {
  const signed = await openEnvelope(untrusted);
  const { statement } = signed;
  if (statement.room !== room.id) throw new Refusal('room-unknown', 'room');
  const member = room.members.get(statement.actor);
  if (!member || member.signingKey !== statement.key) throw new Refusal('actor-unknown', 'key');
  const authorised = { ...signed, member, digest: toHex(sha256(signed.payload)) };
  if (statement.charter !== room.charterDigest) throw new RefusedAct('charter-outdated', 'charter', authorised);
  const roles = rolesOf[statement.type];
  if (!member.roles.some((role) => roles.includes(role))) throw new RefusedAct('role-missing', 'actor', authorised);
  const now = formatInstant(nowMs);
  const lifetimeMs = Date.parse(statement.expiresAt) - Date.parse(statement.issuedAt);
  if (now > statement.expiresAt || now < earliest(statement) || lifetimeMs > lifetimeMaxMs || lifetimeMs < 0) {
    throw new RefusedAct('statement-expired', 'expiresAt', authorised);
  }
  if (room.used.has(statement.id)) throw new RefusedAct('statement-replayed', 'id', authorised);
  if (statement.seen !== null) await checkSeen(statement.seen, log, authorised);
  return authorised;
}

/** Whether an act's signer still is the member with this key, which a recovery in between may have changed. */
export function isCurrent(room: Room, { statement }: Authorised): boolean {
  return room.members.get(statement.actor)?.signingKey === statement.key;
}

/** Throws {@link RefusedAct} where the statement took effect before. Only holds in a turn of the ledger. */
export function checkUnused(room: Room, act: Authorised): void {
  if (room.used.has(act.statement.id)) throw new RefusedAct('statement-replayed', 'id', act);
}

/** Actor and statements of an entry that an act makes. */
export function by(act: Authorised) {
  return { actor: { ref: act.member.ref, unit: act.member.unit }, statements: [act] };
}

/** A refusal of a member's own act: it is logged. */
export class RefusedAct extends Refusal {
  readonly act: Authorised;

  constructor(code: Refusal['code'], field: string | undefined, act: Authorised) {
    super(code, field);
    this.act = act;
  }
}

async function checkSeen(seen: string, log: Log, act: Authorised): Promise<void> {
  let head: { readonly size: number; readonly root: Uint8Array };
  try {
    head = await verifyCheckpoint(seen, ed25519Verifier(log.vkey));
  } catch {
    throw new RefusedAct('checkpoint-invalid', 'seen', act);
  }
  if (head.size > log.published.size) throw new ForkSeen('a member has seen a longer log');
  const root = await log.rootAt(head.size);
  if (!root.every((byte, at) => byte === head.root[at])) throw new ForkSeen('a member has seen another log');
}

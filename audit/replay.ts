/**
 * Replay: re-derives every permission and every balance from entries and objects and names the first entry that breaks
 * a rule (audit-log.md "Replay"). The enclave puts each entry of its own through the same rules before it appends it,
 * so a log an honest enclave wrote is one a verifier accepts.
 */
import {
  Charter,
  type EntryOf,
  founders,
  fromBase64,
  type LogEntry,
  Question,
  type Snapshot,
  type Statement,
} from '@reinraum/protocol';
import { declared, sealed, withdrawn } from './dataset-rules.ts';
import { described, erased, erasureRequested, heldDetails, openedDetails } from './detail-rules.ts';
import { documentOf, type Examined, examine, parsedObject, type ReadObject, taken } from './examine.ts';
import { isPossession, recovered, recoveryApproved } from './member-rules.ts';
import { approved, charged, closed, proposed, repeated, revoked } from './query-rules.ts';
import { cleared, retracted } from './release-rules.ts';
import { logHeld, nothingPruned, pruned, pruneRequested, snapshotTaken } from './retention-rules.ts';
import { acknowledged, recorded, reviewed } from './review-rules.ts';
import type { Room } from './room.ts';
import { witnessFault } from './room-policy.ts';
import { Broken } from './rule.ts';
import { earliest, isEnrollable, isSealable, lifetimeMaxMs, member, only } from './signer.ts';
import { encodeSnapshot, readable, roomOfSnapshot, schemasOf, snapshotOf } from './snapshot.ts';

/** A fold of entries into a {@link Room}. One instance per log; entries in order, one at a time. */
export class Replay {
  #room: Room | undefined;
  #size = 0;
  #at = '';
  readonly #read: ReadObject;

  constructor(read: ReadObject) {
    this.#read = read;
  }

  /** The room after the entries so far. Undefined before it was founded. */
  get room(): Room | undefined {
    return this.#room;
  }

  /**
   * A fold that begins at an entry with a snapshot, which is the first to be checked; undefined where the entry has none. Whether it
   * may begin there, {@link mayBeginAt} says at the end. Throws {@link Broken}.
   */
  static async behind(index: number, bytes: Uint8Array, read: ReadObject): Promise<Replay | undefined> {
    const { entry } = await examine(bytes, async () => undefined);
    if (entry.type !== 'log.snapshot') return undefined;
    const replay = new Replay(read);
    const { room, size, at } = await roomOfSnapshot(read, entry.detail.state);
    if (size !== index) throw new Broken('retention', 'a snapshot is of other entries');
    replay.#room = room;
    replay.#size = size;
    replay.#at = at;
    return replay;
  }

  /** What the entries so far add up to. Throws before the room was founded. */
  snapshot(): Snapshot {
    if (!this.#room) throw new Error('replay: no room yet');
    return snapshotOf(this.#room, this.#size, this.#at);
  }

  /** Entries applied so far, or pruned before this fold began. */
  get size(): number {
    return this.#size;
  }

  /**
   * Checks an entry against every rule and returns what applies it; one that was examined ahead may be given in place of
   * its bytes. Throws {@link Broken}; changes nothing.
   */
  async check(next: Uint8Array | Examined): Promise<() => LogEntry> {
    const index = this.#size;
    const examined = next instanceof Uint8Array ? await examine(next, this.#read) : next;
    const { entry } = examined;
    if (entry.at < this.#at) throw new Broken('time', 'an entry is dated before its predecessor');
    const statements = this.#statements(examined);
    const change = await this.#change(examined, statements, index);
    return () => {
      change();
      for (const { id, expiresAt } of statements) this.#room?.used.set(id, expiresAt);
      this.#size = index + 1;
      this.#at = entry.at;
      return entry;
    };
  }

  /** {@link check} and apply. */
  async apply(next: Uint8Array | Examined): Promise<LogEntry> {
    const applied = await this.check(next);
    return applied();
  }

  /** Statements of an entry: signature, single use, membership, room and charter. */
  #statements({ entry, statements: outcomes }: Examined): Statement[] {
    const statements: Statement[] = [];
    for (const outcome of outcomes) {
      const statement = taken(outcome);
      if (this.#room?.used.has(statement.id) || statements.some(({ id }) => id === statement.id)) {
        throw new Broken('single-use', 'a statement is used twice');
      }
      if (this.#room) {
        if (statement.room !== this.#room.id) throw new Broken('statement', 'a statement is for another room');
        if (statement.charter !== this.#room.charterDigest)
          throw new Broken('statement', 'a statement names another charter');
        // The one key that signs before it is a member's: what it may sign is the entry's rule.
        if (entry.type !== 'member.recovered' || !isPossession(statement)) member(this.#room, statement);
      }
      const lifetimeMs = Date.parse(statement.expiresAt) - Date.parse(statement.issuedAt);
      if (entry.at < earliest(statement) || entry.at > statement.expiresAt || lifetimeMs > lifetimeMaxMs) {
        throw new Broken('statement', 'a statement was not in force when it was used');
      }
      statements.push(statement);
    }
    return statements;
  }

  async #change({ entry, read }: Examined, statements: readonly Statement[], index: number): Promise<() => void> {
    if (entry.type === 'room.founded') {
      const room = await founded(read, entry, { statements, index });
      return () => {
        this.#room = room;
      };
    }
    const room = this.#room;
    if (!room || index === 0) throw new Broken('founding', 'the first entry does not found the room');
    if (entry.room !== room.id) throw new Broken('room', 'an entry belongs to another room');
    if (!room.charter.enclave.measurements.includes(entry.recorder)) {
      throw new Broken('measurement', 'an entry was written by a build the charter does not trust');
    }
    if (entry.type === 'log.snapshot') {
      const statement = only(room, entry, statements, 'log.snapshot');
      return snapshotTaken(room, entry, statement, {
        index,
        state: readable(() => encodeSnapshot(this.snapshot())).digest,
      });
    }
    return roomChange(room, { entry, read }, statements, index);
  }
}

/** The room a founding entry makes. */
async function founded(
  read: ReadObject,
  entry: EntryOf<'room.founded'>,
  { statements, index }: { readonly statements: readonly Statement[]; readonly index: number },
): Promise<Room> {
  const digest = entry.detail.charter;
  if (index !== 0 || entry.room !== digest || entry.caused !== null)
    throw new Broken('founding', 'not a founding entry');
  const charter = await parsedObject(read, digest, { schema: Charter, rule: 'founding' });
  if (!charter.enclave.measurements.includes(entry.recorder)) {
    throw new Broken('measurement', 'the room was founded by a build its charter does not trust');
  }
  for (const { ref, signingKey, readingKey } of charter.members) {
    if (!isEnrollable(signingKey) || !isSealable(readingKey))
      throw new Broken('founding', `a key of ${ref} could serve anybody`);
  }
  const schemas = await schemasOf(read, charter);
  const signers = statements.map((statement) => {
    if (statement.type !== 'charter.sign' || statement.charter !== digest || statement.room !== digest) {
      throw new Broken('founding', 'a statement does not sign this charter');
    }
    return statement.key;
  });
  if (witnessFault(charter) !== undefined) throw new Broken('founding', 'the charter’s witnesses are none');
  for (const founder of founders(charter)) {
    if (!signers.includes(founder.signingKey))
      throw new Broken('founding', `${founder.ref} has not signed the charter`);
  }
  const room: Room = {
    id: digest,
    charter,
    charterDigest: digest,
    members: new Map(charter.members.map((one) => [one.ref, one])),
    keys: new Set(charter.members.flatMap(({ signingKey, readingKey }) => [signingKey, readingKey])),
    recoveries: [],
    schemas,
    datasets: new Map(),
    queries: new Map(),
    tables: new Map(),
    charges: new Map(),
    releases: new Map(),
    chargeOf: new Map(),
    retractions: new Map(),
    reviews: [],
    details: new Map(),
    spent: new Map(),
    used: new Map(),
    retention: nothingPruned,
  };
  for (const statement of statements) member(room, statement);
  return room;
}

async function started(
  room: Room,
  read: ReadObject,
  { detail, recorder }: EntryOf<'enclave.started'>,
): Promise<() => void> {
  const claims = await documentOf(read, detail.claims, { kind: 'claims', publicKey: enclaveKeyOf(room) });
  if (claims.measurement !== recorder || claims.assurance !== detail.assurance) {
    throw new Broken('measurement', 'a start does not say what its claims say');
  }
  return nothing;
}

async function offered(
  room: Room,
  read: ReadObject,
  { detail, statements }: EntryOf<'dataset.declared'>,
): Promise<void> {
  const offer = await documentOf(read, detail.offer, { kind: 'offer', publicKey: enclaveKeyOf(room) });
  const isFor = offer.room === room.id && offer.dataset === detail.dataset && offer.version === detail.version;
  if (!isFor || offer.declaration !== statements[0]?.digest) {
    throw new Broken('dataset', 'an offer is for another declaration');
  }
}

function enclaveKeyOf({ charter }: Room): Uint8Array {
  return fromBase64(charter.enclave.signingKey);
}

async function roomChange(
  room: Room,
  {
    entry,
    read,
  }: { readonly entry: Exclude<LogEntry, { type: 'room.founded' | 'log.snapshot' }>; readonly read: ReadObject },
  statements: readonly Statement[],
  index: number,
): Promise<() => void> {
  if (entry.caused !== null && !followers.has(entry.type))
    throw new Broken('entry', 'an entry follows from one it cannot follow from');
  switch (entry.type) {
    case 'enclave.started':
      if (statements.length > 0) throw new Broken('statement', 'a start carries no statement');
      return started(room, read, entry);
    case 'heartbeat':
      if (statements.length > 0 || entry.actor) throw new Broken('statement', 'a heartbeat is nobody’s act');
      return nothing;
    case 'dataset.declared':
      await offered(room, read, entry);
      return declared(room, entry, only(room, entry, statements, 'dataset.declare'));
    case 'dataset.admitted':
    case 'dataset.rejected':
      return sealed(room, entry, only(room, entry, statements, 'dataset.seal'));
    case 'dataset.withdrawn':
      return withdrawn(room, entry, only(room, entry, statements, 'dataset.withdraw'));
    case 'query.proposed': {
      const { body } = only(room, entry, statements, 'query.propose');
      if (body.query !== entry.detail.query) throw new Broken('approval', 'another query was proposed');
      return proposed(room, entry, await parsedObject(read, body.query, { schema: Question, rule: 'query' }));
    }
    case 'query.approved':
      return approved(room, entry, only(room, entry, statements, 'query.approve'));
    case 'query.revoked':
      return revoked(room, entry, only(room, entry, statements, 'query.revoke'));
    case 'query.cleared':
      return cleared(room, entry, only(room, entry, statements, 'query.clear'));
    case 'query.charged':
      return charged(room, entry, only(room, entry, statements, 'query.run'), index);
    case 'query.released':
    case 'query.failed':
      return closed(room, entry, statements, index);
    case 'query.repeated':
      return repeated(room, entry, only(room, entry, statements, 'query.run'), index);
    case 'release.retracted':
      return retracted(room, entry, only(room, entry, statements, 'release.retract'));
    case 'member.recovery-approved':
      return recoveryApproved(room, entry, only(room, entry, statements, 'member.recover'), index);
    case 'member.recovered':
      return recovered(room, entry, statements);
    case 'detail.described':
      return described(room, entry, only(room, entry, statements, 'detail.describe'), index);
    case 'detail.opened':
      openedDetails(room, entry, only(room, entry, statements, 'detail.open'));
      return nothing;
    case 'detail.held':
      return heldDetails(room, entry, only(room, entry, statements, 'detail.hold'));
    case 'detail.erasure-requested':
      return erasureRequested(room, entry, only(room, entry, statements, 'detail.erase'), index);
    case 'detail.erased':
      return erased(room, entry, only(room, entry, statements, 'detail.erase'), index);
    case 'review.completed':
      return reviewed(room, entry, only(room, entry, statements, 'review.complete'), index);
    case 'alert.acknowledged':
      acknowledged(entry, only(room, entry, statements, 'alert.acknowledge'), index);
      return nothing;
    case 'report.generated':
      recorded(entry, only(room, entry, statements, 'report.record'), index);
      return nothing;
    case 'log.held':
      return logHeld(room, entry, only(room, entry, statements, 'log.hold'));
    case 'log.prune-requested':
      return pruneRequested(room, entry, only(room, entry, statements, 'log.prune'), index);
    case 'log.pruned':
      return pruned(room, entry, only(room, entry, statements, 'log.prune'), index);
    case 'statement.refused':
      return refused(room, entry, statements);
    case 'session.opened':
      only(room, entry, statements, 'session.open');
      return nothing;
    default:
      return entry satisfies never;
  }
}

const nothing = () => {};

/** Entries that follow from an earlier one. */
const followers: ReadonlySet<LogEntry['type']> = new Set([
  'query.released',
  'query.failed',
  'query.repeated',
  'query.cleared',
  'release.retracted',
  'member.recovered',
  'detail.erased',
  'log.pruned',
]);

/** A refusal names the signer and the type of the statement it refused, where it carries one. */
function refused(room: Room, entry: EntryOf<'statement.refused'>, statements: readonly Statement[]): () => void {
  const [statement] = statements;
  if (statements.length > 1) throw new Broken('statement', 'a refusal carries more than one statement');
  if (!statement) return nothing;
  const signer = member(room, statement);
  const isSigner = entry.actor?.ref === signer.ref && entry.actor.unit === signer.unit;
  if (!isSigner || entry.detail.statement !== statement.type) {
    throw new Broken('statement', 'a refusal is put down to another act');
  }
  return nothing;
}

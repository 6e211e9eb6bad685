/**
 * Rules of giving up old entries (docs/spec/retention.md): a snapshot says what they add up to, two officers of two parties who
 * have replayed them sign for it, and neither before the charter's years are over nor while the log is held.
 */
import { canonicalText, type EntryOf, type Member, partyOf, type StatementOf } from '@reinraum/protocol';
import type { RetentionState, Room } from './room.ts';
import { Broken } from './rule.ts';

/** Before anything was kept or given up. */
export const nothingPruned: RetentionState = { held: false, snapshots: new Map(), request: null, pruned: null };

type Pruning = StatementOf<'log.prune'>['body'];

/** Why the entries before a snapshot cannot be given up at a moment; undefined where they can. */
export function pruningFault(
  { charter, retention }: Room,
  { snapshot, state }: Pruning,
  at: string,
): 'snapshot-unknown' | 'log-held' | 'retention-not-over' | undefined {
  const taken = retention.snapshots.get(snapshot);
  if (taken?.state !== state || snapshot <= (retention.pruned?.snapshot ?? 0)) return 'snapshot-unknown';
  if (retention.held) return 'log-held';
  return at < prunableFrom(taken.at, charter.retention.logYears) ? 'retention-not-over' : undefined;
}

/** When what is before a snapshot of that moment may go: its youngest entry is as old as the snapshot. */
export function prunableFrom(at: string, years: number): string {
  return `${Number(at.slice(0, 4)) + years}${at.slice(4)}`;
}

/**
 * Whether a member still signs with the key of the charter. Only those keys does a reader know who comes after a pruning: whoever has
 * recovered a lost one takes no snapshot and prunes nothing.
 */
export function hasCharterKey({ charter, members }: Room, ref: string): boolean {
  const founding = charter.members.find((one) => one.ref === ref)?.signingKey;
  return founding !== undefined && members.get(ref)?.signingKey === founding;
}

/** The request a second signature makes a pruning of: the one in force for the same snapshot, by an officer of another party. */
export function pruningSeconded(
  room: Room,
  { snapshot }: Pruning,
  { unit }: Pick<Member, 'unit'>,
  at: string,
): RetentionState['request'] | undefined {
  const { request } = room.retention;
  if (request?.snapshot !== snapshot || request.expiresAt < at || !hasCharterKey(room, request.by)) return undefined;
  return partyOf(charterUnit(room, request.by)) === partyOf(unit) ? undefined : request;
}

/** An officer of the charter, under the charter's key. Throws {@link Broken}. */
function officer(room: Room, { actor }: StatementOf<'log.snapshot' | 'log.prune'>): void {
  const founding = room.charter.members.find(({ ref }) => ref === actor);
  if (!founding?.roles.includes('dpo') || !hasCharterKey(room, actor)) {
    throw new Broken('retention', 'old entries are for officers of the charter, under the keys in it');
  }
}

function charterUnit({ charter }: Room, member: string): string {
  return charter.members.find(({ ref }) => ref === member)?.unit ?? '';
}

/**
 * Whether a log whose first entries are gone may begin at a snapshot: behind it both officers have signed that what is before this
 * one, or a later one, may go. What the snapshot itself says of prunings is not believed.
 */
export function mayBeginAt(room: Room | undefined, snapshot: number): boolean {
  const { pruned } = room?.retention ?? {};
  return pruned ? pruned.snapshot >= snapshot && pruned.request > snapshot && pruned.by > pruned.request : false;
}

/** A snapshot has the digest of what the entries before it add up to. Throws {@link Broken}. */
export function snapshotTaken(
  room: Room,
  { detail, at }: EntryOf<'log.snapshot'>,
  statement: StatementOf<'log.snapshot'>,
  { index, state }: { readonly index: number; readonly state: string },
): () => void {
  officer(room, statement);
  if (detail.state !== state) throw new Broken('retention', 'a snapshot is not what the entries before it add up to');
  return changed(room, { snapshots: new Map([...room.retention.snapshots, [index, { at, state }]]) });
}

/** A hold says what its statement says. Throws {@link Broken}. */
export function logHeld(room: Room, { detail }: EntryOf<'log.held'>, { body }: StatementOf<'log.hold'>): () => void {
  if (detail.held !== body.held) throw new Broken('statement', 'a hold does not say what its statement says');
  return changed(room, { held: body.held });
}

/** A request is to prune what may be pruned. Throws {@link Broken}. */
export function pruneRequested(
  room: Room,
  entry: EntryOf<'log.prune-requested'>,
  statement: StatementOf<'log.prune'>,
  index: number,
): () => void {
  checkPrunable(room, entry, statement);
  const { actor, expiresAt, body } = statement;
  return changed(room, { request: { by: actor, snapshot: body.snapshot, expiresAt, index } });
}

/** A pruning follows from a request of another party for the same snapshot. Throws {@link Broken}. */
export function pruned(
  room: Room,
  entry: EntryOf<'log.pruned'>,
  statement: StatementOf<'log.prune'>,
  index: number,
): () => void {
  checkPrunable(room, entry, statement);
  const request = pruningSeconded(room, statement.body, { unit: charterUnit(room, statement.actor) }, entry.at);
  if (!request || request.index !== entry.caused) {
    throw new Broken('retention', 'entries were pruned that no officer of another party asked for');
  }
  const { snapshot } = statement.body;
  // What was before can never be pruned to again.
  const snapshots = new Map([...room.retention.snapshots].filter(([taken]) => taken >= snapshot));
  return changed(room, { request: null, snapshots, pruned: { snapshot, request: request.index, by: index } });
}

function checkPrunable(
  room: Room,
  { detail, at }: EntryOf<'log.prune-requested' | 'log.pruned'>,
  statement: StatementOf<'log.prune'>,
): void {
  const { body } = statement;
  officer(room, statement);
  if (canonicalText(detail) !== canonicalText(body)) {
    throw new Broken('statement', 'a pruning does not say what its statement says');
  }
  const fault = pruningFault(room, body, at);
  if (fault) throw new Broken('retention', `entries must not be pruned: ${fault}`);
}

function changed(room: Room, change: Partial<RetentionState>): () => void {
  return () => {
    room.retention = { ...room.retention, ...change };
  };
}

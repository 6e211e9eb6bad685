/**
 * Rules of details kept beside the log (docs/spec/details.md): described by those who may, opened by data protection officers,
 * erased by two people and never while they are held.
 */
import {
  canonicalText,
  type EntryOf,
  type ErasureReason,
  type Member,
  partyOf,
  type StatementOf,
} from '@reinraum/protocol';
import type { DetailState, Room } from './room.ts';
import { Broken } from './rule.ts';
import { member } from './signer.ts';

/** Whether a member may describe another: themself, or as a data protection officer of their party. */
export function mayDescribe({ ref, unit, roles }: Member, described: Member): boolean {
  return ref === described.ref || (roles.includes('dpo') && partyOf(unit) === partyOf(described.unit));
}

/** Whether a member may ask for an erasure: owners and officers of anything, everybody of what is said of themself. */
export function mayRequestErasure({ ref, roles }: Member, scope: string): boolean {
  return scope === `member/${ref}` || roles.includes('owner') || roles.includes('dpo');
}

/**
 * The request a second signature makes an erasure of: the one in force for the same reason, where an officer signs who is not the one
 * that asked. Undefined where there is none.
 */
export function requestSeconded(
  { request }: Pick<DetailState, 'request'>,
  { ref, roles }: Pick<Member, 'ref' | 'roles'>,
  reason: ErasureReason,
  at: string,
): DetailState['request'] | undefined {
  const isSecond = request?.reason === reason && request.expiresAt >= at && request.by !== ref && roles.includes('dpo');
  return isSecond ? request : undefined;
}

/** A description is of a member, by whoever may, with the commitments that were signed. Throws {@link Broken}. */
export function described(
  room: Room,
  entry: EntryOf<'detail.described'>,
  statement: StatementOf<'detail.describe'>,
  index: number,
): () => void {
  if (canonicalText(entry.detail) !== canonicalText(statement.body)) {
    throw new Broken('statement', 'a description does not say what its statement says');
  }
  const { member: ref, fields } = entry.detail;
  const of = room.members.get(ref);
  if (!of || !mayDescribe(member(room, statement), of))
    throw new Broken('details', 'a member was described by somebody else');
  if (new Set(fields.map(({ name }) => name)).size < fields.length)
    throw new Broken('details', 'a field was described twice');
  const scope = `member/${ref}`;
  const before = room.details.get(scope);
  if (before && before.erasedBy !== null) throw new Broken('details', 'what was erased was described again');
  const committed = fields.map(({ name, commitment }) => ({ name: `detail/${name}`, commitment }));
  return () => room.details.set(scope, { ...fresh(committed, index), held: before?.held ?? false });
}

/** Details of a run: the commitment its statement carries. `charge` is the run's own, or the one whose release it repeats. */
export function runDetails(parameters: string, index: number, charge: number): DetailState {
  return fresh([{ name: 'parameters', commitment: parameters }], index, charge);
}

function fresh(fields: DetailState['fields'], entry: number, charge: number | null = null): DetailState {
  return { fields, entry, charge, held: false, request: null, erasedBy: null };
}

/** Details that are opened are there. Throws {@link Broken}. */
export function openedDetails(
  room: Room,
  entry: EntryOf<'detail.opened'>,
  statement: StatementOf<'detail.open'>,
): void {
  if (entry.detail.scope !== statement.body.scope)
    throw new Broken('statement', 'other details were opened than were asked for');
  kept(room, entry.detail.scope);
}

/** A hold is put on details that are there, or lifted. Throws {@link Broken}. */
export function heldDetails(
  room: Room,
  entry: EntryOf<'detail.held'>,
  statement: StatementOf<'detail.hold'>,
): () => void {
  if (canonicalText(entry.detail) !== canonicalText(statement.body)) {
    throw new Broken('statement', 'a hold does not say what its statement says');
  }
  const { scope, held } = entry.detail;
  const before = kept(room, scope);
  return () => room.details.set(scope, { ...before, held });
}

/** A request is made by whoever may, about details that are there and not held. Throws {@link Broken}. */
export function erasureRequested(
  room: Room,
  entry: EntryOf<'detail.erasure-requested'>,
  statement: StatementOf<'detail.erase'>,
  index: number,
): () => void {
  const before = erasable(room, entry, statement);
  const signer = member(room, statement);
  if (!mayRequestErasure(signer, entry.detail.scope))
    throw new Broken('details', 'an erasure was requested by somebody else');
  const { scope, reason } = entry.detail;
  const request = { by: signer.ref, reason, expiresAt: statement.expiresAt, index };
  return () => room.details.set(scope, { ...before, request });
}

/** An erasure follows from another member's request in force, and an officer signs it. Throws {@link Broken}. */
export function erased(
  room: Room,
  entry: EntryOf<'detail.erased'>,
  statement: StatementOf<'detail.erase'>,
  index: number,
): () => void {
  const before = erasable(room, entry, statement);
  const request = requestSeconded(before, member(room, statement), entry.detail.reason, entry.at);
  if (!request) throw new Broken('details', 'details were erased on one signature');
  if (entry.caused !== request.index) throw new Broken('details', 'an erasure follows from another request');
  return () => room.details.set(entry.detail.scope, { ...before, request: null, erasedBy: index });
}

function erasable(
  room: Room,
  entry: EntryOf<'detail.erasure-requested' | 'detail.erased'>,
  { body }: StatementOf<'detail.erase'>,
): DetailState {
  if (canonicalText(entry.detail) !== canonicalText(body)) {
    throw new Broken('statement', 'an erasure does not say what its statement says');
  }
  const before = kept(room, entry.detail.scope);
  if (before.held) throw new Broken('details', 'details are erased while they are held');
  return before;
}

function kept(room: Room, scope: string): DetailState {
  const known = room.details.get(scope);
  if (!known) throw new Broken('details', 'nothing is known of these details');
  if (known.erasedBy !== null) throw new Broken('details', 'these details are erased');
  return known;
}

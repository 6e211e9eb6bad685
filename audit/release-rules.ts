/** Rules of what goes wrong: a failure suspends its query, and a wrong release is taken back (docs/spec/release.md §9–10). */
import type { EntryOf, StatementOf } from '@reinraum/protocol';
import type { Room } from './room.ts';
import { Broken } from './rule.ts';
import { member } from './signer.ts';

/** Whether a query may not be charged, because a failure of it has not been cleared. */
export function isSuspended(room: Room, query: string): boolean {
  return (room.queries.get(query)?.suspended ?? null) !== null;
}

/** Suspends a query for the failure at entry `index`; a later failure takes the place of an earlier one. */
export function suspend(room: Room, query: string, index: number): void {
  const before = room.queries.get(query);
  if (before) room.queries.set(query, { ...before, suspended: index });
}

/** A clearance names the latest failure of a suspended query. Throws {@link Broken}. */
export function cleared(room: Room, entry: EntryOf<'query.cleared'>, { body }: StatementOf<'query.clear'>): () => void {
  const before = room.queries.get(entry.detail.query);
  if (body.query !== entry.detail.query || body.failed !== entry.caused) {
    throw new Broken('statement', 'a clearance does not say what its statement says');
  }
  if (!before || before.suspended === null || before.suspended !== body.failed) {
    throw new Broken('suspension', 'a query was cleared that is not suspended by this failure');
  }
  return () => room.queries.set(entry.detail.query, { ...before, suspended: null });
}

/** Whether a member may retract what was released for a charge: an owner of a dataset it used, or any dpo. */
export function mayRetract(
  room: Room,
  charge: EntryOf<'query.charged'>,
  { unit, roles }: { readonly unit: string; readonly roles: readonly string[] },
): boolean {
  if (roles.includes('dpo')) return true;
  const owners = charge.detail.datasets.map(({ dataset }) => room.schemas.get(dataset)?.owner);
  return roles.includes('owner') && owners.includes(unit);
}

/** A retraction names a release that stands, by somebody who may take it back, and what it was. Throws {@link Broken}. */
export function retracted(
  room: Room,
  entry: EntryOf<'release.retracted'>,
  statement: StatementOf<'release.retract'>,
): () => void {
  const { charge, reason, query, recipient } = entry.detail;
  if (statement.body.charge !== charge || statement.body.reason !== reason) {
    throw new Broken('statement', 'a retraction does not say what its statement says');
  }
  const charged = room.charges.get(charge)?.entry;
  const release = room.releases.get(charge);
  if (!charged || release === undefined || release !== entry.caused) {
    throw new Broken('retraction', 'a retraction names no release');
  }
  if (room.retractions.has(charge)) throw new Broken('retraction', 'a release was retracted twice');
  if (charged.detail.query !== query || charged.detail.recipient !== recipient) {
    throw new Broken('retraction', 'a retraction names another query or recipient than its release');
  }
  if (!mayRetract(room, charged, member(room, statement))) {
    throw new Broken('owner', 'a release was retracted by another owner');
  }
  return () => room.retractions.set(charge, { reason, at: entry.at });
}

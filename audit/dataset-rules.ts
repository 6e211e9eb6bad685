/** Rules of a dataset's life: declared, admitted or rejected, withdrawn. Each returns what applies the entry. */
import { canonicalText, type EntryOf, type StatementOf } from '@reinraum/protocol';
import { closedVersion, type Room } from './room.ts';
import { Broken } from './rule.ts';
import { member } from './signer.ts';

function owns(room: Room, statement: StatementOf<'dataset.declare' | 'dataset.seal' | 'dataset.withdraw'>): void {
  const schema = room.schemas.get(statement.body.dataset);
  const actor = member(room, statement);
  const asDpo = statement.type === 'dataset.withdraw' && actor.roles.includes('dpo');
  if (!schema || (schema.owner !== actor.unit && !asDpo))
    throw new Broken('owner', 'a dataset was handled by another unit');
}

/** Whether this version may come next: one more than the last admitted or withdrawn, with that one as predecessor. */
export function isNextVersion(
  room: Room,
  body: { dataset: string; version: number; predecessor: string | null },
): boolean {
  const closed = closedVersion(room, body.dataset);
  return body.version === (closed?.version ?? 0) + 1 && body.predecessor === (closed?.manifest ?? null);
}

/** A declared version is the owner unit’s own, follows the last one and names the charter’s schema. Throws {@link Broken}. */
export function declared(
  room: Room,
  entry: EntryOf<'dataset.declared'>,
  statement: StatementOf<'dataset.declare'>,
): () => void {
  owns(room, statement);
  const { body } = statement;
  if (body.dataset !== entry.detail.dataset || body.version !== entry.detail.version || !isNextVersion(room, body)) {
    throw new Broken('dataset', 'a declared version does not follow the last one');
  }
  if (body.schema !== room.charter.datasets.find(({ id }) => id === body.dataset)?.schema) {
    throw new Broken('dataset', 'a declared version has a schema the charter does not name');
  }
  return () => {
    const versions = room.datasets.get(body.dataset) ?? new Map();
    const { offer } = entry.detail;
    versions.set(body.version, {
      version: body.version,
      state: 'declared',
      declared: body,
      offer,
      manifest: undefined,
    });
    room.datasets.set(body.dataset, versions);
  };
}

/** A closed version was declared, and its manifest says what the declaration said. Throws {@link Broken}. */
export function sealed(
  room: Room,
  entry: EntryOf<'dataset.admitted' | 'dataset.rejected'>,
  statement: StatementOf<'dataset.seal'>,
): () => void {
  owns(room, statement);
  const { dataset, version, manifest } = entry.detail;
  const before = room.datasets.get(dataset)?.get(version);
  if (!before || before.state !== 'declared') throw new Broken('dataset', 'a version was closed that is not declared');
  const { offer, normalisation: _n, header: _h, chunks: _c, sealed: _s, ...handover } = statement.body;
  if (offer !== before.offer || canonicalText(handover) !== canonicalText(before.declared)) {
    throw new Broken('dataset', 'a manifest does not match what was declared');
  }
  if (manifest !== entry.statements[0]?.digest) throw new Broken('dataset', 'a manifest is not the signed one');
  if (dataset !== statement.body.dataset || version !== statement.body.version) {
    throw new Broken('dataset', 'an entry names another version than its manifest');
  }
  if (entry.type === 'dataset.admitted' && entry.detail.schema !== statement.body.schema) {
    throw new Broken('dataset', 'an entry names another schema than its manifest');
  }
  const state = entry.type === 'dataset.admitted' ? 'admitted' : 'rejected';
  return () => room.datasets.get(dataset)?.set(version, { ...before, state, manifest });
}

/** A withdrawn version was declared or admitted; its owner unit or a data protection officer signed. Throws {@link Broken}. */
export function withdrawn(
  room: Room,
  entry: EntryOf<'dataset.withdrawn'>,
  statement: StatementOf<'dataset.withdraw'>,
): () => void {
  owns(room, statement);
  const { dataset, version } = entry.detail;
  const before = room.datasets.get(dataset)?.get(version);
  if (dataset !== statement.body.dataset || version !== statement.body.version) {
    throw new Broken('dataset', 'an entry names another version than its statement');
  }
  if (!before || before.state === 'withdrawn' || before.state === 'rejected') {
    throw new Broken('dataset', 'a version was withdrawn that is not there');
  }
  return () => room.datasets.get(dataset)?.set(version, { ...before, state: 'withdrawn' });
}

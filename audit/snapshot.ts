/** From a room to its snapshot and back (docs/spec/retention.md §2): the same room, whoever folds on from it. */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  Charter,
  canonicalBytes,
  DatasetSchema,
  type EntryOf,
  Question,
  Snapshot,
  snapshotBytesMax,
  toHex,
} from '@reinraum/protocol';
import { parsedObject, type ReadObject } from './examine.ts';
import { termsOf } from './query-rules.ts';
import { afterCharges, type DatasetVersion, type Room } from './room.ts';
import { Broken } from './rule.ts';

/** The room after its first `size` entries, the last of which is dated `at`. Canonical: the same for everybody. */
export function snapshotOf(room: Room, size: number, at: string): Snapshot {
  const { held, snapshots, request, pruned } = room.retention;
  return {
    v: 1,
    kind: 'snapshot',
    room: room.id,
    size,
    at,
    members: [...room.members.values()],
    keys: [...room.keys],
    recoveries: [...room.recoveries],
    versions: [...room.datasets.values()].flatMap((versions) =>
      [...versions.values()].map(({ declared, state, offer, manifest = null }) => ({
        declared,
        state,
        offer,
        manifest,
      })),
    ),
    queries: [...room.queries].map(([digest, { approvals, revoked, suspended }]) => ({
      digest,
      approvals: [...approvals],
      revoked,
      suspended,
    })),
    tables: [...room.tables].map(([digest, { approvals, revoked }]) => ({
      digest,
      approvals: [...approvals],
      revoked,
    })),
    charges: [...room.charges].map(([index, { entry, outcome }]) => ({ index, entry, outcome })),
    releases: [...room.releases].map(([charge, index]) => ({ index, charge })),
    retractions: [...room.retractions].map(([charge, { reason, at }]) => ({ charge, reason, at })),
    reviews: [...room.reviews],
    details: [...room.details].map(([scope, state]) => ({ scope, ...state, fields: [...state.fields] })),
    used: [...room.used].filter(([, expiresAt]) => expiresAt >= at).map(([id, expiresAt]) => ({ id, expiresAt })),
    retention: {
      held,
      snapshots: [...snapshots].map(([index, taken]) => ({ index, ...taken })),
      request,
      pruned,
    },
  };
}

/**
 * Canonical bytes of a snapshot, and their digest. Throws where nobody could read it again: `RangeError` above
 * {@link snapshotBytesMax}, a zod error where it is not of the schema.
 */
export function encodeSnapshot(snapshot: Snapshot): { readonly bytes: Uint8Array; readonly digest: string } {
  const bytes = canonicalBytes(Snapshot.parse(snapshot));
  if (bytes.length > snapshotBytesMax) throw new RangeError('snapshot: too large');
  return { bytes, digest: toHex(sha256(bytes)) };
}

/** The room of a snapshot kept as an object. Throws {@link Broken}. */
export async function roomOfSnapshot(
  read: ReadObject,
  digest: string,
): Promise<{ readonly room: Room; readonly size: number; readonly at: string }> {
  const kept = await parsedObject(read, digest, { schema: Snapshot, rule: 'retention' });
  if (namesLater(kept)) throw new Broken('retention', 'a snapshot names entries that were still to come');
  const charter = await parsedObject(read, kept.room, { schema: Charter, rule: 'founding' });
  const schemas = await schemasOf(read, charter);
  const datasets = new Map<string, Map<number, DatasetVersion>>();
  for (const { declared, state, offer, manifest } of kept.versions) {
    const { dataset, version } = declared;
    const versions = datasets.get(dataset) ?? new Map<number, DatasetVersion>();
    versions.set(version, { version, state, declared, offer, manifest: manifest ?? undefined });
    datasets.set(dataset, versions);
  }
  const room: Room = {
    id: kept.room,
    charter,
    charterDigest: kept.room,
    members: new Map(kept.members.map((one) => [one.ref, one])),
    keys: new Set(kept.keys),
    recoveries: kept.recoveries,
    schemas,
    datasets,
    queries: new Map(),
    tables: new Map(),
    charges: new Map(
      kept.charges.map(({ index, entry, outcome }) => [index, { entry: entry as EntryOf<'query.charged'>, outcome }]),
    ),
    releases: new Map(kept.releases.map(({ index, charge }) => [charge, index])),
    chargeOf: new Map(kept.releases.map(({ index, charge }) => [index, charge])),
    retractions: new Map(kept.retractions.map(({ charge, ...taken }) => [charge, taken])),
    reviews: kept.reviews,
    details: new Map(kept.details.map(({ scope, ...state }) => [scope, state])),
    spent: new Map(),
    used: new Map(kept.used.map(({ id, expiresAt }) => [id, expiresAt])),
    retention: {
      ...kept.retention,
      snapshots: new Map(kept.retention.snapshots.map(({ index, at, state }) => [index, { at, state }])),
    },
  };
  for (const { digest, approvals, revoked, suspended } of kept.queries) {
    const query = await parsedObject(read, digest, { schema: Question, rule: 'query' });
    if (query.kind === 'DerivedTable') throw new Broken('retention', 'a snapshot takes a table for a query');
    const terms = readable(() => termsOf(room, query));
    room.queries.set(digest, { query, terms, approvals: new Set(approvals), revoked, suspended });
  }
  for (const { digest, approvals, revoked } of kept.tables) {
    const table = await parsedObject(read, digest, { schema: Question, rule: 'query' });
    if (table.kind !== 'DerivedTable') throw new Broken('retention', 'a snapshot takes a query for a table');
    room.tables.set(digest, { table, approvals: new Set(approvals), revoked });
  }
  readable(() => {
    for (const { entry } of room.charges.values()) addCharge(room, entry);
  });
  return { room, size: kept.size, at: kept.at };
}

/** What is worked out of a snapshot somebody made up may not fit together. Throws {@link Broken}. */
export function readable<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof Broken) throw error;
    throw new Broken('retention', 'a snapshot does not fit together');
  }
}

/** Adds up a charge as replay did, which let no balance be overdrawn. */
function addCharge(room: Room, { actor, detail }: EntryOf<'query.charged'>): void {
  const asker = { ref: actor?.ref ?? '', unit: actor?.unit ?? '', purpose: detail.purpose };
  const balances = afterCharges(room, detail.charges, asker);
  if ('exhausted' in balances) throw new Broken('retention', 'the charges of a snapshot overdraw a balance');
  for (const [account, balance] of balances) room.spent.set(account, balance);
}

/** Whether some index in a snapshot is that of an entry it cannot know. */
function namesLater({ size, retention: { snapshots, request, pruned }, ...kept }: Snapshot): boolean {
  const named = [
    ...kept.recoveries,
    ...kept.charges,
    ...kept.releases,
    ...kept.reviews,
    ...kept.details.flatMap(({ request }) => request ?? []),
    ...snapshots,
    ...(request ? [request, { index: request.snapshot }] : []),
  ].map(({ index }) => index);
  const others = [
    ...kept.releases.map(({ charge }) => charge),
    ...kept.retractions.map(({ charge }) => charge),
    ...kept.queries.map(({ suspended }) => suspended ?? -1),
    ...kept.details.flatMap(({ entry, charge, erasedBy }) => [entry, charge ?? -1, erasedBy ?? -1]),
    ...(pruned ? [pruned.snapshot, pruned.request, pruned.by] : []),
  ];
  return [...named, ...others].some((index) => index >= size);
}

/** The schemas a charter names, by dataset. Throws {@link Broken}. */
export async function schemasOf(read: ReadObject, charter: Charter): Promise<Map<string, DatasetSchema>> {
  const schemas = new Map<string, DatasetSchema>();
  for (const dataset of charter.datasets) {
    const schema = await parsedObject(read, dataset.schema, { schema: DatasetSchema, rule: 'founding' });
    if (schema.id !== dataset.id) throw new Broken('founding', 'a schema does not carry its dataset’s name');
    schemas.set(dataset.id, schema);
  }
  return schemas;
}

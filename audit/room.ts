/** The room as its log tells it: balances, approvals and catalogue are folds of entries, kept nowhere else. */
import {
  type AggregateQuery,
  type AskedSchema,
  type Asker,
  accountsOf,
  add,
  askedSchema,
  type Charge,
  type Charter,
  compare,
  type DatasetSchema,
  type DerivedTable,
  datasetsOf,
  type EntryOf,
  type ErasureReason,
  lossOf,
  type Member,
  parseRational,
  partyOf,
  type Rational,
  type RetractionReason,
  type StatementOf,
  zero,
} from '@reinraum/protocol';

/** One version of a dataset. Only `admitted` ones are asked; `declared` ones wait for their sealed file. */
export interface DatasetVersion {
  readonly version: number;
  readonly state: 'declared' | 'admitted' | 'rejected' | 'withdrawn';
  readonly declared: StatementOf<'dataset.declare'>['body'];
  readonly offer: string;
  /** Digest of the manifest statement, once there is one. */
  readonly manifest: string | undefined;
}

/** What a charge of a query has to name, as canonical JSON: query, schema and charter settle it once for all charges. */
export interface Terms {
  readonly charges: string;
  readonly noise: string;
}

/** A proposed query and what became of it. */
export interface QueryState {
  readonly query: AggregateQuery;
  readonly terms: Terms;
  /** Members who approved, by reference. */
  readonly approvals: ReadonlySet<string>;
  readonly revoked: boolean;
  /** Index of the latest `query.failed` until a data protection officer clears it, null otherwise. */
  readonly suspended: number | null;
}

/** A proposed table derived from releases, and what became of it. */
export interface TableState {
  readonly table: DerivedTable;
  readonly approvals: ReadonlySet<string>;
  readonly revoked: boolean;
}

/** A charge and what became of it: at most one release. */
export interface ChargeState {
  readonly entry: EntryOf<'query.charged'>;
  readonly outcome: 'open' | 'released' | 'failed';
}

/** A release taken back. */
export interface Retraction {
  readonly reason: RetractionReason;
  readonly at: string;
}

/** A review a data protection officer has signed. */
export type ReviewState = EntryOf<'review.completed'>['detail'] & {
  readonly by: string;
  readonly at: string;
  readonly index: number;
};

/** Details kept beside the log: what they are bound to, and what became of them. */
export interface DetailState {
  /** Names under which values were committed, with the commitments. */
  readonly fields: readonly { readonly name: string; readonly commitment: string }[];
  /** Index of the entry that commits. */
  readonly entry: number;
  /** Index of the charge whose release answers the run; null where they are of a member. */
  readonly charge: number | null;
  /** Held details are not erased. */
  readonly held: boolean;
  /** The latest request to erase; it counts while its statement is in force. */
  readonly request: {
    readonly by: string;
    readonly reason: ErasureReason;
    readonly expiresAt: string;
    readonly index: number;
  } | null;
  /** Index of the entry that erased them, null until then. */
  readonly erasedBy: number | null;
}

/** What became of old entries, and what is to become of them. */
export interface RetentionState {
  /** While the log is held nothing of it is pruned. */
  readonly held: boolean;
  /** Snapshots by the index of their entry. */
  readonly snapshots: ReadonlyMap<number, { readonly at: string; readonly state: string }>;
  /** The latest request to prune; it counts while its statement is in force. */
  readonly request: {
    readonly by: string;
    readonly snapshot: number;
    readonly expiresAt: string;
    readonly index: number;
  } | null;
  /** The latest pruning: everything before the snapshot may be gone, asked for by entry `request`, decided by `by`. */
  readonly pruned: { readonly snapshot: number; readonly request: number; readonly by: number } | null;
}

/** A member's consent to new keys for another member. It counts while its statement is in force. */
export interface RecoveryApproval {
  readonly approver: string;
  readonly keys: NewKeys;
  readonly expiresAt: string;
  /** Index of its entry. */
  readonly index: number;
}

/** A member's reference and the keys that are to take the place of the lost ones. */
export type NewKeys = StatementOf<'member.recover'>['body'];

/** Sums of the charges on one population, exact: Σρ or Σε, as the room's accountant has it, and Σδ. */
export interface Balance {
  readonly loss: Rational;
  readonly delta: Rational;
}

/** What the entries so far add up to. Only {@link Replay} changes it. */
export interface Room {
  readonly id: string;
  readonly charter: Charter;
  readonly charterDigest: string;
  /** The charter's members by reference, with the keys they have now. */
  readonly members: Map<string, Member>;
  /** Every key a member has or ever had: none is enrolled twice. */
  readonly keys: Set<string>;
  readonly recoveries: RecoveryApproval[];
  readonly schemas: ReadonlyMap<string, DatasetSchema>;
  readonly datasets: Map<string, Map<number, DatasetVersion>>;
  readonly queries: Map<string, QueryState>;
  readonly tables: Map<string, TableState>;
  readonly charges: Map<number, ChargeState>;
  /** Index of the release entry by the index of its charge. */
  readonly releases: Map<number, number>;
  /** Index of the charge by the index of its release entry: the inverse of `releases`. */
  readonly chargeOf: Map<number, number>;
  /** Retractions by the index of the charge. */
  readonly retractions: Map<number, Retraction>;
  /** Reviews of the log, in their order. */
  readonly reviews: ReviewState[];
  /** Details by scope. */
  readonly details: Map<string, DetailState>;
  readonly spent: Map<string, Balance>;
  /** Ids of statements that took effect, with the time they expire. */
  readonly used: Map<string, string>;
  retention: RetentionState;
}

/** The admitted version of a dataset that is asked: the latest. */
export function currentVersion(room: Room, dataset: string): DatasetVersion | undefined {
  // A withdrawn version does not bring back the one it had replaced.
  const last = closedVersion(room, dataset);
  return last?.state === 'admitted' ? last : undefined;
}

/**
 * The latest version of a dataset that was admitted or withdrawn. Versions are numbered from 1 without gaps and a next one
 * is declared only after the last was closed (`isNextVersion`), so at most one stands above it, whatever their number.
 */
export function closedVersion(room: Room, dataset: string): DatasetVersion | undefined {
  const versions = room.datasets.get(dataset);
  for (let number = versions?.size ?? 0; number > 0; number--) {
    const version = versions?.get(number);
    if (version?.state === 'admitted' || version?.state === 'withdrawn') return version;
  }
  return undefined;
}

/** A version that is asked, as entries and releases name it. */
export type AskedVersion = EntryOf<'query.charged'>['detail']['datasets'][number];

/**
 * The admitted versions of every dataset a query asks, in its order, on a day; or why one of them cannot be asked, with the
 * field.
 */
export function askedVersions(
  room: Room,
  query: AggregateQuery,
  day: string,
): readonly AskedVersion[] | { readonly fault: 'dataset-not-admitted' | 'dataset-expired'; readonly field: string } {
  const asked: AskedVersion[] = [];
  for (const [at, dataset] of datasetsOf(query).entries()) {
    const field = at === 0 ? 'from.dataset' : `joins.${at - 1}.dataset`;
    const current = currentVersion(room, dataset);
    if (!current?.manifest) return { fault: 'dataset-not-admitted', field };
    if (day > current.declared.validUntil) return { fault: 'dataset-expired', field };
    asked.push({ dataset, version: current.version, manifest: current.manifest });
  }
  return asked;
}

/** The schema a query is compiled against in this room. Throws as `askedSchema`. */
export function schemaOf(room: Pick<Room, 'schemas'>, query: AggregateQuery): AskedSchema {
  return askedSchema(query, (dataset) => room.schemas.get(dataset));
}

/** Owner units and parties' DPOs whose approval is still lacking, as "owner party/unit" or "dpo party". */
export function missingApprovals(room: Room, state: QueryState | TableState): string[] {
  const given = [...room.members.values()].filter(({ ref }) => state.approvals.has(ref));
  const missing: string[] = [];
  for (const owner of ownersOf(room, state)) {
    if (!given.some(({ unit, roles }) => unit === owner && roles.includes('owner'))) missing.push(`owner ${owner}`);
  }
  for (const { id } of room.charter.parties) {
    if (!given.some(({ unit, roles }) => partyOf(unit) === id && roles.includes('dpo'))) missing.push(`dpo ${id}`);
  }
  return missing;
}

/** Units that own a dataset a query asks, or a table is made from. */
function ownersOf({ schemas, queries }: Room, state: QueryState | TableState): Set<string | undefined> {
  const asked =
    'query' in state
      ? [state.query]
      : Object.values(state.table.inputs).flatMap(({ query }) => queries.get(query)?.query ?? []);
  return new Set(asked.flatMap(datasetsOf).map((dataset) => schemas.get(dataset)?.owner));
}

/** What has been spent of an account – a population's, or an allotment's of it – on both balances. */
export function spentOf(room: Room, account: string): Balance {
  return room.spent.get(account) ?? { loss: zero, delta: zero };
}

/** Balances after some charges of the accounts they touch, or the account that one of them would overdraw. */
export function afterCharges(
  room: Room,
  charges: readonly Charge[],
  asker: Asker,
): Map<string, Balance> | { exhausted: string } {
  const next = new Map<string, Balance>();
  for (const charge of charges) {
    const population = room.charter.populations.find(({ id }) => id === charge.population);
    if (!population) return { exhausted: charge.population };
    for (const { name, cap } of accountsOf(population, asker)) {
      const before = next.get(name) ?? spentOf(room, name);
      const loss = add(before.loss, lossOf(charge));
      const delta = add(before.delta, parseRational(charge.delta));
      const isWithin = compare(loss, lossOf(cap)) <= 0 && compare(delta, parseRational(cap.delta)) <= 0;
      if (!isWithin) return { exhausted: name };
      next.set(name, { loss, delta });
    }
  }
  return next;
}

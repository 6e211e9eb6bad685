/** A row of the derived index: what one entry of the log says, in columns (docs/spec/audit-tools.md §1). */
import type { Room } from '@reinraum/audit';
import { type EntryType, formatRational, type LogEntry, lossOf, partyOf } from '@reinraum/protocol';

/** A loss on one population as the log has it: exact fractions in lowest terms; ρ or ε as the room's accountant counts. */
export interface IndexedCharge {
  readonly population: string;
  readonly loss: string;
  readonly delta: string;
}

/** What an entry shares with those that follow from its charge: a release is for the purpose it was paid for. */
export interface ChargeFacts {
  readonly purpose: string;
  readonly legalBasis: string;
  /** `dataset@version`. */
  readonly datasets: readonly string[];
}

/** One entry in columns. Nothing is in here that the log does not say; null where it says nothing. */
export interface IndexRow {
  readonly index: number;
  /** Moment in UTC, as logged. */
  readonly at: string;
  readonly type: EntryType;
  readonly activity: string;
  /** One word of {@link Outcome}. */
  readonly outcome: Outcome;
  /** Code of a refusal, or reason of a retraction. */
  readonly code: string | null;
  /** Reference, unit and party of who signed. */
  readonly actor: string | null;
  readonly unit: string | null;
  readonly party: string | null;
  /** Of the entry, or of the charge it follows from. */
  readonly purpose: string | null;
  readonly legalBasis: string | null;
  /** `dataset@version`, of the entry or of the charge it follows from. */
  readonly datasets: readonly string[];
  /** Digest of the question or table. */
  readonly query: string | null;
  /** Unit that receives an answer. */
  readonly recipient: string | null;
  /** Only at the charge itself, so that a sum over rows counts nothing twice. */
  readonly charges: readonly IndexedCharge[];
  readonly caused: number | null;
}

/** What became of the matter of an entry, by its type. */
export const outcomes = {
  'room.founded': 'founded',
  'enclave.started': 'started',
  heartbeat: 'alive',
  'dataset.declared': 'declared',
  'dataset.admitted': 'admitted',
  'dataset.rejected': 'rejected',
  'dataset.withdrawn': 'withdrawn',
  'query.proposed': 'proposed',
  'query.approved': 'approved',
  'query.revoked': 'revoked',
  'query.charged': 'charged',
  'query.released': 'released',
  'query.repeated': 'repeated',
  'query.failed': 'failed',
  'query.cleared': 'cleared',
  'release.retracted': 'retracted',
  'member.recovery-approved': 'approved',
  'member.recovered': 'recovered',
  'detail.described': 'described',
  'detail.opened': 'opened',
  'detail.held': 'held',
  'detail.erasure-requested': 'erasure-requested',
  'detail.erased': 'erased',
  'review.completed': 'reviewed',
  'alert.acknowledged': 'acknowledged',
  'log.snapshot': 'kept',
  'log.held': 'held',
  'log.prune-requested': 'pruning-requested',
  'log.pruned': 'pruned',
  'report.generated': 'generated',
  'statement.refused': 'refused',
  'session.opened': 'opened',
} as const satisfies Record<EntryType, string>;

/** A word `--outcome` takes. */
export type Outcome = (typeof outcomes)[EntryType];

/** The row of an entry; `cause` are the facts of the entry named in `caused`, null where there are none. */
export function rowOf(index: number, entry: LogEntry, cause: ChargeFacts | null): IndexRow {
  const { at, type, activity, actor, caused } = entry;
  const facts = factsOf(entry, cause);
  const detail = entry.detail as Detail;
  return {
    index,
    at,
    type,
    activity,
    outcome: outcomes[type],
    code: detail.code ?? detail.reason ?? null,
    actor: actor?.ref ?? null,
    unit: actor?.unit ?? null,
    party: actor ? partyOf(actor.unit) : null,
    purpose: facts?.purpose ?? null,
    legalBasis: facts?.legalBasis ?? null,
    datasets: detail.dataset === undefined ? (facts?.datasets ?? []) : [`${detail.dataset}@${detail.version ?? ''}`],
    query: detail.query ?? null,
    recipient: detail.recipient ?? null,
    charges: entry.type === 'query.charged' ? entry.detail.charges.map(chargeOf) : [],
    caused,
  };
}

/** What entries that name this one as their cause take from it. A repeat has a purpose of its own. */
export function factsOf(entry: LogEntry, cause: ChargeFacts | null): ChargeFacts | null {
  if (entry.type === 'query.charged') {
    const { purpose, legalBasis, datasets } = entry.detail;
    return { purpose, legalBasis, datasets: datasets.map(({ dataset, version }) => `${dataset}@${version}`) };
  }
  return cause && entry.type === 'query.repeated' ? { ...cause, purpose: entry.detail.purpose } : cause;
}

/** The members of details that become columns; which entry has which is in docs/spec/log.md §6. */
interface Detail {
  readonly code?: string;
  readonly reason?: string;
  readonly dataset?: string;
  readonly version?: number;
  readonly query?: string;
  readonly recipient?: string;
}

function chargeOf(charge: Extract<LogEntry, { type: 'query.charged' }>['detail']['charges'][number]): IndexedCharge {
  return { population: charge.population, loss: formatRational(lossOf(charge)), delta: charge.delta };
}

/** What entries take from charges that were pruned before a fold began, by the index of what they may name as their cause. */
export function factsBefore({ charges, releases, queries }: Room): Map<number, ChargeFacts> {
  const facts = new Map<number, ChargeFacts>();
  const failures = new Map([...queries].map(([digest, { suspended }]) => [digest, suspended]));
  for (const [index, { entry, outcome }] of charges) {
    const own = factsOf(entry, null);
    const failed = outcome === 'failed' ? failures.get(entry.detail.query) : undefined;
    for (const at of [index, releases.get(index), failed]) if (own && typeof at === 'number') facts.set(at, own);
  }
  return facts;
}

/**
 * The row of an entry anew from the log alone: reads it, and what it follows from up to the charge, through `entryAt`, which
 * has to prove what it returns; `before` says it of pruned ones. Throws what `entryAt` throws.
 */
export async function rowFrom(
  index: number,
  entryAt: (index: number) => Promise<LogEntry>,
  before: ReadonlyMap<number, ChargeFacts> = new Map(),
): Promise<IndexRow> {
  const chain: LogEntry[] = [];
  let known: ChargeFacts | null = null;
  for (let at: number | null = index, below = Number.POSITIVE_INFINITY; at !== null && at < below; ) {
    known = before.get(at) ?? null;
    if (known && at !== index) break;
    const entry: LogEntry = await entryAt(at);
    chain.push(entry);
    below = at;
    at = entry.type === 'query.charged' ? null : entry.caused;
  }
  const [entry, ...causes] = chain;
  if (!entry) throw new RangeError('index: no such entry');
  const cause = causes.reduceRight<ChargeFacts | null>((facts, one) => factsOf(one, facts), known);
  return rowOf(index, entry, cause);
}

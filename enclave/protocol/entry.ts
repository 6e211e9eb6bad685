/** Entries of the log: what the room remembers (docs/spec/log.md §6, audit-log.md "What an entry holds"). */
import { z } from 'zod';
import { canonicalBytes, parseCanonical } from './canonical.ts';
import { CommittedDetail, DetailScope, ErasureReason } from './detail.ts';
import { withLoss } from './loss.ts';
import { Noise } from './mechanism.ts';
import { Bytes32, Digest, Fraction, Instant, MemberRef, Signature64, Slug, UnitPath } from './name.ts';
import type { RefusalCode } from './refusal.ts';
import { isRefusalCode } from './refusal.ts';
import { LogHold, Pruning } from './retention.ts';
import { Acknowledgement, Report, Review } from './review.ts';
import { RetractionReason } from './statement.ts';

/** Largest entry in bytes of its canonical form. */
export const entryBytesMax = 4096;

/** What happened to data, in the words of the Standard-Datenschutzmodell (SDM). */
export const Activity = z.enum([
  'erheben',
  'veraendern',
  'abfragen',
  'offenlegen',
  'verknuepfen',
  'loeschen',
  'einschraenken',
  'verwalten',
]);
export type Activity = z.infer<typeof Activity>;

const Statements = z.array(z.strictObject({ digest: Digest, signature: Signature64 }));
const index = z.int().min(0);
const version = z.int().min(1);

const common = {
  v: z.literal(1),
  room: Digest,
  /** Logged time, to the second; a release is logged after its slot has ended. */
  at: Instant,
  /** Measurement of the build that wrote the entry. */
  recorder: Digest,
  actor: z.strictObject({ ref: MemberRef, unit: UnitPath }).nullable(),
  /** Digests of payload objects with their signatures: who wanted this. */
  statements: Statements.max(16),
  /** Index of the entry this one follows from. */
  caused: index.nullable(),
};

const entry = <Type extends string, A extends Activity, Detail extends z.ZodRawShape>(
  type: Type,
  activity: A,
  detail: Detail,
) =>
  z.strictObject({
    ...common,
    type: z.literal(type),
    activity: z.literal(activity),
    detail: z.strictObject(detail),
  });

const Versions = z
  .array(z.strictObject({ dataset: Slug, version, manifest: Digest }))
  .min(1)
  .max(8);
const Charges = z
  .array(withLoss({ population: Slug, delta: Fraction }))
  .min(1)
  .max(8);
const NewKeys = { member: MemberRef, signingKey: Bytes32, readingKey: Bytes32 };
const Code = z.custom<RefusalCode>((value) => typeof value === 'string' && isRefusalCode(value));

/** Every event. Nothing about a person, no parameter and no free text is in here. */
export const LogEntry = z.discriminatedUnion('type', [
  entry('room.founded', 'verwalten', { charter: Digest }),
  entry('enclave.started', 'verwalten', { claims: Digest, assurance: z.enum(['software', 'degraded']), nonce: Digest }),
  entry('heartbeat', 'verwalten', {}),
  entry('dataset.declared', 'verwalten', { dataset: Slug, version, offer: Digest }),
  entry('dataset.admitted', 'erheben', { dataset: Slug, version, manifest: Digest, schema: Digest }),
  entry('dataset.rejected', 'erheben', { dataset: Slug, version, manifest: Digest, report: Digest }),
  entry('dataset.withdrawn', 'loeschen', { dataset: Slug, version }),
  entry('query.proposed', 'verwalten', { query: Digest }),
  entry('query.approved', 'verwalten', { query: Digest }),
  entry('query.revoked', 'einschraenken', { query: Digest }),
  entry('query.charged', 'abfragen', {
    query: Digest,
    parameters: Digest,
    datasets: Versions,
    charges: Charges,
    k: z.int().min(2),
    /** Noise of every component of the plan, in its order (docs/spec/query.md §5). */
    noise: z.array(Noise).min(1).max(16),
    purpose: Slug,
    legalBasis: z.string().max(64),
    recipient: UnitPath,
  }),
  entry('query.released', 'offenlegen', { query: Digest, result: Digest, recipient: UnitPath }),
  entry('query.repeated', 'offenlegen', { query: Digest, parameters: Digest, purpose: Slug, recipient: UnitPath }),
  entry('query.failed', 'abfragen', { query: Digest }),
  entry('query.cleared', 'verwalten', { query: Digest }),
  entry('release.retracted', 'einschraenken', {
    query: Digest,
    charge: index,
    recipient: UnitPath,
    reason: RetractionReason,
  }),
  entry('member.recovery-approved', 'verwalten', NewKeys),
  entry('member.recovered', 'verwalten', NewKeys),
  entry('detail.described', 'erheben', { member: MemberRef, fields: z.array(CommittedDetail).min(1).max(3) }),
  entry('detail.opened', 'offenlegen', { scope: DetailScope }),
  entry('detail.held', 'verwalten', { scope: DetailScope, held: z.boolean() }),
  entry('detail.erasure-requested', 'verwalten', { scope: DetailScope, reason: ErasureReason }),
  entry('detail.erased', 'loeschen', { scope: DetailScope, reason: ErasureReason }),
  entry('review.completed', 'verwalten', Review),
  entry('alert.acknowledged', 'verwalten', Acknowledgement),
  entry('report.generated', 'verwalten', Report),
  /** `state` is the digest of everything the entries before this one add up to ({@link Snapshot}). */
  entry('log.snapshot', 'verwalten', { state: Digest }),
  entry('log.held', 'verwalten', LogHold),
  entry('log.prune-requested', 'verwalten', Pruning),
  entry('log.pruned', 'loeschen', Pruning),
  entry('statement.refused', 'verwalten', { statement: z.string().max(40), code: Code }),
  entry('session.opened', 'verwalten', { scope: z.literal('log'), until: Instant }),
]);
export type LogEntry = z.infer<typeof LogEntry>;
/** What an entry is about. */
export type EntryType = LogEntry['type'];
/** The entry of a type. */
export type EntryOf<Type extends EntryType> = Extract<LogEntry, { type: Type }>;

/** Canonical bytes of an entry. Throws `RangeError` above {@link entryBytesMax}. */
export function encodeEntry(value: LogEntry): Uint8Array {
  const bytes = canonicalBytes(LogEntry.parse(value));
  if (bytes.length > entryBytesMax) throw new RangeError('log entry: too large');
  return bytes;
}

/** The entry of canonical bytes. Throws `TypeError` or a zod error otherwise. */
export function decodeEntry(bytes: Uint8Array): LogEntry {
  if (bytes.length > entryBytesMax) throw new TypeError('log entry: too large');
  return LogEntry.parse(parseCanonical(bytes));
}

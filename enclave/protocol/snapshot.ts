/**
 * A snapshot: what the entries of a log so far add up to, so that a verifier can begin behind it once they are gone
 * (docs/spec/retention.md). Charges, balances and whatever is still in force are in it; nothing of it is forgotten by pruning.
 */
import { z } from 'zod';
import { Member } from './charter.ts';
import { DetailScope, ErasureReason } from './detail.ts';
import { LogEntry } from './entry.ts';
import { Bytes32, Digest, Instant, MemberRef, StatementId } from './name.ts';
import { Review } from './review.ts';
import { handover, RetractionReason } from './statement.ts';

const index = z.int().min(0);
const asked = { digest: Digest, approvals: z.array(MemberRef), revoked: z.boolean() };

/** Largest snapshot in bytes of its canonical form: a member has to be able to fetch it. */
export const snapshotBytesMax = 32 * 1024 * 1024;

/**
 * The state of a room after its first `size` entries, each list in the order in which the room came to have it. Balances are the sums
 * of the charges.
 */
export const Snapshot = z.strictObject({
  v: z.literal(1),
  kind: z.literal('snapshot'),
  /** Digest of the charter. */
  room: Digest,
  size: index,
  /** Time of the last of these entries. */
  at: Instant,
  members: z.array(Member),
  keys: z.array(Bytes32),
  recoveries: z.array(
    z.strictObject({
      approver: MemberRef,
      keys: z.strictObject({ member: MemberRef, signingKey: Bytes32, readingKey: Bytes32 }),
      expiresAt: Instant,
      index,
    }),
  ),
  versions: z.array(
    z.strictObject({
      declared: z.strictObject(handover),
      state: z.enum(['declared', 'admitted', 'rejected', 'withdrawn']),
      offer: Digest,
      manifest: Digest.nullable(),
    }),
  ),
  queries: z.array(z.strictObject({ ...asked, suspended: index.nullable() })),
  tables: z.array(z.strictObject(asked)),
  charges: z.array(
    z.strictObject({
      index,
      entry: LogEntry.refine(({ type }) => type === 'query.charged'),
      outcome: z.enum(['open', 'released', 'failed']),
    }),
  ),
  /** Release entries, in their order. */
  releases: z.array(z.strictObject({ index, charge: index })),
  retractions: z.array(z.strictObject({ charge: index, reason: RetractionReason, at: Instant })),
  reviews: z.array(z.strictObject({ ...Review, by: MemberRef, at: Instant, index })),
  details: z.array(
    z.strictObject({
      scope: DetailScope,
      fields: z.array(z.strictObject({ name: z.string().max(32), commitment: Digest })),
      entry: index,
      charge: index.nullable(),
      held: z.boolean(),
      request: z.strictObject({ by: MemberRef, reason: ErasureReason, expiresAt: Instant, index }).nullable(),
      erasedBy: index.nullable(),
    }),
  ),
  /** Statements that took effect and are in force still: none of them takes effect again. */
  used: z.array(z.strictObject({ id: StatementId, expiresAt: Instant })),
  retention: z.strictObject({
    held: z.boolean(),
    snapshots: z.array(z.strictObject({ index, at: Instant, state: Digest })),
    request: z.strictObject({ by: MemberRef, snapshot: index, expiresAt: Instant, index }).nullable(),
    pruned: z.strictObject({ snapshot: index, request: index, by: index }).nullable(),
  }),
});
export type Snapshot = z.infer<typeof Snapshot>;

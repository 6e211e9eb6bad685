/** What data protection officers sign after reading the log: reviews and acknowledged warnings (docs/spec/log.md §6). */
import { z } from 'zod';
import { Digest } from './name.ts';

/** What a review came to. A closed list: the log holds no free text; the report that does is named by its digest. */
export const ReviewFinding = z.enum(['none', 'remarks', 'objection']);
export type ReviewFinding = z.infer<typeof ReviewFinding>;

/** Warnings that can be acknowledged: what `audit watch` raises, and what a host says of its room. */
export const AlertKind = z.enum([
  'rollback',
  'split-view',
  'verification',
  'stale-checkpoint',
  'heartbeat-missing',
  'gap',
  'clock-skew',
  'refusals',
  'balance',
  'quorum-missing',
]);
export type AlertKind = z.infer<typeof AlertKind>;

const index = z.int().min(0);

/** Entries `from` to `to` were reviewed. */
export const Review = { from: index, to: index, finding: ReviewFinding, report: Digest.nullable() };
/** A warning was seen; `entry` is the one it is about, null where it is about none. */
export const Acknowledgement = { alert: AlertKind, entry: index.nullable() };

/** What data protection officers sign after reading the log: reviews, acknowledged warnings, reports (docs/spec/log.md §6). */
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
  'retention-overdue',
  'quorum-missing',
]);
export type AlertKind = z.infer<typeof AlertKind>;

/** The twelve reports (docs/spec/reports.md §2). */
export const ReportName = z.enum([
  'integrity',
  'overview',
  'disclosures',
  'denied',
  'privileged',
  'rights',
  'ledger',
  'deletions',
  'health',
  'breach',
  'access',
  'case',
]);
export type ReportName = z.infer<typeof ReportName>;

const index = z.int().min(0);

/** Entries `from` to `to` were reviewed. */
export const Review = { from: index, to: index, finding: ReviewFinding, report: Digest.nullable() };
/** A warning was seen; `entry` is the one it is about, null where it is about none. */
export const Acknowledgement = { alert: AlertKind, entry: index.nullable() };
/** A report about entries `from` to `to` was made; `digest` is the SHA-256 of its JSON form. */
export const Report = { report: ReportName, digest: Digest, from: index, to: index };

/**
 * Details: what is known of a member or of a run beside the log (docs/spec/details.md). The log holds commitments only; what opens
 * them is kept in the enclave, by scope, until two people have it erased.
 */
import { z } from 'zod';
import { canonicalText } from './canonical.ts';
import { commit, type Opening } from './commitment.ts';
import { Bytes32, Digest } from './name.ts';

/** `member/<ref>`, or `run/<index>` for the entry that charged or repeated a run. */
export const DetailScope = z
  .string()
  .regex(/^(?:member\/m-[0-9a-f]{16}|run\/(?:0|[1-9][0-9]{0,14}))$/, 'write member/<reference> or run/<entry>');
export type DetailScope = z.infer<typeof DetailScope>;

/** What may be said of a member. */
export const detailNames = ['name', 'function', 'contact'] as const;
/** One of {@link detailNames}. */
export type DetailName = (typeof detailNames)[number];

/** Why something is erased. A closed list: the log holds no free text. */
export const ErasureReason = z.enum(['request', 'expired', 'unlawful', 'other']);
export type ErasureReason = z.infer<typeof ErasureReason>;

/** A field with the commitment over its value. */
export const CommittedDetail = z.strictObject({ name: z.enum(detailNames), commitment: Digest });

const opening = (chars: number) => z.strictObject({ salt: Bytes32, value: z.string().min(1).max(chars) });

/** What opens the fields of a description; travels beside the statement. */
export const DescribedDetails = z.strictObject({ openings: z.partialRecord(z.enum(detailNames), opening(200)) });
export type DescribedDetails = z.infer<typeof DescribedDetails>;

/** Everything kept of a scope, as it is handed to a data protection officer: openings by the name they were committed under. */
export const KeptDetails = z.strictObject({
  v: z.literal(1),
  kind: z.literal('details'),
  scope: DetailScope,
  openings: z.record(z.string().max(32), opening(8192)),
});
export type KeptDetails = z.infer<typeof KeptDetails>;

/** The commitment of a field of a member; its name is bound to it. */
export function commitDetail(name: DetailName, opened: Opening): string {
  return commit(`detail/${name}`, opened);
}

/** Text of what is kept of a scope. */
export function keptText(scope: DetailScope, openings: KeptDetails['openings']): string {
  return canonicalText(KeptDetails.parse({ v: 1, kind: 'details', scope, openings }));
}

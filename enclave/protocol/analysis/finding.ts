/** What an analysis found, for machines and for people (docs/spec/analysis.md §1, §3). */
import { z } from 'zod';
import { Bilingual, Digest, Slug } from '../name.ts';

/** Codes of findings. A code keeps its meaning; a new meaning gets a new code. */
export const findingCodes = [
  'predicate-subset',
  'predicate-complement',
  'selection-undecided',
  'split-overlap',
  'coarser-total',
  'near-duplicate',
  'cells-hidden',
  'cells-unassessed',
  'clamp-dominates',
  'total-with-hidden-part',
  'several-cells',
  'price-over-cap',
  'plan-over-cap',
  'plan-price',
] as const;
/** One of {@link findingCodes}. */
export type FindingCode = (typeof findingCodes)[number];

/** `refuse`: must not be approved so. `warn`: an approver has to accept it knowingly. `note`: worth knowing. */
export const severities = ['refuse', 'warn', 'note'] as const;
/** One of {@link severities}. */
export type Severity = (typeof severities)[number];

/** One finding. `with` names the other questions it is about; `values` the numbers and names of its texts. */
export const Finding = z.strictObject({
  code: z.enum(findingCodes),
  severity: z.enum(severities),
  /** Field of the analysed question. */
  field: z.string(),
  with: z.array(z.strictObject({ id: Slug, digest: Digest })),
  values: z.record(z.string(), z.union([z.string(), z.int()])),
  text: Bilingual,
});
export type Finding = z.infer<typeof Finding>;

/** The analysis of one question against others. Equal policies and assumptions give equal bytes. */
export const Analysis = z.strictObject({
  v: z.literal('reinraum-analysis/1'),
  question: z.strictObject({ id: Slug, digest: Digest }),
  /** Digests of the questions it was compared with, sorted. */
  against: z.array(Digest),
  /** Rows assumed of each dataset; what is not named was not assessed. */
  rows: z.record(Slug, z.int().positive()),
  /** A clamp is at most this per cent of the expected sum of a cell, … */
  clampPercent: z.int().positive(),
  /** … in which a unit is expected to have this per cent of the clamp. */
  meanPercent: z.int().positive(),
  findings: z.array(Finding),
});
export type Analysis = z.infer<typeof Analysis>;

/** The gravest severity of findings; undefined where there are none. */
export function gravest(findings: readonly Pick<Finding, 'severity'>[]): Severity | undefined {
  return severities.find((severity) => findings.some((finding) => finding.severity === severity));
}

/** Findings by severity, then code, then field and partner: one order for equal content. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const key = ({ severity, code, field, with: others }: Finding) =>
    `${severities.indexOf(severity)} ${String(findingCodes.indexOf(code)).padStart(2, '0')} ${field} ${others.map(({ id, digest }) => `${id} ${digest}`).join()}`;
  return [...findings].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

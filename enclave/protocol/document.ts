/**
 * Documents the enclave signs – claims, upload offers, releases – in the same DSSE envelope as statements, each with a
 * payload type of its own so that none can stand in for another (docs/spec/statement.md §5).
 */
import { z } from 'zod';
import { fromBase64, toBase64 } from './bytes.ts';
import { canonicalBytes, type Json, parseCanonical } from './canonical.ts';
import { Noise } from './mechanism.ts';
import { Bytes32, Digest, Instant, Signature64, Slug } from './name.ts';
import { measureFunctions } from './query.ts';
import { type SigningKey, sign, verify } from './signature.ts';
import { preAuthentication } from './statement.ts';

/** Where evidence comes from. `software` means: the operator of the machine can decrypt. */
export const Evidence = z.strictObject({ kind: z.literal('software') });

/** What the enclave says about itself at start. `assurance` is degraded as soon as one wall is missing. */
export const Claims = z.strictObject({
  v: z.literal(1),
  kind: z.literal('claims'),
  measurement: Digest,
  signingKey: Bytes32,
  evidence: Evidence,
  assurance: z.enum(['software', 'degraded']),
  walls: z.array(z.strictObject({ name: z.string().regex(/^[a-z0-9-]{1,40}$/), held: z.boolean() })).max(32),
  startedAt: Instant,
});
export type Claims = z.infer<typeof Claims>;

/** The upload key of one dataset version. Its secret is destroyed at withdrawal. */
export const Offer = z.strictObject({
  v: z.literal(1),
  kind: z.literal('offer'),
  room: Digest,
  dataset: Slug,
  version: z.int().min(1),
  declaration: Digest,
  uploadKey: Bytes32,
  claims: Digest,
  /** Length of the padded plaintext, from schema and declared capacity. */
  plaintextBytes: z.int().min(1),
});
export type Offer = z.infer<typeof Offer>;

/** A released number with its range: the truth lies within `low`…`high` with 95 %. In units of 10^−decimals. */
export const Estimate = z.strictObject({
  value: z.int(),
  low: z.int(),
  high: z.int(),
  /** Of rates, shares and means: the noised number of units they are of. */
  units: z.int().optional(),
});
export type Estimate = z.infer<typeof Estimate>;

/** `null` is hidden, whatever the reason; a measure with labels has one estimate a label. */
const CellValue = z.union([Estimate.nullable(), z.array(Estimate.nullable()).min(1)]);

/** A cell of a released table: its key, and one value a measure, in the order of the measures. */
export const Cell = z.strictObject({
  key: z.array(z.string().min(1).max(64)).min(1).max(6),
  values: z.array(CellValue).min(1).max(8),
});
export type Cell = z.infer<typeof Cell>;

/** The estimates of one measure in a cell: one, or one a label; null where hidden. */
export function estimatesOf({ values }: Cell, measure: number): readonly (Estimate | null)[] {
  const value = values[measure] ?? null;
  return Array.isArray(value) ? value : [value];
}

/** How a measure was made: what its numbers count, and the noise and the cut they went through. */
export const ReleasedMeasure = z.strictObject({
  as: Slug,
  fn: z.enum(measureFunctions),
  /** What one counts: "year", "cent"; null for counts and shares. */
  unit: z.string().nullable(),
  /** Estimates are integers to be divided by 10^decimals. */
  decimals: z.int().min(0).max(6),
  /** Public classes of a histogram or of shares, in order. */
  labels: z.array(z.string()).nullable(),
  /** Noise of the released integers, or of those the estimate is made from. */
  noise: Noise,
  /** Smallest noised count of units that is shown. */
  cut: z.int(),
});
export type ReleasedMeasure = z.infer<typeof ReleasedMeasure>;

/** A level of a hierarchy above the finest cells: the same count, of fewer and larger cells. */
export const ReleasedLevel = z.strictObject({
  as: Slug,
  labels: z.array(z.string()).min(1),
  /** Position of the group of every label of the level below. */
  groupOf: z.array(z.int().min(0)).min(1),
  noise: Noise,
  cut: z.int(),
  /** Keys and values, as those of the finest cells. */
  cells: z.array(Cell),
});
export type ReleasedLevel = z.infer<typeof ReleasedLevel>;

/** An answer: noised, thresholded, with honest ranges. */
export const Release = z.strictObject({
  v: z.literal(2),
  kind: z.literal('release'),
  room: Digest,
  query: Digest,
  /** Index of the log entry that paid for it. */
  charged: z.int().min(0),
  at: Instant,
  datasets: z.array(z.strictObject({ dataset: Slug, version: z.int(), manifest: Digest })).min(1),
  parameters: z.record(Slug, z.union([z.string(), z.int()])),
  axes: z.array(z.strictObject({ as: Slug, labels: z.array(z.string()) })).min(1),
  measures: z.array(ReleasedMeasure).min(1).max(8),
  k: z.int(),
  /** Nominal coverage of the ranges. */
  confidence: z.literal('19/20'),
  compiler: z.string(),
  cells: z.array(Cell),
  /** Levels above the finest cells, finest first, and the axis they group. */
  hierarchy: z.strictObject({ axis: Slug, levels: z.array(ReleasedLevel).min(1) }).optional(),
});
export type Release = z.infer<typeof Release>;

const schemas = { claims: Claims, offer: Offer, release: Release };
/** What the enclave signs. */
export type DocumentKind = keyof typeof schemas;
/** The document of a kind. */
export type DocumentOf<Kind extends DocumentKind> = z.infer<(typeof schemas)[Kind]>;

/** DSSE envelope of a document. */
export const SignedDocument = z.strictObject({
  payloadType: z.string().max(100),
  payload: z.string(),
  signatures: z.array(z.strictObject({ sig: Signature64 })).length(1),
});
export type SignedDocument = z.infer<typeof SignedDocument>;

/** Signs a document in canonical form. */
export async function signDocument<Kind extends DocumentKind>(
  key: SigningKey,
  document: DocumentOf<Kind>,
): Promise<SignedDocument> {
  const payload = canonicalBytes(schemas[document.kind].parse(document) as Json);
  const payloadType = typeOf(document.kind);
  const signature = await sign(key, preAuthentication(payloadType, payload));
  return { payloadType, payload: toBase64(payload), signatures: [{ sig: toBase64(signature) }] };
}

/** Opens a document of the expected kind signed under `publicKey`. Throws `TypeError` saying which part is wrong. */
export async function openDocument<Kind extends DocumentKind>(
  kind: Kind,
  publicKey: Uint8Array,
  untrusted: unknown,
): Promise<DocumentOf<Kind>> {
  const envelope = SignedDocument.parse(untrusted);
  if (envelope.payloadType !== typeOf(kind)) throw new TypeError(`document: not of type ${kind}`);
  const payload = fromBase64(envelope.payload);
  const signature = fromBase64(envelope.signatures[0]?.sig ?? '');
  if (!(await verify(publicKey, preAuthentication(envelope.payloadType, payload), signature))) {
    throw new TypeError(`document: the ${kind} does not carry the enclave's signature`);
  }
  return schemas[kind].parse(parseCanonical(payload)) as DocumentOf<Kind>;
}

function typeOf(kind: DocumentKind): string {
  return `application/vnd.reinraum.${kind}+json`;
}

/**
 * Documents the enclave signs – claims, upload offers, releases – in the same DSSE envelope as statements, each with a
 * payload type of its own so that none can stand in for another (docs/spec/statement.md §5).
 */
import { z } from 'zod';
import { fromBase64, toBase64 } from './bytes.ts';
import { canonicalBytes, parseCanonical } from './canonical.ts';
import { Bytes32, Digest, Fraction, Instant, Signature64, Slug } from './name.ts';
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

/** A cell of a released table. `null` is hidden, whatever the reason; the others lie within `low`…`high` with 95 %. */
export const Cell = z.strictObject({
  key: z.array(z.string().min(1).max(64)).min(1).max(6),
  count: z.strictObject({ value: z.int(), low: z.int(), high: z.int() }).nullable(),
});
export type Cell = z.infer<typeof Cell>;

/** An answer: noised, thresholded, with honest ranges. */
export const Release = z.strictObject({
  v: z.literal(1),
  kind: z.literal('release'),
  room: Digest,
  query: Digest,
  /** Index of the log entry that paid for it. */
  charged: z.int().min(0),
  at: Instant,
  datasets: z.array(z.strictObject({ dataset: Slug, version: z.int(), manifest: Digest })).min(1),
  parameters: z.record(Slug, z.union([z.string(), z.int()])),
  axes: z.array(z.strictObject({ as: Slug, labels: z.array(z.string()) })).min(1),
  mechanism: z.strictObject({ kind: z.literal('discreteGaussian'), variance: Fraction }),
  k: z.int(),
  /** Smallest noised count that is shown. */
  cut: z.int(),
  /** Nominal coverage of the ranges. */
  confidence: z.literal('19/20'),
  compiler: z.string(),
  cells: z.array(Cell),
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
  const payload = canonicalBytes(schemas[document.kind].parse(document));
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

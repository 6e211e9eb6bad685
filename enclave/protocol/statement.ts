/** Statements: whoever acts signs (docs/spec/statement.md). DSSE envelopes over canonical JSON. */
import { z } from 'zod';
import { concat, fromBase64, toBase64, utf8 } from './bytes.ts';
import { canonicalBytes, parseCanonical } from './canonical.ts';
import { CommittedDetail, DetailScope, ErasureReason } from './detail.ts';
import { Bytes32, Day, Digest, Instant, MemberRef, Signature64, Slug, StatementId, UnitPath } from './name.ts';
import { Refusal } from './refusal.ts';
import { LogHold, Pruning } from './retention.ts';
import { Acknowledgement, Report, Review } from './review.ts';
import { type SigningKey, sign, verify } from './signature.ts';

/** DSSE payload type of a statement; no other document of the room carries it. */
export const payloadType = 'application/vnd.reinraum.statement+json';
/** Largest payload in bytes; its object must be cheap to keep and to verify. */
export const payloadBytesMax = 16_384;

/** A signed checkpoint the signer has verified, or null before there is one. */
const Seen = z.string().max(4096).nullable();

const common = {
  v: z.literal(1),
  /** Hash of the founding charter instance. */
  room: Digest,
  /** Hash of the charter in force. */
  charter: Digest,
  id: StatementId,
  issuedAt: Instant,
  expiresAt: Instant,
  actor: MemberRef,
  key: Bytes32,
  seen: Seen,
};

/** What a steward says of a version of a dataset. */
export const handover = {
  dataset: Slug,
  version: z.int().min(1).max(1_000_000),
  /** Manifest statement of the version before, null for the first. */
  predecessor: Digest.nullable(),
  schema: Digest,
  capacityRows: z.int().min(1).max(100_000_000),
  purpose: Slug,
  legalBasis: z.string().regex(/^[a-z0-9-]{1,64}$/),
  validUntil: Day,
};

/** Why a release is taken back. A closed list: the log holds no free text. */
export const RetractionReason = z.enum(['wrong-data', 'wrong-method', 'legal', 'other']);
export type RetractionReason = z.infer<typeof RetractionReason>;

const statement = <Type extends string, Body extends z.ZodRawShape>(type: Type, body: Body) =>
  z.strictObject({ ...common, type: z.literal(type), body: z.strictObject(body) });

/** Every act a member can sign. */
export const Statement = z.discriminatedUnion('type', [
  statement('charter.sign', {}),
  statement('dataset.declare', handover),
  statement('dataset.seal', {
    ...handover,
    /** Digest of the enclave's signed offer, which holds the upload key. */
    offer: Digest,
    /** Digest of the normalisation rules the steward kit applied. */
    normalisation: Digest,
    header: Digest,
    chunks: z.int().min(1).max(4_294_967_295),
    /** SHA-256 over all sealed chunks. */
    sealed: Digest,
  }),
  statement('dataset.withdraw', { dataset: Slug, version: z.int().min(1).max(1_000_000) }),
  statement('query.propose', { query: Digest }),
  statement('query.approve', { query: Digest }),
  statement('query.revoke', { query: Digest }),
  /** Ends a suspension. `failed` is the entry of the latest failure: whoever clears it has seen it. */
  statement('query.clear', { query: Digest, failed: z.int().min(0) }),
  statement('query.run', {
    query: Digest,
    /** Commitment named "parameters" over their canonical JSON. */
    parameters: Digest,
    purpose: Slug,
    recipient: UnitPath,
    /** X25519 key the result is sealed to: the actor's own of the charter. */
    reader: Bytes32,
  }),
  statement('release.retract', { charge: z.int().min(0), reason: RetractionReason }),
  /** New keys for a member: signed by each who approves, and under the new key itself as proof that it is held. */
  statement('member.recover', { member: MemberRef, signingKey: Bytes32, readingKey: Bytes32 }),
  /** What is said of a member, as commitments; what opens them travels beside. */
  statement('detail.describe', { member: MemberRef, fields: z.array(CommittedDetail).min(1).max(3) }),
  statement('detail.open', { scope: DetailScope }),
  statement('detail.hold', { scope: DetailScope, held: z.boolean() }),
  /** Signed by who asks for the erasure, and by the second person who approves it. */
  statement('detail.erase', { scope: DetailScope, reason: ErasureReason }),
  statement('session.open', { scope: z.literal('log') }),
  statement('review.complete', Review),
  statement('alert.acknowledge', Acknowledgement),
  statement('report.record', Report),
  statement('log.snapshot', {}),
  statement('log.hold', LogHold),
  /** Signed by an officer who asks for it, and by one of another party who approves it. */
  statement('log.prune', Pruning),
]);
export type Statement = z.infer<typeof Statement>;
/** What a statement does. */
export type StatementType = Statement['type'];
/** The statement of a type. */
export type StatementOf<Type extends StatementType> = Extract<Statement, { type: Type }>;

/** A DSSE envelope with exactly one signature. DSSE's optional key id is ignored, as it is unauthenticated. */
export const Envelope = z.strictObject({
  payloadType: z.literal(payloadType),
  payload: z.string().max(Math.ceil(payloadBytesMax / 3) * 4),
  signatures: z.array(z.strictObject({ keyid: z.string().max(200).optional(), sig: Signature64 })).length(1),
});
export type Envelope = z.infer<typeof Envelope>;

/** A statement with the bytes it was signed as; only {@link openEnvelope} makes one. */
export interface SignedStatement {
  readonly statement: Statement;
  readonly payload: Uint8Array;
  readonly signature: string;
}

/** DSSE v1 pre-authentication encoding of a payload: what is really signed. */
export function preAuthentication(type: string, payload: Uint8Array): Uint8Array {
  return concat(utf8(`DSSEv1 ${utf8(type).length} ${type} ${payload.length} `), payload);
}

/** Signs a statement; its canonical bytes become the payload. */
export async function signStatement(key: SigningKey, statement: Statement): Promise<Envelope> {
  const payload = canonicalBytes(Statement.parse(statement));
  const signature = await sign(key, preAuthentication(payloadType, payload));
  return { payloadType, payload: toBase64(payload), signatures: [{ sig: toBase64(signature) }] };
}

/**
 * Opens an untrusted envelope: form, canonical bytes, schema, signature under the key the statement itself names.
 * Whether that key is a member's is for the caller. Throws {@link Refusal}.
 */
export async function openEnvelope(untrusted: unknown): Promise<SignedStatement> {
  const envelope = Envelope.safeParse(untrusted);
  if (!envelope.success) throw new Refusal('envelope-malformed', fieldOf(envelope.error));
  let payload: Uint8Array;
  try {
    payload = fromBase64(envelope.data.payload);
  } catch {
    throw new Refusal('envelope-malformed', 'payload');
  }
  if (payload.length > payloadBytesMax) throw new Refusal('envelope-malformed', 'payload');
  const signature = envelope.data.signatures[0]?.sig ?? '';
  return { statement: await verifyPayload(payload, signature), payload, signature };
}

/** The statement of payload bytes that are canonical and signed. Throws {@link Refusal}. */
export async function verifyPayload(payload: Uint8Array, signature: string): Promise<Statement> {
  const statement = parseStatement(payload);
  if (!(await verify(fromBase64(statement.key), preAuthentication(payloadType, payload), fromBase64(signature)))) {
    throw new Refusal('signature-invalid', 'signatures.0.sig');
  }
  return statement;
}

/** The statement of canonical payload bytes; the signature is not looked at. Throws {@link Refusal}. */
export function parseStatement(payload: Uint8Array): Statement {
  let value: unknown;
  try {
    value = parseCanonical(payload);
  } catch {
    throw new Refusal('statement-not-canonical', 'payload');
  }
  const statement = Statement.safeParse(value);
  if (!statement.success) throw new Refusal('statement-malformed', fieldOf(statement.error));
  return statement.data;
}

/** Path of the first field a schema refused, such as "groupBy.1.edges"; never what stands there. */
export function fieldOf(error: z.ZodError): string {
  const path = error.issues[0]?.path.map(String).join('.') ?? '';
  return /^[A-Za-z0-9._-]{1,200}$/.test(path) ? path : 'document';
}

/**
 * The one door of the enclave: frames over an inherited socket pair (docs/spec/statement.md §6).
 *
 *     frame = uint32be length of head ‖ uint32be length of body ‖ head (UTF-8 JSON) ‖ body (bytes)
 *
 * The host is untrusted: every request is parsed defensively, every answer carries the number of its request.
 */
import { z } from 'zod';
import { concat, utf8 } from './bytes.ts';
import { Charter, Member, Witness } from './charter.ts';
import { SignedDocument } from './document.ts';
import { withLoss } from './loss.ts';
import { Bilingual, Bytes32, Digest, Instant, Slug } from './name.ts';
import { Constant } from './query.ts';
import { RetractionReason } from './statement.ts';

/** Largest head of a frame in bytes. */
export const headBytesMax = 4 * 1024 * 1024;
/** Largest body of a frame in bytes. */
export const bodyBytesMax = 64 * 1024 * 1024;

const id = z.int().min(0);

/** What opens a commitment in a statement of the same message. */
export const OpeningSchema = z.strictObject({ salt: Bytes32, value: z.string().max(8192) });

/** A statement on its way in, with what travels beside the signed bytes: a query object, a proof or an opening. */
export const Submission = z.strictObject({
  envelope: z.unknown(),
  object: z.unknown().optional(),
  opening: OpeningSchema.optional(),
});
export type Submission = z.infer<typeof Submission>;

/** Everything a room needs to exist: the charter instance, its schemas, the founders' signatures. */
export const Founding = z.strictObject({
  charter: z.unknown(),
  schemas: z.array(z.unknown()).max(64),
  statements: z.array(z.unknown()).max(64),
});
export type Founding = z.infer<typeof Founding>;

/** Which run is to be previewed, and for cells of which size; null assumes the declared capacity spread evenly. */
export const PreviewRequest = z.strictObject({
  query: Digest,
  parameters: z.record(Slug, Constant),
  unitsPerCell: z.int().min(1).max(1_000_000_000).nullable(),
});
export type PreviewRequest = z.infer<typeof PreviewRequest>;

/** What the host may ask. `unlock` comes first and once, with the key from the operator's secret store. */
export const DoorRequest = z.discriminatedUnion('method', [
  z.strictObject({ id, method: z.literal('unlock'), key: Bytes32 }),
  z.strictObject({ id, method: z.literal('status') }),
  z.strictObject({ id, method: z.literal('found'), founding: Founding }),
  z.strictObject({ id, method: z.literal('submit'), submission: Submission }),
  z.strictObject({ id, method: z.literal('read'), path: z.string().max(200), session: z.string().max(100).nullable() }),
  z.strictObject({ id, method: z.literal('catalogue'), session: z.string().max(100) }),
  z.strictObject({ id, method: z.literal('preview'), session: z.string().max(100), preview: PreviewRequest }),
  /** A checkpoint that is to be witnessed, once there is one. */
  z.strictObject({ id, method: z.literal('unwitnessed') }),
  z.strictObject({ id, method: z.literal('consistency'), from: z.int().min(0), to: z.int().min(0) }),
  /** Signature lines of witnesses under a checkpoint that was handed out. */
  z.strictObject({ id, method: z.literal('cosigned'), size: z.int().min(1), lines: z.string().max(8192) }),
]);
export type DoorRequest = z.infer<typeof DoorRequest>;

/** What is to be witnessed, by whom and by how many; null in a room without witnesses. */
export const Unwitnessed = z
  .strictObject({ size: z.int(), checkpoint: z.string(), witnesses: z.array(Witness), quorum: z.int() })
  .nullable();
export type Unwitnessed = z.infer<typeof Unwitnessed>;

/** Answers: a value, a refusal, or the one constant failure. */
export const DoorResponse = z.union([
  z.strictObject({ id, ok: z.literal(true), value: z.unknown() }),
  z.strictObject({
    id,
    ok: z.literal(false),
    refusal: z.strictObject({ code: z.string().max(64), field: z.string().max(200).optional() }),
  }),
  z.strictObject({ id, ok: z.literal(false), failed: z.literal(true) }),
]);
export type DoorResponse = z.infer<typeof DoorResponse>;

/** What everyone may know of a room. */
export const Status = z.strictObject({
  founded: z.boolean(),
  stopped: z.boolean(),
  room: Digest.nullable(),
  id: z.string().nullable(),
  title: Bilingual.nullable(),
  notice: Bilingual.nullable(),
  assurance: z.enum(['software', 'degraded']),
  claims: SignedDocument,
  witnesses: z.int(),
  /** Newest entries no quorum of the witnesses has cosigned yet; null without witnesses. */
  unwitnessed: z.int().nullable(),
  checkpoint: z.string().nullable(),
});
export type Status = z.infer<typeof Status>;

/** What a member gets for an accepted statement. The body of the frame is a sealed result or report, where there is one. */
export const Accepted = z.strictObject({
  index: z.int(),
  /** Canonical text of the log entry. */
  entry: z.string(),
  /** `.tlog-proof` receipt of the entry. */
  proof: z.string(),
  offer: SignedDocument.optional(),
  session: z.strictObject({ token: z.string(), until: Instant }).optional(),
});
export type Accepted = z.infer<typeof Accepted>;

/** What members see: charter and members, datasets, queries with their approvals, retractions, balances in ρ, δ and ε. */
export const Catalogue = z.strictObject({
  charter: Charter,
  size: z.int(),
  datasets: z.array(
    z.strictObject({ dataset: z.string(), version: z.int(), state: z.string(), manifest: Digest.nullable() }),
  ),
  queries: z.array(
    z.strictObject({
      digest: Digest,
      query: z.unknown(),
      revoked: z.boolean(),
      /** Index of the latest `query.failed` that no data protection officer has cleared, or null. */
      suspended: z.int().nullable(),
      missing: z.array(z.string()),
      charges: z.array(withLoss({ population: z.string(), delta: z.string() })),
      releases: z.int(),
    }),
  ),
  tables: z.array(
    z.strictObject({ digest: Digest, table: z.unknown(), revoked: z.boolean(), missing: z.array(z.string()) }),
  ),
  /** Releases taken back, for whoever received them. */
  retractions: z.array(
    z.strictObject({
      /** Index of the entry that released it. */
      release: z.int(),
      charge: z.int(),
      query: Digest,
      recipient: z.string(),
      reason: RetractionReason,
      at: Instant,
    }),
  ),
  /** Members with the keys they have now; the charter has those they began with. */
  members: z.array(Member),
  /** Approvals of new keys that wait for others. */
  recoveries: z.array(
    z.strictObject({
      member: z.string(),
      signingKey: Bytes32,
      readingKey: Bytes32,
      approver: z.string(),
      expiresAt: Instant,
    }),
  ),
  balances: z.array(
    z.strictObject({
      population: z.string(),
      /** Σρ of a zCDP room, Σε of a pure one, exactly. */
      loss: z.strictObject({ cap: z.string(), spent: z.string() }),
      delta: z.strictObject({ cap: z.string(), spent: z.string() }),
      /** ε at the charter's δ for conversion, for display: rounded up. */
      epsilon: z.strictObject({ cap: z.number(), spent: z.number() }),
      /** Of a population with allotments: "person party/city", and so on. */
      allotments: z
        .array(
          z.strictObject({
            account: z.string(),
            loss: z.strictObject({ cap: z.string(), spent: z.string() }),
            delta: z.strictObject({ cap: z.string(), spent: z.string() }),
            epsilon: z.strictObject({ cap: z.number(), spent: z.number() }),
          }),
        )
        .optional(),
    }),
  ),
});
export type Catalogue = z.infer<typeof Catalogue>;

/** Frame of a head and a body. */
export function encodeFrame(head: unknown, body: Uint8Array = new Uint8Array()): Uint8Array {
  const text = utf8(JSON.stringify(head));
  if (text.length > headBytesMax || body.length > bodyBytesMax) throw new RangeError('wire: frame too large');
  const lengths = new Uint8Array(8);
  const view = new DataView(lengths.buffer);
  view.setUint32(0, text.length);
  view.setUint32(4, body.length);
  return concat(lengths, text, body);
}

/**
 * Cuts a byte stream into frames, in time linear in its bytes however they are cut into pieces. Throws `RangeError` on a
 * length beyond the limits, `TypeError` on a head that is not JSON.
 */
export class FrameReader {
  /** What no frame was made of yet: at most one incomplete frame, after a push. */
  #pieces: Uint8Array[] = [];
  #held = 0;

  /** Adds bytes and returns the frames they complete; each is a copy of its own. */
  push(piece: Uint8Array): { head: unknown; body: Uint8Array }[] {
    this.#pieces.push(piece);
    this.#held += piece.length;
    const frames: { head: unknown; body: Uint8Array }[] = [];
    for (;;) {
      const frame = this.#next();
      if (!frame) return frames;
      frames.push(frame);
    }
  }

  #next(): { head: unknown; body: Uint8Array } | undefined {
    if (this.#held < 8) return undefined;
    const lengths = new DataView(this.#first(8).buffer);
    const head = lengths.getUint32(0);
    const body = lengths.getUint32(4);
    if (head > headBytesMax || body > bodyBytesMax) throw new RangeError('wire: frame too large');
    const end = 8 + head + body;
    if (this.#held < end) return undefined;
    const frame = this.#first(end);
    this.#drop(end);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(8, 8 + head));
    return { head: parse(text), body: frame.subarray(8 + head) };
  }

  /** A copy of the first `length` bytes held. */
  #first(length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length);
    let at = 0;
    for (const piece of this.#pieces) {
      out.set(piece.subarray(0, length - at), at);
      at += piece.length;
      if (at >= length) break;
    }
    return out;
  }

  #drop(length: number): void {
    let left = length;
    let whole = 0;
    for (const piece of this.#pieces) {
      if (piece.length > left) break;
      left -= piece.length;
      whole += 1;
    }
    // At most the piece just pushed is left: everything before it belonged to the frame.
    const rest = this.#pieces.slice(whole);
    if (rest[0]) rest[0] = rest[0].subarray(left);
    this.#pieces = rest;
    this.#held -= length;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError('wire: the head is not JSON');
  }
}

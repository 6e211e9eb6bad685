/** Spellings shared by every wire object. All are zod schemas; a value that passes has exactly one spelling. */
import { z } from 'zod';
import { fromBase64 } from './bytes.ts';
import { parseRational, rationalPattern } from './rational.ts';

/** A short lower-case identifier chosen by people: rooms, parties, datasets, columns, purposes. */
export const Slug = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'use lower-case letters, digits, "-" and "_", at most 63');

/** An organisational unit of a party, written `party/unit`. It owns datasets and receives results. */
export const UnitPath = z.string().regex(/^[a-z][a-z0-9_-]{0,62}\/[a-z][a-z0-9_-]{0,62}$/, 'write party/unit');

/** SHA-256 in lower-case hexadecimal. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'needs 64 lower-case hexadecimal digits');

/** A random reference to a member; the name behind it is never part of a room. */
export const MemberRef = z.string().regex(/^m-[0-9a-f]{16}$/, 'needs "m-" and 16 hexadecimal digits');

/** UUIDv7 (RFC 9562 §5.7), the identifier of a statement. */
export const StatementId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'needs a UUIDv7');

/** A moment in UTC to the second (RFC 3339). */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'write YYYY-MM-DDTHH:MM:SSZ')
  .refine((text) => formatInstant(Date.parse(text)) === text, 'is not a moment of the calendar');

/** A day of the calendar (ISO 8601). */
export const Day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'write YYYY-MM-DD')
  .refine((text) => formatInstant(Date.parse(`${text}T00:00:00Z`)).startsWith(text), 'is not a day of the calendar');

/** Base64 of 32 bytes: an Ed25519 or X25519 public key, or a salt. */
export const Bytes32 = z.string().refine((text) => decodes(text, 32), 'needs 32 bytes in base64');

/** Base64 of 64 bytes: an Ed25519 signature. */
export const Signature64 = z.string().refine((text) => decodes(text, 64), 'needs 64 bytes in base64');

/** An exact non-negative fraction "p/q" in lowest terms. */
export const Fraction = z
  .string()
  .regex(rationalPattern, 'write an integer or "p/q"')
  .refine((text) => {
    try {
      return parseRational(text) !== undefined;
    } catch {
      return false;
    }
  }, 'is not in lowest terms');

/** A text people read, German first. */
export const Bilingual = z.strictObject({ de: z.string().min(1).max(1000), en: z.string().min(1).max(1000) });
export type Bilingual = z.infer<typeof Bilingual>;

/** One code of a code list: what stands in the data, and what people read. Codes need no quoting in CSV. */
export const Code = z.strictObject({
  code: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$/, 'use letters, digits and . _ + -, at most 32'),
  de: z.string().min(1).max(200),
  en: z.string().min(1).max(200),
});

/** `YYYY-MM-DDTHH:MM:SSZ` of milliseconds since 1970; empty where that is not a moment. */
export function formatInstant(ms: number): string {
  return Number.isFinite(ms) ? `${new Date(ms).toISOString().slice(0, 19)}Z` : '';
}

function decodes(text: string, length: number): boolean {
  try {
    return fromBase64(text).length === length;
  } catch {
    return false;
  }
}

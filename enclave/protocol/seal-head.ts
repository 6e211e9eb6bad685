/**
 * Head of a sealed file (docs/spec/seal.md §2), everything before the first chunk:
 *
 *     "reinraum/seal/v1\n" | header length (uint32be) | header (RFC 8785) | ephemeral public key (32) | nonce (24)
 *     | boxed content key (48) | key commitment (32)
 *
 * The header hash is SHA-256 over all of it but the commitment, so the wrapped key is bound like the header is.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, utf8 } from './bytes.ts';
import { canonicalBytes, type Json, parseCanonical } from './canonical.ts';

/** The longest header, in bytes of its canonical form. */
export const sealHeaderBytesMax = 65_536;

/** Bytes of the wrapped content key: ephemeral X25519 public key, nonce and `nacl.box` of the 32-byte key. */
export const wrappedKeyBytes = 32 + 24 + 48;

const magic = utf8('reinraum/seal/v1\n');
const prefixBytes = magic.length + 4;
const commitmentBytes = 32;

/** The longest head of a sealed file, in bytes. */
export const sealHeadBytesMax = prefixBytes + sealHeaderBytesMax + wrappedKeyBytes + commitmentBytes;

/**
 * Why a sealed file could not be made or opened. Opening: `magic` (not this format or version), `header` (too long, not
 * a canonical JSON object), `wrap` (not for this recipient, or altered), `commitment` (head altered or ambiguous key),
 * `chunk` (altered, moved, foreign, cut inside or of a wrong length), `truncated` (ends too early), `trailing` (goes
 * on after its last chunk). Sealing: `header`, `recipient` (unusable public key), `secrets` (spent already, or drawn
 * from a source that does not draw). Both: `limit` (more than 2^32 − 1 chunks).
 */
export type SealErrorCode =
  | 'magic'
  | 'header'
  | 'wrap'
  | 'commitment'
  | 'chunk'
  | 'truncated'
  | 'trailing'
  | 'recipient'
  | 'secrets'
  | 'limit';

/** A failure of this format: its code and, where one is to blame, the number of the chunk from 0. Never any content. */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: SealErrorCode;
  readonly chunk: number | undefined;

  constructor(code: SealErrorCode, chunk?: number) {
    super(chunk === undefined ? `seal: ${code}` : `seal: ${code} (chunk ${chunk})`);
    this.code = code;
    this.chunk = chunk;
  }
}

/** A head as read, before anything of it is authenticated: whoever can write a file can write any head. */
export interface SealedHead {
  readonly header: { readonly [key: string]: Json };
  /** SHA-256 of the head without its commitment, 32 bytes: the name of this file that a manifest signs. */
  readonly headerHash: Uint8Array;
  /** Bytes of the head: where the first chunk begins. */
  readonly headLength: number;
  /** Ephemeral public key (32), nonce (24), boxed content key (48). */
  readonly wrappedKey: Uint8Array;
  readonly commitment: Uint8Array;
}

/** The head without its commitment, with its hash. Throws `SealError` `header` on what {@link readHead} would refuse. */
export function encodeHead(header: Json, wrappedKey: Uint8Array): { uncommitted: Uint8Array; headerHash: Uint8Array } {
  const bytes = headerBytes(header);
  const prefix = new Uint8Array(prefixBytes);
  prefix.set(magic);
  new DataView(prefix.buffer).setUint32(magic.length, bytes.length);
  const uncommitted = concat(prefix, bytes, wrappedKey);
  return { uncommitted, headerHash: sha256(uncommitted) };
}

/**
 * Reads the head from the first bytes of a sealed file without any key; `undefined` means that more bytes are needed,
 * at most {@link sealHeadBytesMax}. Throws `SealError` `magic` or `header` as soon as the bytes cannot become a head.
 */
export function readHead(bytes: Uint8Array): SealedHead | undefined {
  const headLength = headLengthOf(bytes);
  if (headLength === undefined || bytes.length < headLength) return undefined;
  const commitmentAt = headLength - commitmentBytes;
  const wrapAt = commitmentAt - wrappedKeyBytes;
  return {
    header: parseHeader(bytes.subarray(prefixBytes, wrapAt)),
    headerHash: sha256(bytes.subarray(0, commitmentAt)),
    headLength,
    wrappedKey: bytes.slice(wrapAt, commitmentAt),
    commitment: bytes.slice(commitmentAt, headLength),
  };
}

/**
 * Cuts a sealed file that comes in arbitrary pieces behind its head: yields exactly the bytes {@link readHead} reads, then
 * the rest as it comes; yields nothing if the head is not whole. Holds at most one head. Throws as {@link readHead} does.
 */
export async function* headThenRest(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const held = new Uint8Array(sealHeadBytesMax);
  let filled = 0;
  let whole = false;
  for await (const piece of pieces) {
    let at = 0;
    while (!whole && at < piece.length) {
      const wanted = headLengthOf(held.subarray(0, filled)) ?? prefixBytes;
      const taken = piece.subarray(at, at + wanted - filled);
      held.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      // Asked again after each step: a wrong magic or length is refused before more is taken in.
      whole = filled === headLengthOf(held.subarray(0, filled));
      if (whole) yield held.slice(0, filled);
    }
    if (at < piece.length) yield piece.subarray(at);
  }
}

function headLengthOf(bytes: Uint8Array): number | undefined {
  if (magic.subarray(0, bytes.length).some((byte, at) => byte !== bytes[at])) throw new SealError('magic');
  if (bytes.length < prefixBytes) return undefined;
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length);
  if (headerLength > sealHeaderBytesMax) throw new SealError('header');
  return prefixBytes + headerLength + wrappedKeyBytes + commitmentBytes;
}

function headerBytes(header: Json): Uint8Array {
  if (!isObject(header)) throw new SealError('header');
  let bytes: Uint8Array;
  try {
    bytes = canonicalBytes(header);
  } catch {
    throw new SealError('header');
  }
  if (bytes.length > sealHeaderBytesMax) throw new SealError('header');
  return bytes;
}

function parseHeader(bytes: Uint8Array): { readonly [key: string]: Json } {
  let header: Json;
  try {
    header = parseCanonical(bytes);
  } catch {
    // Also what deep nesting does to the stack; the cause would quote the header.
    throw new SealError('header');
  }
  if (!isObject(header)) throw new SealError('header');
  return header;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

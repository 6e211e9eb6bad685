/**
 * Sealed files: a stream of bytes for one X25519 recipient, in bounded memory and at the speed of WebCrypto
 * (docs/spec/seal.md). Sealing hides and binds; it does not say who sealed. That is what a signature over
 * {@link SealedSummary} says.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import nacl from 'tweetnacl';
import { concat } from './bytes.ts';
import type { Json } from './canonical.ts';
import { chunkBytes, cut, fileKeys, inOrder, openChunk, type Pieces, sealChunk, tagBytes } from './seal-chunk.ts';
import { encodeHead, headThenRest, readHead, SealError, type SealedHead } from './seal-head.ts';

/** A running SHA-256, such as `createHash('sha256')` of Node or `sha256.create()` of @noble/hashes; used once. */
export interface Sha256Stream {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** What a manifest signs about a sealed file; no two files that open for a recipient share it. */
export interface SealedSummary {
  /** SHA-256 of the head without its commitment, 32 bytes. */
  readonly headerHash: Uint8Array;
  readonly chunks: number;
  /** SHA-256 of all sealed chunks one after another (ciphertext and tags, without the head), 32 bytes. */
  readonly sealedDigest: Uint8Array;
}

declare const unspent: unique symbol;

/** The randomness of one sealed file. Opaque, and spent by the first file sealed with it. */
export interface SealSecrets {
  readonly [unspent]: true;
}

interface Drawn {
  readonly contentKey: Uint8Array;
  readonly ephemeralSecretKey: Uint8Array;
  readonly nonce: Uint8Array;
}

const drawnFor = new WeakMap<SealSecrets, Drawn>();

/**
 * Draws the secrets of one file: `fill` must overwrite every byte it is handed from a cryptographic source. It is called
 * for the content key (32), the ephemeral secret key (32) and the nonce (24), in this order. Throws `SealError` `secrets`
 * if it left both keys the same, as a source that fills nothing does.
 */
export function newSealSecrets(fill: (bytes: Uint8Array) => void): SealSecrets {
  const draw = (bytes: number) => {
    const drawn = new Uint8Array(bytes);
    fill(drawn);
    return drawn;
  };
  const drawn = { contentKey: draw(32), ephemeralSecretKey: draw(32), nonce: draw(24) };
  if (nacl.verify(drawn.contentKey, drawn.ephemeralSecretKey)) throw new SealError('secrets');
  const secrets = Object.freeze({}) as SealSecrets;
  drawnFor.set(secrets, drawn);
  return secrets;
}

/** How to seal one file. */
export interface SealOptions {
  /** A JSON object of at most 64 KiB in canonical form. Bound to the content, and readable by anyone. */
  readonly header: Json;
  /** X25519 public key, 32 bytes. */
  readonly recipientPublicKey: Uint8Array;
  /** Fresh for this file: a second file under the same secrets would break GCM, and is refused. */
  readonly secrets: SealSecrets;
  /** Computes {@link SealedSummary.sealedDigest}; @noble/hashes by default, too slow for large files. */
  readonly hasher?: Sha256Stream;
}

/** How to open one file. */
export interface OpenOptions {
  /** X25519 secret key, 32 bytes. */
  readonly recipientSecretKey: Uint8Array;
  /**
   * Refuses by throwing (or rejecting), and what it throws is passed on. It is asked before any key is used; nothing is
   * authenticated then but that the file, if it opens, has this header and this hash.
   */
  readonly expect: (header: Json, headerHash: Uint8Array) => void | Promise<void>;
  /** As in {@link SealOptions.hasher}. */
  readonly hasher?: Sha256Stream;
}

/**
 * Seals a stream: yields the head, then the sealed chunks in order, and returns the summary. Takes from `plaintext` only
 * as fast as its reader reads. Throws `SealError` `header`, `recipient`, `secrets` or `limit`, and whatever `plaintext`
 * throws; what was yielded by then opens as truncated.
 */
export async function* sealStream(
  { header, recipientPublicKey, secrets, hasher = sha256.create() }: SealOptions,
  plaintext: Pieces,
): AsyncGenerator<Uint8Array, SealedSummary, undefined> {
  const drawn = spend(secrets);
  const { uncommitted, headerHash } = encodeHead(header, wrap(drawn, recipientPublicKey));
  const keys = await fileKeys(drawn.contentKey, headerHash);
  drawn.contentKey.fill(0);
  yield concat(uncommitted, keys.commitment);
  let chunks = 0;
  const sealed = inOrder(cut(plaintext, chunkBytes), (counter, chunk) => sealChunk(keys, counter, chunk));
  for await (const bytes of sealed) {
    hasher.update(bytes);
    chunks += 1;
    yield bytes;
  }
  return { headerHash, chunks, sealedDigest: Uint8Array.from(hasher.digest()) };
}

/**
 * Opens a sealed file that comes in pieces of any length: yields its plaintext chunk by chunk, each authentic at its
 * place, and returns the summary of what was read. **The plaintext is complete only once this returns**; until then it
 * is a prefix. Throws {@link SealError} with the first thing wrong, what `expect` throws, and what `sealedBytes` throws.
 */
export async function* openStream(
  { recipientSecretKey, expect, hasher = sha256.create() }: OpenOptions,
  sealedBytes: Pieces,
): AsyncGenerator<Uint8Array, SealedSummary, undefined> {
  const parts = headThenRest(sealedBytes);
  try {
    const first = await parts.next();
    const head = first.done ? undefined : readHead(first.value);
    if (!head) throw new SealError('truncated');
    await expect(head.header, head.headerHash.slice());
    const contentKey = unwrap(head.wrappedKey, recipientSecretKey);
    const keys = await fileKeys(contentKey, head.headerHash);
    contentKey.fill(0);
    if (!nacl.verify(keys.commitment, head.commitment)) throw new SealError('commitment');
    let chunks = 0;
    const opened = inOrder(cut(parts, chunkBytes + tagBytes), (counter, chunk) => {
      hasher.update(chunk.bytes);
      return openChunk(keys, counter, chunk);
    });
    for await (const bytes of opened) {
      chunks += 1;
      yield bytes;
    }
    return { headerHash: head.headerHash, chunks, sealedDigest: Uint8Array.from(hasher.digest()) };
  } finally {
    await parts.return();
  }
}

/** {@link sealStream} for a message that fits in memory. */
export async function sealBytes(options: SealOptions, plaintext: Uint8Array): Promise<Uint8Array> {
  return gather(sealStream(options, [plaintext]));
}

/** {@link openStream} for a message that fits in memory: the whole plaintext, or it throws. */
export async function openBytes(options: OpenOptions, sealed: Uint8Array): Promise<Uint8Array> {
  return gather(openStream(options, [sealed]));
}

async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const gathered: Uint8Array[] = [];
  for await (const piece of pieces) gathered.push(piece);
  return concat(...gathered);
}

function spend(secrets: SealSecrets): Drawn {
  const drawn = drawnFor.get(secrets);
  if (!drawn) throw new SealError('secrets');
  drawnFor.delete(secrets);
  return drawn;
}

function wrap({ contentKey, ephemeralSecretKey, nonce }: Drawn, recipientPublicKey: Uint8Array): Uint8Array {
  if (recipientPublicKey.length !== 32) throw new SealError('recipient');
  const boxKey = agree(recipientPublicKey, ephemeralSecretKey);
  if (!boxKey) throw new SealError('recipient');
  const wrapped = concat(nacl.scalarMult.base(ephemeralSecretKey), nonce, nacl.box.after(contentKey, nonce, boxKey));
  ephemeralSecretKey.fill(0);
  boxKey.fill(0);
  return wrapped;
}

function unwrap(wrappedKey: SealedHead['wrappedKey'], recipientSecretKey: Uint8Array): Uint8Array {
  const boxKey = agree(wrappedKey.subarray(0, 32), recipientSecretKey);
  if (!boxKey) throw new SealError('wrap');
  const contentKey = nacl.box.open.after(wrappedKey.subarray(56), wrappedKey.subarray(32, 56), boxKey);
  boxKey.fill(0);
  if (!contentKey) throw new SealError('wrap');
  return contentKey;
}

/** `nacl.box.before`, or nothing where the public key is of low order: then anyone could compute the result. */
function agree(publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array | undefined {
  const shared = nacl.scalarMult(secretKey, publicKey);
  const lowOrder = nacl.verify(shared, new Uint8Array(32));
  shared.fill(0);
  return lowOrder ? undefined : nacl.box.before(publicKey, secretKey);
}

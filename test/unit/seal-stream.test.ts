import { createHash, randomFillSync } from 'node:crypto';
import { concat, toHex, utf8 } from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import { newSealSecrets, openStream, type SealedSummary, sealBytes, sealStream } from '../../enclave/protocol/seal.ts';
import { chunkBytes, chunksInFlight, type Pieces } from '../../enclave/protocol/seal-chunk.ts';
import { SealError, sealHeadBytesMax } from '../../enclave/protocol/seal-head.ts';

const random = (bytes: number) => new Uint8Array(randomFillSync(Buffer.alloc(bytes)));
const fresh = () => newSealSecrets((bytes) => randomFillSync(bytes));
const recipient = nacl.box.keyPair.fromSecretKey(random(32));
const sealing = () => ({ header: { version: 1 }, recipientPublicKey: recipient.publicKey, secrets: fresh() });
const opening = { recipientSecretKey: recipient.secretKey, expect: () => {} };
const sealedChunkBytes = chunkBytes + 16;

/** Everything a stream yields, what it returned, and what it threw at the end. */
async function drain(stream: AsyncGenerator<Uint8Array, unknown>) {
  const parts: Uint8Array[] = [];
  try {
    let step = await stream.next();
    for (; !step.done; step = await stream.next()) parts.push(step.value);
    return { parts, bytes: concat(...parts), returned: step.value, error: undefined };
  } catch (error) {
    return { parts, bytes: concat(...parts), returned: undefined, error };
  }
}

/** Head and sealed chunks of a file of `chunks` full chunks. */
async function chunksOf(chunks: number) {
  const [head = new Uint8Array(), ...sealed] = (await drain(sealStream(sealing(), [random(chunks * chunkBytes)])))
    .parts;
  return { head, sealed };
}

describe('secrets', () => {
  test('are spent by one file', async () => {
    const options = sealing();
    await sealBytes(options, utf8('plz'));
    await expect(sealBytes(options, utf8('plz'))).rejects.toMatchObject({ code: 'secrets' });
  });

  test('are spent by a file that was begun', async () => {
    const options = sealing();
    const begun = sealStream(options, [utf8('plz')]);
    await begun.next();
    await begun.return(undefined as unknown as SealedSummary);
    await expect(sealBytes(options, utf8('other'))).rejects.toMatchObject({ code: 'secrets' });
  });

  test('show nothing, and two draws seal the same bytes differently', async () => {
    expect(Reflect.ownKeys(fresh())).toEqual([]);
    const [one, other] = [await sealBytes(sealing(), utf8('plz')), await sealBytes(sealing(), utf8('plz'))];
    expect(one).not.toEqual(other);
  });

  test('are overwritten once the file has its keys', async () => {
    const drawn: Uint8Array[] = [];
    const secrets = newSealSecrets((bytes) => drawn.push(randomFillSync(bytes)));
    const sealed = await sealBytes({ ...sealing(), secrets }, utf8('plz'));
    const [contentKey, ephemeralSecretKey] = drawn;
    expect([contentKey, ephemeralSecretKey]).toEqual([new Uint8Array(32), new Uint8Array(32)]);
    expect((await drain(openStream(opening, [sealed]))).bytes).toEqual(utf8('plz'));
  });

  test('are refused from a source that does not draw', () => {
    expect(() => newSealSecrets(() => {})).toThrow(new SealError('secrets'));
    expect(() => newSealSecrets((bytes) => bytes.fill(7))).toThrow(new SealError('secrets'));
  });
});

describe('streaming', () => {
  /** Bytes taken from the source but not yet handed to the reader, at their highest. */
  async function heldMax(
    stream: (source: Pieces) => AsyncGenerator<Uint8Array, unknown>,
    source: Iterable<Uint8Array>,
  ) {
    let [taken, given, max] = [0, 0, 0];
    const counted = function* () {
      for (const piece of source) {
        taken += piece.length;
        max = Math.max(max, taken - given);
        yield piece;
      }
    };
    for await (const bytes of stream(counted())) given += bytes.length;
    return max;
  }

  test('holds a bounded number of chunks however long the file is', async () => {
    const piece = random(chunkBytes);
    const plaintext = Array.from({ length: 200 }, () => piece);
    const file = (await drain(sealStream(sealing(), plaintext))).parts;
    const bound = (chunksInFlight + 2) * sealedChunkBytes + sealHeadBytesMax;
    expect(await heldMax((source) => sealStream(sealing(), source), plaintext)).toBeLessThan(bound);
    expect(await heldMax((source) => openStream(opening, source), file)).toBeLessThan(bound);
  });

  test('a source may reuse its buffer', async () => {
    const plaintext = random(5 * chunkBytes + 7);
    const buffer = new Uint8Array(10_000);
    const reused = function* (bytes: Uint8Array) {
      for (let at = 0; at < bytes.length; at += buffer.length) {
        const piece = bytes.subarray(at, at + buffer.length);
        buffer.fill(0xee);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
      }
    };
    const sealed = (await drain(sealStream(sealing(), reused(plaintext)))).bytes;
    expect((await drain(openStream(opening, reused(sealed)))).bytes).toEqual(plaintext);
  });

  test('an injected hasher gives the same digest, over the chunks alone', async () => {
    const plaintext = random(2 * chunkBytes + 1);
    const { parts, returned } = await drain(sealStream({ ...sealing(), hasher: createHash('sha256') }, [plaintext]));
    const summary = returned as SealedSummary;
    const digest = createHash('sha256')
      .update(concat(...parts.slice(1)))
      .digest('hex');
    expect([toHex(summary.sealedDigest), summary.chunks]).toEqual([digest, 3]);
    expect((await drain(openStream(opening, parts))).returned).toEqual(summary);
    const injected = openStream({ ...opening, hasher: createHash('sha256') }, parts);
    expect((await drain(injected)).returned).toEqual(summary);
  });

  test('a source that fails is reported, and what was sealed by then opens as truncated', async () => {
    const failure = new Error('disk');
    const source = function* () {
      yield random(20 * chunkBytes);
      throw failure;
    };
    const { bytes, error } = await drain(sealStream(sealing(), source()));
    expect(error).toBe(failure);
    expect((await drain(openStream(opening, [bytes]))).error).toMatchObject({ code: 'truncated' });
  });

  test('a reader that leaves closes the source, and no failure stays unhandled', async () => {
    const { head, sealed } = await chunksOf(4);
    let closed = false;
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const source = function* () {
      try {
        yield* [head, sealed[0], new Uint8Array(30 * sealedChunkBytes)].filter((piece) => piece !== undefined);
      } finally {
        closed = true;
      }
    };
    for await (const _ of openStream(opening, source())) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect([closed, unhandled]).toEqual([true, []]);
  });

  test('errors say code and chunk and nothing else', async () => {
    const { head, sealed } = await chunksOf(1);
    const { error } = await drain(
      openStream(opening, [head, ...sealed.map((chunk) => chunk.with(5, (chunk[5] ?? 0) ^ 1))]),
    );
    expect(error).toBeInstanceOf(SealError);
    expect(error).toMatchObject({ name: 'SealError', message: 'seal: chunk (chunk 0)', code: 'chunk', chunk: 0 });
    expect((error as Error).cause).toBeUndefined();
  });
});

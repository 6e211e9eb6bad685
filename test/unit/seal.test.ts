import { createHash, randomFillSync } from 'node:crypto';
import { concat, type Json, toHex, utf8 } from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import { newSealSecrets, openBytes, openStream, sealBytes, sealStream } from '../../enclave/protocol/seal.ts';
import { chunkBytes, chunkNonce, fileKeys, sealChunk } from '../../enclave/protocol/seal-chunk.ts';
import { encodeHead, readHead, SealError, sealHeadBytesMax } from '../../enclave/protocol/seal-head.ts';

const random = (bytes: number) => new Uint8Array(randomFillSync(Buffer.alloc(bytes)));
const fresh = () => newSealSecrets((bytes) => randomFillSync(bytes));
const recipient = nacl.box.keyPair.fromSecretKey(random(32));
const header = { dataset: 'buergeramt', version: 1 };
const sealing = () => ({ header, recipientPublicKey: recipient.publicKey, secrets: fresh() });
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

async function codeOf(sealed: Uint8Array): Promise<unknown> {
  const { error } = await drain(openStream(opening, [sealed]));
  return error instanceof SealError ? { code: error.code, chunk: error.chunk } : error;
}

/** The parts of a file of `chunks` full chunks, each with other content. */
async function parts(chunks: number): Promise<{ head: Uint8Array; sealed: Uint8Array[]; plaintext: Uint8Array }> {
  const plaintext = random(chunks * chunkBytes);
  const { parts } = await drain(sealStream(sealing(), [plaintext]));
  const [head = new Uint8Array(), ...sealed] = parts;
  expect(sealed.map(({ length }) => length)).toEqual(Array.from({ length: chunks }, () => sealedChunkBytes));
  return { head, sealed, plaintext };
}

/** A file as someone who holds the content key can write it: every part authentic, put together at will. */
async function forge(chunks: readonly { bytes: Uint8Array; last: boolean }[], committedKey?: Uint8Array) {
  const [contentKey, ephemeral, nonce] = [random(32), random(32), random(24)];
  const box = nacl.box(contentKey, nonce, recipient.publicKey, ephemeral);
  const { uncommitted, headerHash } = encodeHead(header, concat(nacl.scalarMult.base(ephemeral), nonce, box));
  const keys = await fileKeys(contentKey, headerHash);
  const { commitment } = committedKey ? await fileKeys(committedKey, headerHash) : keys;
  const sealed = await Promise.all(chunks.map((chunk, counter) => sealChunk(keys, counter, chunk)));
  return concat(uncommitted, commitment, ...sealed);
}

describe('order, number and end of the chunks', () => {
  test('a file of three chunks opens; cut at a chunk it is truncated, and the prefix was authentic', async () => {
    const { head, sealed, plaintext } = await parts(3);
    expect((await drain(openStream(opening, [head, ...sealed]))).bytes).toEqual(plaintext);
    for (const kept of [1, 2]) {
      const { bytes, error } = await drain(openStream(opening, [head, ...sealed.slice(0, kept)]));
      expect(error).toMatchObject({ code: 'truncated', chunk: kept - 1 });
      // The chunk the file now ends with is not yielded: at its place an end was expected.
      expect(bytes).toEqual(plaintext.subarray(0, (kept - 1) * chunkBytes));
    }
    expect(await codeOf(head)).toEqual({ code: 'truncated', chunk: 0 });
  });

  test('cut at every byte around head and chunks it fails', async () => {
    const { head, sealed } = await parts(2);
    const file = concat(head, ...sealed);
    const cuts = [
      ...Array(head.length + 40).keys(),
      ...[-17, -16, -15, -1, 0, 1, 15, 16, 17].map((by) => by + head.length + sealedChunkBytes),
    ];
    cuts.push(...[1, 2, 15, 16, 17].map((by) => file.length - by));
    for (const at of cuts) {
      const found = await codeOf(file.subarray(0, at));
      const code = at < head.length + 16 ? ['truncated'] : ['truncated', 'chunk'];
      expect(code, `cut at ${at}`).toContain((found as SealError).code);
    }
  });

  test.each([
    ['swapped', [1, 0, 2], { code: 'chunk', chunk: 0 }],
    ['swapped at the end', [0, 2, 1], { code: 'chunk', chunk: 1 }],
    ['one twice', [0, 1, 1, 2], { code: 'chunk', chunk: 2 }],
    ['the first twice', [0, 0, 1, 2], { code: 'chunk', chunk: 1 }],
    ['one missing', [0, 2], { code: 'chunk', chunk: 1 }],
    ['the last twice', [0, 1, 2, 2], { code: 'trailing', chunk: 2 }],
    ['more after the last', [0, 1, 2, 0], { code: 'trailing', chunk: 2 }],
  ])('chunks %s', async (_, order, fault) => {
    const { head, sealed } = await parts(3);
    expect(await codeOf(concat(head, ...order.map((at) => sealed[at] ?? new Uint8Array())))).toEqual(fault);
  });

  test('one byte after a full last chunk is trailing; after a short one the chunk no longer opens', async () => {
    const { head, sealed } = await parts(1);
    expect(await codeOf(concat(head, ...sealed, Uint8Array.of(0)))).toEqual({ code: 'trailing', chunk: 0 });
    const short = await sealBytes(sealing(), utf8('plz'));
    expect(await codeOf(concat(short, Uint8Array.of(0)))).toEqual({ code: 'chunk', chunk: 0 });
  });

  test('a chunk of another file with the same header does not fit', async () => {
    const [one, other] = [await parts(2), await parts(2)];
    const mixed = concat(one.head, ...one.sealed.slice(0, 1), ...other.sealed.slice(1));
    expect(await codeOf(mixed)).toEqual({ code: 'chunk', chunk: 1 });
    expect(await codeOf(concat(other.head, ...one.sealed))).toEqual({ code: 'chunk', chunk: 0 });
  });

  test('nothing opens at another counter or with the other flag, even for who holds the key', async () => {
    const full = random(chunkBytes);
    const empty = new Uint8Array();
    expect(await codeOf(await forge([{ bytes: full, last: true }]))).toBeUndefined();
    expect(await codeOf(await forge([{ bytes: empty, last: true }]))).toBeUndefined();
    const emptyLast = [
      { bytes: full, last: false },
      { bytes: empty, last: true },
    ];
    expect(await codeOf(await forge(emptyLast))).toEqual({ code: 'chunk', chunk: 1 });
    const twoEnds = [
      { bytes: full, last: true },
      { bytes: full, last: true },
    ];
    expect(await codeOf(await forge(twoEnds))).toEqual({ code: 'trailing', chunk: 0 });
    expect(await codeOf(await forge([{ bytes: full, last: false }]))).toEqual({ code: 'truncated', chunk: 0 });
    const shortFirst = [
      { bytes: full.subarray(1), last: false },
      { bytes: full, last: true },
    ];
    expect(await codeOf(await forge(shortFirst))).toEqual({ code: 'chunk', chunk: 0 });
  });

  test('the counter ends before it would wrap', () => {
    const base = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
    expect(toHex(chunkNonce(base, 0, false))).toBe('010203040506070000000000');
    expect(toHex(chunkNonce(base, 0x01020304, true))).toBe('010203040506070102030401');
    expect(toHex(chunkNonce(base, 2 ** 32 - 2, true))).toBe('01020304050607fffffffe01');
    expect(() => chunkNonce(base, 2 ** 32 - 1, true)).toThrow(new SealError('limit', 2 ** 32 - 1));
  });
});

describe('head, recipient and keys', () => {
  test('another recipient cannot open', async () => {
    const sealed = await sealBytes(sealing(), utf8('plz'));
    const recipientSecretKey = random(32);
    await expect(openBytes({ ...opening, recipientSecretKey }, sealed)).rejects.toMatchObject({ code: 'wrap' });
  });

  test('a commitment to another key is refused, the true one opens', async () => {
    const chunk = { bytes: utf8('plz'), last: true };
    expect(await codeOf(await forge([chunk]))).toBeUndefined();
    expect(await codeOf(await forge([chunk], random(32)))).toEqual({ code: 'commitment', chunk: undefined });
  });

  test.each([
    ['short', new Uint8Array(31).fill(9)],
    ['zero', new Uint8Array(32)],
    ['one', Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0))],
  ])('nothing is sealed to a public key that is %s', async (_, recipientPublicKey) => {
    const sealed = sealBytes({ ...sealing(), recipientPublicKey }, utf8('plz'));
    await expect(sealed).rejects.toMatchObject({ code: 'recipient' });
  });

  test('`expect` refuses before a key is used or a chunk is asked for, thrown or rejected', async () => {
    const sealed = await sealBytes(sealing(), random(3 * chunkBytes));
    const { headLength = 0 } = readHead(sealed) ?? {};
    const refusal = new Error('another room');
    const refuse = () => {
      throw refusal;
    };
    for (const expectation of [refuse, async () => refuse()]) {
      let closed = false;
      const pieces = function* () {
        try {
          yield sealed.subarray(0, headLength);
          expect.unreachable('asked for more than the head');
        } finally {
          closed = true;
        }
      };
      // With a secret key of a wrong length any use of it would throw something else.
      const options = { recipientSecretKey: new Uint8Array(1), expect: expectation };
      const { parts, error } = await drain(openStream(options, pieces()));
      expect([parts, error, closed]).toEqual([[], refusal, true]);
    }
  });

  test('the header is an object of at most 64 KiB', async () => {
    const text = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
    const sealed = await sealBytes({ ...sealing(), header: text(65_536) }, utf8('plz'));
    expect(readHead(sealed)?.headLength).toBe(sealHeadBytesMax);
    expect(await openBytes(opening, sealed)).toEqual(utf8('plz'));
    const refused: Json[] = [text(65_537), [], null, 'x', { a: 0.5 }, { a: '\ud800' }];
    for (const header of refused) {
      await expect(sealBytes({ ...sealing(), header }, utf8('plz'))).rejects.toMatchObject({ code: 'header' });
    }
  });

  test('a deeply nested header is a refusal, not a crash', () => {
    const bytes = utf8(`{"a":${'['.repeat(32_000)}${']'.repeat(32_000)}}`);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    const file = concat(utf8('reinraum/seal/v1\n'), length, bytes, new Uint8Array(136));
    expect(() => readHead(file)).toThrow(new SealError('header'));
  });

  test('readHead wants more bytes until the head is whole, and refuses as early as it can', async () => {
    const sealed = await sealBytes(sealing(), utf8('plz'));
    const head = readHead(sealed);
    const headLength = head?.headLength ?? 0;
    expect(headLength).toBe(17 + 4 + utf8(JSON.stringify(header)).length + 104 + 32);
    for (let at = 0; at < headLength; at++) expect(readHead(sealed.subarray(0, at))).toBeUndefined();
    expect(readHead(sealed.subarray(0, headLength))).toEqual(head);
    const inside = concat(utf8('before'), sealed).subarray('before'.length);
    expect(readHead(inside)).toEqual(head);
    expect(head?.header).toEqual(header);
    const hash = createHash('sha256')
      .update(sealed.subarray(0, headLength - 32))
      .digest('hex');
    expect(toHex(head?.headerHash ?? new Uint8Array())).toBe(hash);
    expect(() => readHead(utf8('s'))).toThrow(new SealError('magic'));
    expect(() => readHead(utf8('reinraum/seal/v2'))).toThrow(new SealError('magic'));
    const tooLong = concat(utf8('reinraum/seal/v1\n'), Uint8Array.of(0, 1, 0, 1));
    expect(() => readHead(tooLong)).toThrow(new SealError('header'));
  });
});

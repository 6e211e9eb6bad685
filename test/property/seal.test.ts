import { concat, type Json } from '@reinraum/protocol';
import * as fc from 'fast-check';
import nacl from 'tweetnacl';
import { beforeAll, describe, expect, test } from 'vitest';
import { padded, unpadded } from '../../enclave/protocol/padding.ts';
import { newSealSecrets, openStream, type SealedSummary, sealStream } from '../../enclave/protocol/seal.ts';
import { chunkBytes } from '../../enclave/protocol/seal-chunk.ts';
import { readHead, SealError } from '../../enclave/protocol/seal-head.ts';

const recipientSecretKey = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const recipientPublicKey = nacl.scalarMult.base(recipientSecretKey);
const sealedChunkBytes = chunkBytes + 16;

/** Secrets from a counter: every property run is the same run. */
let drawn = 0;
const secrets = () =>
  newSealSecrets((bytes) => {
    drawn += 1;
    bytes.forEach((_, at) => {
      bytes[at] = (drawn * 131 + at * 29) ^ (drawn >>> 8);
    });
  });

/** Bytes with no NUL, different at every place of a chunk and in every chunk. */
const content = (length: number) => Uint8Array.from({ length }, (_, at) => (at % 251) + 1);

const sizes = fc.oneof(
  fc
    .constantFrom(0, 1, 2)
    .chain((chunks) => fc.integer({ min: -20, max: 20 }).map((by) => Math.max(0, chunks * chunkBytes + by))),
  fc.integer({ min: 0, max: 3 * chunkBytes }),
);
const cuts = fc.array(fc.nat(4 * chunkBytes), { maxLength: 12 });

/** The bytes cut at these places; equal places give empty pieces. */
function* pieces(bytes: Uint8Array, places: readonly number[]): Generator<Uint8Array> {
  let from = 0;
  for (const to of [...places].sort((a, b) => a - b)) {
    yield bytes.subarray(from, to);
    from = Math.min(to, bytes.length);
  }
  yield bytes.subarray(from);
}

interface Drained {
  readonly bytes: Uint8Array;
  readonly summary: SealedSummary | undefined;
  readonly error: unknown;
}

async function drain(stream: AsyncGenerator<Uint8Array, SealedSummary>): Promise<Drained> {
  const parts: Uint8Array[] = [];
  try {
    let step = await stream.next();
    for (; !step.done; step = await stream.next()) parts.push(step.value);
    return { bytes: concat(...parts), summary: step.value, error: undefined };
  } catch (error) {
    return { bytes: concat(...parts), summary: undefined, error };
  }
}

const seal = (header: Json, plaintext: Iterable<Uint8Array>) =>
  drain(sealStream({ header, recipientPublicKey, secrets: secrets() }, plaintext));
const open = (sealed: Iterable<Uint8Array>) => drain(openStream({ recipientSecretKey, expect: () => {} }, sealed));

/** `toEqual` on a few hundred kilobytes is slow; this is the same claim. */
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

describe('a sealed file', () => {
  test('opens to what was sealed, whatever pieces it was sealed and comes in', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, cuts, cuts, async (size, sealedIn, openedIn) => {
        const plaintext = content(size);
        const sealed = await seal({ size }, pieces(plaintext, sealedIn));
        const chunks = Math.max(1, Math.ceil(size / chunkBytes));
        const headLength = readHead(sealed.bytes)?.headLength ?? 0;
        expect(sealed.bytes.length).toBe(headLength + size + 16 * chunks);
        expect(sealed.summary?.chunks).toBe(chunks);
        const opened = await open(pieces(sealed.bytes, openedIn));
        expect(opened.error).toBeUndefined();
        expect(same(opened.bytes, plaintext)).toBe(true);
        expect(opened.summary).toEqual(sealed.summary);
      }),
      { numRuns: 120 },
    );
  });

  test('carries any JSON object as its header', async () => {
    const json = fc.dictionary(
      fc.string({ unit: 'grapheme' }),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger(), fc.boolean(), fc.constant(null)),
    );
    await fc.assert(
      fc.asyncProperty(json, async (members) => {
        const header = Object.fromEntries(Object.entries(members).map(([key, item]) => [key, item === 0 ? 0 : item]));
        const { bytes } = await seal(header, [content(3)]);
        expect(readHead(bytes)?.header).toEqual(header);
        expect(same((await open([bytes])).bytes, content(3))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('one byte at a time is as good as all at once', async () => {
    const { bytes } = await seal({ a: 'x'.repeat(2000) }, [content(3000)]);
    const opened = await open(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect([opened.error, same(opened.bytes, content(3000))]).toEqual([undefined, true]);
  });
});

describe('an altered file', () => {
  const plaintext = content(2 * chunkBytes + 300);
  let file: Uint8Array;
  let headLength: number;
  beforeAll(async () => {
    file = (await seal({ dataset: 'a', version: 1 }, [plaintext])).bytes;
    headLength = readHead(file)?.headLength ?? 0;
  });

  /** Fails with a code of the format, and everything yielded before is the true beginning of the plaintext. */
  async function expectRefused(altered: Iterable<Uint8Array>, codes: readonly string[]) {
    const { bytes, error } = await open(altered);
    expect(error).toBeInstanceOf(SealError);
    expect(codes).toContain((error as SealError).code);
    expect(same(bytes, plaintext.subarray(0, bytes.length))).toBe(true);
    return { bytes, error: error as SealError };
  }

  test('in any bit of any byte of the head is refused before anything is yielded', async () => {
    const codes = ['magic', 'header', 'wrap', 'commitment', 'truncated', 'chunk'];
    for (let at = 0; at < headLength; at++) {
      const altered = file.slice();
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8));
      expect((await expectRefused([altered], codes)).bytes.length, `byte ${at}`).toBe(0);
    }
  });

  test('in any bit of a chunk is refused at this chunk, after the ones before it', async () => {
    const places = fc.nat(file.length - headLength - 1);
    await fc.assert(
      fc.asyncProperty(places, fc.nat(7), cuts, async (place, bit, openedIn) => {
        const altered = file.slice();
        const at = headLength + place;
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        const { bytes, error } = await expectRefused(pieces(altered, openedIn), ['chunk']);
        expect(error.chunk).toBe(Math.floor(place / sealedChunkBytes));
        expect(bytes.length).toBe(Math.floor(place / sealedChunkBytes) * chunkBytes);
      }),
      { numRuns: 100 },
    );
  });

  test('cut anywhere is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), cuts, async (length, openedIn) => {
        await expectRefused(pieces(file.subarray(0, length), openedIn), ['truncated', 'chunk']);
      }),
      { numRuns: 100 },
    );
  });

  test('with bytes removed, put in or doubled anywhere is refused', async () => {
    const codes = ['magic', 'header', 'wrap', 'commitment', 'truncated', 'chunk', 'trailing'];
    const run = fc.integer({ min: 1, max: sealedChunkBytes + 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(file.length - 1),
        run,
        fc.constantFrom('remove', 'zeros', 'double'),
        async (at, bytes, how) => {
          const [before, after] = [file.subarray(0, at), file.subarray(at)];
          const cut = file.subarray(at, at + bytes);
          const put = how === 'zeros' ? new Uint8Array(bytes) : cut;
          await expectRefused(how === 'remove' ? [before, after.subarray(bytes)] : [before, put, after], codes);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('any bytes at all are refused, never opened and never an untyped failure', async () => {
    const head = fc.nat(headLength).map((length) => file.subarray(0, length));
    await fc.assert(
      fc.asyncProperty(head, fc.uint8Array({ maxLength: 300 }), async (start, rest) => {
        const { bytes, error } = await open([start, rest]);
        expect(error).toBeInstanceOf(SealError);
        expect(bytes.length).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('padding', () => {
  test('comes off as it went on, in whatever pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(70_000), fc.integer({ min: 1, max: 140_000 }), cuts, cuts, async (size, extra, a, b) => {
        const gather = async (stream: AsyncIterable<Uint8Array>) => {
          const parts: Uint8Array[] = [];
          for await (const part of stream) parts.push(part);
          return concat(...parts);
        };
        const full = await gather(padded(pieces(content(size), a), size + extra));
        expect(full.length).toBe(size + extra);
        expect(same(await gather(unpadded(pieces(full, b))), content(size))).toBe(true);
        const tooSmall = gather(padded(pieces(content(size), a), Math.max(1, size)));
        if (size > 0) await expect(tooSmall).rejects.toMatchObject({ code: 'capacity' });
        else expect((await tooSmall).length).toBe(1);
      }),
      { numRuns: 100 },
    );
  });
});

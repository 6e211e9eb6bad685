import { randomFillSync } from 'node:crypto';
import { concat, utf8 } from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import { PaddingError, padded, unpadded } from '../../enclave/protocol/padding.ts';
import { newSealSecrets, openStream, sealStream } from '../../enclave/protocol/seal.ts';
import { chunkBytes, type Pieces } from '../../enclave/protocol/seal-chunk.ts';

const random = (bytes: number) => new Uint8Array(randomFillSync(Buffer.alloc(bytes)));
const fresh = () => newSealSecrets((bytes) => randomFillSync(bytes));
const recipient = nacl.box.keyPair.fromSecretKey(random(32));
const sealing = () => ({ header: { version: 1 }, recipientPublicKey: recipient.publicKey, secrets: fresh() });
const opening = { recipientSecretKey: recipient.secretKey, expect: () => {} };

/** Everything a stream yields, and what it threw at the end. */
async function drain(stream: AsyncGenerator<Uint8Array, unknown>) {
  const parts: Uint8Array[] = [];
  try {
    let step = await stream.next();
    for (; !step.done; step = await stream.next()) parts.push(step.value);
    return { parts, bytes: concat(...parts), error: undefined };
  } catch (error) {
    return { parts, bytes: concat(...parts), error };
  }
}

describe('padding', () => {
  const pad = (pieces: Pieces, totalBytes: number) => drain(padded(pieces, totalBytes));
  const strip = (...pieces: Uint8Array[]) => drain(unpadded(pieces));
  const coded = (code: string) => ({ name: 'PaddingError', code });

  test('fills up to exactly the length, with at least one NUL', async () => {
    expect((await pad([utf8('ab')], 5)).bytes).toEqual(utf8('ab\0\0\0'));
    expect((await pad([utf8('ab')], 3)).bytes).toEqual(utf8('ab\0'));
    expect((await pad([], 1)).bytes).toEqual(utf8('\0'));
    const long = await pad([utf8('ab')], 200_000);
    expect(long.bytes).toEqual(concat(utf8('ab'), new Uint8Array(199_998)));
    expect(Math.max(...long.parts.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
  });

  test('refuses content that does not fit with a NUL, and yields no more than fits', async () => {
    const { bytes, error } = await pad([utf8('ab'), utf8('c')], 3);
    expect(error).toBeInstanceOf(PaddingError);
    expect([bytes, (error as PaddingError).code]).toEqual([utf8('ab'), 'capacity']);
    expect((await pad([utf8('abcd')], 3)).error).toMatchObject(coded('capacity'));
  });

  test('refuses content with a NUL', async () => {
    const { bytes, error } = await pad([utf8('ab'), utf8('c\0d')], 30);
    expect(error).toMatchObject(coded('nul'));
    expect(bytes).toEqual(utf8('ab'));
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('refuses a length of %s', async (totalBytes) => {
    expect((await pad([], totalBytes)).error).toBeInstanceOf(RangeError);
  });

  test('ends at the first NUL and wants only NULs after it', async () => {
    expect((await strip(utf8('a'), utf8('b\0'), utf8('\0\0'))).bytes).toEqual(utf8('ab'));
    expect((await strip(utf8('\0'))).bytes).toEqual(new Uint8Array());
    for (const pieces of [['ab'], ['a', 'b'], []]) {
      expect((await strip(...pieces.map(utf8))).error).toMatchObject(coded('unpadded'));
    }
    for (const pieces of [['ab\0c'], ['ab\0', 'c'], ['ab\0', '\0\0c'], ['\0', '', 'c\0']]) {
      expect((await strip(...pieces.map(utf8))).error).toMatchObject(coded('content'));
    }
  });

  test('does not return before a sealed file is proved complete', async () => {
    const sealed = await drain(sealStream(sealing(), padded([utf8('nr;plz\n')], 3 * chunkBytes)));
    const whole = await drain(unpadded(openStream(opening, sealed.parts)));
    expect([whole.bytes, whole.error]).toEqual([utf8('nr;plz\n'), undefined]);
    const cut = await drain(unpadded(openStream(opening, sealed.parts.slice(0, -1))));
    expect(cut.error).toMatchObject({ code: 'truncated', chunk: 1 });
  });

  test('hides the length of the content', async () => {
    const lengths = await Promise.all(
      ['', 'x', 'x'.repeat(999)].map(
        async (text) => (await drain(sealStream(sealing(), padded([utf8(text)], 1000)))).bytes.length,
      ),
    );
    expect(new Set(lengths).size).toBe(1);
  });
});

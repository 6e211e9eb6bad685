import { randomFillSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';

/** A source that hands out the given words first and random ones after; `blocks` counts its calls. */
function scripted(words: readonly number[]): { bits: FairBits; blocks: () => number; bytes: () => Uint8Array } {
  let calls = 0;
  let last = new Uint8Array();
  const bits = new FairBits((bytes) => {
    randomFillSync(bytes);
    if (calls === 0) new Uint32Array(bytes.buffer).set(words);
    last = bytes.slice();
    calls += 1;
  });
  return { bits, blocks: () => calls, bytes: () => last };
}

describe('fair bits', () => {
  test('every word of the source is handed out once and in order, 64 KiB a call', () => {
    const { bits, blocks, bytes } = scripted([]);
    for (let block = 1; block <= 3; block++) {
      const handedOut = Uint32Array.from({ length: 16_384 }, () => bits.word());
      expect(blocks()).toBe(block);
      expect(bytes()).toHaveLength(65_536);
      expect(new Uint8Array(handedOut.buffer)).toEqual(bytes());
    }
  });

  test('single bits: 32 a word, each once', () => {
    const { bits } = scripted([0x8000_0001, 0xffff_0000, 7]);
    const word = () =>
      Array.from({ length: 32 }, () => bits.bit()).reduce((sum: number, bit, at) => sum + bit * 2 ** at, 0);
    expect([word(), word(), bits.word()]).toEqual([0x8000_0001, 0xffff_0000, 7]);
  });

  test('below: over all low bits every value comes from equally many words, the rest is rejected', () => {
    for (const n of [2, 3, 5, 7, 8, 9, 100, 128, 129]) {
      const size = 2 ** Math.ceil(Math.log2(n));
      const { bits } = scripted(Array.from({ length: size }, (_, low) => 0xabcd_0000 + low));
      const values = Array.from({ length: n }, () => bits.below(n));
      expect(values).toEqual(Array.from({ length: n }, (_, at) => at));
    }
  });

  test('below: 1 uses no randomness, 2^32 a whole word', () => {
    const { bits, blocks } = scripted([0xdead_beef, 1]);
    expect(bits.below(1)).toBe(0);
    expect(blocks()).toBe(0);
    expect(bits.below(2 ** 32)).toBe(0xdead_beef);
    expect(bits.word()).toBe(1);
  });

  test('belowBig: joins words, masks the first and rejects what is not below', () => {
    const n = (5n << 64n) + 3n;
    const { bits } = scripted([0xffff_fff8 | 5, 0, 3, 0xffff_fff8 | 5, 0, 2, 0xf000_0002, 0xffff_ffff, 0xffff_fffe]);
    expect(bits.belowBig(n)).toBe((5n << 64n) + 2n);
    expect(bits.belowBig(n)).toBe((2n << 64n) + 0xffff_ffff_ffff_fffen);
    expect(scripted([9]).bits.belowBig(10n)).toBe(9n);
    expect(scripted([0, 7]).bits.belowBig(2n ** 32n + 1n)).toBe(7n);
    expect(scripted([9]).bits.belowBig(2n ** 32n)).toBe(9n);
  });

  test('refuses ranges that are none', () => {
    const { bits } = scripted([]);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => bits.below(n)).toThrow(RangeError);
    }
    expect(() => bits.belowBig(0n)).toThrow(RangeError);
    expect(() => bits.belowBig(-5n)).toThrow(RangeError);
  });
});

describe('failing sources', () => {
  test('a source that throws: the call throws, and so does every one after it; nothing old is handed out', () => {
    let calls = 0;
    const bits = new FairBits((bytes) => {
      calls += 1;
      randomFillSync(bytes, 0, calls > 1 ? 1_000 : bytes.length);
      if (calls > 1) throw new Error('no entropy');
    });
    for (let i = 0; i < 16_384; i++) bits.word();
    for (let i = 0; i < 3; i++) expect(() => bits.word()).toThrow('no entropy');
    expect(() => bits.bit()).toThrow('no entropy');
    expect(calls).toBe(5);
  });

  test('a source that does nothing or repeats itself is noticed', () => {
    expect(() => new FairBits(() => undefined).word()).toThrow('zero');
    const stuck = new FairBits((bytes) => bytes.fill(7));
    for (let i = 0; i < 16_384; i++) stuck.word();
    expect(() => stuck.word()).toThrow('repeats');
  });
});

import { concat, equalBytes, fromBase64, fromHex, toBase64, toHex } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

const bytes = fc.uint8Array({ maxLength: 300 });

test('base64 and hexadecimal agree with Node and come back', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(toBase64(value)).toBe(Buffer.from(value).toString('base64'));
      expect(toHex(value)).toBe(Buffer.from(value).toString('hex'));
      expect(fromBase64(toBase64(value))).toEqual(value);
      expect(fromHex(toHex(value))).toEqual(value);
    }),
  );
});

test('base64 of more bytes than a call takes arguments', () => {
  const value = Uint8Array.from({ length: 300_001 }, (_, at) => at * 7);
  expect(toBase64(value)).toBe(Buffer.from(value).toString('base64'));
  expect(equalBytes(fromBase64(toBase64(value)), value)).toBe(true);
});

test.each(['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA==\n', ' AA==', 'AA==AA==', '-_8=', 'AA=A', '====', 'ä===', 'AAAA='])(
  'base64 has no second spelling: %j',
  (text) => {
    expect(() => fromBase64(text)).toThrow(TypeError);
  },
);

test.each(['0', 'AB', '0x00', 'zz', '00 ', '00\n', ' 00', '٠٠'])('hexadecimal has no second spelling: %j', (text) => {
  expect(() => fromHex(text)).toThrow(TypeError);
});

test('any text decodes to bytes that are written as this text, or not at all', () => {
  const alphabet = fc.constantFrom(...'ABab01+/=-_ \n'.split(''));
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
      for (const [decode, encode] of [
        [fromBase64, toBase64],
        [fromHex, toHex],
      ] as const) {
        try {
          expect(encode(decode(text))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

test('equality and concatenation are those of the bytes', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(concat(a, b)).toEqual(Uint8Array.from([...a, ...b]));
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(equalBytes(a, Uint8Array.from(a))).toBe(true);
      if (a.length > 0)
        expect(equalBytes(a, concat(a.subarray(0, -1), Uint8Array.of((a.at(-1) ?? 0) ^ 1)))).toBe(false);
    }),
  );
});

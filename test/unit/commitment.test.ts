import { createHash } from 'node:crypto';
import { commit, toBase64 } from '@reinraum/protocol';
import { expect, test } from 'vitest';

const salt = toBase64(Uint8Array.from({ length: 32 }, (_, at) => at));

test('is SHA-256 over tag, salt, counted name and value', () => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength('größeβ'));
  const hash = createHash('sha256').update('reinraum/commitment/v1\0').update(Buffer.from(salt, 'base64'));
  const expected = hash.update(length).update('größeβ').update('wért').digest('hex');
  expect(length.toString('hex')).toBe('00000009');
  expect(commit('größeβ', { salt, value: 'wért' })).toBe(expected);
});

test('a known commitment', () => {
  expect(commit('parameters', { salt, value: '{"sex":"f"}' })).toBe(
    '9f6f40bc2efd7b8b3187d8b1d537b07b0ae12701d7c816d457333201f251d11d',
  );
});

test('name, salt and value all count, and none can be moved into another', () => {
  const other = toBase64(Uint8Array.from({ length: 32 }, (_, at) => at + 1));
  const digests = [
    commit('ab', { salt, value: 'c' }),
    commit('a', { salt, value: 'bc' }),
    commit('abc', { salt, value: '' }),
    commit('', { salt, value: 'abc' }),
    commit('ab', { salt: other, value: 'c' }),
    commit('ab', { salt, value: 'd' }),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test.each([31, 33, 0])('a salt of %i bytes is refused', (length) => {
  expect(() => commit('a', { salt: toBase64(new Uint8Array(length)), value: 'b' })).toThrow(RangeError);
});

test('a salt in another spelling is refused', () => {
  expect(() => commit('a', { salt: salt.replace('=', ''), value: 'b' })).toThrow(TypeError);
});

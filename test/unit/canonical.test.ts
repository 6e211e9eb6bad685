import { canonicalBytes, canonicalText, type Json, nestingMax, parseCanonical, toHex, utf8 } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';

const parse = (text: string) => parseCanonical(utf8(text));

describe('canonical text', () => {
  // The keys of RFC 8785 §3.2.3, whose order by code units is not the one by code points, with the order it prints.
  test('orders members by UTF-16 code units, as the example of RFC 8785', () => {
    const example = { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 };
    expect(canonicalText(example)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  test('escapes only what RFC 8785 §3.2.2.2 escapes, and in its way', () => {
    expect(canonicalText('€$\u000f\nA\'B"\\\\"/\u007f\u2028')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f\u2028"');
    expect(canonicalText('\b\t\n\f\r\0')).toBe('"\\b\\t\\n\\f\\r\\u0000"');
  });

  test('is UTF-8 without a byte order mark', () => {
    expect(toHex(canonicalBytes({ a: 'é😀' }))).toBe('7b2261223a22c3a9f09f9880227d');
  });

  test.each<[string, Json, string]>([
    ['null', null, 'null'],
    ['true', true, 'true'],
    ['zero', 0, '0'],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['the smallest safe integer', Number.MIN_SAFE_INTEGER, '-9007199254740991'],
    ['an empty array', [], '[]'],
    ['an empty object', {}, '{}'],
    ['nothing between', { b: [1, { d: 2, c: [] }], a: '' }, '{"a":"","b":[1,{"c":[],"d":2}]}'],
    ['a name every object has', { constructor: 1, toString: 2 }, '{"constructor":1,"toString":2}'],
  ])('%s', (_name, value, text) => {
    expect(canonicalText(value)).toBe(text);
    expect(parse(text)).toEqual(value);
  });

  test.each<[string, unknown]>([
    ['a fraction', 0.5],
    ['an integer that is not safe', 2 ** 53],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['a hole', Array(1)],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate', '\udc00'],
    ['surrogates in the wrong order', '\udc00\ud800'],
    ['a lone surrogate in a name', { '\ud800': 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['an object without a prototype', Object.create(null)],
    ['an object of another prototype', Object.create({ a: 1 })],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a member named __proto__', JSON.parse('{"__proto__":1}')],
    ['a member named __proto__ inside', JSON.parse('[{"a":{"__proto__":{}}}]')],
  ])('has no text for %s', (_name, value) => {
    expect(() => canonicalText(value as Json)).toThrow(TypeError);
  });
});

describe('canonical bytes', () => {
  test.each([
    ['a name twice', '{"a":1,"a":1}'],
    ['a name twice, once escaped', '{"a":1,"\\u0061":1}'],
    ['names out of order', '{"b":1,"a":2}'],
    ['code point order where code units differ', '{"\ufb33":1,"😀":2}'],
    ['a blank', '{"a": 1}'],
    ['a line end', '[]\n'],
    ['a byte order mark', '\uFEFF[]'],
    ['an exponent', '[1e2]'],
    ['a decimal point', '[1.0]'],
    ['minus zero', '[-0]'],
    ['an integer that is not safe', '[9007199254740993]'],
    ['an escaped letter', '["\\u0061"]'],
    ['an escaped slash', '["\\/"]'],
    ['an escape in capitals', '["\\u001F"]'],
    ['an escaped lone surrogate', '["\\ud800"]'],
    ['a member named __proto__', '{"__proto__":1}'],
    ['half a text', '{"a":'],
    ['two texts', '[][]'],
    ['nothing', ''],
    ['a single quote', "['a']"],
  ])('are not %s', (_name, text) => {
    expect(() => parse(text)).toThrow(TypeError);
  });

  test.each([
    ['an overlong encoding', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['half a character', [0x22, 0xe2, 0x82, 0x22]],
    ['a stray byte', [0x22, 0xff, 0x22]],
  ])('are not %s', (_name, bytes) => {
    expect(() => parseCanonical(Uint8Array.from(bytes))).toThrow(TypeError);
  });

  test('nest no deeper than the limit, and a million brackets are refused like any other text', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(canonicalText(parse(nested(nestingMax)))).toBe(nested(nestingMax));
    expect(() => parse(nested(nestingMax + 1))).toThrow(TypeError);
    expect(() => parse(nested(1_000_000))).toThrow(TypeError);
    expect(() => parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)).toThrow(TypeError);
  });
});

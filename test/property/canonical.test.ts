import { canonicalBytes, canonicalText, type Json, parseCanonical } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

const text = fc.string({
  unit: fc.constantFrom('a', 'B', '"', '\\', '\n', '\u0000', 'é', '\uffff', '\ue000', '😀', '𝒳', '1', ''),
});
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((n) => n + 0),
    text,
    fc.array(tie('json'), { maxLength: 5 }),
    fc.dictionary(text, tie('json'), { maxKeys: 6 }).map((members) => ({ ...members })),
  ),
}));

/** The definition again: JSON.stringify of a value whose members were put in the order of their UTF-16 code units. */
function reference(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(reference).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const units = (key: string) =>
    Array.from({ length: key.length }, (_, at) => key.charCodeAt(at).toString(16).padStart(4, '0')).join('');
  const members = Object.entries(value).map(
    ([key, item]) => [units(key), `${JSON.stringify(key)}:${reference(item)}`] as const,
  );
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, member]) => member)
    .join(',')}}`;
}

function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, shuffled(item)] as const)
      .toReversed(),
  );
}

test('a value comes back from its bytes, and its bytes from the value', () => {
  fc.assert(
    fc.property(json, (value) => {
      const bytes = canonicalBytes(value);
      expect(parseCanonical(bytes)).toEqual(value);
      expect(new TextDecoder().decode(bytes)).toBe(reference(value));
    }),
    { numRuns: 1000 },
  );
});

test('the order in which members were written does not matter', () => {
  fc.assert(
    fc.property(json, (value) => canonicalText(shuffled(value)) === canonicalText(value)),
    { numRuns: 500 },
  );
});

test('one value has one spelling: a changed byte is another value or none', () => {
  fc.assert(
    fc.property(json, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, flip) => {
      const bytes = canonicalBytes(value);
      const at = place % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      let other: Json;
      try {
        other = parseCanonical(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      expect(canonicalText(other)).not.toBe(canonicalText(value));
    }),
    { numRuns: 2000 },
  );
});

test('a blank anywhere outside a string, or a member twice, is refused', () => {
  fc.assert(
    fc.property(
      fc.dictionary(text, json, { minKeys: 1, maxKeys: 4 }).map((o) => ({ ...o })),
      (value) => {
        const canonical = canonicalText(value);
        const [key = ''] = Object.keys(value);
        const twice = `{${JSON.stringify(key)}:null,${canonical.slice(1)}`;
        for (const bad of [` ${canonical}`, `${canonical} `, canonical.replace('{', '{ '), twice]) {
          expect(() => parseCanonical(new TextEncoder().encode(bad))).toThrow(TypeError);
        }
      },
    ),
  );
});

import { decodeObjects, encodeObjects, ObjectsRequest, objectsMax } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

const objects = fc.array(fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }), {
  minLength: 1,
  maxLength: 9,
});

test('objects come out as they went in, and are copies', () => {
  fc.assert(
    fc.property(objects, fc.nat(3), (sent, unanswered) => {
      const answer = encodeObjects(sent);
      const read = decodeObjects(answer, sent.length + unanswered);
      answer.fill(0);
      expect(read).toEqual(sent);
    }),
  );
});

test('an answer that is cut anywhere, goes on, or is for fewer is none', () => {
  fc.assert(
    fc.property(objects, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 3 }), (sent, at, more) => {
      const answer = encodeObjects(sent);
      const cut = answer.subarray(0, at % answer.length);
      // Between two objects it is an answer to the first of them, which is allowed.
      const ends = sent.map((_, n) => encodeObjects(sent.slice(0, n + 1)).length);
      if (ends.includes(cut.length))
        expect(decodeObjects(cut, sent.length)).toEqual(sent.slice(0, ends.indexOf(cut.length) + 1));
      else expect(() => decodeObjects(cut, sent.length)).toThrow(RangeError);
      expect(() => decodeObjects(Uint8Array.of(...answer, ...more), sent.length + 1)).toThrow(RangeError);
      expect(() => decodeObjects(answer, sent.length - 1)).toThrow(RangeError);
    }),
  );
});

test('garbage is read as objects or refused, and what is read is written the same', () => {
  const part = fc.oneof(
    fc.constantFrom([0, 0, 0, 0], [0, 0, 0, 2], [255, 255, 255, 255]),
    fc.array(fc.nat(255), { maxLength: 3 }),
  );
  let read = 0;
  fc.assert(
    fc.property(fc.array(part, { maxLength: 7 }), (parts) => {
      const answer = Uint8Array.from(parts.flat());
      let found: (Uint8Array | undefined)[];
      try {
        found = decodeObjects(answer, 5);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return;
      }
      read += 1;
      expect(encodeObjects(found)).toEqual(answer);
    }),
    { numRuns: 1000, seed: 3 },
  );
  expect(read).toBeGreaterThan(50);
});

test('a request names from one to 256 digests and nothing else', () => {
  const digest = 'ab'.repeat(32);
  const isOne = (value: unknown) => ObjectsRequest.safeParse(value).success;
  const some = (length: number) => Array.from({ length }, (_, n) => n.toString(16).padStart(64, '0'));
  for (const length of [1, objectsMax]) expect(isOne({ objects: some(length) })).toBe(true);
  for (const length of [0, objectsMax + 1]) expect(isOne({ objects: some(length) })).toBe(false);
  expect(isOne({ objects: [digest, digest] })).toBe(false);
  for (const value of [{}, [digest], { objects: digest }, { objects: [digest], more: 1 }])
    expect(isOne(value)).toBe(false);
  for (const name of ['', 'AB'.repeat(32), `${digest}\n`, '../../secrets/identity', 1, null]) {
    expect(isOne({ objects: [digest, name] })).toBe(false);
  }
});

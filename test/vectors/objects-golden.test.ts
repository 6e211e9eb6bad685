/** Golden answers to requests for objects: what other implementations must read and write alike. */
import { decodeObjects, encodeObjects, fromHex, toHex, utf8 } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { golden } from '../support/golden.ts';

interface ObjectsVector {
  readonly name: string;
  /** Hexadecimal, in the order asked for; null is one that is not kept. */
  readonly objects: readonly (string | null)[];
  readonly answer: string;
}

const answerOf = (objects: readonly (Uint8Array | undefined)[]) => toHex(encodeObjects(objects));
const made: readonly (readonly [string, readonly (string | undefined)[]])[] = [
  ['one', ['{"v":1}']],
  ['one that is not kept', [undefined]],
  ['an empty one, which is not the same', ['']],
  ['several, one of them not kept', ['a', undefined, 'bc', '']],
];

const vectors = await golden<ObjectsVector[]>('objects-golden.json', () =>
  made.map(([name, texts]) => {
    const objects = texts.map((text) => (text === undefined ? undefined : utf8(text)));
    return {
      name,
      objects: objects.map((one) => (one ? toHex(one) : null)),
      answer: answerOf(objects),
    };
  }),
);

test.each(vectors)('$name', ({ objects, answer }) => {
  const bytes = objects.map((object) => (object === null ? undefined : fromHex(object)));
  expect(answerOf(bytes)).toBe(answer);
  expect(decodeObjects(fromHex(answer), bytes.length)).toEqual(bytes);
});

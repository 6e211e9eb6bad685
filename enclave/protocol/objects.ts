/**
 * Objects of the log, many to a request (docs/spec/statement.md §7). The enclave knows nothing of it: its host asks it for
 * one object at a time.
 *
 *     answer = object*     object = uint32be length ‖ bytes, or ff ff ff ff where it is not kept
 *
 * An answer has the first of what was asked for, in that order, and at least one; whoever wants the rest asks again.
 */
import { z } from 'zod';
import { concat } from './bytes.ts';
import { Digest } from './name.ts';

/** Most objects of a request. */
export const objectsMax = 256;
/** The object that brings an answer to so many bytes is its last. */
export const objectsBytesMax = 4 * 1024 * 1024;

/** Digests of the objects wanted. */
export const ObjectsRequest = z.strictObject({
  objects: z
    .array(Digest)
    .min(1)
    .max(objectsMax)
    .refine((all) => new Set(all).size === all.length, 'name each object once'),
});
export type ObjectsRequest = z.infer<typeof ObjectsRequest>;

const notKept = 0xff_ff_ff_ff;

/** The answer; undefined is an object that is not kept. */
export function encodeObjects(objects: readonly (Uint8Array | undefined)[]): Uint8Array {
  return concat(...objects.flatMap((object) => [lengthOf(object?.length ?? notKept), object ?? new Uint8Array()]));
}

/**
 * The objects of an answer to a request for `asked` of them, each a copy; their digests are for the caller to check.
 * Throws `RangeError` where there are none or more than that, or where the last one is cut.
 */
export function decodeObjects(answer: Uint8Array, asked: number): (Uint8Array | undefined)[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const objects: (Uint8Array | undefined)[] = [];
  let at = 0;
  while (at < answer.length) {
    if (objects.length === asked) throw new RangeError('objects: more than were asked for');
    const length = view.getUint32(at);
    at += 4;
    objects.push(length === notKept ? undefined : answer.slice(at, at + length));
    if (length !== notKept) at += length;
  }
  if (at > answer.length) throw new RangeError('objects: the last one is cut');
  if (objects.length === 0) throw new RangeError('objects: none');
  return objects;
}

function lengthOf(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

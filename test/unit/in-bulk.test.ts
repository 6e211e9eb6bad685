/** Reads one by one that go out many to a request. */
import { expect, test } from 'vitest';
import { inBulk } from '../../src/client/in-bulk.ts';

const names = Array.from({ length: 10 }, (_, n) => `${n}`);
const bytesOf = (name: string) => (Number(name) % 4 === 3 ? undefined : Uint8Array.of(Number(name)));

/** Answers `atMost` objects of each request, a turn later. */
function recording(most: number, atMost = most) {
  const requests: string[][] = [];
  let [under, peak] = [0, 0];
  const read = inBulk(most, async (digests) => {
    requests.push([...digests]);
    peak = Math.max(peak, ++under);
    await new Promise(setImmediate);
    under -= 1;
    return digests.slice(0, atMost).map(bytesOf);
  });
  return { read, requests, peak: () => peak };
}

test('what one tick wants is one request, each reader gets its own', async () => {
  const { read, requests } = recording(256);
  expect(await Promise.all(names.map(read))).toEqual(names.map(bytesOf));
  expect(requests).toEqual([names]);
  expect(await read('5')).toEqual(bytesOf('5'));
  expect(requests).toEqual([names, ['5']]);
});

test('of at most so many objects, two requests at once; what is wanted meanwhile goes together', async () => {
  const { read, requests, peak } = recording(3);
  const early = names.slice(0, 7).map(read);
  await Promise.resolve().then(() => undefined);
  const late = names.slice(7).map(read);
  expect(await Promise.all([...early, ...late])).toEqual(names.map(bytesOf));
  expect(requests.map(({ length }) => length)).toEqual([3, 3, 3, 1]);
  expect(requests.flat()).toEqual(names);
  expect(peak()).toBe(2);
});

test('what an answer leaves out is asked for again, before anything else', async () => {
  const { read, requests } = recording(5, 2);
  expect(await Promise.all(names.map(read))).toEqual(names.map(bytesOf));
  expect(requests.every(({ length }) => length <= 5)).toBe(true);
  expect(requests.slice(0, 3)).toEqual([names.slice(0, 5), names.slice(5), ['2', '3', '4']]);
});

test('a request that fails is the failure of its own reads and of no other', async () => {
  let asked = 0;
  const read = inBulk(5, async (digests) => {
    if (++asked === 1) throw new Error('gone');
    return digests.map(bytesOf);
  });
  const outcomes = await Promise.allSettled(names.map(read));
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...names.slice(0, 5).map(() => 'rejected'),
    ...names.slice(5).map(() => 'fulfilled'),
  ]);
  expect(await read('0')).toEqual(bytesOf('0'));
});

test('what several want is asked for once, and all of them get it or its error', async () => {
  const { read, requests } = recording(3, 2);
  const wanted = ['1', '2', '1', '4', '2', '1'];
  expect(await Promise.all(wanted.map(read))).toEqual(wanted.map(bytesOf));
  expect(requests).toEqual([['1', '2', '4'], ['4']]);
  const failing = inBulk(3, async () => {
    throw new Error('gone');
  });
  const outcomes = await Promise.allSettled(['1', '1', '2'].map(failing));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
});

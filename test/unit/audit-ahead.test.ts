/** Working ahead changes nothing about what comes, in which order, and where it ends. */
import { ahead } from '@reinraum/audit';
import { expect, test } from 'vitest';

const turn = (turns = 1): Promise<void> =>
  turns === 0 ? Promise.resolve() : new Promise((resolve) => setImmediate(() => resolve(turn(turns - 1))));

/** Numbers from 0, noting how far it was asked and whether it was ended. */
function numbers(end: number, failAt = Infinity) {
  const seen = { asked: 0, ended: false };
  const source = (async function* () {
    try {
      for (let n = 0; n < end; n++) {
        seen.asked = n + 1;
        if (n === failAt) throw new Error('source');
        yield n;
      }
    } finally {
      seen.ended = true;
    }
  })();
  return { seen, source };
}

test('results come in the order of the source, whichever is ready first', async () => {
  const { source } = numbers(20);
  const taken: number[] = [];
  for await (const n of ahead(source, 4, async (n) => turn(20 - n).then(() => n))) taken.push(n);
  expect(taken).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

test('at most `depth` are begun and not taken, and so many are', async () => {
  const { source } = numbers(30);
  let [begun, taken, most] = [0, 0, 0];
  const work = async (n: number) => {
    begun += 1;
    most = Math.max(most, begun - taken);
    await turn();
    return n;
  };
  for await (const _ of ahead(source, 5, work)) {
    await turn(8);
    taken += 1;
  }
  expect(begun).toBe(30);
  // The one that is being looked at is taken only afterwards.
  expect(most).toBe(6);
});

test.each([
  ['source', numbers(10, 6), async (n: number) => n],
  ['work', numbers(10), async (n: number) => (n >= 6 ? Promise.reject(new Error('work')) : n)],
] as const)('an error of the %s comes after every result before it', async (what, { source, seen }, work) => {
  const taken: number[] = [];
  const run = async () => {
    for await (const n of ahead(source, 4, work)) {
      await turn(4);
      taken.push(n);
    }
  };
  await expect(run()).rejects.toThrow(what);
  expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
  expect(seen.ended).toBe(true);
});

test('whoever stops waits for what was begun, and hears nothing of its errors', async () => {
  const { source, seen } = numbers(10);
  let under = 0;
  const work = async (n: number) => {
    under += 1;
    await turn(5);
    under -= 1;
    if (n > 0) throw new Error('nobody’s');
    return n;
  };
  for await (const _ of ahead(source, 4, work)) break;
  expect(under).toBe(0);
  // Four, and the one begun for the one that was taken.
  expect(seen).toEqual({ asked: 5, ended: true });
});

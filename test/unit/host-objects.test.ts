/** Many objects through a door that gives one at a time: in order, a few at once, and only so many bytes. */
import { objectsBytesMax, Refusal } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import type { Ask } from '../../src/host/door-client.ts';
import { readObjects } from '../../src/host/objects.ts';

const digests = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(64, '0'));

/** A door to objects of so many bytes; every seventh is not kept. */
function doorTo(bytes: number) {
  const seen = { asked: [] as string[], sessions: new Set<unknown>(), under: 0, most: 0 };
  return {
    seen,
    async ask(request: Ask) {
      if (request.method !== 'read') throw new Error('nothing else is asked');
      seen.asked.push(request.path);
      seen.sessions.add(request.session);
      seen.most = Math.max(seen.most, ++seen.under);
      // The later ones sooner, in part.
      for (let turns = seen.asked.length % 3; turns >= 0; turns--) await new Promise(setImmediate);
      seen.under -= 1;
      if (request.session !== 'open') throw new Refusal('session-invalid');
      const number = Number.parseInt(request.path.slice(-4), 16);
      const found = number % 7 !== 3;
      return { value: { found }, body: found ? new Uint8Array(bytes).fill(number) : new Uint8Array() };
    },
  };
}

test('in the order of the request, what is not kept in its place', async () => {
  const door = doorTo(10);
  const read = await readObjects(door, digests, 'open');
  expect(read.map((object) => object?.[0])).toEqual(digests.map((_, n) => (n % 7 === 3 ? undefined : n)));
  expect(door.seen.asked).toEqual(digests.map((digest) => `objects/${digest}`));
  expect([...door.seen.sessions]).toEqual(['open']);
  expect(door.seen.most).toBe(16);
});

test('ends with the object that makes it too many bytes', async () => {
  const size = 100_000;
  const door = doorTo(size);
  const read = await readObjects(door, digests, 'open');
  const bytes = read.reduce((total, object) => total + (object?.length ?? 0), 0);
  expect(bytes).toBeGreaterThanOrEqual(objectsBytesMax);
  expect(bytes).toBeLessThan(objectsBytesMax + size);
  expect(door.seen.asked.length).toBeLessThan(read.length + 16);
  expect(await readObjects(doorTo(objectsBytesMax), digests, 'open')).toHaveLength(1);
});

test('what the door refuses is refused', async () => {
  for (const session of [null, 'closed']) {
    const door = doorTo(10);
    await expect(readObjects(door, digests, session)).rejects.toMatchObject({ code: 'session-invalid' });
    // With the first of them: the others are not even asked for.
    expect(door.seen.asked).toHaveLength(1);
  }
});

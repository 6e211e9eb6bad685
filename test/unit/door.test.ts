/** The door takes a bounded number of requests at once, and never keeps cosignatures outside from those who wait for them. */
import { duplexPair } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { encodeFrame, FrameReader } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { serve, type Unlock } from '../../enclave/door.ts';
import { requestsMax } from '../../enclave/limits.ts';

type Inside = Awaited<ReturnType<Unlock>>;

/** A door to a stand-in for the enclave, unlocked. */
async function opened(inside: Partial<Inside>) {
  const [door, outside] = duplexPair();
  const answered: unknown[] = [];
  const reader = new FrameReader();
  outside.on('data', (piece: Buffer) => {
    for (const { head } of reader.push(piece)) answered.push(head);
  });
  serve(
    door,
    async () => ({ status: () => ({}), ...inside }) as unknown as Inside,
    () => undefined,
  );
  let id = 0;
  const ask = (request: object) => {
    id += 1;
    outside.write(encodeFrame({ id, ...request }));
  };
  ask({ method: 'unlock', key: `${'A'.repeat(43)}=` });
  await expect.poll(() => answered.length).toBe(1);
  return { door, answered, ask };
}

const submission = { envelope: { payloadType: 'x', payload: '', signatures: [] } };

test('more requests than it takes at once wait for the first cosignature without keeping it outside', async () => {
  const cosigned = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  let waits = 0;
  const { door, answered, ask } = await opened({
    async submit(_submission, waiting) {
      waits += 1;
      await waiting?.(cosigned.promise);
      await go.promise;
      return { accepted: {} } as Awaited<ReturnType<Inside['submit']>>;
    },
    async cosigned() {
      cosigned.resolve();
      return true;
    },
  });
  const asked = 2 * requestsMax;
  for (let at = 0; at < asked; at++) ask({ method: 'submit', submission });
  await expect.poll(() => waits).toBe(asked);
  expect(door.isPaused()).toBe(false);
  ask({ method: 'cosigned', size: 1, lines: '' });
  await expect.poll(() => answered.length).toBe(2);
  await setImmediate();
  // From here on they are at work again.
  expect(door.isPaused()).toBe(true);
  go.resolve();
  await expect.poll(() => answered.length).toBe(2 + asked);
  expect(door.isPaused()).toBe(false);
});

test('requests at work keep further ones outside', async () => {
  const go = Promise.withResolvers<void>();
  let taken = 0;
  const { answered, ask } = await opened({
    async submit() {
      taken += 1;
      await go.promise;
      return { accepted: {} } as Awaited<ReturnType<Inside['submit']>>;
    },
  });
  for (let at = 0; at < requestsMax + 10; at++) {
    ask({ method: 'submit', submission });
    await setImmediate();
  }
  expect(taken).toBe(requestsMax);
  go.resolve();
  await expect.poll(() => answered.length).toBe(requestsMax + 11);
});

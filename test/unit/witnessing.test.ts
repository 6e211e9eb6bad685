/** Carrying to witnesses goes on after a failed request, and ends with the enclave. */
import { describe, expect, test } from 'vitest';
import { EnclaveFailed } from '../../src/host/door-client.ts';
import { carryToWitnesses } from '../../src/host/witnessing.ts';

const fetch = () => Promise.reject(new Error('no witness is asked here'));

describe('carrying to witnesses', () => {
  test('goes on after a request the enclave could not answer, and says that there was no quorum', async () => {
    let asked = 0;
    let missing = 0;
    const door = {
      isOpen: true,
      ask: async () => {
        asked += 1;
        if (asked === 1) throw new EnclaveFailed();
        return { value: null, body: new Uint8Array() };
      },
    };
    const end = await carryToWitnesses({ door, fetch, missing: () => void (missing += 1) });
    expect({ end, asked, missing }).toEqual({ end: 'unwitnessed-room', asked: 2, missing: 1 });
  });

  test('ends when the enclave is gone', async () => {
    const door = { isOpen: false, ask: () => Promise.reject(new EnclaveFailed()) };
    expect(await carryToWitnesses({ door, fetch })).toBe('enclave-gone');
  });
});

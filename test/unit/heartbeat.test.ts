/** A room in which nothing happens says that it is there, and says nothing more. */
import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heartbeatMs } from '@reinraum/protocol';
import { expect, test, vi } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { inProcessRoom } from '../support/in-process-room.ts';
import { quickRoom } from '../support/quick-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

test('a heartbeat is logged when nothing was for six hours, and not before', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const room = await quickRoom({});
  const on = (ms: number) => vi.setSystemTime(Date.now() + ms);
  try {
    const types = async () => (await verifiedLog(room.state)).entries.map(({ type }) => type);
    const begun = await types();
    on(heartbeatMs - 1000);
    await room.beat();
    expect(await types()).toEqual(begun);
    on(1000);
    // However often it is asked at once, there is one.
    await Promise.all([room.beat(), room.beat(), room.beat()]);
    expect(await types()).toEqual([...begun, 'heartbeat']);
    on(heartbeatMs - 1000);
    await room.beat();
    expect(await types()).toEqual([...begun, 'heartbeat']);
    // Whatever else is logged is a sign of life, too.
    await room.client('cityDpo').session();
    on(1000);
    await room.beat();
    expect((await types()).slice(begun.length)).toEqual(['heartbeat', 'session.opened']);
    // A clock that went back does not make it speak.
    on(-3 * heartbeatMs);
    await room.beat();
    on(5 * heartbeatMs);
    await room.beat();
    expect((await types()).slice(begun.length)).toEqual(['heartbeat', 'session.opened', 'heartbeat']);
    expect((await verifiedLog(room.state)).entries.at(-1)).toMatchObject({
      actor: null,
      statements: [],
      caused: null,
      activity: 'verwalten',
      detail: {},
    });
    expect(await verifyState(room.state)).toMatchObject({ verified: true });
  } finally {
    vi.useRealTimers();
    await room.close();
  }
});

test('in a room nobody has founded nothing happens', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-unfounded-'));
  const operatorKey = new Uint8Array(randomFillSync(new Uint8Array(32)));
  const room = await inProcessRoom({ directory, measurement: '11'.repeat(32), operatorKey, clock: Date.now });
  try {
    await room.beat();
    await expect(verifyState(join(directory, 'state'))).rejects.toThrow('no state directory');
  } finally {
    await room.close();
    await rm(directory, { recursive: true, force: true });
  }
});

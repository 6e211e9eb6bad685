/** One flipped bit in any file a room keeps: the log says so and names the place, and nothing is answered from the rest. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AggregateQuery } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { RoomProblem } from '../../src/client/room-client.ts';
import { copyOf, removeCopy, reopened } from '../support/reopened-room.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let room: SmallRoom;
let copy: string;
let state: string;
let asked: string;
let fresh: string;

beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  room = await smallRoom();
  await uploadResidents(room, residentRecords([100, 50, 20]));
  asked = await approved(room);
  await ask(room.client('analyst'), asked, 'planning', { sex: 'f' });
  await ask(room.client('analyst'), asked, 'planning', { sex: 'f' });
  fresh = await approved(room, AggregateQuery.parse({ ...byDistrict, id: 'fresh' }));
  await room.installation.close();
  copy = await copyOf(room);
  state = join(copy, 'rooms', 'small', 'state');
});
afterAll(async () => {
  vi.restoreAllMocks();
  await room.close();
  await removeCopy(copy);
});

/** Flips one bit of a file, does something, and puts the file back. */
async function withFlippedBit<T>(path: string, position: number, bit: number, act: () => Promise<T>): Promise<T> {
  const before = await readFile(path);
  const bent = Buffer.from(before);
  bent[position] = (bent[position] ?? 0) ^ (1 << bit);
  await writeFile(path, bent);
  try {
    return await act();
  } finally {
    await writeFile(path, before);
  }
}

/** Positions in a file: both ends, the middle, and some in between. Fixed, so that a failure can be seen again. */
function positions(size: number): [position: number, bit: number][] {
  const shares = [0, 0.071, 0.183, 0.317, 0.5, 0.611, 0.743, 0.857, 0.953];
  const all = [...shares.map((share) => Math.floor(share * size)), size - 1];
  return [...new Set(all)].map((position, at) => [position, (at * 5 + position) % 8]);
}

async function below(folder: string): Promise<string[]> {
  const found = await readdir(join(state, folder), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('what anybody can verify', () => {
  test('the copy verifies as it is', async () => {
    expect(await verifyState(state)).toMatchObject({ verified: true, spent: { person: { loss: '1/8' } } });
  });

  test('a flipped bit in checkpoint, journal, any bundle or any tile is found, and an entry or a file is named', async () => {
    const paths = (await below('log')).filter((path) => !path.endsWith('/log/signed'));
    expect(paths.some((path) => path.includes('/tile/entries/'))).toBe(true);
    expect(paths.some((path) => path.includes('/tile/0/'))).toBe(true);
    expect(paths.length).toBeGreaterThan(10);
    await expectFound(paths);
  });

  test('a flipped bit in any object is found, and the object or an entry is named', async () => {
    const paths = await below('objects');
    expect(paths.length).toBeGreaterThan(15);
    await expectFound(paths);
  });

  async function expectFound(paths: readonly string[]): Promise<void> {
    const missed: string[] = [];
    for (const path of paths) {
      const { length } = await readFile(path);
      const all = positions(length);
      // Two of each file, other ones for each: all of them for a file would take minutes.
      const number = paths.indexOf(path);
      for (const [position, bit] of [all[number % all.length], all[(number + 4) % all.length]].flatMap((p) =>
        p ? [p] : [],
      )) {
        const verdict = await withFlippedBit(path, position, bit, () => verifyState(state));
        const named = !verdict.verified && (verdict.entry !== null || verdict.message.length > 0);
        if (!named) missed.push(`${path.slice(state.length)} byte ${position} bit ${bit}`);
      }
    }
    expect(missed).toEqual([]);
  }
});

describe('what only the room can open', () => {
  /** Starts the room on the copy and asks what was asked before and something new. */
  async function outcome(): Promise<{ repeat: unknown; question: unknown }> {
    const opened = await reopened(room, copy);
    const client = opened.client('analyst');
    const put = (query: string) =>
      ask(client, query, 'planning', { sex: 'f' }).then(
        ({ isRepeat }) => ({ isRepeat }),
        (error: unknown) => (error instanceof RoomProblem ? error.code : String(error)),
      );
    try {
      return { repeat: await put(asked), question: await put(fresh) };
    } finally {
      await opened.close();
    }
  }

  async function expectNoCharge(entries: number): Promise<void> {
    const after = await verifiedLog(state);
    expect(after.spent.loss).toBe('1/8');
    expect(after.entries.slice(entries).map(({ type }) => type)).not.toContain('query.charged');
  }

  test.each([
    'secrets/identity',
    'secrets/room-key',
    'releases',
    'log/signed',
    'log/journal',
    'log/checkpoint',
    'room',
  ])('with a flipped bit in %s the room does not start, and starts again once it is put back', async (name) => {
    const [path = ''] = name === 'releases' ? await below('releases') : [join(state, name)];
    const { length } = await readFile(path);
    const position = Math.floor(length / 2);
    const before = await verifiedLog(state);
    const { repeat, question } = await withFlippedBit(path, position, 3, outcome);
    expect([repeat, question]).toEqual(['enclave-failed', 'enclave-failed']);
    expect(await verifiedLog(state)).toEqual(before);
  });

  test.each([
    ['an upload’s head', 'uploads', 0.0004],
    ['an upload’s first chunk', 'uploads', 0.01],
    ['an upload’s last byte', 'uploads', 1],
    ['an upload key', 'upload-keys', 0.5],
  ])('with a flipped bit in %s nothing new is answered and nothing is charged', async (_name, folder, share) => {
    const [path = ''] = await below(folder === 'uploads' ? '../uploads' : folder);
    const { length } = await readFile(path);
    const position = Math.min(length - 1, Math.floor(share * length));
    const { entries } = await verifiedLog(state);
    const { question } = await withFlippedBit(path, position, 1, outcome);
    expect(question).toBe('dataset-unavailable');
    await expectNoCharge(entries.length);
  });

  test('the copy is as good as before once every bit is back: the repeat is free, the new question answered', async () => {
    const { repeat, question } = await outcome();
    expect([repeat, question]).toEqual([{ isRepeat: true }, { isRepeat: false }]);
    expect(await verifyState(state)).toMatchObject({ verified: true, spent: { person: { loss: '1/4' } } });
  });
});

/**
 * The enclave is killed with SIGKILL at random moments while it works on several questions, and started again: never a
 * second release for a charge, no release without a charge, balances exact. The named steps of an answer are for
 * `killed-answer.test.ts`. Two hundred kills in the nightly run, twenty in the ordinary one.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AggregateQuery, formatRational, rational } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answered, ask } from '../../src/client/ask.ts';
import { clearQuery } from '../../src/client/lifecycle.ts';
import { NoAnswer, RoomProblem } from '../../src/client/room-client.ts';
import { seededBits } from '../support/seeded-bits.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

const kills = process.env['REINRAUM_NIGHTLY'] === '1' ? 200 : 20;
/** Questions in work when the enclave is killed. */
const atOnce = 3;
const slotMs = 300;
/** Twice what an answer takes: kills fall before, into and after every step of it. */
const killedWithinMs = 600;

const question = AggregateQuery.parse({
  ...byDistrict,
  params: {
    age: { oneOf: Array.from({ length: 120 }, (_, age) => age) },
    district: { oneOf: ['alpha', 'beta', 'gamma'] },
  },
  where: { all: [{ gte: ['r.age', '$age'] }, { eq: ['r.district', '$district'] }] },
  slotMs,
});

let room: SmallRoom;
let query: string;
beforeAll(async () => {
  room = await smallRoom({ rho: '1000', delta: '1/1000' });
  await uploadResidents(room, residentRecords([100, 50, 20]));
  query = await approved(room, question);
});
afterAll(() => room.close());

type Parameters = { readonly age: number; readonly district: string };
const unasked: Parameters[] = Array.from({ length: 120 }, (_, age) => age).flatMap((age) =>
  ['alpha', 'beta', 'gamma'].map((district) => ({ age, district })),
);

/** Every document that ever left the room, by the charge that paid for it. */
const delivered = new Map<number, Set<string>>();

/** Asks; undefined where the enclave was gone before the answer was here. */
async function put(parameters: Parameters): Promise<Answered | undefined> {
  try {
    const answered = await ask(room.client('analyst'), query, 'planning', parameters);
    expect(answered.release.parameters).toEqual(parameters);
    const { charged } = answered.release;
    delivered.set(charged, (delivered.get(charged) ?? new Set()).add(JSON.stringify(answered.document)));
    return answered;
  } catch (error) {
    const isGone = error instanceof NoAnswer || (error instanceof RoomProblem && error.status >= 500);
    // On a busy machine an answer overruns its slot, and the question waits to be cleared.
    if (!isGone && !(error instanceof RoomProblem && error.code === 'query-suspended')) throw error;
    return undefined;
  }
}

/** Starts the enclave again, and lets the question go on if an answer to it was lost. */
async function startedAgain(): Promise<void> {
  const { queries } = await room.client('cityDpo').catalogue();
  if (queries[0]?.suspended !== null) await clearQuery(room.client('cityDpo'), query);
}

test(
  `${kills} kills at random moments`,
  async () => {
    const bits = seededBits('random kills');
    const answered: Parameters[] = [];
    const lost: Parameters[] = [];
    const next = () => unasked.shift() ?? { age: 0, district: 'alpha' };
    const first = next();
    expect(await put(first)).toMatchObject({ isRepeat: false });
    answered.push(first);
    for (let kill = 1; kill <= kills; kill++) {
      // A repeat starts the engine and costs nothing; what was lost before is asked again, by its own parameters.
      expect(await put(answered[bits.below(answered.length)] ?? first)).toMatchObject({ isRepeat: true });
      const asked = Array.from({ length: atOnce }, (_, at) => (at === 0 ? lost.shift() : undefined) ?? next());
      const { enclave } = await room.rooms.room('small');
      const killed = setTimeout(bits.below(killedWithinMs)).then(() => enclave.process.kill('SIGKILL'));
      const answers = await Promise.all(asked.map(put));
      await killed;
      await enclave.exited;
      answers.forEach((answer, at) => (answer ? answered : lost).push(asked[at] ?? first));
      await startedAgain();
    }
    expect(lost.length).toBeGreaterThan(0);
    expect(answered.length).toBeGreaterThan(1);
  },
  kills * 20_000,
);

test('every charge has one outcome, every release one charge, and the balance is what was charged', async () => {
  const { entries, spent } = await verifiedLog(room.state);
  const indexes = (type: string) => entries.flatMap((entry, index) => (entry.type === type ? [index] : []));
  const causes = (type: string) => indexes(type).map((index) => entries[index]?.caused);
  const charges = indexes('query.charged');
  const [released, failed] = [causes('query.released'), causes('query.failed')];
  expect(released.length + failed.length).toBe(charges.length);
  expect(new Set([...released, ...failed])).toEqual(new Set(charges));
  expect(indexes('enclave.started')).toHaveLength(kills + 1);
  expect(failed.length).toBeGreaterThan(0);
  expect(formatRational(rational(BigInt(charges.length), 8n))).toBe(spent.loss);
  expect(formatRational(rational(BigInt(charges.length), 10n ** 8n))).toBe(spent.delta);
  // One document a charge: on the disk, and among all that were ever delivered.
  const files = await readdir(join(room.state, 'releases'));
  // A file whose writing was cut off is read by nobody.
  const stored = files.filter((name) => !name.endsWith('.tmp'));
  expect(new Set(stored)).toEqual(new Set(released.map(String)));
  for (const [charged, documents] of delivered) {
    expect(released).toContain(charged);
    expect(documents.size).toBe(1);
  }
});

/** A question that exhausts the engine if somebody is there; README.md says the rest. */
import { AggregateQuery, digestOf, type Json } from '@reinraum/protocol';
import { ask } from '../../../src/client/ask.ts';
import { clearQuery } from '../../../src/client/lifecycle.ts';
import { RoomProblem } from '../../../src/client/room-client.ts';
import { enginesOf } from '../../support/engine-processes.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../../support/small-room.ts';
import { verifiedLog } from '../../support/verified-log.ts';
import type { Attack } from '../attack.ts';

/** Five secrets, of which the second is the first that makes the engine fail. */
const secret = [false, true, false, true, false];
const neutral = 100;
const template = AggregateQuery.parse({
  ...byDistrict,
  params: { age: { oneOf: [...secret.keys(), neutral] } },
  where: { gte: ['r.age', '$age'] },
  // Ample on a busy machine: an answer that overruns its slot by itself would look like a secret.
  slotMs: 1000,
});

const ages = Array.from({ length: 120 }, (_, age) => age);
const nested = (depth: number): Json => (depth === 0 ? { eq: ['r.sex', 'f'] } : { not: nested(depth - 1) });
/** Questions that would take more than a room gives: cells, time, measures, values, depth. */
const greedy = [
  { groupBy: ['a', 'b', 'c'].map((as) => ({ column: 'r.age', as, edges: ages })) },
  { slotMs: 600_001 },
  { measures: Array.from({ length: 9 }, (_, n) => ({ as: `m${n}`, fn: 'count' })) },
  { where: { in: ['r.age', Array.from({ length: 4097 }, (_, n) => n % 120)] } },
  { where: nested(6) },
].map((change): Json => ({ ...(byDistrict as Record<string, Json>), params: {}, where: nested(0), ...change }));

/** The code of a refusal, or that there was none. */
async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return 'none';
  } catch (error) {
    if (!(error instanceof RoomProblem)) throw error;
    return error.code;
  }
}

/** Asks about one secret after the other. The engine stands still over those that hold, as it would without memory. */
async function read(room: SmallRoom, isClearedUnseen: boolean): Promise<string[]> {
  await uploadResidents(room, residentRecords([100, 60, 0]));
  const query = await approved(room, template);
  const put = (age: number) => ask(room.client('analyst'), query, 'planning', { age });
  const said: string[] = [];
  for (const [age, holds] of secret.entries()) {
    // The first time an answer, later its repeat: it starts the engine.
    await put(neutral);
    if (holds) for (const engine of await enginesOf(room)) process.kill(engine, 'SIGSTOP');
    said.push(await codeOf(put(age)));
    if (said.at(-1) === 'query-suspended') for (const engine of await enginesOf(room)) process.kill(engine, 'SIGCONT');
    if (isClearedUnseen && said.at(-1) === 'enclave-failed') await clearQuery(room.client('cityDpo'), query);
  }
  return said;
}

/** How many secrets can be told from what was said. */
const toldBy = (said: readonly string[]) => said.filter((code) => code === 'none' || code === 'enclave-failed').length;

export const attack: Attack = {
  id: '024',
  name: 'failing on purpose',
  async measure() {
    const [unseen, room] = [await smallRoom({ rho: '2' }), await smallRoom({ rho: '2' })];
    try {
      const weak = await read(unseen, true);
      const said = await read(room, false);
      const refused: string[] = [];
      for (const object of greedy) {
        const body = { query: digestOf(object) };
        refused.push(await codeOf(room.client('analyst').act('query.propose', body, { object })));
      }
      const { spent } = await verifiedLog(room.state);
      const isRefused = refused.every((code) => code === 'query-malformed' || code === 'query-not-compilable');
      return {
        unprotected: `${toldBy(weak)} of ${secret.length} secrets`,
        ours: `${toldBy(said)}, then ${[...new Set(said.slice(toldBy(said)))].join()}; ${refused.length} greedy questions refused`,
        bound: 'the first failure',
        holds:
          toldBy(weak) === secret.length &&
          weak.every((code, at) => (code === 'enclave-failed') === secret[at]) &&
          toldBy(said) === secret.indexOf(true) + 1 &&
          said.slice(toldBy(said)).every((code) => code === 'query-suspended') &&
          // The neutral answer, and those up to the first failure.
          spent.loss === '3/8' &&
          isRefused,
      };
    } finally {
      await Promise.all([unseen.close(), room.close()]);
    }
  },
};

/**
 * Two hundred different questions at once on a budget for seven, each time in a fresh room: seven are answered, whichever
 * they are, the budget is spent to the last unit, and everybody else is refused before a charge. Fifty repetitions in the
 * nightly run, three in the ordinary one.
 */
import { AggregateQuery } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { ask } from '../../src/client/ask.ts';
import { RoomProblem } from '../../src/client/room-client.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { refusedCodes, verifiedLog } from '../support/verified-log.ts';

const requests = 200;
const budgetFor = 7;
const repetitions = process.env['REINRAUM_NIGHTLY'] === '1' ? 50 : 3;

/** No two of its parameters ask the same; long slots, for an answer that overruns its own is charged and gives nothing. */
const question = AggregateQuery.parse({
  ...byDistrict,
  params: { age: { oneOf: Array.from({ length: 100 }, (_, age) => age) }, sex: { oneOf: ['f', 'm'] } },
  where: { all: [{ gte: ['r.age', '$age'] }, { eq: ['r.sex', '$sex'] }] },
  slotMs: 3000,
});
const asked = Array.from({ length: requests }, (_, n) => ({ age: n % 100, sex: n < 100 ? 'f' : 'm' }));

/** What a request comes to: the index of the charge that paid for it, or the code it was refused with. */
async function outcome(room: SmallRoom, query: string, parameters: (typeof asked)[number]): Promise<number | string> {
  try {
    const { release, isRepeat } = await ask(room.client('analyst'), query, 'planning', parameters);
    expect(release.parameters).toEqual(parameters);
    expect(isRepeat).toBe(false);
    return release.charged;
  } catch (error) {
    if (!(error instanceof RoomProblem)) throw error;
    return error.code;
  }
}

test(
  `${requests} requests at once on a budget for ${budgetFor}, ${repetitions} times`,
  async () => {
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      const room = await smallRoom({ rho: '7/8' });
      try {
        await uploadResidents(room, residentRecords([100, 50, 20]));
        const query = await approved(room, question);
        const outcomes = await Promise.all(asked.map((parameters) => outcome(room, query, parameters)));
        const paid = outcomes.filter((one) => typeof one === 'number');
        const refused = outcomes.filter((one) => typeof one === 'string');
        expect(new Set(refused)).toEqual(new Set(['budget-exhausted']));
        expect(paid).toHaveLength(budgetFor);

        const log = await verifiedLog(room.state);
        const indexes = (type: string) => log.entries.flatMap((entry, index) => (entry.type === type ? [index] : []));
        const released = indexes('query.released').map((index) => log.entries[index]?.caused);
        expect(new Set(indexes('query.charged'))).toEqual(new Set(paid));
        expect(released).toHaveLength(budgetFor);
        expect(new Set(released)).toEqual(new Set(paid));
        expect(indexes('query.failed')).toEqual([]);
        expect(refusedCodes(log)).toHaveLength(requests - budgetFor);
        expect(log.spent).toEqual({ loss: '7/8', delta: '7/100000000' });
      } finally {
        await room.close();
      }
    }
  },
  repetitions * 60_000,
);

/** One template, every value its parameter may have; README.md says the rest. */
import { AggregateQuery, rational } from '@reinraum/protocol';
import { ask } from '../../../src/client/ask.ts';
import { RoomProblem } from '../../../src/client/room-client.ts';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { minimumOnly } from '../../support/builds.ts';
import { approved, byDistrict, residentRecords, smallRoom, uploadResidents } from '../../support/small-room.ts';
import { above, mean, wonAtMost } from '../../support/wager.ts';
import type { Attack } from '../attack.ts';
import { distinguishing } from '../distinguishing.ts';

/** The target is 20 or 60: every threshold in between tells. */
const thresholds = Array.from({ length: 40 }, (_, n) => 21 + n);
const others = alike(100, ['alpha', 70, 'f', 'no', 1000]);
const worlds = [20, 60].map((age) => [...others, ...alike(1, ['alpha', age, 'f', 'yes', 1000])]);

const game = distinguishing({
  id: '025',
  name: 'parameter enumeration',
  asked: thresholds.map((age) =>
    askedOf(question({ where: { gte: ['r.age', age] }, privacy: { rho: '1/40' } }), worlds),
  ),
  guess: (answers) => above(mean(answers), 100.5),
  weak: minimumOnly,
  bound: wonAtMost(rational(1n), 40e-8),
});

const paid = 4;
const template = AggregateQuery.parse({
  ...byDistrict,
  params: { age: { oneOf: thresholds } },
  where: { gte: ['r.age', '$age'] },
  // Ample on a busy machine: an answer that overruns its slot fails and is charged.
  slotMs: 600,
});

/** What a real room says to one value after the other, on a budget for four, and to one that is not in the list. */
async function enumerated(): Promise<string[]> {
  const room = await smallRoom({ rho: '1/2' });
  try {
    await uploadResidents(room, residentRecords([100, 60, 0]));
    const query = await approved(room, template);
    const said: string[] = [];
    for (const age of [...thresholds.slice(0, paid + 2), 20]) {
      try {
        const { isRepeat } = await ask(room.client('analyst'), query, 'planning', { age });
        said.push(isRepeat ? 'repeated' : 'answered');
      } catch (error) {
        if (!(error instanceof RoomProblem)) throw error;
        said.push(error.code);
      }
    }
    return said;
  } finally {
    await room.close();
  }
}

export const attack: Attack = {
  ...game,
  async measure() {
    const row = await game.measure();
    const said = await enumerated();
    const answered = said.filter((word) => word === 'answered').length;
    const rest = said.slice(answered).join(', ');
    return {
      ...row,
      ours: `${row.ours}; ${answered} values answered, then ${rest}`,
      holds:
        row.holds &&
        answered === paid &&
        rest === ['budget-exhausted', 'budget-exhausted', 'parameter-invalid'].join(', '),
    };
  },
};

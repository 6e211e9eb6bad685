/** The same question again and again, and its variants of equal meaning; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { ask } from '../../../src/client/ask.ts';
import { RoomProblem } from '../../../src/client/room-client.ts';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { noiseOnly, ours } from '../../support/builds.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import { approved, byDistrict, residentRecords, smallRoom, uploadResidents } from '../../support/small-room.ts';
import { above, mean, wager, wonAtMost } from '../../support/wager.ts';
import { type Attack, judged } from '../attack.ts';

/** What one answer costs, and the whole budget of the room: eight answers. */
const privacy = { rho: '1/8' };
const answersPaid = 8;
const repeats = 12;
const freeAnswers = 400;
/** Ample on a busy machine: an answer that overruns its slot fails and is charged. */
const slotMs = 600;
const worlds = [100, 101].map((count) => alike(count, ['alpha', 30, 'f', 'yes', 1000]));
const asked = askedOf(question({ privacy }), worlds);

/** The mean of so many answers against the middle of the two worlds. */
const averaged = (answers: number) =>
  [
    Array.from({ length: answers }, () => asked),
    (given: Parameters<typeof mean>[0]) => above(mean(given), 100.5),
  ] as const;

/** What a real room gives for repeats and variants: different answers, and the word it refuses the rest with. */
async function askedOfRoom() {
  const room = await smallRoom({ rho: '1' });
  try {
    await uploadResidents(room, residentRecords([100, 60, 0]));
    const analyst = room.client('analyst');
    const documents = new Set<string>();
    const query = await approved(room, { ...byDistrict, slotMs });
    for (let repeat = 0; repeat < repeats; repeat++) {
      documents.add(JSON.stringify((await ask(analyst, query, 'planning', { sex: 'f' })).document));
    }
    const ofRepeats = documents.size;
    let refused = 'nothing';
    for (let variant = 1; variant <= answersPaid; variant++) {
      const renamed = await approved(room, { ...byDistrict, id: `variant-${variant}`, slotMs });
      try {
        documents.add(JSON.stringify((await ask(analyst, renamed, 'planning', { sex: 'f' })).document));
      } catch (error) {
        if (!(error instanceof RoomProblem)) throw error;
        refused = error.code;
      }
    }
    const { balances } = await room.client('cityDpo').catalogue();
    return { ofRepeats, ofVariants: documents.size, refused, loss: balances[0]?.loss };
  } finally {
    await room.close();
  }
}

export const attack: Attack = {
  id: '001',
  name: 'averaging repeats',
  async measure() {
    const bits = seededBits('attack 001');
    const row = judged(
      wager(...averaged(freeAnswers), noiseOnly, { trials: 200, bits }),
      wager(...averaged(answersPaid), ours, { trials: 4000, bits }),
      wonAtMost(rational(1n), 8e-8),
    );
    const { ofRepeats, ofVariants, refused, loss } = await askedOfRoom();
    return {
      ...row,
      ours: `${row.ours}; ${ofRepeats} answer of ${repeats} repeats, then ${ofVariants} of ${answersPaid + 1} variants`,
      holds:
        row.holds &&
        ofRepeats === 1 &&
        ofVariants === answersPaid &&
        refused === 'budget-exhausted' &&
        JSON.stringify(loss) === JSON.stringify({ cap: '1', spent: '1' }),
    };
  },
};

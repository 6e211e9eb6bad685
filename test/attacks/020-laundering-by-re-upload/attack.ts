/** The same rows under a new version, so that the budget might start anew; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { ask } from '../../../src/client/ask.ts';
import { RoomProblem } from '../../../src/client/room-client.ts';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { noiseOnly, ours } from '../../support/builds.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  residentsHandover,
  smallRoom,
  uploadResidents,
} from '../../support/small-room.ts';
import { verifiedLog } from '../../support/verified-log.ts';
import { above, mean, wager, wonAtMost } from '../../support/wager.ts';
import { type Attack, judged } from '../attack.ts';

/** The budget of the room is the price of one answer. */
const rho = '1/8';
const versions = 400;
const worlds = [100, 101].map((count) => alike(count, ['alpha', 30, 'f', 'yes', 1000]));
const asked = askedOf(question({ privacy: { rho } }), worlds);
/** Ample on a busy machine: an answer that overruns its slot fails and is charged. */
const slotMs = 600;

/** What a real room says to the question about the second version, and to the same question under another name. */
async function askedOfRoom(): Promise<string[]> {
  const room = await smallRoom({ rho });
  try {
    const records = residentRecords([100, 60, 0]);
    await uploadResidents(room, records);
    const queries = [
      await approved(room, { ...byDistrict, slotMs }),
      await approved(room, { ...byDistrict, id: 'renamed', slotMs }),
    ];
    const analyst = room.client('analyst');
    await ask(analyst, queries[0] ?? '', 'planning', { sex: 'f' });
    const { entries } = await verifiedLog(room.state);
    const admitted = entries.findLast(({ type }) => type === 'dataset.admitted');
    const predecessor = admitted?.type === 'dataset.admitted' ? admitted.detail.manifest : null;
    const second = await uploadResidents(room, records, residentsHandover(2, predecessor));
    if (!second.report.admitted) throw new Error('the second version was not admitted');
    const said: string[] = [];
    for (const query of queries) {
      try {
        await ask(analyst, query, 'planning', { sex: 'f' });
        said.push('answered');
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
  id: '020',
  name: 'laundering by re-upload',
  async measure() {
    const bits = seededBits('attack 020');
    const answers = (count: number) => Array.from({ length: count }, () => asked);
    const row = judged(
      wager(answers(versions), (given) => above(mean(given), 100.5), noiseOnly, { trials: 200, bits }),
      wager(answers(1), (given) => above(mean(given), 100.5), ours, { trials: 8000, bits }),
      wonAtMost(rational(1n, 8n), 1e-8),
    );
    const said = await askedOfRoom();
    return {
      ...row,
      ours: `${row.ours}; new version, new name: ${said.join(', ')}`,
      holds: row.holds && said.every((word) => word === 'budget-exhausted'),
    };
  },
};

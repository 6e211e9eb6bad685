/** What a member is told without paying, in two rooms that differ by one person; README.md says the rest. */
import { AggregateQuery, digestOf, type Json } from '@reinraum/protocol';
import { ask } from '../../../src/client/ask.ts';
import { RoomProblem } from '../../../src/client/room-client.ts';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { noiseBehindMinimum } from '../../support/builds.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import { approved, byDistrict, residentRecords, smallRoom, uploadResidents } from '../../support/small-room.ts';
import { verifiedLog } from '../../support/verified-log.ts';
import { shown, wager } from '../../support/wager.ts';
import { type Attack, percent } from '../attack.ts';

const trials = 8000;
/** Persons in alpha, the district everything is asked about: below k = 5, and not. */
const inAlpha = [4, 5] as const;
/** Ample on a busy machine: an answer that overruns its slot fails. */
const slotMs = 600;
const district = { keys: ['alpha'], column: 'r.district', as: 'district' };
const template = AggregateQuery.parse({ ...byDistrict, groupBy: [district], slotMs });

/** The question a system without noise would refuse if it is about fewer than k. */
function refusedBelowK(): number {
  const worlds = inAlpha.map((count) => alike(count, ['alpha', 30, 'f', 'yes', 1000]));
  const asked = [askedOf(question({ privacy: { rho: '1/8' }, k: 5 }), worlds)];
  const guess = ([answer]: Parameters<Parameters<typeof wager>[1]>[0]) => shown(answer) !== undefined;
  const { successes } = wager(asked, guess, noiseBehindMinimum, { trials, bits: seededBits('attack 023') });
  return successes / trials;
}

/** Everything a member is told by a room, one paid answer apart: previews, refusals, the catalogue, the log. */
async function toldBy(count: number): Promise<string[]> {
  const room = await smallRoom({ rho: '1/8' });
  try {
    await uploadResidents(room, residentRecords([count, 60, 0]));
    const analyst = room.client('analyst');
    const query = await approved(room, template);
    const other = await approved(room, { ...template, id: 'other' });
    const halfApproved = { ...template, id: 'half-approved' };
    await analyst.act('query.propose', { query: digestOf(halfApproved as Json) }, { object: halfApproved });
    const put = async (digest: string, parameters: { readonly sex: string }, purpose = 'planning') => {
      try {
        return (await ask(analyst, digest, purpose, parameters)).isRepeat ? 'repeated' : 'answered';
      } catch (error) {
        if (!(error instanceof RoomProblem)) throw error;
        return `${error.status} ${error.message}`;
      }
    };
    const said = [
      JSON.stringify(await analyst.preview({ query, parameters: { sex: 'f' }, unitsPerCell: null })),
      await put(digestOf(halfApproved as Json), { sex: 'f' }),
      await put(query, { sex: 'x' }),
      await put(query, { sex: 'f' }, 'advertising'),
      await put(query, { sex: 'f' }),
      await put(query, { sex: 'f' }),
      await put(query, { sex: 'm' }),
      await put(other, { sex: 'f' }),
    ];
    const { balances, datasets, size } = await analyst.catalogue();
    said.push(JSON.stringify([balances, datasets.map(({ manifest: _own, ...rest }) => rest), size]));
    const { entries } = await verifiedLog(room.state);
    said.push(entries.map(({ type, detail }) => `${type} ${'code' in detail ? detail.code : ''}`).join());
    return said;
  } finally {
    await room.close();
  }
}

export const attack: Attack = {
  id: '023',
  name: 'refusal oracle',
  async measure() {
    const won = refusedBelowK();
    const [below, reached] = [await toldBy(inAlpha[0]), await toldBy(inAlpha[1])];
    const alikeCount = below.filter((word, at) => word === reached[at]).length;
    const codes = ['query-not-approved', 'parameter-invalid', 'purpose-unknown', 'budget-exhausted'];
    return {
      unprotected: percent(won),
      ours: `${alikeCount} of ${reached.length} things told are alike`,
      bound: 'all alike',
      holds:
        won === 1 &&
        alikeCount === reached.length &&
        below.length === reached.length &&
        codes.every((code) => below.some((word) => word.includes(code))) &&
        below.includes('answered') &&
        below.includes('repeated'),
    };
  },
};

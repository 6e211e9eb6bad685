/** One person behind many rows of a join; README.md says the rest. */
import { AggregateQuery, among, askedSchema, DatasetSchema, plan, Refusal, rational } from '@reinraum/protocol';
import { alike, question, type Tables, tablesOf, townSchema } from '../../support/attacked-town.ts';
import { type Build, ours } from '../../support/builds.ts';
import type { RandomDataset } from '../../support/random-dataset.ts';
import { above, shown, wonAtMost } from '../../support/wager.ts';
import { type Attack, percent } from '../attack.ts';
import { distinguishing } from '../distinguishing.ts';

const title = { de: 'Beratung', en: 'counselling' };
const codes = [{ code: 'debt', de: 'Schulden', en: 'debts' }];
/** Who came for counselling: once a person, as a question may link it, and every time, as it may not. */
const counselled = DatasetSchema.parse({
  ...townSchema,
  id: 'counselling',
  columns: [{ name: 'topic', title, type: 'code', codes }],
});
const sessions = DatasetSchema.parse({ ...counselled, id: 'sessions', rowsPerUnit: 'many' });
const linkedWith = (dataset: string) =>
  AggregateQuery.parse({
    ...question({ measure: { fn: 'countRows' }, privacy: { rho: '1/20' } }),
    joins: [{ dataset, as: 's' }],
  });
const query = linkedWith(counselled.id);
const schemas = among([townSchema, counselled, sessions]);
const of = plan(query, askedSchema(query, schemas), {});

/** 200 others and the target, or the others alone; the rows of a join with as many rows of each as are said. */
const town = alike(201, ['alpha', 30, 'f', 'yes', 500]);
const joined = (targetRows: number): Tables => {
  const behind = town.flatMap((resident, unit) =>
    Array.from({ length: unit < 200 ? 1 : targetRows }, () => ({ resident, unit })),
  );
  const rows: RandomDataset = {
    schema: townSchema,
    rows: behind.map(({ resident }) => resident),
    units: behind.map(({ unit }) => unit),
  };
  const { joins: _linked, ...plain } = query;
  return tablesOf(of, plain, rows);
};
const asked = { of, worlds: [joined(0), joined(1)] };
const fanned = new Map(asked.worlds.map((tables, world) => [tables, joined(world === 0 ? 0 : 30)]));

/** Noise for one row a person, over the rows of the join. */
const unbounded: Build = (at, trials, bits) =>
  ours(
    at,
    trials.map((tables) => fanned.get(tables) ?? tables),
    bits,
  );

const game = distinguishing({
  id: '028',
  name: 'fan-out join',
  asked: [asked],
  guess: ([answer]) => above(shown(answer), 200.5),
  weak: unbounded,
  bound: wonAtMost(rational(1n, 20n), 1e-8),
});

export const attack: Attack = {
  ...game,
  async measure() {
    const row = await game.measure();
    const permitted = [sessions.id].filter(canLink);
    return {
      ...row,
      ours: `${row.ours}; a dataset with many rows can be linked ${percent(permitted.length)}`,
      holds: row.holds && permitted.length === 0 && canLink(counselled.id),
    };
  },
};

function canLink(dataset: string): boolean {
  const own = linkedWith(dataset);
  try {
    return plan(own, askedSchema(own, schemas), {}).joins !== undefined;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

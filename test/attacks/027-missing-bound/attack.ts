/** One very large value in a sum whose noise was made for ordinary ones; README.md says the rest. */
import { AggregateQuery, plan, rational } from '@reinraum/protocol';
import { alike, askedOf, question, tablesOf, townSchema } from '../../support/attacked-town.ts';
import { type Build, ours } from '../../support/builds.ts';
import { above, shown, wonAtMost } from '../../support/wager.ts';
import { type Attack, percent } from '../attack.ts';
import { distinguishing } from '../distinguishing.ts';

const sumWithin = (high: number) =>
  question({ measure: { fn: 'sum', column: 'r.income', clamp: [0, high] }, privacy: { rho: '1/20' } });
/** What nearly everybody earns is below; what anybody may earn is ten times as much. */
const [ordinary, everything] = [sumWithin(1000), sumWithin(10_000)];
const others = alike(200, ['alpha', 30, 'f', 'no', 500]);
const worlds = [others, [...others, ...alike(1, ['alpha', 31, 'f', 'yes', 10_000])]];
const asked = askedOf(ordinary, worlds);

/** Noise for the bound, over sums of values that were not held to it. */
const unbounded: Build = (of, trials, bits) => {
  const whole = plan(everything, townSchema, {});
  const sums = new Map(
    asked.worlds.map((bounded, world) => [
      bounded,
      tablesOf(whole, everything, { schema: townSchema, rows: worlds[world] ?? [] }),
    ]),
  );
  return ours(
    of,
    trials.map((tables) => sums.get(tables) ?? tables),
    bits,
  );
};

const game = distinguishing({
  id: '027',
  name: 'missing bound',
  asked: [asked],
  // In steps of 100: the others' 1,000, and half of what the target adds to a bounded sum.
  guess: ([answer]) => above(shown(answer), 1000 + 5),
  weak: unbounded,
  bound: wonAtMost(rational(1n, 20n), 1e-8),
});

export const attack: Attack = {
  ...game,
  async measure() {
    const row = await game.measure();
    const measures = ['sum', 'mean', 'variance', 'stddev', 'max'].map((fn) => ({ as: 'm', fn, column: 'r.income' }));
    const permitted = measures.filter((one) => AggregateQuery.safeParse({ ...ordinary, measures: [one] }).success);
    return {
      ...row,
      ours: `${row.ours}; without a bound ${percent(permitted.length / measures.length)} can be asked`,
      holds: row.holds && permitted.length === 0,
    };
  },
};

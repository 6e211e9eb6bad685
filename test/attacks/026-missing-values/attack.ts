/** One value among missing ones, and a minimum that counts rows; README.md says the rest. */
import { DatasetSchema, plan } from '@reinraum/protocol';
import { question, tablesOf, townSchema } from '../../support/attacked-town.ts';
import { type Build, minimumOnly } from '../../support/builds.ts';
import type { Value } from '../../support/random-dataset.ts';
import { above, shown } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const schema = DatasetSchema.parse({
  ...townSchema,
  columns: townSchema.columns.map((column) => (column.name === 'income' ? { ...column, nullable: true } : column)),
});
/** Twelve persons in the cell; of all but the target the income is missing. */
const others = Array.from({ length: 11 }, (): readonly Value[] => ['alpha', 30, 'f', 'no', null]);
const worlds = [1000, 9000].map((income) => [...others, ['alpha', 31, 'f', 'yes', income]]);
const rowsInCell = BigInt(others.length + 1);

const query = question({
  measure: { fn: 'mean', column: 'r.income', clamp: [0, 10_000] },
  privacy: { rho: '1/20' },
});
const of = plan(query, schema, {});

/** A minimum of k as always, but of rows: those without a value count as well. */
const minimumOfRows: Build = (asked, trials, bits) => {
  const decider = asked.measures[0]?.decider;
  const ofRows = trials.map((tables) => tables.map((table, at) => (at === decider ? [rowsInCell] : table)));
  return minimumOnly(asked, ofRows, bits);
};

export const attack = distinguishing({
  id: '026',
  name: 'missing values',
  asked: [{ of, worlds: worlds.map((rows) => tablesOf(of, query, { schema, rows })) }],
  // The centred sum is the target's alone.
  guess: ([answer]) => above(shown(answer), 0),
  weak: minimumOfRows,
  // One valid value is below k, and such a cell is hidden whatever its noise.
  bound: 0.5,
});

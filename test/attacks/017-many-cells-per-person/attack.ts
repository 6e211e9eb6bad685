/** One person in eight cells, and noise made for one; README.md says the rest. */
import { type Plan, plan, rational } from '@reinraum/protocol';
import { alike, panelOf, panelSchema, question, tablesOf, townSchema } from '../../support/attacked-town.ts';
import { type Build, ours, type Published } from '../../support/builds.ts';
import { above, shown, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const query = question({ groupBy: [{ column: 'r.quarter', as: 'quarter' }], privacy: { rho: '1/5' } });
const of = plan(query, panelSchema, {});
const others = alike(100, ['alpha', 30, 'f', 'yes', 1000]);
const worlds = [others, [...others, ...alike(1, ['alpha', 31, 'f', 'yes', 1000])]];

/** The noise of a question whose persons are in one cell each. */
const forOneCell = plan(question({ privacy: { rho: '1/5' } }), townSchema, {}).components[0]?.mechanism;
const noiseOfOneCell: Build = (asked: Plan, trials, bits) => {
  const components = asked.components.map((one) => ({ ...one, mechanism: forOneCell ?? one.mechanism }));
  return ours({ ...asked, components }, trials, bits);
};

const sumOf = (answer: Published | undefined) =>
  answer?.reduce<number | undefined>((sum, _, cell) => {
    const value = shown(answer, cell);
    return sum === undefined || value === undefined ? undefined : sum + value;
  }, 0);

export const attack = distinguishing({
  id: '017',
  name: 'many cells per person',
  asked: [{ of, worlds: worlds.map((residents) => tablesOf(of, query, panelOf(residents))) }],
  guess: ([answer]) => above(sumOf(answer), 8 * 100 + 4),
  weak: noiseOfOneCell,
  bound: wonAtMost(rational(1n, 5n), 8e-8),
});

/** A cell below k, computed back from a total and the cells beside it; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { alike, askedOf, question, type Resident } from '../../support/attacked-town.ts';
import { minimumOnly } from '../../support/builds.ts';
import { above, shown, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others: Resident[] = [
  ...alike(120, ['alpha', 30, 'f', 'yes', 1000]),
  ...alike(90, ['beta', 40, 'm', 'yes', 1000]),
  ...alike(3, ['gamma', 50, 'm', 'yes', 1000]),
];
/** Gamma holds three persons in debt or four: below k either way. */
const worlds = [others, [...others, ...alike(1, ['gamma', 60, 'f', 'yes', 1000])]];
const where = { eq: ['r.debt', 'yes'] };
const privacy = { rho: '1/40' };

export const attack = distinguishing({
  id: '003',
  name: 'hidden cell from totals',
  asked: [
    askedOf(question({ where, privacy }), worlds),
    askedOf(question({ where, privacy, groupBy: [{ column: 'r.district', as: 'district' }] }), worlds),
  ],
  guess: ([total, districts]) => {
    const gamma = shown(districts, 2);
    if (gamma !== undefined) return above(gamma, 3.5);
    const [all, alpha, beta] = [shown(total), shown(districts, 0), shown(districts, 1)];
    return all === undefined || alpha === undefined || beta === undefined ? undefined : above(all - alpha - beta, 3.5);
  },
  weak: minimumOnly,
  bound: wonAtMost(rational(2n, 40n), 2e-8),
});

/** Two questions that differ in one person; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { minimumOnly } from '../../support/builds.ts';
import { above, combined, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others = [...alike(120, ['alpha', 30, 'f', 'yes', 1000]), ...alike(80, ['alpha', 50, 'm', 'no', 2000])];
/** The oldest of the town is known to the attacker but for one thing. */
const worlds = ['no', 'yes'].map((debt) => [...others, ...alike(1, ['alpha', 103, 'f', debt, 900])]);
const inDebt = { eq: ['r.debt', 'yes'] };
const butTheOldest = { all: [inDebt, { not: { eq: ['r.age', 103] } }] };

export const attack = distinguishing({
  id: '002',
  name: 'differencing',
  asked: [inDebt, butTheOldest].map((where) => askedOf(question({ where, privacy: { rho: '1/40' } }), worlds)),
  guess: (answers) => above(combined(answers, [1, -1]), 0.5),
  weak: minimumOnly,
  bound: wonAtMost(rational(2n, 40n), 2e-8),
});

/** Whether a person is in the group a rate was computed of; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { minimumOnly } from '../../support/builds.ts';
import { above, shown, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others = [...alike(150, ['alpha', 30, 'f', 'yes', 1000]), ...alike(150, ['alpha', 50, 'm', 'no', 2000])];
const worlds = [others, [...others, ...alike(1, ['alpha', 31, 'f', 'yes', 1000])]];

export const attack = distinguishing({
  id: '012',
  name: 'membership in a rate',
  asked: [
    askedOf(question({ measure: { fn: 'rate', of: { eq: ['r.debt', 'yes'] } }, privacy: { rho: '1/20' } }), worlds),
  ],
  // The attacker knows who else is in it, so the count of those who have not says nothing new.
  guess: ([answer]) => above(shown(answer, 0, 0), 150.5),
  weak: minimumOnly,
  bound: wonAtMost(rational(1n, 20n), 1e-8),
});

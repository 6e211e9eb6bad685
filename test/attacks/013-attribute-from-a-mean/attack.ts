/** The income of one person from a mean, when everybody else's is known; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { minimumOnly } from '../../support/builds.ts';
import { above, shown, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others = alike(300, ['alpha', 30, 'f', 'yes', 5000]);
const worlds = [0, 10_000].map((income) => [...others, ...alike(1, ['alpha', 31, 'f', 'yes', income])]);
const mean = { fn: 'mean', column: 'r.income', clamp: [0, 10_000] };

export const attack = distinguishing({
  id: '013',
  name: 'attribute from a mean',
  asked: [askedOf(question({ measure: mean, privacy: { rho: '1/50' } }), worlds)],
  // Everybody else lies in the middle of the clamp: the centred sum is the target's alone.
  guess: ([answer]) => above(shown(answer), 0),
  weak: minimumOnly,
  // What value a known person has: two steps between neighbours, so four times ρ.
  bound: wonAtMost(rational(4n, 50n), 2e-8),
});

/** Denning's general tracker around a limit on the size of query sets; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { weakened } from '../../support/builds.ts';
import { above, combined, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others = [...alike(110, ['alpha', 30, 'f', 'no', 1000]), ...alike(90, ['beta', 50, 'm', 'no', 2000])];
/** C is a set of one person or of none; the attacker knows who it would be. */
const worlds = [others, [...others, ...alike(1, ['alpha', 103, 'm', 'yes', 900])]];
const target = { all: [{ eq: ['r.age', 103] }, { eq: ['r.debt', 'yes'] }] };
const tracker = { eq: ['r.sex', 'f'] };
const town = 200n;

/** Answers exactly, if neither the set nor its complement is smaller than 2k. */
const limitedSets = weakened({
  noise: 'none',
  isShown: (units, _, k) => units >= 2n * k && units <= town + 1n - 2n * k,
});

export const attack = distinguishing({
  id: '004',
  name: 'tracker',
  asked: [{ any: [target, tracker] }, { any: [target, { not: tracker }] }, tracker, { not: tracker }].map((where) =>
    askedOf(question({ where, privacy: { rho: '1/80' } }), worlds),
  ),
  // |C ∨ T| + |C ∨ ¬T| − |T| − |¬T| is |C|.
  guess: (answers) => above(combined(answers, [1, 1, -1, -1]), 0.5),
  weak: limitedSets,
  bound: wonAtMost(rational(4n, 80n), 4e-8),
});

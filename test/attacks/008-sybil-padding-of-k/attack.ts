/** An uploader lifts a cell over k and over the cut with persons who do not exist; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { minimumOnly } from '../../support/builds.ts';
import { above, shown, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const invented = alike(500, ['gamma', 119, 'm', 'yes', 0]);
const worlds = [invented, [...invented, ...alike(1, ['gamma', 60, 'f', 'yes', 1000])]];

export const attack = distinguishing({
  id: '008',
  name: 'sybil padding of k',
  asked: [askedOf(question({ privacy: { rho: '1/20' } }), worlds)],
  guess: ([answer]) => above(shown(answer), 500.5),
  weak: minimumOnly,
  bound: wonAtMost(rational(1n, 20n), 1e-8),
});

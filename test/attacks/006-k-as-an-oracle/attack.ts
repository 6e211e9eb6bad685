/** Whether a cell is shown tells whether the k-th person is in it; README.md says the rest. */
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { noiseBehindMinimum } from '../../support/builds.ts';
import { shown } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others = alike(9, ['alpha', 30, 'f', 'no', 1000]);
const worlds = [others, [...others, ...alike(1, ['alpha', 31, 'f', 'yes', 1000])]];

export const attack = distinguishing({
  id: '006',
  name: 'k as an oracle',
  asked: [askedOf(question({ privacy: { epsilon: '1/2' }, k: 10 }), worlds)],
  guess: ([answer]) => shown(answer) !== undefined,
  weak: noiseBehindMinimum,
  // The two worlds differ by a keep decision of 10^-8 and by nothing else: no ε enters.
  bound: 0.5 + 1e-8 / 2,
});

/** Keys crossed until each cell holds one person; README.md says the rest. */
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { weakened } from '../../support/builds.ts';
import { distinguishing } from '../distinguishing.ts';

const others = [...alike(60, ['alpha', 30, 'f', 'no', 1000]), ...alike(60, ['beta', 50, 'm', 'no', 2000])];
const worlds = [others, [...others, ...alike(1, ['gamma', 103, 'f', 'yes', 900])]];

/** Noise on every group of a GROUP BY; groups nobody is in do not come back. */
const groupsThatExist = weakened({ isShown: (units) => units > 0n });

const groupBy = [
  { column: 'r.district', as: 'district' },
  { column: 'r.age', edges: [0, 100], as: 'age' },
  { column: 'r.sex', as: 'sex' },
  { column: 'r.debt', as: 'debt' },
];
/** gamma, 100 and older, f, yes: the position in row-major order of the keys. */
const cell = ((2 * 2 + 1) * 2 + 0) * 2 + 1;

export const attack = distinguishing({
  id: '011',
  name: 'singleton intersection',
  asked: [askedOf(question({ groupBy, privacy: { epsilon: '1' } }), worlds)],
  guess: ([answer]) => answer?.[cell] !== undefined,
  weak: groupsThatExist,
  // None or one is below k, and such a cell is hidden whatever its noise.
  bound: 0.5,
});

/** A group of more than k in which everybody has what is asked about; README.md says the rest. */
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import type { Build, Published } from '../../support/builds.ts';
import { distinguishing } from '../distinguishing.ts';

const others = alike(199, ['alpha', 30, 'f', 'yes', 1000]);
const worlds = ['no', 'yes'].map((debt) => [...others, ...alike(1, ['alpha', 31, 'f', debt, 1000])]);

/** k asks for a large enough cell and looks at nothing else; the classes within it are not counted. */
const minimumOfCell: Build = (of, trials) =>
  trials.map(([pair = []]): Published => {
    const units = pair.reduce((sum, part) => sum + part, 0n);
    return [units >= BigInt(of.k) ? { units, values: pair } : undefined];
  });

export const attack = distinguishing({
  id: '007',
  name: 'homogeneity',
  asked: [
    askedOf(question({ measure: { fn: 'rate', of: { eq: ['r.debt', 'yes'] } }, privacy: { epsilon: '1/2' } }), worlds),
  ],
  guess: ([answer]) => {
    const rate = answer?.[0]?.values;
    return rate && Number(rate[1]) < 0.5;
  },
  weak: minimumOfCell,
  // "Has not" holds one person or none: less than k, so that both classes are hidden in both worlds.
  bound: 0.5,
});

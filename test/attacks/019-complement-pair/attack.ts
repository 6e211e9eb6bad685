/** The class that is shown and a total everybody knows give the hidden class away; README.md says the rest. */
import type { KeptCell } from '../../../enclave/privacy/stages.ts';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import type { Build } from '../../support/builds.ts';
import { above, shown } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others = [...alike(150, ['alpha', 30, 'f', 'yes', 1000]), ...alike(3, ['alpha', 50, 'm', 'no', 2000])];
const worlds = ['yes', 'no'].map((debt) => [...others, ...alike(1, ['alpha', 31, 'f', debt, 1000])]);
/** From the register: how many live in the district. */
const total = 154;

/** Exact counts, each class hidden on its own where it is below k. */
const classByClass: Build = (of, trials) =>
  trials.map(([pair = []]): (KeptCell | undefined)[] => [
    { units: null, values: pair.map((count) => (count >= BigInt(of.k) ? count : undefined)) },
  ]);

export const attack = distinguishing({
  id: '019',
  name: 'complement pair',
  asked: [
    askedOf(question({ measure: { fn: 'rate', of: { eq: ['r.debt', 'yes'] } }, privacy: { rho: '1/20' } }), worlds),
  ],
  guess: ([answer]) => {
    const inDebt = shown(answer);
    return inDebt === undefined ? undefined : above(total - inDebt, 3.5);
  },
  weak: classByClass,
  // "Has not" holds three persons or four: less than k, and then the other class is hidden too.
  bound: 0.5,
});

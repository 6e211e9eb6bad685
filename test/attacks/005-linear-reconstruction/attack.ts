/** 2,000 random subset counts of 200 persons, solved for one secret bit of each; README.md says the rest. */
import { plan, rational } from '@reinraum/protocol';
import { question, townSchema } from '../../support/attacked-town.ts';
import { type Build, noiseOnly, ours, roundedToFive } from '../../support/builds.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import { shown, wonAtMostPure } from '../../support/wager.ts';
import { type Attack, alsoWithin, judged, type Tally } from '../attack.ts';
import { leastSquares } from './least-squares.ts';

const persons = 200;
const subsets = 2000;
const towns = 3;
/** All answers together cost ε = 1. */
const of = plan(question({ privacy: { epsilon: '1/2000' } }), townSchema, {});

function reconstructed(build: Build, name: string): Tally {
  const bits = seededBits(`attack 005 ${name}`);
  let successes = 0;
  for (let town = 0; town < towns; town++) {
    const secret = Array.from({ length: persons }, () => bits.bit());
    const asked = Array.from({ length: subsets }, () => Array.from({ length: persons }, (): number => bits.bit()));
    const exact = asked.map((subset) => BigInt(subset.reduce((sum, isIn, at) => sum + isIn * (secret[at] ?? 0), 0)));
    const answers = build(
      of,
      exact.map((count) => [[count]]),
      bits,
    ).map((answer) => shown(answer));
    const known = asked.filter((_, at) => answers[at] !== undefined);
    const solved = leastSquares(
      known,
      answers.filter((answer) => answer !== undefined),
    );
    const guessed = secret.map((_, at) => (solved ? Number((solved[at] ?? 0) > 0.5) : bits.bit()));
    successes += guessed.filter((bit, at) => bit === secret[at]).length;
  }
  return { successes, trials: towns * persons };
}

export const attack: Attack = {
  id: '005',
  name: 'linear reconstruction',
  measure() {
    // In this order: an answer of ours is hidden, as its noise is far larger than the town; so the noise is also
    // measured alone.
    const bound = wonAtMostPure(rational(1n), subsets * 1e-8);
    const row = judged(reconstructed(roundedToFive, 'rounded'), reconstructed(ours, 'ours'), bound);
    return alsoWithin(row, 'nothing hidden', reconstructed(noiseOnly, 'noise'), bound);
  },
};

/** The same question before and after one person left; README.md says the rest. */
import { createHash } from 'node:crypto';
import { canonicalText, type Json, rational } from '@reinraum/protocol';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { type Build, noiseOnly } from '../../support/builds.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import { above, combined, wonAtMost } from '../../support/wager.ts';
import { distinguishing } from '../distinguishing.ts';

const others = alike(200, ['alpha', 30, 'f', 'yes', 1000]);
const target = alike(1, ['alpha', 31, 'f', 'yes', 1000]);
const query = question({ privacy: { rho: '1/40' } });

/** Noise from a hash of the question, so that asking again gives nothing new – until the data have changed. */
const noiseFromHash: Build = (of, trials) => {
  const hash = createHash('sha256')
    .update(canonicalText(query as Json))
    .digest('hex');
  return noiseOnly(of, trials, seededBits(hash));
};

export const attack = distinguishing({
  id: '014',
  name: 'version differencing',
  // Was the target in the first version? In the second it is not, either way.
  asked: [askedOf(query, [others, [...others, ...target]]), askedOf(query, [others, others])],
  guess: (answers) => above(combined(answers, [1, -1]), 0.5),
  weak: noiseFromHash,
  bound: wonAtMost(rational(2n, 40n), 2e-8),
});

/** Which doubles a textbook Laplace sampler can give at all; README.md says the rest. */
import { rational } from '@reinraum/protocol';
import type { FairBits } from '../../../enclave/privacy/bits.ts';
import { alike, askedOf, question } from '../../support/attacked-town.ts';
import { ours } from '../../support/builds.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import { above, shown, wager, wonAtMostPure } from '../../support/wager.ts';
import { type Attack, judged } from '../attack.ts';

const trials = 8000;
const scale = 2;
const counts = [500, 501] as const;
const worlds = counts.map((count) => alike(count, ['alpha', 30, 'f', 'yes', 1000]));
const asked = askedOf(question({ privacy: { epsilon: '1/2' } }), worlds);

/** −b·ln u of the uniform u = (word + 1)/2^32, as it stands in textbooks. */
const laplace = (word: number) => -scale * Math.log((word + 1) / 2 ** 32);

/** Whether some word and sign give exactly this output for a count. */
function isReachable(output: number, count: number): boolean {
  const near = Math.round(Math.exp(-Math.abs(output - count) / scale) * 2 ** 32) - 1;
  return [-1, 0, 1].some((off) => [1, -1].some((sign) => count + sign * laplace(near + off) === output));
}

function told(bits: FairBits): number {
  const secret = bits.bit();
  const output = counts[secret] + (bits.bit() === 1 ? 1 : -1) * laplace(bits.word());
  const [zero, one] = counts.map((count) => isReachable(output, count));
  return (zero === one ? bits.bit() : Number(one)) === secret ? 1 : 0;
}

export const attack: Attack = {
  id: '018',
  name: 'grid of outputs',
  measure() {
    const bits = seededBits('attack 018');
    const successes = Array.from({ length: trials }, () => told(bits)).reduce<number>((sum, won) => sum + won, 0);
    // Every integer is reachable from either count: what is left is how likely, and that is ε.
    const best = wager([asked], ([answer]) => above(shown(answer), 500.5), ours, { trials, bits });
    return judged({ successes, trials }, best, wonAtMostPure(rational(1n, 2n), 1e-8));
  },
};

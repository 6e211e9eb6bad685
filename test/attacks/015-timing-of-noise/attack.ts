/** The time an exact draw takes tells its size; README.md says the rest. */
import { plan } from '@reinraum/protocol';
import { FairBits } from '../../../enclave/privacy/bits.ts';
import { samplerOf } from '../../../enclave/privacy/mechanism.ts';
import { NoisePool } from '../../../enclave/privacy/pool.ts';
import { addNoise, exactTables } from '../../../enclave/privacy/stages.ts';
import { question, townSchema } from '../../support/attacked-town.ts';
import { seededFill } from '../../support/seeded-bits.ts';
import type { Attack } from '../attack.ts';

const draws = 4000;
const groupBy = [{ column: 'r.age', edges: [0, 20, 40, 60], as: 'age' }];
const of = plan(question({ groupBy, privacy: { epsilon: '1/10' } }), townSchema, {});

/** Counts what is taken from the random source: a clock without jitter. */
class CountingBits extends FairBits {
  taken = 0;

  override word(): number {
    this.taken += 1;
    return super.word();
  }

  override bit(): 0 | 1 {
    this.taken += 1;
    return super.bit();
  }
}

/** Pearson's correlation. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a: readonly number[], ma: number, b: readonly number[], mb: number) =>
    a.reduce((sum, value, at) => sum + (value - ma) * ((b[at] ?? 0) - mb), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}

export const attack: Attack = {
  id: '015',
  name: 'timing of noise',
  measure() {
    const bits = new CountingBits(seededFill('attack 015'));
    const mechanism = of.components[0]?.mechanism ?? { kind: 'discreteLaplace', scale: { num: 10n, den: 1n } };
    const sample = samplerOf(mechanism);
    const drawn = Array.from({ length: draws }, () => {
      const before = bits.taken;
      const noise = sample(bits);
      return { size: Math.abs(Number(noise)), work: bits.taken - before };
    });
    const r = correlation(
      drawn.map(({ size }) => size),
      drawn.map(({ work }) => work),
    );
    const pool = new NoisePool(bits);
    pool.fill(mechanism, draws);
    const before = bits.taken;
    for (let asked = 0; asked < draws / of.cells; asked++)
      addNoise(exactTables(of, [[100n, 200n, 300n, 0n]]), of, pool);
    const work = bits.taken - before;
    return {
      unprotected: `r = ${r.toFixed(2)} of |noise| and work`,
      ours: `${work} bits between question and answer`,
      bound: 'none',
      // Of 4,000 independent pairs |r| exceeds 0.1 about once in 10^9.
      holds: r > 0.1 && work === 0 && pool.available(mechanism) === 0,
    };
  },
};

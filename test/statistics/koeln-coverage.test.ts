/**
 * The promise readers rely on, on real counts: of all shown cells, the share whose range holds the truth is what the exact
 * computation says. 20 releases of one admission of Köln, each from a noise pool of its own; a ledger of its own changes
 * nothing about them but that a repeat would be free.
 *
 * False alarms: |z| > 5.2 under the normal approximation of a sum of about 21,000 bounded terms, 2e-7 for each of the two
 * checks of a run. The hard minimum has none.
 */
import { randomFillSync } from 'node:crypto';
import { type Cell, CountIntervals, coverageOf, type Mechanism, parseRational, rational } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { addNoise, exactCounts, infer, keep } from '../../enclave/privacy/stages.ts';
import { hasKoeln, type Koeln, loadKoeln } from '../support/koeln.ts';

const releases = 20;
const delta = parseRational('1/100000000');
const zMax = 5.2;

/** One release with noise of `mechanism`, inferred as if it were the plan's. */
function release({ plan, truth }: Koeln, mechanism: Mechanism = plan.mechanism): { cells: Cell[]; cut: bigint } {
  const pool = new NoisePool(new FairBits((bytes) => void randomFillSync(bytes)));
  pool.fill(mechanism, plan.cells);
  // The mutation draws other noise than the plan says; everything after it is as always.
  const source = mechanism === plan.mechanism ? pool : { take: () => pool.take(mechanism, plan.cells) };
  const kept = keep(addNoise(exactCounts(plan, truth), plan, source as NoisePool), plan, delta);
  return { cells: infer(kept, plan), cut: kept.rule.cut };
}

/** How far hits and shown cells are from what is computed, in standard deviations. */
function deviations(
  koeln: Koeln,
  mechanism?: Mechanism,
): { hits: number; shown: number; belowK: number; share: number } {
  const { plan, truth } = koeln;
  const { cut } = release(koeln);
  const intervals = new CountIntervals({ mechanism: plan.mechanism, k: BigInt(plan.k), cut, alpha: 0.05 });
  const expected = truth.map((n) => coverageOf(intervals, n));
  const sum = { hit: 0, hitMean: 0, hitVariance: 0, shown: 0, shownMean: 0, shownVariance: 0, belowK: 0 };
  for (let run = 0; run < releases; run++) {
    const { cells } = release(koeln, mechanism);
    cells.forEach(({ count }, at) => {
      const n = truth[at] ?? 0n;
      const { shown, coverage } = expected[at] ?? { shown: 0, coverage: null };
      sum.shownMean += shown;
      sum.shownVariance += shown * (1 - shown);
      if (!count) return;
      sum.shown += 1;
      if (n < BigInt(plan.k)) sum.belowK += 1;
      if (BigInt(count.low) <= n && n <= BigInt(count.high)) sum.hit += 1;
      sum.hitMean += coverage ?? 0;
      sum.hitVariance += (coverage ?? 0) * (1 - (coverage ?? 0));
    });
  }
  return {
    hits: (sum.hit - sum.hitMean) / Math.sqrt(sum.hitVariance),
    shown: (sum.shown - sum.shownMean) / Math.sqrt(sum.shownVariance),
    belowK: sum.belowK,
    share: sum.hit / sum.shown,
  };
}

test('ranges of shown cells hold the published count as often as computed, and no shown cell is below k', async (context) => {
  if (!hasKoeln) context.skip('needs ../shared/data/koeln-stadtteile (official counts, not part of the repository)');
  const koeln = await loadKoeln();
  try {
    expect(koeln.truth.reduce((sum, count) => sum + count, 0n)).toBe(1_044_555n);
    const found = deviations(koeln);
    expect(found.belowK).toBe(0);
    expect(Math.abs(found.hits)).toBeLessThan(zMax);
    expect(Math.abs(found.shown)).toBeLessThan(zMax);
    expect(found.share).toBeGreaterThan(0.945);
    // The same test on noise 17.5 % too wide (variance × 1.38) and 17.5 % too small fails.
    const { variance } = koeln.plan.mechanism;
    for (const [num, den] of [
      [138n, 100n],
      [68n, 100n],
    ] as const) {
      const mutated = { kind: 'discreteGaussian', variance: rational(variance.num * num, variance.den * den) } as const;
      expect(Math.abs(deviations(koeln, mutated).hits)).toBeGreaterThan(zMax);
    }
  } finally {
    koeln.close();
  }
});

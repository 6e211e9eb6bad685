/**
 * The release of one count, whole: noise from the pool, then `isShown`. Two random tests that should pass, each at a
 * nominal 1e-6; a cut one too low and a rule without the noisy cut must fail them.
 */
import { randomFillSync } from 'node:crypto';
import { distributionOf, type Mechanism, rational } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { cutOf, isShown } from '../../enclave/privacy/threshold.ts';
import { alphaOfOneTest, proportionOf } from './goodness-of-fit.ts';

const k = 10n;
const delta = rational(1n, 100n);
const releases = 500_000;
const pool = new NoisePool(new FairBits((bytes) => randomFillSync(bytes)));
const mechanisms: readonly Mechanism[] = [
  { kind: 'discreteLaplace', scale: rational(2n) },
  { kind: 'discreteGaussian', variance: rational(32n) },
];

for (const mechanism of mechanisms) {
  test(`${mechanism.kind}: a cell of k units is shown as often as the exact tail says, at most δ`, () => {
    const cut = cutOf(mechanism, k, delta);
    const exact = distributionOf(mechanism).survival(Number(cut - k));
    expect(exact).toBeLessThanOrEqual(0.01);
    pool.fill(mechanism, releases);
    const noise = pool.take(mechanism, releases);
    const timesShown = (units: bigint, at: bigint) => noise.filter((eta) => isShown(units, eta, k, at)).length;
    expect(proportionOf(timesShown(k, cut), releases, exact)).toBeGreaterThan(alphaOfOneTest);
    expect(proportionOf(timesShown(k, cut - 1n), releases, exact), 'cut one too low').toBeLessThan(alphaOfOneTest);
    expect(proportionOf(timesShown(k, k), releases, exact), 'k alone as the cut').toBeLessThan(alphaOfOneTest);
    expect(timesShown(k - 1n, cut), 'below k').toBe(0);
    expect(timesShown(k - 1n, 0n), 'below k whatever the cut').toBe(0);
  });
}

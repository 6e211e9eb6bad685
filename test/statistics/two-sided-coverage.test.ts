/**
 * Coverage of the ranges of two-sided means, given that they are shown: exact draws, the rule of the release, the intervals
 * readers see. 95 % is promised; the ranges attain 95 to 96 % far from the cut and up to 100 % near it.
 *
 * The bits come from a seed, so a run repeats itself. Under fresh bits each of the 9 checks would raise a false alarm with
 * probability below 1e-6 if coverage were exactly 95 %: one-sided, z = 4.75, binomial. The mutated engines fail the same
 * checks.
 */
import { type Mechanism, multiply, rational, TwoSidedIntervals } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { isShown, pairCutOf } from '../../enclave/privacy/threshold.ts';
import { seededBits } from '../support/seeded-bits.ts';

const alpha = 0.05;
const k = 10n;
const delta = rational(1n, 10n ** 8n);
const z = 4.75;

/** What a mutated engine does otherwise. */
interface Engine {
  /** Noise by noise declared. */
  readonly wider: { readonly num: bigint; readonly den: bigint };
  /** Whether what one side gains by its noise is what the other loses. */
  readonly isOneDraw: boolean;
  readonly tellsCut: boolean;
}
const sound: Engine = { wider: rational(1n), isOneDraw: false, tellsCut: true };
const tooWide: Engine = { ...sound, wider: rational(47n, 40n) };
const oneDraw: Engine = { ...sound, isOneDraw: true };
const silentAboutTheCut: Engine = { ...sound, tellsCut: false };

interface Cell {
  readonly n: bigint;
  /** Steps of Σ(x − l), of n·W. */
  readonly a: bigint;
  readonly width: bigint;
  /** Inverse of ε. */
  readonly perEpsilon: bigint;
}

/** How far coverage in `runs` runs is above 1 − α, in standard deviations. */
function deviationOf(engine: Engine, { n, a, width, perEpsilon }: Cell, runs: number): number {
  const scale = rational(width * perEpsilon);
  const mechanism: Mechanism = { kind: 'discreteLaplace', scale };
  const cut = pairCutOf(mechanism, k, delta, width);
  const told = engine.tellsCut ? { k, cut } : { k: 1n, cut: 2n };
  const intervals = new TwoSidedIntervals({ mechanism, width, ...told, alpha });
  const bits = seededBits(`two sides ${n} ${a} ${width}`);
  const sample = samplerOf({ kind: 'discreteLaplace', scale: multiply(scale, engine.wider) });
  const b = n * width - a;
  const truth = Number(a) / Number(n * width);
  let hits = 0;
  for (let run = 0; run < runs; run++) {
    let [e, f] = [0n, 0n];
    do {
      e = sample(bits);
      f = engine.isOneDraw ? -e : sample(bits);
    } while (!isShown(a + b, e + f, width * k, width * cut));
    const { low, high } = intervals.of(a + e, b + f);
    if (low <= truth && truth <= high) hits += 1;
  }
  return (hits - runs * (1 - alpha)) / Math.sqrt(runs * alpha * (1 - alpha));
}

describe('at least 95 %, given that the mean is shown', () => {
  const checks: Readonly<Record<string, readonly [Cell, number]>> = {
    '30 % of 200, W 1, ε 1': [{ n: 200n, a: 60n, width: 1n, perEpsilon: 1n }, 10_000],
    '2 % of 2,000, W 1, ε 1': [{ n: 2_000n, a: 40n, width: 1n, perEpsilon: 1n }, 10_000],
    '30 % of 200, W 100, ε 1': [{ n: 200n, a: 6_000n, width: 100n, perEpsilon: 1n }, 2_000],
    '50 % of 500, W 100, ε 1/2': [{ n: 500n, a: 25_000n, width: 100n, perEpsilon: 2n }, 1_000],
    '35 % of 500, W 100,000, ε 1': [{ n: 500n, a: 17_500_000n, width: 100_000n, perEpsilon: 1n }, 1_000],
    '30 % of 40 above the cut, W 1': [{ n: 40n, a: 12n, width: 1n, perEpsilon: 1n }, 5_000],
    '30 % of 33 at the cut, W 1': [{ n: 33n, a: 10n, width: 1n, perEpsilon: 1n }, 5_000],
    '10 % of 26 below the cut, W 1': [{ n: 26n, a: 3n, width: 1n, perEpsilon: 1n }, 2_000],
    'everyone at the upper bound, 30 at the cut, W 100': [{ n: 30n, a: 3_000n, width: 100n, perEpsilon: 1n }, 500],
  };
  test.each(Object.entries(checks))('%s', (_, [cell, runs]) => {
    expect(deviationOf(sound, cell, runs)).toBeGreaterThan(-z);
  });
});

describe('the same check fails on an engine', () => {
  const far: Cell = { n: 500n, a: 150n, width: 1n, perEpsilon: 4n };
  const near: Cell = { n: 25n, a: 1n, width: 1n, perEpsilon: 1n };
  test('whose noise is 17.5 % wider than declared', () => {
    expect(deviationOf(tooWide, far, 10_000)).toBeLessThan(-z);
  });
  test('whose two draws are not independent', () => {
    expect(deviationOf(oneDraw, { ...far, a: 250n }, 10_000)).toBeLessThan(-z);
  });
  test('that ignores the cut', () => {
    expect(deviationOf(silentAboutTheCut, near, 500)).toBeLessThan(-z);
  });
});

/**
 * Coverage of the ranges of rates, means, ratios, differences and quantiles, given that the cells are shown: exact draws,
 * the rule of the release, the intervals readers see. 95 % is promised; the ranges attain 95 to 96 % far from the cut and
 * up to 99.9 % near it.
 *
 * The bits come from a seed, so a run repeats itself. Under fresh bits each of the 20 checks would raise a false alarm with
 * probability below 1e-6 if coverage were exactly 95 %: one-sided, z = 4.75, binomial. The mutated engines fail the same
 * checks.
 */
import { createCipheriv } from 'node:crypto';
import {
  differenceInterval,
  type Mechanism,
  type Noisy,
  quantileRange,
  type Rational,
  ratioInterval,
  rational,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { cutOf, isShown } from '../../enclave/privacy/threshold.ts';

const alpha = 0.05;
const k = 10n;
const delta = rational(1n, 10n ** 8n);
const z = 4.75;

const gaussian = (variance: bigint): Mechanism => ({ kind: 'discreteGaussian', variance: rational(variance) });
const laplace = (scale: bigint): Mechanism => ({ kind: 'discreteLaplace', scale: rational(scale) });
const times = ({ num, den }: Rational, over: bigint, under: bigint) => rational(num * over, den * under);
/** Noise 17.5 % wider than declared. */
const wider = (mechanism: Mechanism): Mechanism =>
  mechanism.kind === 'discreteGaussian'
    ? { kind: 'discreteGaussian', variance: times(mechanism.variance, 2209n, 1600n) }
    : { kind: 'discreteLaplace', scale: times(mechanism.scale, 47n, 40n) };

/** Bits that replay from a seed: AES-128 in counter mode. */
function seededBits(seed: number): FairBits {
  const key = new Uint8Array(16);
  new DataView(key.buffer).setUint32(0, seed);
  const cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(16));
  return new FairBits((bytes) => bytes.set(cipher.update(new Uint8Array(bytes.length))));
}

/** What a mutated engine does otherwise. */
interface Engine {
  readonly drawn: (declared: Mechanism) => Mechanism;
  readonly tellsCut: boolean;
}
const sound: Engine = { drawn: (declared) => declared, tellsCut: true };
const tooWide: Engine = { ...sound, drawn: wider };
const silentAboutTheCut: Engine = { ...sound, tellsCut: false };

/** Releases of counts and sums from one seed. */
function releases(engine: Engine, seed: number) {
  const bits = seededBits(seed);
  const drawer = (mechanism: Mechanism) => {
    const sample = samplerOf(engine.drawn(mechanism));
    return () => sample(bits);
  };
  return {
    /** Draws until the count is shown. */
    count(n: bigint, mechanism: Mechanism): () => Noisy {
      const next = drawer(mechanism);
      const cut = cutOf(mechanism, k, delta);
      const shownFrom = engine.tellsCut ? { shownFrom: { cut, k } } : {};
      return () => {
        let noise = next();
        while (!isShown(n, noise, k, cut)) noise = next();
        return { value: n + noise, mechanism, terms: 1, ...shownFrom };
      };
    },
    sum(total: bigint, mechanism: Mechanism, terms = 1): () => Noisy {
      const next = drawer(mechanism);
      return () => {
        let value = total;
        for (let i = 0; i < terms; i++) value += next();
        return { value, mechanism, terms };
      };
    },
    noise: drawer,
  };
}

/** How far coverage in `runs` runs is above 1 − α, in standard deviations. */
function deviationOf(runs: number, covers: () => boolean): number {
  let hits = 0;
  for (let run = 0; run < runs; run++) if (covers()) hits += 1;
  return (hits - runs * (1 - alpha)) / Math.sqrt(runs * alpha * (1 - alpha));
}

/** Of the rate X/(X + Y), by way of the ratio X/Y. */
function rate(engine: Engine, mechanism: Mechanism, of: bigint, n: bigint, runs = 2_000): number {
  const draws = releases(engine, 1);
  const [has, hasNot] = [draws.count(of, mechanism), draws.count(n - of, mechanism)];
  const truth = Number(of) / Number(n);
  return deviationOf(runs, () => {
    const { low, high } = ratioInterval(has(), hasNot(), alpha);
    return low / (1 + low) <= truth && truth <= high / (1 + high);
  });
}

/** Of the mean offset D/(2n) of a centred sum D = Σ(2x − l − u). */
function mean(engine: Engine, n: bigint, total: bigint, counts: Mechanism, sums: Mechanism, runs = 1_000): number {
  const draws = releases(engine, 2);
  const [over, under] = [draws.sum(total, sums), draws.count(n, counts)];
  const truth = Number(total) / (2 * Number(n));
  return deviationOf(runs, () => {
    const { low, high } = ratioInterval(over(), under(), alpha);
    return low / 2 <= truth && truth <= high / 2;
  });
}

function difference(engine: Engine, mechanism: Mechanism, x: bigint, y: bigint, runs = 2_000): number {
  const draws = releases(engine, 3);
  const [left, right] = [draws.count(x, mechanism), draws.count(y, mechanism)];
  return deviationOf(runs, () => {
    const { low, high } = differenceInterval(left(), right(), alpha);
    return low <= x - y && x - y <= high;
  });
}

function ratioOfSums(engine: Engine, mechanism: Mechanism, terms: number, runs = 1_000): number {
  const draws = releases(engine, 4);
  const [over, under] = [draws.sum(20_000n, mechanism, terms), draws.sum(30_000n, mechanism, terms)];
  return deviationOf(runs, () => {
    const { low, high } = ratioInterval(over(), under(), alpha);
    return low <= 2 / 3 && 2 / 3 <= high;
  });
}

function median(engine: Engine, mechanism: Mechanism, runs = 2_000): number {
  const next = releases(engine, 5).noise(mechanism);
  const bins = [2n, 5n, 9n, 30n, 32n, 3n, 30n, 31n, 20n, 4n, 0n, 3n];
  // Halves of 169 units: the 85th stands in bin 6.
  return deviationOf(runs, () => {
    const { low, high } = quantileRange(
      bins.map((n) => n + next()),
      mechanism,
      rational(1n, 2n),
      alpha,
    );
    return low <= 6 && 6 <= high;
  });
}

const sigma3 = gaussian(8n);
const sigma6 = gaussian(32n);
const sigma20 = gaussian(400n);
const money = gaussian(90_000n);

describe('at least 95 %, given that the cells are shown', () => {
  const checks: Readonly<Record<string, () => number>> = {
    'rate 10 % of 2,000, σ 2.8': () => rate(sound, sigma3, 200n, 2_000n),
    'rate 50 % of 200, σ 5.7': () => rate(sound, sigma6, 100n, 200n),
    'rate 50 % of 10,000, σ 5.7': () => rate(sound, sigma6, 5_000n, 10_000n),
    'rate 10 % of 2,000, σ 20': () => rate(sound, sigma20, 200n, 2_000n, 1_000),
    'rate 1/3 of 120 at the cut, σ 5.7': () => rate(sound, sigma6, 40n, 120n),
    'rate 1/2 of 60 below the cut, σ 5.7': () => rate(sound, sigma6, 30n, 60n, 1_000),
    'rate 95 % of 1,000 around the cut, σ 5.7': () => rate(sound, sigma6, 950n, 1_000n),
    'rate 1/4 of 400, ε 0.5': () => rate(sound, laplace(2n), 100n, 400n),
    'rate 1/3 of 90 at the cut, ε 0.5': () => rate(sound, laplace(2n), 40n, 90n, 1_000),
    'mean of 400': () => mean(sound, 400n, 30_000n, sigma6, money),
    'mean of 400 around 0': () => mean(sound, 400n, -100n, sigma6, money),
    'mean of 45 at the cut, negative': () => mean(sound, 45n, -9_000n, sigma6, money, 500),
    'difference 500 − 300, σ 5.7': () => difference(sound, sigma6, 500n, 300n),
    'difference 45 − 300 at the cut, σ 5.7': () => difference(sound, sigma6, 45n, 300n),
    'difference 300 − 40 at the cut, ε 0.5': () => difference(sound, laplace(2n), 300n, 40n),
    'ratio of sums of 4 Gaussian draws': () => ratioOfSums(sound, sigma6, 4),
    'ratio of sums of 4 Laplace draws': () => ratioOfSums(sound, laplace(4n), 4),
    'ratio of sums of 3 wide Laplace draws': () => ratioOfSums(sound, laplace(1_500n), 3, 300),
    'median, σ 5.7': () => median(sound, sigma6),
    'median, ε 0.2': () => median(sound, laplace(5n)),
  };
  test.each(Object.entries(checks))('%s', (_, check) => {
    expect(check()).toBeGreaterThan(-z);
  });
});

describe('the same checks fail on an engine', () => {
  const broken: Readonly<Record<string, () => number>> = {
    'whose noise is 17.5 % wider than declared: rates': () => rate(tooWide, sigma6, 5_000n, 10_000n),
    'whose noise is 17.5 % wider than declared: means': () => mean(tooWide, 400n, 30_000n, sigma6, money, 1_500),
    'whose noise is 17.5 % wider than declared: differences': () => difference(tooWide, sigma6, 500n, 300n),
    'whose noise is 17.5 % wider than declared: sums': () => ratioOfSums(tooWide, sigma6, 4),
    'that ignores the cut: rates': () => rate(silentAboutTheCut, sigma6, 30n, 120n, 500),
    'that ignores the cut: means': () => mean(silentAboutTheCut, 35n, 30_000n, sigma6, money, 300),
    'that ignores the cut: differences': () => difference(silentAboutTheCut, sigma6, 30n, 300n, 500),
  };
  test.each(Object.entries(broken))('%s', (_, check) => {
    expect(check()).toBeLessThan(-z);
  });
});

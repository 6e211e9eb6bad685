/**
 * Coverage of the ranges with natural variation, given that the cell is shown: a count of persons drawn anew each time, exact
 * noise, the rule of the release. 95 % is promised for counts. Rates are an approximation: they are held
 * to 95 % too and were seen to attain 94.5 to 95.2 % far from the cut and 97 % and more near it.
 *
 * The bits come from a seed. Under fresh bits each of the 9 checks would raise a false alarm with probability below 1e-6 if coverage
 * were exactly 95 %: one-sided, z = 4.75, binomial. Leaving natural variation out fails the same checks.
 */
import { combined, ExpectationIntervals, type Mechanism, ratioInterval, rational, wilson } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { cutOf, isShown } from '../../enclave/privacy/threshold.ts';
import { seededBits } from '../support/seeded-bits.ts';

const alpha = 0.05;
const k = 10n;
const delta = rational(1n, 10n ** 8n);
const z = 4.75;
const runs = 3_000;

const gaussian = (variance: bigint): Mechanism => ({ kind: 'discreteGaussian', variance: rational(variance) });
const laplace = (scale: bigint): Mechanism => ({ kind: 'discreteLaplace', scale: rational(scale) });

function world(seed: string) {
  const bits = seededBits(seed);
  const uniform = () => (bits.word() + 0.5) / 2 ** 32;
  return {
    bits,
    /** Knuth's product of uniforms, in pieces that do not underflow. */
    poisson: (lambda: number): bigint => {
      let [left, n] = [lambda, 0n];
      for (let sum = 0; left > 0; left -= 500) {
        const part = Math.min(500, left);
        for (sum = -Math.log(uniform()); sum < part; sum -= Math.log(uniform())) n += 1n;
      }
      return n;
    },
    chance: (p: number) => uniform() < p,
  };
}

function deviation(hits: number): number {
  return (hits - runs * (1 - alpha)) / Math.sqrt(runs * alpha * (1 - alpha));
}

function counts(lambda: number, mechanism: Mechanism, isNatural = true): number {
  const { bits, poisson } = world(`counts ${lambda}`);
  const sample = samplerOf(mechanism);
  const cut = cutOf(mechanism, k, delta);
  const rule = { mechanism, k, cut, alpha };
  const intervals = new ExpectationIntervals(rule);
  const sd = Math.sqrt(mechanism.kind === 'discreteGaussian' ? Number(mechanism.variance.num) : 0);
  let hits = 0;
  for (let run = 0; run < runs; run++) {
    let [n, noise] = [poisson(lambda), sample(bits)];
    while (!isShown(n, noise, k, cut)) [n, noise] = [poisson(lambda), sample(bits)];
    const shown = Number(n + noise);
    const { low, high } = isNatural ? intervals.of(shown) : { low: shown - 1.96 * sd, high: shown + 1.96 * sd };
    if (low <= lambda && lambda <= high) hits += 1;
  }
  return deviation(hits);
}

function rates(p: number, size: number, mechanism: Mechanism, isNatural = true): number {
  const { bits, chance } = world(`rates ${p} ${size}`);
  const sample = samplerOf(mechanism);
  const cut = cutOf(mechanism, k, delta);
  const shownFrom = { cut, k };
  let hits = 0;
  for (let run = 0; run < runs; run++) {
    let [yes, no, left, right] = [0n, 0n, 0n, 0n];
    do {
      yes = 0n;
      for (let person = 0; person < size; person++) if (chance(p)) yes += 1n;
      no = BigInt(size) - yes;
      [left, right] = [sample(bits), sample(bits)];
    } while (!isShown(yes, left, k, cut) || !isShown(no, right, k, cut));
    const [x, y] = [yes + left, no + right];
    const range = ratioInterval(
      { value: x, mechanism, terms: 1, shownFrom },
      { value: y, mechanism, terms: 1, shownFrom },
      alpha,
    );
    const noise = { low: range.low / (1 + range.low), high: range.high / (1 + range.high) };
    const value = Number(x) / Number(x + y);
    const { low, high } = isNatural ? combined(value, noise, wilson(value, Number(x + y))) : noise;
    if (low <= p && p <= high) hits += 1;
  }
  return deviation(hits);
}

describe('a range with natural variation holds the expectation in 95 of 100 shown cells', () => {
  test.each<[string, number, Mechanism]>([
    ['Gaussian, mostly hidden', 22, gaussian(25n)],
    ['Gaussian, near the cut', 45, gaussian(25n)],
    ['Gaussian, 400', 400, gaussian(100n)],
    ['Gaussian, 5,000', 5_000, gaussian(400n)],
    ['Laplace, near the cut', 40, laplace(2n)],
    ['Laplace, 400', 400, laplace(8n)],
  ])('counts, %s', (_name, lambda, mechanism) => {
    expect(counts(lambda, mechanism)).toBeGreaterThan(-z);
  });

  test.each<[string, number, number, Mechanism]>([
    ['Gaussian, 30 % of 400', 0.3, 400, gaussian(25n)],
    ['Laplace, 30 % of 400', 0.3, 400, laplace(3n)],
    ['Gaussian, 15 % of 300, near the cut', 0.15, 300, gaussian(25n)],
  ])('rates, %s', (_name, p, size, mechanism) => {
    expect(rates(p, size, mechanism)).toBeGreaterThan(-z);
  });

  test('the noise alone does not', () => {
    expect(counts(400, gaussian(100n), false)).toBeLessThan(-z);
    expect(rates(0.3, 400, gaussian(25n), false)).toBeLessThan(-z);
  });
});

/**
 * The exact samplers against their exact distributions, with real randomness: 65 tests that should pass, each at a
 * nominal false-alarm rate of 1e-6 (limit laws; at most a few times that at these counts), 6.5e-5 in all: a sound build
 * fails here about once in 15,000 runs. The mutated samplers miss the same tests by many orders of magnitude.
 */
import { randomFillSync } from 'node:crypto';
import { distributionOf, type Mechanism, mechanismKey, type Rational, rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { bernoulli, bernoulliExp } from '../../enclave/privacy/bernoulli.ts';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { alphaOfOneTest, chiSquareOf, fitOf, kolmogorovOf, normalCdf, proportionOf } from './goodness-of-fit.ts';

const bits = new FairBits((bytes) => randomFillSync(bytes));
const half = rational(1n, 2n);
const sevenThirds = rational(7n, 3n);

const laplace = (scale: Rational): Mechanism => ({ kind: 'discreteLaplace', scale });
const gaussian = (variance: Rational): Mechanism => ({ kind: 'discreteGaussian', variance });
const squared = ({ num, den }: Rational) => rational(num * num, den * den);
const drawn = (mechanism: Mechanism, count: number) => {
  const sample = samplerOf(mechanism);
  return Array.from({ length: count }, () => sample(bits));
};

const scales = [half, rational(1n), rational(2n), rational(3n), sevenThirds];
const small = [...scales.map(laplace), ...scales.map((scale) => gaussian(squared(scale))), gaussian(rational(100n))];
/** 17.5 % less noise than declared. */
const weakened = (mechanism: Mechanism): Mechanism =>
  mechanism.kind === 'discreteLaplace'
    ? laplace(rational(mechanism.scale.num * 33n, mechanism.scale.den * 40n))
    : gaussian(rational(mechanism.variance.num * 1089n, mechanism.variance.den * 1600n));

describe('small noise against the exact probabilities', () => {
  for (const mechanism of small) {
    test(mechanismKey(mechanism), () => {
      const exact = distributionOf(mechanism);
      const draws = drawn(mechanism, 600_000);
      expect(fitOf(draws, exact)).toBeGreaterThan(alphaOfOneTest);
      const positive = draws.filter((x) => x > 0n).length;
      const negative = draws.filter((x) => x < 0n).length;
      expect(proportionOf(positive, positive + negative, 0.5), 'symmetry').toBeGreaterThan(alphaOfOneTest);
      let far = 1;
      while (exact.survival(far + 1) * draws.length > 1000) far += 1;
      const beyond = draws.filter((x) => x >= BigInt(far) || -x >= BigInt(far)).length;
      const tail = proportionOf(beyond, draws.length, 2 * exact.survival(far));
      expect(tail, `tail from ${far}`).toBeGreaterThan(alphaOfOneTest);
      // Neighbouring draws: the sign of one says nothing of the sign of the next.
      const pairs = draws.flatMap((x, at) => (at % 2 === 0 ? [x * (draws[at + 1] ?? 0n)] : [])).filter((x) => x !== 0n);
      const same = pairs.filter((x) => x > 0n).length;
      expect(proportionOf(same, pairs.length, 0.5), 'independence').toBeGreaterThan(alphaOfOneTest);
    });
    test(`${mechanismKey(mechanism)}: 17.5 % too little noise is noticed`, () => {
      expect(fitOf(drawn(weakened(mechanism), 600_000), distributionOf(mechanism))).toBeLessThan(alphaOfOneTest);
    });
  }

  test('a zero counted for both signs, a sign bit stuck and a shift by one are noticed', () => {
    const exact = distributionOf(laplace(rational(2n)));
    const draws = drawn(laplace(rational(2n)), 600_000);
    const magnitudes = draws.map((x) => (x < 0n ? -x : x));
    const zeroTwice = draws.flatMap((x) => (x === 0n ? [x, x] : [x]));
    expect(fitOf(zeroTwice, exact)).toBeLessThan(alphaOfOneTest);
    expect(fitOf(magnitudes, exact)).toBeLessThan(alphaOfOneTest);
    expect(
      fitOf(
        draws.map((x) => x + 1n),
        exact,
      ),
    ).toBeLessThan(alphaOfOneTest);
  });

  test('discrete Laplace: neighbouring probabilities differ by the factor e^(1/scale)', () => {
    for (const scale of scales) {
      const draws = drawn(laplace(scale), 300_000);
      const ratio = Math.exp(-Number(scale.den) / Number(scale.num));
      const [one, two] = [1n, 2n].map((x) => draws.filter((y) => y === x).length);
      const p = proportionOf(two ?? 0, (one ?? 0) + (two ?? 0), ratio / (1 + ratio));
      expect(p).toBeGreaterThan(alphaOfOneTest);
    }
  });
});

describe('wide noise against the continuous law (its grid is finer than the test)', () => {
  const laplaceCdf = (x: number) => (x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2);
  for (const [name, scale] of [
    ['10^12', rational(10n ** 12n)],
    ['2^80/3', rational(2n ** 80n, 3n)],
  ] as const) {
    const width = Number(scale.num) / Number(scale.den);
    const scaled = (mechanism: Mechanism, by: number) => drawn(mechanism, 60_000).map((x) => Number(x) / (width * by));
    test(`scale ${name}`, () => {
      expect(kolmogorovOf(scaled(laplace(scale), 1), laplaceCdf)).toBeGreaterThan(alphaOfOneTest);
      expect(kolmogorovOf(scaled(gaussian(squared(scale)), 1), normalCdf)).toBeGreaterThan(alphaOfOneTest);
    });
    test(`scale ${name}: 17.5 % too little noise is noticed`, () => {
      expect(kolmogorovOf(scaled(laplace(scale), 1 / 0.825), laplaceCdf)).toBeLessThan(alphaOfOneTest);
      expect(kolmogorovOf(scaled(gaussian(squared(scale)), 1 / 0.825), normalCdf)).toBeLessThan(alphaOfOneTest);
    });
  }

  test('the last digits of wide noise are uniform', () => {
    for (const mechanism of [laplace(rational(10n ** 12n)), gaussian(rational(10n ** 24n))]) {
      const counts = Array.from({ length: 16 }, () => 0);
      const draws = drawn(mechanism, 60_000);
      for (const x of draws) counts[Number(x & 15n)] = (counts[Number(x & 15n)] ?? 0) + 1;
      const p = chiSquareOf(
        counts,
        counts.map(() => draws.length / 16),
      );
      expect(p).toBeGreaterThan(alphaOfOneTest);
    }
  });
});

describe('coins', () => {
  const trials = 400_000;
  const heads = (coin: () => boolean) => Array.from({ length: trials }, coin).filter((side) => side).length;

  test('Bernoulli(p/q) and Bernoulli(e^−γ)', () => {
    for (const [num, den] of [
      [1n, 3n],
      [5n, 7n],
      [2n ** 70n, 3n ** 45n],
    ] as const) {
      const p = proportionOf(
        heads(() => bernoulli(bits, num, den)),
        trials,
        Number(num) / Number(den),
      );
      expect(p).toBeGreaterThan(alphaOfOneTest);
    }
    for (const [num, den] of [
      [1n, 3n],
      [1n, 1n],
      [5n, 2n],
      [2n ** 70n, 3n ** 45n],
    ] as const) {
      const expected = Math.exp(-Number(num) / Number(den));
      const p = proportionOf(
        heads(() => bernoulliExp(bits, num, den)),
        trials,
        expected,
      );
      expect(p).toBeGreaterThan(alphaOfOneTest);
      const inverted = proportionOf(
        heads(() => bernoulliExp(bits, num * 9n, den * 10n)),
        trials,
        expected,
      );
      expect(inverted, 'a rate 10 % off is noticed').toBeLessThan(alphaOfOneTest);
    }
  });

  test('uniform numbers', () => {
    for (const n of [3, 10, 257]) {
      const counts = Array.from({ length: n }, () => 0);
      for (let i = 0; i < trials; i++) {
        const at = bits.below(n);
        counts[at] = (counts[at] ?? 0) + 1;
      }
      const expected = counts.map(() => trials / n);
      expect(chiSquareOf(counts, expected)).toBeGreaterThan(alphaOfOneTest);
    }
  });
});

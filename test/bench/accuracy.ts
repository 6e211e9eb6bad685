/**
 * `npm run bench:accuracy`: root mean squared errors beside the usual alternatives, measured with the exact samplers under
 * one guarantee a table. Nothing here is an assertion.
 */
import { randomFillSync } from 'node:crypto';
import { epsilonOf, type Mechanism, type Rational, rational, toNumber } from '@reinraum/protocol';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { hierarchyTables } from './hierarchy.ts';
import { selectionTables } from './selection.ts';
import { print } from './timed.ts';

const runs = 200_000;
const bits = new FairBits((bytes) => void randomFillSync(bytes));

/** A way to estimate one number from noised integers: the noise of each, and what is said of them. */
interface Form {
  readonly name: string;
  /** What the room releases; the others are there to compare. */
  readonly isOurs?: boolean;
  readonly noise: readonly Mechanism[];
  readonly estimate: (noise: readonly number[]) => number;
}

/** Prints the error of each form, and its ratio to the first. */
function table(title: string, guarantee: string, truth: number, forms: readonly Form[], factor = 1): void {
  print(`\n${title}`);
  print(`  ${'held fixed'.padEnd(28)} ${'form'.padEnd(54)} ${'RMSE'.padStart(9)} ${'ratio'.padStart(7)}`);
  let first: number | undefined;
  for (const form of forms) {
    const error = factor * errorOf(form, truth);
    first ??= error;
    const name = `${form.isOurs ? '*' : ' '} ${form.name}`;
    print(
      `  ${guarantee.padEnd(28)} ${name.padEnd(54)} ${error.toPrecision(3).padStart(9)} ${(error / first).toFixed(2).padStart(7)}`,
    );
  }
}

function errorOf({ noise, estimate }: Form, truth: number): number {
  const samplers = noise.map(samplerOf);
  let squares = 0;
  for (let run = 0; run < runs; run++) {
    squares += (estimate(samplers.map((sample) => Number(sample(bits)))) - truth) ** 2;
  }
  return Math.sqrt(squares / runs);
}

/** A parameter of the noise, never below what is asked for. */
function atLeast(value: number): Rational {
  return rational(BigInt(Math.ceil(value * 2 ** 20)), 2n ** 20n);
}

const laplace = (scale: number): Mechanism => ({ kind: 'discreteLaplace', scale: atLeast(scale) });
const gaussian = (variance: number): Mechanism => ({ kind: 'discreteGaussian', variance: atLeast(variance) });

function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0.5;
}

/** Noise for an integer whose sensitivity is `reach`, with this part of the loss. */
type NoiseFor = (reach: number, part: number) => Mechanism;

/** The three forms of a mean of `n` values of which a share `p` is at the upper bound, on a grid of `width` steps. */
function meanForms(noiseFor: NoiseFor, n: number, p: number, width: number, ours: 'two-sided' | 'centred'): Form[] {
  const sum = n * p * width;
  return [
    {
      name: 'two-sided sum Σ(x−l), Σ(u−x)',
      isOurs: ours === 'two-sided',
      noise: [noiseFor(width, 1), noiseFor(width, 1)],
      estimate: ([a = 0, b = 0]) => share(sum + a, n * width + a + b),
    },
    {
      name: 'centred sum Σ(2x−l−u) and count, half each',
      isOurs: ours === 'centred',
      noise: [noiseFor(width, 0.5), noiseFor(1, 0.5)],
      estimate: ([d = 0, c = 0]) => share((2 * sum - n * width + d) / width + n + c, 2 * (n + c)),
    },
    {
      name: 'sum Σ(x−l) and count, half each',
      noise: [noiseFor(width, 0.5), noiseFor(1, 0.5)],
      estimate: ([s = 0, c = 0]) => share(sum + s, (n + c) * width),
    },
  ];
}

/** A rate as two disjoint cells, and as a numerator over a denominator that holds it. */
function rateForms(noiseFor: NoiseFor, n: number, p: number): Form[] {
  return [
    {
      name: 'two cells: with, without',
      isOurs: true,
      noise: [noiseFor(1, 1), noiseFor(1, 1)],
      estimate: ([a = 0, b = 0]) => share(n * p + a, n + a + b),
    },
    {
      name: 'numerator and denominator, half each',
      noise: [noiseFor(1, 0.5), noiseFor(1, 0.5)],
      estimate: ([a = 0, c = 0]) => share(n * p + a, n + c),
    },
  ];
}

const pure =
  (epsilon: number): NoiseFor =>
  (reach, part) =>
    laplace(reach / (epsilon * part));
const concentrated =
  (rho: number): NoiseFor =>
  (reach, part) =>
    gaussian(reach ** 2 / (2 * rho * part));

/** The largest ρ whose ε at δ is at most `epsilon`. */
function rhoFor(epsilon: number, delta: Rational): number {
  let [low, high] = [0n, 1n << 20n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (epsilonOf(rational(middle, 1n << 20n), delta) <= epsilon) low = middle;
    else high = middle;
  }
  return toNumber(rational(low, 1n << 20n));
}

/** Each of `counts` counts of one unit. Laplace takes the better of adding up ε and adding up ε²/2. */
function countForms(counts: number, epsilon: number, rho: number): Form[] {
  const estimate = ([noise = 0]: readonly number[]) => noise;
  const scale = Math.min(counts / epsilon, Math.sqrt(counts / (2 * rho)));
  return [
    { name: 'discrete Gaussian', isOurs: true, noise: [gaussian(counts / (2 * rho))], estimate },
    { name: 'discrete Laplace', isOurs: true, noise: [laplace(scale)], estimate },
  ];
}

print(
  `Root mean squared errors over ${runs.toLocaleString('en')} draws of the exact samplers (each within about 1 %).`,
);
print('* is what a room releases. Estimates are cut to 0 … 1; hidden cells play no part.');
for (const width of [1, 1000]) {
  const grid = width === 1 ? 'one step' : `${width} steps`;
  const title = `Mean of 200 values 0 or 1, 30 % of them 1, grid of ${grid}`;
  table(title, 'pure ε = 1', 0.3, meanForms(pure(1), 200, 0.3, width, 'two-sided'));
  table(title, 'ρ = 1/2 (what ε = 1 costs)', 0.3, [
    ...meanForms(concentrated(0.5), 200, 0.3, width, 'centred').map((form) => named(form, 'Gaussian')),
    ...meanForms(pure(1), 200, 0.3, width, 'two-sided').map((form) => named({ ...form, isOurs: false }, 'Laplace')),
  ]);
}
table('Rate of 10 % of 200, in points', 'pure ε = 1/2', 0.1, rateForms(pure(0.5), 200, 0.1), 100);
table(
  'Rate of 10 % of 200, in points',
  'ρ = 1/8 (what ε = 1/2 costs)',
  0.1,
  [
    ...rateForms(concentrated(0.125), 200, 0.1).map((form) => named(form, 'Gaussian')),
    ...rateForms(pure(0.5), 200, 0.1).map((form) => named({ ...form, isOurs: false }, 'Laplace')),
  ],
  100,
);
const delta = rational(1n, 1_000_000n);
const rho = rhoFor(1, delta);
for (const counts of [1, 4, 16, 64]) {
  const title = `A count, where a unit is in ${counts} of them`;
  table(title, 'ε = 1 at δ = 10⁻⁶', 0, countForms(counts, 1, rho));
}
selectionTables(bits);
hierarchyTables(rho, bits);

function named(form: Form, noise: string): Form {
  return { ...form, name: `${noise}: ${form.name}` };
}

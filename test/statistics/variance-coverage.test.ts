/**
 * Coverage of the ranges of variances, given that the cell is shown: exact draws, the rule of the release, the intervals
 * readers see. 95 % is promised; two ranges of 97.5 % each attain more.
 *
 * The bits come from a seed, so a run repeats itself. Under fresh bits each of the 6 checks would raise a false alarm with
 * probability below 1e-6 if coverage were exactly 95 %: one-sided, z = 4.75, binomial. The mutated engines fail the same checks.
 */
import { type Mechanism, rational, varianceInterval } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { samplerOf } from '../../enclave/privacy/mechanism.ts';
import { cutOf, isShown } from '../../enclave/privacy/threshold.ts';
import { seededBits } from '../support/seeded-bits.ts';

const alpha = 0.05;
const k = 10n;
const delta = rational(1n, 10n ** 8n);
const z = 4.75;
const runs = 800;

/** Mechanisms of units, sums and squares at equal parts of a loss, for values W steps apart. */
const gaussian = (units: bigint, width: bigint): readonly Mechanism[] =>
  [1n, width ** 2n, width ** 4n].map((reach) => ({ kind: 'discreteGaussian', variance: rational(units * reach) }));
const laplace = (units: bigint, width: bigint): readonly Mechanism[] =>
  [1n, width, width ** 2n].map((reach) => ({ kind: 'discreteLaplace', scale: rational(units * reach) }));

const evenly = (n: number, width: number) => Array.from({ length: n }, (_, at) => at % (width + 1));
/** Most near the lower bound, a few at the upper one: what incomes and debts look like. */
const skewed = (n: number, width: number) => evenly(n, width).map((x) => Math.floor(x ** 3 / width ** 2));

interface Engine {
  /** What sums and squares are drawn with, beside what is declared. */
  readonly drawn: (declared: Mechanism) => Mechanism;
  readonly squares: (y: number, width: number) => number;
}
const sound: Engine = { drawn: (declared) => declared, squares: (y, width) => 2 * y * y - width * width };
const threeTimes = ({ num, den }: { num: bigint; den: bigint }, by: bigint) => rational(num * by, den);
const tooWide: Engine = {
  ...sound,
  drawn: (declared) =>
    declared.kind === 'discreteGaussian'
      ? { ...declared, variance: threeTimes(declared.variance, 9n) }
      : { ...declared, scale: threeTimes(declared.scale, 3n) },
};
const notCentred: Engine = { ...sound, squares: (y) => 2 * y * y };

/** How far coverage is above 1 − α, in standard deviations. */
function deviationOf(
  values: readonly number[],
  width: number,
  mechanisms: readonly Mechanism[],
  engine = sound,
): number {
  const bits = seededBits(`variance ${values.length} ${width}`);
  const [counts, sums, squares] = mechanisms as [Mechanism, Mechanism, Mechanism];
  const [ofCount, ofSum, ofSquares] = [counts, engine.drawn(sums), engine.drawn(squares)].map((mechanism) => {
    const sample = samplerOf(mechanism);
    return () => sample(bits);
  }) as [() => bigint, () => bigint, () => bigint];
  const n = BigInt(values.length);
  const cut = cutOf(counts, k, delta);
  const centred = values.map((x) => 2 * x - width);
  const total = (list: readonly number[]) => BigInt(list.reduce((sum, value) => sum + value, 0));
  const [sum, about] = [total(centred), total(centred.map((y) => engine.squares(y, width)))];
  const mean = values.reduce((all, x) => all + x, 0) / values.length;
  const truth = values.reduce((all, x) => all + (x - mean) ** 2, 0) / values.length;
  let hits = 0;
  for (let run = 0; run < runs; run++) {
    let noise = ofCount();
    while (!isShown(n, noise, k, cut)) noise = ofCount();
    const { low, high } = varianceInterval(
      {
        units: { value: n + noise, mechanism: counts, terms: 1, shownFrom: { cut, k } },
        sum: { value: sum + ofSum(), mechanism: sums, terms: 1 },
        squares: { value: about + ofSquares(), mechanism: squares, terms: 1 },
        width,
      },
      alpha,
    );
    if (low <= truth && truth <= high) hits += 1;
  }
  return (hits - runs * (1 - alpha)) / Math.sqrt(runs * alpha * (1 - alpha));
}

describe('a range of a variance holds it in 95 of 100 shown cells', () => {
  test.each<[string, readonly number[], number, readonly Mechanism[]]>([
    ['Gaussian, evenly, 400 units', evenly(400, 20), 20, gaussian(25n, 20n)],
    ['Gaussian, skewed, 400 units', skewed(400, 20), 20, gaussian(25n, 20n)],
    ['Gaussian, skewed, 3,000 units', skewed(3_000, 120), 120, gaussian(100n, 120n)],
    ['Gaussian, near the cut', skewed(60, 20), 20, gaussian(25n, 20n)],
    ['Laplace, evenly, 400 units', evenly(400, 20), 20, laplace(4n, 20n)],
    ['Laplace, skewed, 400 units', skewed(400, 20), 20, laplace(4n, 20n)],
  ])('%s', (_name, values, width, mechanisms) => {
    expect(deviationOf(values, width, mechanisms)).toBeGreaterThan(-z);
  });

  test('noise three times as wide as declared fails it', () => {
    expect(deviationOf(skewed(3_000, 120), 120, gaussian(100n, 120n), tooWide)).toBeLessThan(-z);
  });

  test('squares that are not centred fail it', () => {
    expect(deviationOf(evenly(400, 20), 20, gaussian(25n, 20n), notCentred)).toBeLessThan(-z);
  });
});

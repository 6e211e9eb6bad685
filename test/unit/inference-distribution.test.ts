import { distributionOf, type Mechanism, rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { integerSqrt } from '../../enclave/privacy/discrete-gaussian.ts';
import { expBounds } from '../../enclave/privacy/exponential.ts';
import { millsRatio, normalSurvival } from '../../enclave/protocol/inference/normal.ts';

const bits = 2_300n;
const one = 1n << bits;

/** arctan(1/n) at `bits` bits. */
function arcTangent(n: bigint): bigint {
  let power = one / n;
  let sum = power;
  for (let odd = 3n; power !== 0n; odd += 2n) {
    power = -power / (n * n);
    sum += power / odd;
  }
  return sum;
}
const pi = 4n * (4n * arcTangent(5n) - arcTangent(239n));

/** P(N ≥ √(num/den)) by Marsaglia's series in fixed point, with its natural logarithm. */
function exactSurvival(num: bigint, den: bigint): number {
  const { lower: density } = expBounds(num, 2n * den, Number(bits));
  // z·Σ z^(2i)/(2i+1)!! · φ(z), with z/√(2π) = √(num/(2π·den)).
  let term = one;
  let sum = term;
  for (let odd = 3n; term > 0n; odd += 2n) {
    term = (term * num) / (den * odd);
    sum += term;
  }
  const root = integerSqrt((num * one * one * one) / (2n * den * pi));
  const survival = one / 2n - (((sum * density) >> bits) * root) / one;
  const shift = BigInt(Math.max(0, survival.toString(2).length - 60));
  return Math.log(Number(survival >> shift)) - Number(bits - shift) * Math.LN2;
}

const relative = (value: number, log: number) => Math.abs(Math.expm1(Math.log(value) - log));

describe('the normal tail', () => {
  test('relative error at most 1e-12 from 0 to 37 standard deviations, against fixed point at 2,300 bits', () => {
    let worst = 0;
    for (let sixteenths = 0n; sixteenths <= 592n; sixteenths += 4n) {
      const log = exactSurvival(sixteenths * sixteenths, 256n);
      worst = Math.max(worst, relative(normalSurvival(Number(sixteenths) / 16), log));
    }
    expect(worst).toBeLessThan(1e-12);
  });

  test('both sides add up to 1, and Mills’ ratio has no negative side', () => {
    for (const z of [0, 0.3, 2.4999, 2.5, 9]) expect(normalSurvival(z) + normalSurvival(-z)).toBeCloseTo(1, 15);
    expect(() => millsRatio(-1)).toThrow(RangeError);
    expect(() => millsRatio(Number.NaN)).toThrow(RangeError);
  });
});

describe('wide Gaussian noise', () => {
  for (const sd of [10n ** 4n, 10n ** 6n, 10n ** 9n, 123_456_789n]) {
    test(`σ = ${sd}: relative error at most 1e-12 down to 1e-290`, () => {
      const mechanism: Mechanism = { kind: 'discreteGaussian', variance: rational(sd * sd) };
      const { survival, pmf } = distributionOf(mechanism);
      let worst = 0;
      for (let step = 1n; step <= 360n; step += 7n) {
        const m = (step * sd) / 10n;
        // From m − 1/2 on, and the lattice's own part: −z/(24σ²) of the density against Mills' ratio.
        const z = (Number(m) - 0.5) / Number(sd);
        const lattice = Math.log1p(-z / (24 * Number(sd) ** 2) / millsRatio(z));
        const log = exactSurvival((2n * m - 1n) ** 2n, 4n * sd * sd) + lattice;
        worst = Math.max(worst, relative(survival(Number(m)), log));
      }
      // At σ = 10⁴ the part left out above is up to 7z⁴/(5760σ⁴) = 2e-13.
      expect(worst).toBeLessThan(1.3e-12);
      expect(survival(1) + survival(0)).toBeCloseTo(1, 15);
      expect(survival(0) - survival(1)).toBeCloseTo(pmf(0), 14);
      expect(pmf(0) * Number(sd) * Math.sqrt(2 * Math.PI)).toBeCloseTo(1, 13);
      expect(pmf(-7)).toBe(pmf(7));
    });
  }

  test('no noise is too wide but the absurd, and none is refused silently', () => {
    expect(distributionOf({ kind: 'discreteGaussian', variance: rational(1n << 200n) }).survival(1)).toBeCloseTo(0.5);
    for (const kind of ['variance', 'scale'] as const) {
      const parameter = rational((1n << 200n) + 1n);
      const mechanism = (
        kind === 'variance'
          ? { kind: 'discreteGaussian', variance: parameter }
          : { kind: 'discreteLaplace', scale: parameter }
      ) as Mechanism;
      expect(() => distributionOf(mechanism)).toThrow(RangeError);
    }
    expect(() => distributionOf({ kind: 'discreteGaussian', variance: { num: 0n, den: 1n } })).toThrow(RangeError);
  });
});

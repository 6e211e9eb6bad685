import { createCipheriv } from 'node:crypto';
import {
  CountIntervals,
  compare,
  distributionOf,
  type Mechanism,
  mechanismKey,
  type Rational,
  rational,
  toNumber,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { integerSqrt } from '../../enclave/privacy/discrete-gaussian.ts';
import { expBounds } from '../../enclave/privacy/exponential.ts';
import { draw, samplerOf } from '../../enclave/privacy/mechanism.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { tailOf } from '../../enclave/privacy/tail.ts';
import { cutOf, isShown, tauOf } from '../../enclave/privacy/threshold.ts';
import { deltaOf, epsilonOf, posterior } from '../../enclave/protocol/epsilon.ts';

/** Bits that replay from a seed: AES-128 in counter mode. */
function replayedBits(seed: number): FairBits {
  const key = new Uint8Array(16);
  new DataView(key.buffer).setUint32(0, seed);
  const cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(16));
  return new FairBits((bytes) => bytes.set(cipher.update(new Uint8Array(bytes.length))));
}

const positive = (max: bigint) =>
  fc.tuple(fc.bigInt(1n, max), fc.bigInt(1n, 1_000n)).map(([num, den]) => rational(num, den));
const mechanismUpTo = (max: bigint): fc.Arbitrary<Mechanism> =>
  fc.oneof(
    positive(max).map((variance): Mechanism => ({ kind: 'discreteGaussian', variance })),
    positive(max).map((scale): Mechanism => ({ kind: 'discreteLaplace', scale })),
  );
const rare = fc
  .tuple(fc.bigInt(1n, 9n), fc.integer({ min: 2, max: 40 }))
  .map(([num, power]) => rational(num, 10n ** BigInt(power)));
function check<Ts>(property: fc.IProperty<Ts>, numRuns = 100): void {
  fc.assert(property, { numRuns });
}

describe('sampling', () => {
  test('the integer square root', () => {
    check(
      fc.property(fc.bigInt(0n, 2n ** 300n), (n) => {
        const root = integerSqrt(n);
        return root * root <= n && n < (root + 1n) * (root + 1n);
      }),
      1_000,
    );
    expect(() => integerSqrt(-1n)).toThrow(RangeError);
  });

  test('uniform numbers are below n for every n', () => {
    check(
      fc.property(fc.bigInt(1n, 2n ** 200n), fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (big, small, seed) => {
        const bits = replayedBits(seed);
        const values = Array.from({ length: 20 }, () => [bits.belowBig(big), bits.below(small)] as const);
        return values.every(([a, b]) => a >= 0n && a < big && b >= 0 && b < small && Number.isInteger(b));
      }),
    );
  });

  test('equal noise is drawn alike from equal bits: whichever terms its parameter has, alone, in a row or by the pool', () => {
    check(
      fc.property(mechanismUpTo(10n ** 30n), fc.bigInt(2n, 1_000n), fc.nat(), (mechanism, factor, seed) => {
        const times = ({ num, den }: Rational) => ({ num: num * factor, den: den * factor });
        const unreduced: Mechanism =
          mechanism.kind === 'discreteGaussian'
            ? { kind: mechanism.kind, variance: times(mechanism.variance) }
            : { kind: mechanism.kind, scale: times(mechanism.scale) };
        expect(mechanismKey(unreduced)).toBe(mechanismKey(mechanism));
        const [one, row, pooled] = [replayedBits(seed), replayedBits(seed), new NoisePool(replayedBits(seed))];
        const sample = samplerOf(unreduced);
        pooled.fill(mechanism, 20);
        const alone = Array.from({ length: 20 }, () => draw(mechanism, one));
        expect(Array.from({ length: 20 }, () => sample(row))).toEqual(alone);
        expect([...pooled.take(unreduced, 5), ...pooled.take(mechanism, 15)]).toEqual(alone);
        expect(pooled.available(mechanism)).toBe(0);
      }),
    );
  });
});

describe('tails and thresholds', () => {
  test('e^−γ is inside its bounds, and e^−a·e^−b agrees with e^−(a+b)', () => {
    check(
      fc.property(positive(50_000n), positive(50_000n), (a, b) => {
        const one = 1n << 200n;
        const [left, right, both] = [a, b, rational(a.num * b.den + b.num * a.den, a.den * b.den)].map(({ num, den }) =>
          expBounds(num, den, 200),
        );
        if (left === undefined || right === undefined || both === undefined) return false;
        const exact = Math.exp(-toNumber(a));
        return (
          both.upper - both.lower <= 2n &&
          left.lower * right.lower <= both.upper * one &&
          both.lower * one <= left.upper * right.upper &&
          Math.abs(Number(left.lower) / Number(one) - exact) <= 1e-13 * exact + 1e-59
        );
      }),
      500,
    );
  });

  test('τ is sound and least; a smaller δ or more noise never lowers it', () => {
    check(
      fc.property(mechanismUpTo(2_000n), rare, (mechanism, delta) => {
        const tau = tauOf(mechanism, delta);
        const tail = tailOf(mechanism, 300);
        expect(compare(tail(tau - 1n).upper, delta)).toBeLessThanOrEqual(0);
        expect(compare(tail(tau - 2n).lower, delta)).toBeGreaterThan(0);
        expect(tauOf(mechanism, rational(delta.num, delta.den * 10n))).toBeGreaterThanOrEqual(tau);
        const { num, den } = mechanism.kind === 'discreteGaussian' ? mechanism.variance : mechanism.scale;
        const more = rational(num * 2n, den);
        const wider: Mechanism =
          mechanism.kind === 'discreteGaussian'
            ? { kind: mechanism.kind, variance: more }
            : { kind: mechanism.kind, scale: more };
        expect(tauOf(wider, delta)).toBeGreaterThanOrEqual(tau);
      }),
    );
  });

  test('nothing is shown below k or below the cut, and more units or more noise never hide a cell', () => {
    const any = fc.bigInt(-(10n ** 6n), 10n ** 6n);
    check(
      fc.property(fc.bigInt(0n, 100n), any, fc.bigInt(1n, 50n), any, (units, noise, k, cut) => {
        const shown = isShown(units, noise, k, cut);
        expect(shown).toBe(!(units < k || units + noise < cut));
        if (shown) expect(isShown(units + 1n, noise, k, cut) && isShown(units, noise + 1n, k, cut)).toBe(true);
      }),
      1_000,
    );
  });
});

describe('inference', () => {
  test('limits of intervals never fall as the shown value rises and start at k or above', () => {
    check(
      fc.property(
        mechanismUpTo(400n),
        fc.bigInt(1n, 50n),
        rare,
        fc.constantFrom(0.01, 0.05, 0.3),
        (mechanism, k, delta, alpha) => {
          const cut = cutOf(mechanism, k, delta);
          // Noise next to nothing makes a shown cell of k units impossible in doubles: that rule is refused (unit test).
          fc.pre(distributionOf(mechanism).survival(Number(cut - k)) >= 1e-280);
          const intervals = new CountIntervals({ mechanism, k, cut, alpha });
          let last = intervals.of(cut);
          for (let y = cut + 1n; y < cut + 60n; y += 1n) {
            const interval = intervals.of(y);
            expect(interval.low >= last.low && interval.high >= last.high).toBe(true);
            expect(interval.low >= k && interval.low <= y && interval.low <= interval.high).toBe(true);
            last = interval;
          }
        },
      ),
    );
  });

  test('tables: P(η ≥ m) − P(η ≥ m + 1) is P(η = m), on both sides alike', () => {
    check(
      fc.property(mechanismUpTo(10_000n), fc.integer({ min: -300, max: 300 }), (mechanism, m) => {
        const { pmf, survival } = distributionOf(mechanism);
        expect(pmf(m)).toBe(pmf(-m));
        expect(Math.abs(survival(m) - survival(m + 1) - pmf(m))).toBeLessThan(1e-13);
        expect(Math.abs(survival(m) + survival(1 - m) - 1)).toBeLessThan(1e-15);
      }),
      300,
    );
  });

  test('ε and δ undo each other, grow with ρ, and ε stays under ρ + 2√(ρ ln(1/δ))', () => {
    const rho = fc
      .tuple(fc.bigInt(1n, 10n ** 6n), fc.constantFrom(10n ** 4n, 10n ** 6n, 10n ** 9n))
      .map(([a, b]) => rational(a, b));
    check(
      fc.property(rho, rare, (rho, delta) => {
        const epsilon = epsilonOf(rho, delta);
        const r = toNumber(rho);
        expect(epsilon).toBeLessThanOrEqual(r + 2 * Math.sqrt(-r * Math.log(toNumber(delta))));
        if (epsilon > 0) expect(Math.abs(Math.log(deltaOf(rho, epsilon) / toNumber(delta)))).toBeLessThan(1e-6);
        expect(epsilonOf(rational(rho.num * 2n, rho.den), delta)).toBeGreaterThanOrEqual(epsilon);
        expect(deltaOf(rho, epsilon + 0.1)).toBeLessThanOrEqual(toNumber(delta));
      }),
      300,
    );
  });

  test('a posterior odds ratio is e^ε times the prior one', () => {
    const unit = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });
    check(
      fc.property(unit, fc.double({ min: 0, max: 10, noNaN: true }), (prior, epsilon) => {
        const after = posterior(prior, epsilon);
        const odds = after / ((1 - prior) / (1 - prior + prior * Math.exp(epsilon)));
        return after >= prior * (1 - 1e-12) && Math.abs(odds / ((prior / (1 - prior)) * Math.exp(epsilon)) - 1) < 1e-9;
      }),
    );
  });
});

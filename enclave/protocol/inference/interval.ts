import type { Mechanism } from '../mechanism.ts';
import { distributionOf, laplacePairDistribution, type NoiseDistribution } from './distribution.ts';

/** The integers from `low` to `high`, both included. */
export interface CountInterval {
  readonly low: bigint;
  readonly high: bigint;
}

/** The rule by which the cells of one release were shown, and the share α of intervals that may miss. */
export interface IntervalRule {
  readonly mechanism: Mechanism;
  readonly k: bigint;
  readonly cut: bigint;
  readonly alpha: number;
  /** Draws whose sum is the noise η, two of them only of Laplace noise; 1 where it is not given. */
  readonly draws?: 1 | 2;
}

const memoMax = 65_536;
// Above the error of the tables (1e-12), so that rounding only ever widens an interval.
const slack = 1e-11;

/**
 * Confidence intervals for the true count behind a shown value y = n + η ≥ cut: all n ≥ k with
 * P(η ≥ y−n | η ≥ cut−n) ≥ α/2 and P(η ≤ y−n | η ≥ cut−n) ≥ α/2. Given that it is shown, a true n ≥ k is covered with
 * probability at least 1 − α. Where no n ≥ k passes, the interval is {k}. Post-processing of released values only.
 * Owns a memo by value. Proof: `interval.proof.md`.
 */
export class CountIntervals {
  /** The noise the intervals are for. */
  readonly distribution: NoiseDistribution;
  /** The rule they invert. */
  readonly rule: IntervalRule;
  readonly #k: number;
  readonly #cut: number;
  readonly #memo = new Map<bigint, CountInterval>();

  /**
   * Throws `RangeError` unless 1 ≤ k ≤ cut are safe integers, 1e-6 ≤ α < 1 and a cell of k units is shown with
   * probability at least 1e-280; and as `distributionOf`.
   */
  constructor(rule: IntervalRule) {
    const { mechanism, k, cut, alpha, draws } = rule;
    if (k < 1n || cut < k) throw new RangeError('intervals: need 1 ≤ k ≤ cut');
    if (!(alpha >= 1e-6 && alpha < 1)) throw new RangeError('intervals: need 1e-6 ≤ α < 1');
    this.rule = rule;
    this.#k = safe(k);
    this.#cut = safe(cut);
    this.distribution = draws === 2 ? laplacePairDistribution(mechanism) : distributionOf(mechanism);
    if (this.distribution.survival(this.#cut - this.#k) < 1e-280) throw new RangeError('intervals: the cut is too far');
  }

  /** The interval for a shown value. Throws `RangeError` for a value below the cut: no such value is ever shown. */
  of(shown: bigint): CountInterval {
    if (shown < this.rule.cut) throw new RangeError('intervals: a value below the cut is never shown');
    const known = this.#memo.get(shown);
    if (known !== undefined) return known;
    const y = safe(shown);
    const low = this.#low(y);
    const interval = { low: BigInt(low), high: BigInt(Math.max(low, this.#high(y))) };
    if (this.#memo.size >= memoMax) this.#memo.clear();
    this.#memo.set(shown, interval);
    return interval;
  }

  /** The smallest n that does not make y surprisingly high; that grows no worse as n grows, and n = y passes. */
  #low(y: number): number {
    if (this.#isNotTooHigh(y, this.#k)) return this.#k;
    return lastBefore(this.#k, y, (n) => !this.#isNotTooHigh(y, n)) + 1;
  }

  /** The largest n that does not make y surprisingly low; k where even k does. */
  #high(y: number): number {
    if (!this.#isNotTooLow(y, this.#k)) return this.#k;
    let stride = 1;
    while (this.#isNotTooLow(y, this.#k + stride)) stride *= 2;
    return lastBefore(this.#k, this.#k + stride, (n) => this.#isNotTooLow(y, n));
  }

  #isNotTooHigh(y: number, n: number): boolean {
    const { survival } = this.distribution;
    return survival(y - n) >= (this.rule.alpha / 2 - slack) * survival(this.#cut - n);
  }

  #isNotTooLow(y: number, n: number): boolean {
    const { survival } = this.distribution;
    const shown = survival(this.#cut - n);
    return shown - survival(y + 1 - n) >= (this.rule.alpha / 2 - slack) * shown;
  }
}

/** The last n with `holds(n)`, which is true at `from`, false at `to` and changes once in between. */
function lastBefore(from: number, to: number, holds: (n: number) => boolean): number {
  let last = from;
  let first = to;
  while (first - last > 1) {
    const middle = Math.floor((last + first) / 2);
    if (holds(middle)) last = middle;
    else first = middle;
  }
  return last;
}

function safe(value: bigint): number {
  if (value > 2n ** 52n || value < -(2n ** 52n)) throw new RangeError('intervals: not a count of units');
  return Number(value);
}

import { type Mechanism, mechanismKey, parameterOf } from '../mechanism.ts';
import { toNumber } from '../rational.ts';
import { laplacePairDistribution } from './distribution.ts';
import { CountIntervals } from './interval.ts';
import { memoised } from './memo.ts';
import { inferenceSlack } from './noisy.ts';
import type { RatioInterval } from './ratio.ts';

/** How the two sides of a mean were noised and shown: A + B = W·n with a Laplace draw each. */
export interface TwoSidedRule {
  readonly mechanism: Mechanism;
  /** W, what one unit adds to A + B. */
  readonly width: bigint;
  /** Shown where n ≥ k and A + B with its noise is at least W·cut. */
  readonly k: bigint;
  readonly cut: bigint;
  readonly alpha: number;
}

/** The part of α spent on the range of A + B. */
const nuisanceShare = 0.01;
/** An end is sought until it is known to this part of the noise's width. */
const precision = 2 ** -10;
/** Blocks a scale; below it every integer is a block. */
const blocksPerScale = 64;
/** Probability beyond the last block, of what is shown. */
const leftOut = 1e-12;

const remembered = memoised<SumBlocks>(8);

/**
 * Confidence intervals for s = A/(A + B) behind two shown numbers a = A + E and b = B + F with independent discrete Laplace
 * noise of one scale: every s in 0 … 1 at which (1 − s)a − sb is not surprising in either direction, for noise as truncated
 * at the cut (E + F ≥ W·cut − (A + B)), at the least favourable A + B of a range that misses with α/100 (Berger and Boos
 * 1994). Given that they are shown, s is covered with probability at least 1 − α. Post-processing of released values only.
 * Proof: `two-sided.proof.md`.
 */
export class TwoSidedIntervals {
  readonly #rule: TwoSidedRule;
  readonly #totals: CountIntervals;
  readonly #blocks: SumBlocks;
  readonly #scale: number;
  readonly #wanted: number;

  /** Throws `RangeError` unless the noise is Laplace, W ≥ 1 and 1e-4 ≤ α < 1, and as `CountIntervals`. */
  constructor(rule: TwoSidedRule) {
    const { mechanism, width, k, cut, alpha } = rule;
    if (width < 1n || !(alpha >= 1e-4 && alpha < 1)) throw new RangeError('two sides: need W ≥ 1 and 1e-4 ≤ α < 1');
    this.#rule = rule;
    const share = nuisanceShare * alpha;
    this.#totals = new CountIntervals({ mechanism, k: width * k, cut: width * cut, alpha: share, draws: 2 });
    this.#scale = toNumber(parameterOf(mechanism));
    this.#wanted = (alpha - share) / 2 - inferenceSlack;
    const most = Number(width * (cut - k));
    this.#blocks = remembered(`${mechanismKey(mechanism)} ${most}`, () => new SumBlocks(mechanism, most));
  }

  /** The interval for what is shown. Throws `RangeError` for a sum below the cut, which is never shown, and sizes above 2^52. */
  of(a: bigint, b: bigint): RatioInterval {
    if ([a, -a, b, -b].some((size) => size > 2n ** 52n)) throw new RangeError('two sides: sizes above 2^52');
    const { low, high } = this.#totals.of(a + b);
    const cut = this.#rule.width * this.#rule.cut;
    // Noise E + F is cut off at W·cut − (A + B).
    const [least, most] = [Number(cut - high), Number(cut - low)];
    const end = (side: bigint) => this.#low(Number(side), Number(a + b), least, most);
    const [lower, upper] = [end(a), 1 - end(b)];
    return { low: Math.min(lower, upper), high: Math.max(lower, upper) };
  }

  /** A point below which every s is excluded because it would make `side` of `sum` surprisingly high. */
  #low(side: number, sum: number, least: number, most: number): number {
    const isPossible = (s: number) => this.#blocks.chance(side, sum, s, least, most) >= this.#wanted;
    const start = Math.min(1, Math.max(0, side / sum));
    const stride = (2 * this.#scale) / sum;
    let [below, above] = [start, start];
    if (isPossible(start)) {
      for (let way = stride; ; way *= 2) {
        below = Math.max(0, above - way);
        if (!isPossible(below)) break;
        if (below === 0) return 0;
        above = below;
      }
    } else {
      for (let way = stride; ; way *= 2) {
        above = Math.min(1, below + way);
        if (isPossible(above)) break;
        below = above;
        if (above === 1) return 1;
      }
    }
    while (above - below > precision * stride) {
      const middle = (below + above) / 2;
      if (middle <= below || middle >= above) break;
      if (isPossible(middle)) above = middle;
      else below = middle;
    }
    return below;
  }
}

/**
 * The noise V = E + F in blocks of integers, from where less than {@link leftOut} lies below to where so much of what is
 * shown lies above.
 */
class SumBlocks {
  readonly #scale: number;
  readonly #first: number;
  readonly #stride: number;
  /** P(V ≥ first integer of the block), and P(V ≥ its last one). */
  readonly #above: Float64Array;
  readonly #aboveLast: Float64Array;
  /** P(E = 0)²·q^|v| at the first and last integer v of the block. */
  readonly #atFirst: Float64Array;
  readonly #atLast: Float64Array;
  /** q²/(1 − q²). */
  readonly #odds: number;
  /** What an integer's probability can grow to over a block, times its length. */
  readonly #growth: number;
  readonly #survival: (m: number) => number;

  /** For cuts of V up to `most`. */
  constructor(mechanism: Mechanism, most: number) {
    const { survival } = laplacePairDistribution(mechanism);
    const scale = toNumber(parameterOf(mechanism));
    const stride = Math.max(1, Math.floor(scale / blocksPerScale));
    const atMost = leftOut * survival(Math.max(0, most));
    let below = 1;
    while (survival(below * stride) > leftOut) below += 1;
    let over = below;
    while (survival(over * stride) > atMost) over += 1;
    const count = below + over;
    this.#scale = scale;
    this.#stride = stride;
    this.#first = -below * stride;
    this.#survival = survival;
    const [start, end] = [(i: number) => this.#first + i * stride, (i: number) => this.#first + (i + 1) * stride - 1];
    const atZero = (-Math.expm1(-1 / scale) / (1 + Math.exp(-1 / scale))) ** 2;
    const factor = (v: number) => atZero * Math.exp(-Math.abs(v) / scale);
    this.#above = Float64Array.from({ length: count + 1 }, (_, i) => survival(start(i)));
    this.#aboveLast = Float64Array.from({ length: count }, (_, i) => survival(end(i)));
    this.#atFirst = Float64Array.from({ length: count }, (_, i) => factor(start(i)));
    this.#atLast = Float64Array.from({ length: count }, (_, i) => factor(end(i)));
    this.#odds = Math.exp(-2 / scale) / -Math.expm1(-2 / scale);
    this.#growth = stride === 1 ? 1 : Math.expm1(stride / scale) / Math.expm1(1 / scale);
  }

  /**
   * A bound of P(E − s·V ≥ side − s·sum | V ≥ c), largest over every c from `least` to `most`, where V ≥ sum counts in full:
   * the true probability never falls in s.
   */
  chance(side: number, sum: number, s: number, least: number, most: number): number {
    const count = this.#aboveLast.length;
    const block = (v: number) => Math.floor((v - this.#first) / this.#stride);
    let i = Math.min(count, Math.max(0, block(sum)));
    if (block(most) >= i) return 1;
    let above = this.#above[i] as number;
    let worst = 0;
    const lowest = Math.max(0, block(least));
    for (i -= 1; i >= lowest; i--) {
      const start = this.#first + i * this.#stride;
      const whole = (this.#above[i] as number) - (this.#above[i + 1] as number);
      above += Math.min(Math.max(0, whole), this.#within(i, start, outward(side, s * (sum - start))));
      if (start > most) continue;
      const last = start + this.#stride - 1;
      const shown = last <= most ? (this.#aboveLast[i] as number) : this.#survival(most);
      worst = Math.max(worst, above / shown);
    }
    // Below the first block nothing is cut off.
    return Math.min(1, lowest > 0 ? worst : Math.max(worst, (above + leftOut) / (1 - leftOut)));
  }

  /** A bound of P(E ≥ from, V in block i). */
  #within(i: number, start: number, from: number): number {
    const one = this.#joint(from, start, this.#atFirst[i] as number);
    if (this.#stride === 1) return one;
    const other = this.#joint(from, start + this.#stride - 1, this.#atLast[i] as number);
    return this.#growth * Math.min(one, other);
  }

  /** P(E ≥ m, V = v) for integers, with P(E = 0)²·q^|v|. */
  #joint(m: number, v: number, factor: number): number {
    if (v >= 0) return factor * this.#weight(m, v);
    // Mirrored: E ≤ −m at −v, all but E ≥ 1 − m.
    return factor * Math.max(0, -v + 1 + 2 * this.#odds - this.#weight(1 - m, -v));
  }

  /** Σ_{e ≥ m} q^(|e| + |v − e| − v) for v ≥ 0. */
  #weight(m: number, v: number): number {
    if (m > v) return this.#odds * Math.exp((-2 * (m - v - 1)) / this.#scale);
    if (m >= 0) return v - m + 1 + this.#odds;
    return v + 1 + 2 * this.#odds - this.#odds * Math.exp((2 * m) / this.#scale);
  }
}

/** ⌈x − way⌉, less what rounding may have added. */
function outward(x: number, way: number): number {
  return Math.ceil(x - way - 2 ** -48 * (Math.abs(x) + Math.abs(way)));
}

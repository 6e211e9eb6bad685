import type { CountInterval } from './interval.ts';
import { halfWidth, inferenceSlack, type Noisy, type ReadNoisy, readNoisy, trueRange } from './noisy.ts';
import { type Blocks, ShownNoise } from './shown-noise.ts';

/** The reals from `low` to `high`; an end without a bound is infinite. */
export interface RatioInterval {
  readonly low: number;
  readonly high: number;
}

/** The part of α spent on each range that bounds a true value where noise is cut off. */
const nuisanceShare = 0.01;
/** An end of an interval is sought until it is known to this part of the interval's width. */
const precision = 2 ** -14;

/**
 * Confidence interval for X/Y behind two released numbers with independent noise, X any integer, Y ≥ 1: every r at which
 * x − r·y is not surprising in either direction (Fieller 1954, with the noise's own distribution). Given that both are
 * shown it holds X/Y with probability at least 1 − α. Where a value decided by its own noise that it is shown, the test
 * takes the least favourable true value of a range that misses with α/100 (Berger and Boos 1994), and the interval lies
 * within the quotient of those ranges. Both ends are infinite where y alone cannot exclude 0. Post-processing of released
 * values only. Throws `RangeError` unless 1e-4 ≤ α < 1, and as `readNoisy`, `noiseSumOf` and `CountIntervals` do.
 * Proof: `ratio.proof.md`.
 */
export function ratioInterval(x: Noisy, y: Noisy, alpha: number): RatioInterval {
  const { over, under, miss, noises } = setUp(x, y, alpha);
  const threshold = miss / 2 - inferenceSlack;
  const bounds = over.range && under.range ? quotient(over.range, under.range) : unbounded;
  const denominator: Denominator = { value: under.value, ...noises.under };
  if (denominator.mostCut.atLeast(under.value) >= threshold) return bounds;
  const ratio = over.value / under.value;
  const stride = Math.hypot(over.noise.sd, Math.abs(ratio) * under.noise.sd) / under.value;
  const up = noises.over.mostCut.blocks();
  const down = noises.over.leastCut.negatedBlocks();
  const low = belowFirst((r) => chance(up, over.value, denominator, r) >= threshold, ratio, stride);
  const high = -belowFirst((r) => chance(down, -over.value, denominator, r) >= threshold, -ratio, stride);
  return ordered(Math.max(bounds.low, low), Math.min(bounds.high, high));
}

/**
 * Confidence interval for X − Y behind two released numbers with independent noise, as {@link ratioInterval}: every
 * integer d at which x − y − d is not surprising. Throws alike.
 */
export function differenceInterval(x: Noisy, y: Noisy, alpha: number): CountInterval {
  const { over, under, miss, noises } = setUp(x, y, alpha);
  const threshold = miss / 2 - inferenceSlack;
  const observed = over.value - under.value;
  const stride = Math.ceil(Math.hypot(over.noise.sd, under.noise.sd));
  const up = noises.over.mostCut.blocks();
  const down = noises.over.leastCut.negatedBlocks();
  const { mostCut, leastCut } = noises.under;
  const isHigh = (d: number) => sum(up, (e) => leastCut.atMost(e - (observed - d))) >= threshold;
  const isLow = (d: number) => sum(down, (e) => mostCut.atLeast(-e - (observed + d))) >= threshold;
  const low = belowFirst(isHigh, observed, stride, 1) + 1;
  const high = -belowFirst(isLow, -observed, stride, 1) - 1;
  if (!over.range || !under.range) return { low: BigInt(low), high: BigInt(high) };
  const ends = ordered(
    Math.max(low, over.range.low - under.range.high),
    Math.min(high, over.range.high - under.range.low),
  );
  return { low: BigInt(ends.low), high: BigInt(ends.high) };
}

/**
 * Confidence interval for the true value behind a number whose own noise decided nothing, such as a sum: x ± the largest w
 * with P(noise ≥ w) ≥ α/2. Throws `RangeError` for a number with `shownFrom` (that is `CountIntervals`), and as
 * {@link ratioInterval}.
 */
export function plainInterval(x: Noisy, alpha: number): CountInterval {
  checkAlpha(alpha);
  const { value, noise, shownFrom } = readNoisy(x);
  if (shownFrom) throw new RangeError('inference: a count that its own noise let through needs CountIntervals');
  const width = halfWidth(noise, alpha);
  return { low: BigInt(value - width), high: BigInt(value + width) };
}

const unbounded: RatioInterval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** The noise of one number at the true values that cut off most and least of it. */
interface CutNoise {
  readonly mostCut: ShownNoise;
  readonly leastCut: ShownNoise;
}

interface Side extends ReadNoisy {
  /** Where the true value lies but for a small part of α; null where nothing is cut off. */
  readonly range: RatioInterval | null;
}

interface Comparison {
  readonly over: Side;
  readonly under: Side;
  /** What is left of α for the test. */
  readonly miss: number;
  readonly noises: { readonly over: CutNoise; readonly under: CutNoise };
}

function setUp(x: Noisy, y: Noisy, alpha: number): Comparison {
  checkAlpha(alpha);
  const share = nuisanceShare * alpha;
  const [readX, readY] = [readNoisy(x), readNoisy(y)];
  // What is cut off may be nearly anything near the cut; with both ranges the result is bounded nevertheless.
  const isCut = readX.shownFrom !== null || readY.shownFrom !== null;
  const over: Side = { ...readX, range: isCut ? trueRange(x, readX, share) : null };
  const under: Side = { ...readY, range: isCut ? trueRange(y, readY, share) : null };
  const miss = isCut ? alpha - 2 * share : alpha;
  return { over, under, miss, noises: { over: cutNoise(over), under: cutNoise(under) } };
}

function checkAlpha(alpha: number): void {
  if (!(alpha >= 1e-4 && alpha < 1)) throw new RangeError('inference: need 1e-4 ≤ α < 1');
}

function cutNoise({ noise, shownFrom, range }: Side): CutNoise {
  if (shownFrom === null || range === null) {
    const free = new ShownNoise(noise);
    return { mostCut: free, leastCut: free };
  }
  return {
    mostCut: new ShownNoise(noise, shownFrom.cut - range.low),
    leastCut: new ShownNoise(noise, shownFrom.cut - range.high),
  };
}

interface Denominator extends CutNoise {
  readonly value: number;
}

/**
 * A bound of P(E ≥ x − r·(y − F)) that never falls in r, for E in blocks and the noise F of the denominator: F ≥ y, where
 * no true Y ≥ 1 lies, counts in full.
 */
function chance(blocks: Blocks, x: number, { value: y, mostCut, leastCut }: Denominator, r: number): number {
  const impossible = mostCut.atLeast(y);
  if (r === 0) return sum(blocks, (e) => (e >= x ? 1 : impossible));
  const slope = 1 / Math.abs(r);
  if (r > 0) {
    return sum(blocks, (e) => (e >= x ? 1 : leastCut.atMost(outward(y, (x - e) * slope)) + impossible));
  }
  return sum(blocks, (e) => (e < x ? impossible : mostCut.atLeast(-outward(-y, -(e - x) * slope))));
}

/** y − way, rounded up by more than its own rounding. */
function outward(y: number, way: number): number {
  return y - way + 2 ** -48 * (Math.abs(y) + Math.abs(way));
}

function sum({ tops, masses, beyond }: Blocks, probability: (e: number) => number): number {
  let total = beyond;
  for (let i = 0; i < tops.length; i++) {
    total += (masses[i] as number) * Math.min(1, probability(tops[i] as number));
  }
  return total;
}

/**
 * A point below which `holds`, which never falls, does not hold, at most `precision`·stride (or `resolution`) below the first
 * one where it does; sought from `start` in strides.
 */
function belowFirst(
  holds: (r: number) => boolean,
  start: number,
  stride: number,
  resolution = precision * stride,
): number {
  let [above, below] = [start, start];
  if (holds(start)) {
    for (let way = 2 * stride; ; way *= 2) {
      below = above - way;
      if (!holds(below)) break;
      // Noise about which nothing is known excludes nothing.
      if (below === Number.NEGATIVE_INFINITY) return below;
      above = below;
    }
  } else {
    for (let way = 2 * stride; ; way *= 2) {
      above = below + way;
      if (holds(above)) break;
      below = above;
    }
  }
  // Whole numbers stay whole. Doubles end where a middle is no longer between.
  for (;;) {
    const middle = resolution === 1 ? Math.floor((above + below) / 2) : (above + below) / 2;
    if (above - below <= resolution || middle <= below || middle >= above) return below;
    if (holds(middle)) above = middle;
    else below = middle;
  }
}

/** Every quotient of two true values, the lower of them at least 1, and a little more than rounding takes. */
function quotient(over: RatioInterval, under: RatioInterval): RatioInterval {
  const [least, most] = [Math.max(1, under.low), Math.max(1, under.high)];
  const low = over.low / (over.low >= 0 ? most : least);
  const high = over.high / (over.high >= 0 ? least : most);
  return { low: low - Math.abs(low) * 2 ** -50, high: high + Math.abs(high) * 2 ** -50 };
}

/** A range from two ends that may have crossed, which happens where nothing passes. */
function ordered(low: number, high: number): RatioInterval {
  return { low: Math.min(low, high), high: Math.max(low, high) };
}

/**
 * The second range of a released value: of the noise *and* of natural variation, the persons of a district taken as one of the
 * outcomes its conditions could have had (docs/spec/release.md §4). Post-processing of released values only.
 */
import type { Estimate, Release, ReleasedMeasure } from '../document.ts';
import { mechanismOf } from '../mechanism.ts';
import type { AggregateQuery } from '../query.ts';
import { distributionOf, type NoiseDistribution } from './distribution.ts';
import type { IntervalRule } from './interval.ts';
import { inferenceSlack } from './noisy.ts';
import type { RatioInterval } from './ratio.ts';

/** Two-sided 95 % of the normal law. */
const z = 1.959_963_984_540_054;
const alpha = 0.05;
/** Blocks of a Poisson law are at most this part of its standard deviation. */
const blockPart = 1 / 16;

/** Sums of a Poisson law over runs of integers, which cover all but 1e-15 of it. */
interface Blocks {
  readonly bottoms: readonly number[];
  readonly tops: readonly number[];
  readonly masses: readonly number[];
}

/**
 * Ranges for the expectation λ behind a shown count y = N + η, N a Poisson variable: every λ for which y is not surprising, given that
 * it is shown (N ≥ k and y ≥ cut). Given that it is shown, λ is covered with probability at least 1 − α. Proof: `sampling.proof.md`.
 */
export class ExpectationIntervals {
  readonly #distribution: NoiseDistribution;
  readonly #k: number;
  readonly #cut: number;
  readonly #threshold: number;
  readonly #memo = new Map<number, RatioInterval>();

  /** Throws as `distributionOf`. */
  constructor({ mechanism, k, cut, alpha: miss }: Omit<IntervalRule, 'draws'>) {
    this.#distribution = distributionOf(mechanism);
    [this.#k, this.#cut, this.#threshold] = [Number(k), Number(cut), miss / 2 - inferenceSlack];
  }

  /** The range for a shown value. Throws `RangeError` below the cut. */
  of(shown: number): RatioInterval {
    if (!(shown >= this.#cut)) throw new RangeError('sampling: a value below the cut is never shown');
    const known = this.#memo.get(shown);
    if (known) return known;
    const reach = 1 + Math.sqrt(shown + 1) / 4;
    // About where the ends lie, were the law of y normal and its noise small.
    const half = z * Math.sqrt(shown + 1);
    const low = firstPassing(0, Math.max(0, shown - half), reach, (lambda) => this.#isNotTooHigh(shown, lambda));
    // Where even the lowest λ makes y too low there is nothing above it.
    const high = this.#isNotTooLow(shown, low)
      ? -firstPassing(-Number.MAX_SAFE_INTEGER, -Math.max(low, shown + half), reach, (minus) =>
          this.#isNotTooLow(shown, -Math.min(minus, -low)),
        )
      : low;
    const range = { low, high };
    this.#memo.set(shown, range);
    return range;
  }

  /** P(Y ≥ y | shown), from above: it never falls in λ. */
  #isNotTooHigh(y: number, lambda: number): boolean {
    const { survival } = this.#distribution;
    const { bottoms, tops, masses } = this.#blocks(lambda);
    const high = sumOf(masses, (at) => survival(y - (tops[at] ?? 0)));
    const shown = sumOf(masses, (at) => survival(this.#cut - (bottoms[at] ?? 0)));
    return high >= this.#threshold * shown;
  }

  /** P(Y ≤ y | shown), from above: it never rises in λ. */
  #isNotTooLow(y: number, lambda: number): boolean {
    const { survival } = this.#distribution;
    const { bottoms, tops, masses } = this.#blocks(lambda);
    const low = sumOf(masses, (at) => {
      const n = bottoms[at] ?? 0;
      return Math.max(0, survival(this.#cut - (tops[at] ?? 0)) - survival(y + 1 - n));
    });
    const shown = sumOf(masses, (at) => survival(this.#cut - (bottoms[at] ?? 0)));
    return low >= this.#threshold * shown;
  }

  #blocks(lambda: number): Blocks {
    return poissonBlocks(lambda, this.#k);
  }
}

/** The law of N given N ≥ k, but for a common factor, in runs of integers. */
function poissonBlocks(lambda: number, k: number): Blocks {
  const sd = Math.sqrt(lambda);
  const stride = Math.max(1, Math.floor(sd * blockPart));
  const from = Math.max(k, Math.floor(lambda - 9 * sd));
  const to = Math.max(k + 40, Math.ceil(lambda + 9 * sd + 40));
  const mode = Math.min(to, Math.max(from, Math.floor(lambda)));
  // Relative to the most likely integer, so that nothing underflows however far k is above λ.
  const weights = new Float64Array(to - from + 1);
  weights[mode - from] = 1;
  for (let n = mode; n < to; n++) weights[n + 1 - from] = ((weights[n - from] ?? 0) * lambda) / (n + 1);
  for (let n = mode; n > from; n--) weights[n - 1 - from] = ((weights[n - from] ?? 0) * n) / lambda;
  const [bottoms, tops, masses]: [number[], number[], number[]] = [[], [], []];
  for (let n = from; n <= to; n += stride) {
    const top = Math.min(to, n + stride - 1);
    bottoms.push(n);
    tops.push(top);
    masses.push(weights.subarray(n - from, top - from + 1).reduce((sum, weight) => sum + weight, 0));
  }
  return { bottoms, tops, masses };
}

function sumOf(masses: readonly number[], of: (at: number) => number): number {
  return masses.reduce((sum, mass, at) => sum + mass * of(at), 0);
}

/** The least x ≥ `least` that passes a test which goes on to pass above it, from below and to a small part of `reach`; sought from `start`. */
function firstPassing(least: number, start: number, reach: number, passes: (x: number) => boolean): number {
  let [above, below] = [start, start];
  for (let way = reach; !passes(above); way *= 2) above += way;
  for (let way = reach; passes(below); way *= 2) {
    if (below <= least) return least;
    below = Math.max(least, below - way);
  }
  while (above - below > reach / 64) {
    const middle = (above + below) / 2;
    if (passes(middle)) above = middle;
    else below = middle;
  }
  return below;
}

/**
 * The range of a sum of two independent errors from the range of each about a common value (Zou and Donner 2008: the distances to
 * the ends add up in squares).
 */
export function combined(value: number, noise: RatioInterval, sampling: RatioInterval): RatioInterval {
  const distance = (range: RatioInterval) => [Math.max(0, value - range.low), Math.max(0, range.high - value)] as const;
  const [down, up] = distance(noise);
  const [natural, over] = distance(sampling);
  return { low: value - Math.hypot(down, natural), high: value + Math.hypot(up, over) };
}

/** Wilson's range (1927) of the probability behind a share p of n. Throws `RangeError` unless n > 0 and 0 ≤ p ≤ 1. */
export function wilson(p: number, n: number): RatioInterval {
  if (!(n > 0 && p >= 0 && p <= 1)) throw new RangeError('sampling: needs n > 0 and 0 ≤ p ≤ 1');
  const middle = (p + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** The second range of an estimate, in its own integers; null where none is defined. */
export type SamplingRange = (estimate: Estimate) => { readonly low: number; readonly high: number } | null;

/**
 * The second range of a measure's estimates: counts and classes by {@link ExpectationIntervals}; rates and shares by Wilson's range;
 * means by the largest variance values between the clamps can have about such a mean (Bhatia and Davis 2000), so from above.
 * Null for sums, variances and quantiles: how far their values vary is not released.
 */
export function samplingRangeOf(
  { fn, decimals, noise, cut }: Pick<ReleasedMeasure, 'fn' | 'decimals' | 'noise' | 'cut'>,
  { k }: Pick<Release, 'k'>,
  measure: AggregateQuery['measures'][number] | undefined,
): SamplingRange | null {
  if (fn === 'count' || fn === 'histogram') {
    const intervals = new ExpectationIntervals({
      mechanism: mechanismOf(noise),
      k: BigInt(k),
      cut: BigInt(cut),
      alpha,
    });
    return ({ value }) => outward(intervals.of(value), 1);
  }
  const scale = 10 ** decimals;
  const clamp = measure && 'clamp' in measure ? measure.clamp : null;
  if (fn === 'rate' || fn === 'shares') {
    return (estimate) => around(estimate, scale, (p, n) => wilson(Math.min(1, Math.max(0, p)), n), [0, 1]);
  }
  if (fn !== 'mean' || !clamp) return null;
  return (estimate) =>
    around(
      estimate,
      scale,
      (mean, n) => {
        const half = z * Math.sqrt(Math.max(0, (clamp[1] - mean) * (mean - clamp[0])) / n);
        return { low: mean - half, high: mean + half };
      },
      clamp,
    );
}

function around(
  { value, low, high, units }: Estimate,
  scale: number,
  sampling: (value: number, units: number) => RatioInterval,
  [least, most]: readonly [number, number],
): { low: number; high: number } | null {
  if (units === undefined || units <= 0) return null;
  const at = value / scale;
  const range = combined(at, { low: low / scale, high: high / scale }, sampling(at, units));
  return outward({ low: Math.max(least, range.low), high: Math.min(most, range.high) }, scale);
}

function outward({ low, high }: RatioInterval, scale: number): { low: number; high: number } {
  return { low: Math.floor(low * scale + 1e-9), high: Math.ceil(high * scale - 1e-9) };
}

import { type Mechanism, mechanismKey } from '../mechanism.ts';
import { CountIntervals } from './interval.ts';
import { memoised } from './memo.ts';
import { type NoiseSum, noiseSumOf } from './noise-sum.ts';
import { ShownNoise } from './shown-noise.ts';

/** A released integer: its true value and the sum of `terms` independent draws of `mechanism`. */
export interface Noisy {
  readonly value: bigint | number;
  readonly mechanism: Mechanism;
  readonly terms: number;
  /**
   * Present where this very draw decided that the value is shown: a count n ≥ k whose value is at least the cut
   * (docs/spec/release.md §3). Only with one term.
   */
  readonly shownFrom?: { readonly cut: bigint | number; readonly k: bigint | number };
}

/** A released number as inference uses it: in doubles, checked, with the table of its noise. */
export interface ReadNoisy {
  readonly value: number;
  readonly noise: NoiseSum;
  readonly shownFrom: { readonly cut: number; readonly k: number } | null;
}

/** Checks a released number. Throws `RangeError` for sizes above 2^52, and a `shownFrom` of several terms or below its cut. */
export function readNoisy({ value, mechanism, terms, shownFrom }: Noisy): ReadNoisy {
  const read = safe(value);
  const noise = noiseSumOf(mechanism, terms);
  if (shownFrom === undefined) return { value: read, noise, shownFrom: null };
  const { cut, k } = { cut: safe(shownFrom.cut), k: safe(shownFrom.k) };
  if (terms !== 1) throw new RangeError('inference: only one draw can decide what is shown');
  if (k < 1 || cut < k) throw new RangeError('inference: need 1 ≤ k ≤ cut');
  if (read < cut) throw new RangeError('inference: a value below the cut is never shown');
  return { value: read, noise, shownFrom: { cut, k } };
}

const intervals = memoised<CountIntervals>(32);

/** A range that holds the true value with probability at least 1 − `miss`, given that the released one is shown. */
export function trueRange(noisy: Noisy, read: ReadNoisy, miss: number): { low: number; high: number } {
  if (read.shownFrom === null) {
    const width = halfWidth(read.noise, miss);
    return { low: read.value - width, high: read.value + width };
  }
  const { cut, k } = read.shownFrom;
  const rule = { mechanism: noisy.mechanism, k: BigInt(k), cut: BigInt(cut), alpha: miss };
  const { low, high } = intervals(`${mechanismKey(noisy.mechanism)} ${k} ${cut} ${miss}`, () => {
    return new CountIntervals(rule);
  }).of(BigInt(read.value));
  return { low: Number(low), high: Number(high) };
}

/** The largest w with P(V ≥ w) ≥ miss/2: beyond it a deviation is surprising. */
export function halfWidth(noise: NoiseSum, miss: number): number {
  const free = new ShownNoise(noise);
  const wanted = miss / 2 - inferenceSlack;
  let possible = 0;
  let surprising = (noise.size + 1) * noise.step;
  while (surprising - possible > 1) {
    const middle = Math.floor((possible + surprising) / 2);
    const probability = noise.exact === null ? free.atLeast(middle) : noise.exact(middle);
    if (probability >= wanted) possible = middle;
    else surprising = middle;
  }
  return possible;
}

/** Above the error of tables and sums, so that rounding only ever widens a range. */
export const inferenceSlack = 1e-9;

/** An integer as a double. Throws `RangeError` where its size is above 2^52 or it is no integer. */
function safe(value: bigint | number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || Math.abs(number) > 2 ** 52) {
    throw new RangeError('inference: needs integers of at most 2^52');
  }
  return number;
}

import type { Mechanism } from '../mechanism.ts';
import { CountIntervals } from './interval.ts';

/** What a cell of n units can expect. */
export interface AttainedCoverage {
  /** Probability of being shown. */
  readonly shown: number;
  /** Probability that the interval contains n, given that the cell is shown; `null` where it never is. */
  readonly coverage: number | null;
}

/** Probability left out of the sum; it counts as not covered. */
const leftOut = 1e-13;
const reachMax = 65_536;

/**
 * The coverage of {@link CountIntervals} for a true count n, summed over every value that can be shown; never above the
 * truth by more than 2e-11. Integer intervals attain more than 1 − α, and tests compare with this. Throws as
 * `CountIntervals`, and `RangeError` where the noise is too wide to sum. Proof: `coverage.proof.md`.
 */
export function attainedCoverage(
  mechanism: Mechanism,
  k: bigint,
  cut: bigint,
  alpha: number,
  n: bigint,
): AttainedCoverage {
  return coverageOf(new CountIntervals({ mechanism, k, cut, alpha }), n);
}

/** {@link attainedCoverage} for intervals made before. */
export function coverageOf(intervals: CountIntervals, n: bigint): AttainedCoverage {
  const { distribution, rule } = intervals;
  const shown = n < rule.k ? 0 : distribution.survival(Number(rule.cut - n));
  if (shown === 0) return { shown, coverage: null };
  let reach = 1;
  while (distribution.survival(reach) > leftOut) reach *= 2;
  if (reach > reachMax) throw new RangeError('coverage: the noise is too wide to sum');
  let covered = 0;
  for (let y = max(rule.cut, n - BigInt(reach)); distribution.survival(Number(y - n)) > leftOut * shown; y += 1n) {
    const { low, high } = intervals.of(y);
    if (low <= n && n <= high) covered += distribution.pmf(Number(y - n));
  }
  return { shown, coverage: covered / shown };
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

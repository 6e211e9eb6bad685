import type { Noisy } from './noisy.ts';
import { type RatioInterval, ratioInterval } from './ratio.ts';

/** What a variance is made from, in steps: y = 2x − l − u for every unit, W = u − l. */
export interface Moments {
  readonly units: Noisy;
  /** Σy. */
  readonly sum: Noisy;
  /** Σ(2y² − W²). */
  readonly squares: Noisy;
  readonly width: number;
}

/** The variance of x in squared steps, 0 … W²/4: Σy²/4n − (Σy/2n)². */
export function varianceOf({ units, sum, squares, width }: Moments): number {
  const n = Number(units.value);
  return within(meanSquare(Number(squares.value) / n, width) - (Number(sum.value) / n) ** 2, width);
}

/**
 * Confidence interval for the variance of x in squared steps, from ranges of Σy/n and Σy²/n that each miss with α/2 (Bonferroni):
 * given that both are shown it holds the variance with probability at least 1 − α. Throws as `ratioInterval` at α/2.
 */
export function varianceInterval({ units, sum, squares, width }: Moments, alpha: number): RatioInterval {
  const mean = ratioInterval(sum, units, alpha / 2);
  const square = ratioInterval(squares, units, alpha / 2);
  const [low, high] = [mean.low, mean.high].map((end) => Math.min(width, Math.max(-width, end))) as [number, number];
  const least = low > 0 ? low ** 2 : high < 0 ? high ** 2 : 0;
  return {
    low: within(meanSquare(square.low, width) - Math.max(low ** 2, high ** 2), width),
    high: within(meanSquare(square.high, width) - least, width),
  };
}

/** Σy²/n in 0 … W². */
function meanSquare(centred: number, width: number): number {
  return Math.min(width ** 2, Math.max(0, (centred + width ** 2) / 2));
}

/** The variance of x, a quarter of that of y. No values in an interval of length W have a larger one than W²/4 (Popoviciu). */
function within(ofY: number, width: number): number {
  return Math.min(width ** 2, Math.max(0, ofY)) / 4;
}

import { type NoiseSum, stepsPerDeviation } from './noise-sum.ts';

/** A random variable in blocks: `masses[i]` of its probability lies above `tops[i − 1]` and not above `tops[i]`. */
export interface Blocks {
  /** Rising. */
  readonly tops: Float64Array;
  readonly masses: Float64Array;
  /** Probability above the last top. */
  readonly beyond: number;
}

const leftOut = 1e-13;
/** Where less than this would be shown, nothing is said about the noise. */
const shownRare = 1e-25;

/**
 * The noise V of a number that is shown only where V ≥ `from` (−∞: whatever V). Every probability is given that it is shown,
 * and none is too small by more than 1e-11: a test made of them errs towards not rejecting. Proof: `shown-noise.proof.md`.
 */
export class ShownNoise {
  readonly #noise: NoiseSum;
  /** −∞ where nothing is cut off. */
  readonly #from: number;
  /** P(V ≥ from). */
  readonly #shown: number;
  #blocks: Blocks | undefined;
  #negatedBlocks: Blocks | undefined;

  /** Throws `RangeError` for noise of several draws and a `from` that cuts something off: such noise decides nothing. */
  constructor(noise: NoiseSum, from = Number.NEGATIVE_INFINITY) {
    this.#noise = noise;
    this.#from = Number.NEGATIVE_INFINITY;
    this.#shown = 1;
    if (from <= -reach(noise) * noise.step) return;
    if (noise.exact === null) throw new RangeError('shown noise: a sum of several draws decides nothing');
    this.#from = from;
    this.#shown = noise.exact(from);
  }

  /** P(V ≥ t) for any real t. */
  atLeast(t: number): number {
    const least = Math.ceil(t);
    if (least <= this.#from || this.#shown < shownRare) return 1;
    return Math.min(1, this.#above(Math.floor(least / this.#noise.step)) / this.#shown);
  }

  /** P(V ≤ t) for any real t. */
  atMost(t: number): number {
    if (this.#from === Number.NEGATIVE_INFINITY) return this.atLeast(-t);
    const above = Math.floor(t) + 1;
    if (above <= this.#from) return 0;
    const i = Math.ceil(above / this.#noise.step);
    if (this.#shown < shownRare || i > this.#noise.size) return 1;
    return 1 - this.#above(i) / this.#shown;
  }

  /** V in blocks: E g(V) is at most Σ masses·g(tops) + beyond·sup g for every g that never falls. */
  blocks(): Blocks {
    this.#blocks ??= this.#cutIntoBlocks(false);
    return this.#blocks;
  }

  /** −V in blocks, alike. */
  negatedBlocks(): Blocks {
    if (this.#from === Number.NEGATIVE_INFINITY) return this.blocks();
    this.#negatedBlocks ??= this.#cutIntoBlocks(true);
    return this.#negatedBlocks;
  }

  #above(i: number): number {
    const { size, survival } = this.#noise;
    if (i < -size) return 1;
    return survival[size + Math.min(i, size)] as number;
  }

  #cutIntoBlocks(isNegated: boolean): Blocks {
    if (this.#shown < shownRare) return { tops: new Float64Array(), masses: new Float64Array(), beyond: 1 };
    const { step, size, sd } = this.#noise;
    const isCut = this.#from !== Number.NEGATIVE_INFINITY;
    const first = isCut ? Math.floor(this.#from / step) : -reach(this.#noise);
    let end = first + 1;
    while (end < size && this.#above(end) > leftOut * this.#shown) end += 1;
    const stride = Math.max(1, Math.floor(sd / (step * stepsPerDeviation * 2)));
    const count = Math.ceil((end - first) / stride);
    const tops = new Float64Array(count);
    const masses = new Float64Array(count);
    let above = 1;
    for (let block = 0; block < count; block++) {
      const [start, next] = [first + block * stride, first + (block + 1) * stride];
      const aboveNext = Math.min(above, this.#above(next) / this.#shown);
      const at = isNegated ? count - 1 - block : block;
      tops[at] = isNegated ? -Math.max(start * step, this.#from) : next * step - 1;
      masses[at] = above - aboveNext;
      above = aboveNext;
    }
    if (!isNegated) return { tops, masses, beyond: above };
    // What lies beyond upwards is the lowest of −V, and no top is below it.
    masses[0] = (masses[0] ?? 0) + above;
    return { tops, masses, beyond: 0 };
  }
}

/** The first i from which on P(V ≥ i·step) is next to nothing; the end of the table where that never is. */
function reach({ size, survival }: NoiseSum): number {
  let i = 0;
  while (i < size && (survival[size + i] as number) > leftOut) i += 1;
  return i;
}

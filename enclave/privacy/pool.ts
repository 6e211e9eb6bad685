import { type Mechanism, mechanismKey } from '@reinraum/protocol';
import type { FairBits } from './bits.ts';
import { samplerOf } from './mechanism.ts';

/** Most draws a pool holds of one mechanism. */
export const pooledDrawsMax = 1_048_576;

/**
 * Noise drawn ahead of the request, because the time of an exact draw tells its size. Kept in memory only, first in,
 * first out; each draw leaves the pool once. Owns its draws: nothing else may hold or store them.
 */
export class NoisePool {
  readonly #bits: FairBits;
  readonly #draws = new Map<string, bigint[]>();

  constructor(bits: FairBits) {
    this.#bits = bits;
  }

  /**
   * Adds `count` fresh draws. Throws `RangeError` where the pool would exceed {@link pooledDrawsMax}, and whatever the
   * random source throws; the pool is then as it was before.
   */
  fill(mechanism: Mechanism, count: number): void {
    const held = this.#draws.get(mechanismKey(mechanism)) ?? [];
    if (!isCount(count) || held.length + count > pooledDrawsMax) throw new RangeError('noise pool: too many draws');
    const sample = samplerOf(mechanism);
    const fresh = Array.from({ length: count }, () => sample(this.#bits));
    this.#draws.set(mechanismKey(mechanism), held.concat(fresh));
  }

  /** Removes and returns exactly `count` draws. Throws `Error` where it holds fewer, and then removes none. */
  take(mechanism: Mechanism, count: number): readonly bigint[] {
    const held = this.#draws.get(mechanismKey(mechanism)) ?? [];
    if (!isCount(count) || held.length < count) throw new Error('noise pool: not enough draws');
    return held.splice(0, count);
  }

  /** Moves exactly `count` draws into a pool of their own, so that nobody else can take them. Throws as {@link take}. */
  reserve(mechanism: Mechanism, count: number): NoisePool {
    const reserved = new NoisePool(this.#bits);
    reserved.#draws.set(mechanismKey(mechanism), [...this.take(mechanism, count)]);
    return reserved;
  }

  /** How many draws are ready. */
  available(mechanism: Mechanism): number {
    return this.#draws.get(mechanismKey(mechanism))?.length ?? 0;
  }
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0;
}

/** Fills every byte of the given array with independent, uniform random bytes, or throws. `randomFillSync` is one. */
export type FillRandom = (bytes: Uint8Array) => void;

const bufferBytes = 65_536;
const bufferWords = bufferBytes / 4;
const wordValues = 2 ** 32;

/**
 * Fair bits from an injected random source, fetched 64 KiB at a time; every bit handed out is used once.
 * A source that throws makes the call that needed it throw, and nothing left over from before is used again. A source
 * that leaves the buffer at zero or repeats the start of its last block throws `Error` (false alarm below 2^-127 a block).
 * Proof: `bits.proof.md`.
 */
export class FairBits {
  readonly #fill: FillRandom;
  readonly #bytes = new Uint8Array(bufferBytes);
  readonly #words = new Uint32Array(this.#bytes.buffer);
  readonly #blockStart = new Uint32Array(4);
  #next = bufferWords;
  #bits = 0;
  #bitsLeft = 0;

  constructor(fill: FillRandom) {
    this.#fill = fill;
  }

  /** Uniform in {0, …, 2^32 − 1}. */
  word(): number {
    if (this.#next === bufferWords) this.#refill();
    const word = this.#words[this.#next] as number;
    this.#next += 1;
    return word;
  }

  /** A fair coin. */
  bit(): 0 | 1 {
    if (this.#bitsLeft === 0) {
      this.#bits = this.word();
      this.#bitsLeft = 32;
    }
    const bit = (this.#bits & 1) as 0 | 1;
    this.#bits >>>= 1;
    this.#bitsLeft -= 1;
    return bit;
  }

  /** Uniform in {0, …, n − 1} by rejection, for an integer 1 ≤ n ≤ 2^32; throws `RangeError` on any other n. */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > wordValues) throw new RangeError('below: needs an integer in 1 … 2^32');
    if (n === 1) return 0;
    const mask = 0xffff_ffff >>> Math.clz32(n - 1);
    for (;;) {
      const candidate = (this.word() & mask) >>> 0;
      if (candidate < n) return candidate;
    }
  }

  /** Uniform in {0, …, n − 1} by rejection, for any n ≥ 1; throws `RangeError` on n < 1. */
  belowBig(n: bigint): bigint {
    if (n < 1n) throw new RangeError('belowBig: needs n ≥ 1');
    if (n <= 0xffff_ffffn) return BigInt(this.below(Number(n)));
    let lowerWords = 0;
    let top = n - 1n;
    for (; top >> 32n > 0n; top >>= 32n) lowerWords += 1;
    const mask = 0xffff_ffff >>> Math.clz32(Number(top));
    for (;;) {
      let candidate = BigInt((this.word() & mask) >>> 0);
      for (let i = 0; i < lowerWords; i++) candidate = (candidate << 32n) | BigInt(this.word());
      if (candidate < n) return candidate;
    }
  }

  #refill(): void {
    // A source that fails half-way, or does nothing, must not leave words of the last block behind.
    this.#blockStart.set(this.#words.subarray(0, 4));
    this.#words.fill(0);
    this.#fill(this.#bytes);
    if (this.#words.every((word) => word === 0)) throw new Error('random source: left the buffer at zero');
    if (this.#blockStart.every((word, at) => word === this.#words[at])) {
      throw new Error('random source: repeats itself');
    }
    this.#next = 0;
  }
}

/** A journal held against the log it is the promise of. */
import { equalBytes } from '@reinraum/protocol';
import { baseOf, encodeFrame, frameAt, frameHeadBytes, journalMagic } from './journal-frame.ts';

/** Compares a journal with the entries of a verified log, one after another and in order. Reads only. */
export class JournalComparison {
  readonly #journal: Uint8Array;
  readonly #base: number;
  /** The entry whose frame begins at `#position`. */
  #next: number;
  #position = journalMagic.length;

  constructor(journal: Uint8Array) {
    this.#journal = journal;
    this.#base = baseOf(journal);
    this.#next = this.#base;
  }

  /**
   * Whether the journal goes on with entry `index` of a log of `size`. Of the entries before its base, which were cut off,
   * it says nothing; one that begins neither with entry 0 nor with a multiple of 256 up to `size` holds none.
   */
  holds(index: number, entry: Uint8Array, size: number): boolean {
    if (!equalBytes(this.#journal.subarray(0, journalMagic.length), journalMagic) || this.#base > size) return false;
    if (index < this.#base) return true;
    // A verification may begin behind a pruning, in the middle of a bundle.
    while (this.#next < index) {
      const frame = frameAt(this.#journal, this.#position);
      if (frame?.index !== this.#next) return false;
      this.#next += 1;
      this.#position += frameHeadBytes + frame.entry.length;
    }
    const frame = encodeFrame(index, entry);
    const found = this.#journal.subarray(this.#position, this.#position + frame.length);
    this.#position += frame.length;
    this.#next = index + 1;
    return equalBytes(found, frame);
  }
}

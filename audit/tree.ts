/**
 * The Merkle tree of RFC 9162 §2.1.1 (RFC 6962 §2.1) over SHA-256.
 *
 *     leaf = SHA-256(0x00 ‖ entry)    node = SHA-256(0x01 ‖ left ‖ right)    empty root = SHA-256("")
 *
 * A tree of n > 1 leaves splits at the largest power of two below n.
 */
import { sha256 } from '@noble/hashes/sha2.js';

/** Length of every hash in the tree. */
export const hashBytes = 32;

/** Hash of one entry as a leaf. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return sha256(input);
}

// Hashing is synchronous and copies its input, so one buffer serves every node.
const nodeInput = new Uint8Array(1 + 2 * hashBytes);
nodeInput[0] = 1;

/** Hash of the node over two 32-byte hashes. Throws `RangeError` on any other length. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== hashBytes || right.length !== hashBytes) throw new RangeError('tree: a hash has 32 bytes');
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashBytes);
  return sha256(nodeInput);
}

/** Root of the tree without entries; a fresh copy each time. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}

/** Root of the tree over these leaf hashes (or over roots of equally large complete subtrees). */
export function rootOf(leafHashes: Iterable<Uint8Array>): Uint8Array {
  const frontier = new Frontier();
  for (const hash of leafHashes) frontier.append(hash);
  return frontier.root();
}

/** The largest power of two below `n` (n ≥ 2), the split point of RFC 9162 §2.1.1. */
export function splitPoint(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/** Told of a complete subtree of 2^level leaves, the `index`-th of its level. */
export type NodeVisitor = (level: number, index: number, hash: Uint8Array) => void;

/**
 * The compact right edge of a growing tree: the roots of its complete subtrees, at most one for each bit of the size.
 * Memory and the cost of a root are O(log size).
 */
export class Frontier {
  #size = 0;
  /** Roots of the complete subtrees from left (largest) to right. */
  readonly #peaks: Uint8Array[] = [];

  /** The frontier of `size` leaves whose complete subtrees have these roots, from left (largest) to right. */
  static of(size: number, peaks: readonly Uint8Array[]): Frontier {
    const frontier = new Frontier();
    frontier.#size = size;
    frontier.#peaks.push(...peaks);
    return frontier;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Adds a leaf hash; `visit` is told of it and then of every subtree it completes, from the leaf upwards. */
  append(hash: Uint8Array, visit?: NodeVisitor): void {
    if (hash.length !== hashBytes) throw new RangeError('tree: a hash has 32 bytes');
    let node = hash;
    let level = 0;
    let index = this.#size;
    visit?.(level, index, node);
    while (index % 2 === 1) {
      const left = this.#peaks.pop();
      if (!left) throw new Error('tree: frontier without the left sibling');
      node = nodeHash(left, node);
      level += 1;
      index = (index - 1) / 2;
      visit?.(level, index, node);
    }
    this.#peaks.push(node);
    this.#size += 1;
  }

  /** Root of the tree as it stands. */
  root(): Uint8Array {
    const [last, ...rest] = this.#peaks.toReversed();
    if (!last) return emptyRoot();
    return rest.reduce((right, left) => nodeHash(left, right), last);
  }

  /** An independent frontier at the same size. */
  copy(): Frontier {
    const copy = new Frontier();
    copy.#size = this.#size;
    copy.#peaks.push(...this.#peaks);
    return copy;
  }
}

/**
 * Inclusion and consistency proofs: generation by RFC 9162 §2.1.3.1 and §2.1.4.1 from the hashes of complete subtrees,
 * verification by §2.1.3.2 and §2.1.4.2. Sizes and indexes are safe integers: halving is arithmetic, because the bit
 * operators of the language stop at 32 bits.
 */
import { equalBytes } from '@reinraum/protocol';
import { emptyRoot, Frontier, hashBytes, nodeHash, splitPoint } from './tree.ts';

/** Hash of the complete subtree over leaves [index·2^level, (index+1)·2^level). */
export type HashReader = (level: number, index: number) => Uint8Array | Promise<Uint8Array>;

/** Root of the tree of the first `size` leaves. */
export async function rootAt(size: number, read: HashReader): Promise<Uint8Array> {
  if (!isNatural(size)) throw new RangeError('proof: size is a natural number');
  return size === 0 ? emptyRoot() : await rangeHash(0, size, read);
}

/** The right edge of the tree of the first `size` leaves. */
export async function frontierAt(size: number, read: HashReader): Promise<Frontier> {
  const peaks: Uint8Array[] = [];
  for (let level = Math.floor(Math.log2(size || 1)); level >= 0; level--) {
    const subtrees = Math.floor(size / 2 ** level);
    if (subtrees % 2 === 1) peaks.push(await read(level, subtrees - 1));
  }
  return Frontier.of(size, peaks);
}

/** Inclusion proof of leaf `index` in the tree of `size`, leaf's sibling first. Throws `RangeError` unless index < size. */
export async function inclusionProof(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  if (!isNatural(index) || !isNatural(size) || index >= size) throw new RangeError('proof: index below size');
  const proof: Uint8Array[] = [];
  for (let low = 0, high = size; high - low > 1; ) {
    const middle = low + splitPoint(high - low);
    const left = index < middle;
    proof.push(left ? await rangeHash(middle, high, read) : await rangeHash(low, middle, read));
    if (left) high = middle;
    else low = middle;
  }
  return proof.toReversed();
}

/**
 * Consistency proof from the tree of `from` to the tree of `to`. The proof from the empty tree is empty, as witnesses
 * expect it, and proves nothing: {@link verifyConsistency} refuses it. Throws `RangeError` unless from ≤ to.
 */
export async function consistencyProof(from: number, to: number, read: HashReader): Promise<Uint8Array[]> {
  if (!isNatural(from) || !isNatural(to) || from > to) throw new RangeError('proof: from is at most to');
  if (from === 0 || from === to) return [];
  const proof: Uint8Array[] = [];
  let low = 0;
  let high = to;
  while (high !== from) {
    const middle = low + splitPoint(high - low);
    const left = from <= middle;
    proof.push(left ? await rangeHash(middle, high, read) : await rangeHash(low, middle, read));
    if (left) high = middle;
    else low = middle;
  }
  // The old tree itself is what the verifier already holds; any other last subtree has to be told.
  if (low !== 0) proof.push(await rangeHash(low, high, read));
  return proof.toReversed();
}

/** Root of the leaves [low, high), where low is a multiple of the smallest power of two that spans the range. */
async function rangeHash(low: number, high: number, read: HashReader): Promise<Uint8Array> {
  const width = high - low;
  const level = Math.log2(width);
  if (Number.isInteger(level) && 2 ** level === width) return await read(level, low / width);
  const middle = low + splitPoint(width);
  return nodeHash(await rangeHash(low, middle, read), await rangeHash(middle, high, read));
}

/** What an inclusion proof claims: the leaf hash is number `index` of the tree of `size` with this root. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
}

/** Whether the proof proves the claim (RFC 9162 §2.1.3.2). False on anything malformed; never throws. */
export function verifyInclusion(claim: InclusionClaim, proof: readonly Uint8Array[]): boolean {
  const { index, size, leaf, root } = claim;
  if (!isNatural(index) || !isNatural(size) || index >= size) return false;
  if (![leaf, ...proof].every((hash) => hash.length === hashBytes)) return false;
  let fn = index;
  let sn = size - 1;
  let result = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      result = nodeHash(sibling, result);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      result = nodeHash(result, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(result, root);
}

/** What a consistency proof claims: the tree (size1, root1) is a prefix of the tree (size2, root2). */
export interface ConsistencyClaim {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Uint8Array;
  readonly root2: Uint8Array;
}

/**
 * Whether the proof proves the claim (RFC 9162 §2.1.4.2). False on anything malformed; never throws. Nothing is
 * consistent with the empty tree here, not even itself: such a proof would prove nothing, and callers that start from
 * nothing must say so. Trees of one size are consistent when their roots are equal and the proof is empty.
 */
export function verifyConsistency(claim: ConsistencyClaim, proof: readonly Uint8Array[]): boolean {
  const { size1, size2, root1, root2 } = claim;
  if (!isNatural(size1) || !isNatural(size2) || size1 === 0 || size1 > size2) return false;
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2);
  if (proof.length === 0) return false;
  // A tree whose size is a power of two is itself a node of the larger one, so the proof leaves it out.
  const path = Number.isInteger(Math.log2(size1)) && 2 ** Math.log2(size1) === size1 ? [root1, ...proof] : proof;
  const [first, ...rest] = path;
  if (!first || !path.every((hash) => hash.length === hashBytes)) return false;
  let fn = size1 - 1;
  let sn = size2 - 1;
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let fr = first;
  let sr = first;
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(hash, fr);
      sr = nodeHash(hash, sr);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, hash);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(fr, root1) && equalBytes(sr, root2);
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isNatural(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

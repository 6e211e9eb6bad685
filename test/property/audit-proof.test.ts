import {
  consistencyProof,
  type HashReader,
  inclusionProof,
  leafHash,
  RightEdge,
  rootAt,
  rootOf,
  type Tile,
  tileHashReader,
  tilePath,
  verifyConsistency,
  verifyInclusion,
} from '@reinraum/audit';
import { utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const leaves = Array.from({ length: 1200 }, (_, at) => leafHash(utf8(`leaf ${at}`)));

/** Subtree hashes straight from the leaves, by definition. */
const fromLeaves: HashReader = (level, index) => rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
const root = (size: number): Uint8Array => rootOf(leaves.slice(0, size));
const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));

/** Small trees often, large ones sometimes. */
const sizeArb = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: leaves.length }));

describe('proofs of random trees', () => {
  it('inclusion verifies, and for nothing else', async () => {
    const cases = sizeArb.chain((size) =>
      fc.record({
        size: fc.constant(size),
        index: fc.nat(size - 1),
        other: fc.nat(size + 1),
        bit: fc.nat(255),
        at: fc.nat(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, index, other, bit, at }) => {
        const proof = await inclusionProof(index, size, fromLeaves);
        const claim = { index, size, leaf: await fromLeaves(0, index), root: root(size) };
        expect(verifyInclusion(claim, proof)).toBe(true);
        if (other !== index) expect(verifyInclusion({ ...claim, index: other }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, leaf: flip(claim.leaf, bit) }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, root: flip(claim.root, bit) }, proof)).toBe(false);
        expect(verifyInclusion(claim, [...proof, claim.root])).toBe(false);
        const hash = proof[at % Math.max(1, proof.length)];
        if (!hash) return;
        expect(verifyInclusion(claim, proof.with(at % proof.length, flip(hash, bit)))).toBe(false);
        expect(verifyInclusion(claim, proof.with(at % proof.length, hash.slice(1)))).toBe(false);
        expect(verifyInclusion(claim, proof.slice(1))).toBe(false);
        expect(verifyInclusion(claim, proof.slice(0, -1))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('consistency verifies, and for nothing else', async () => {
    const cases = fc.record({ a: sizeArb, b: sizeArb, bit: fc.nat(255), at: fc.nat() });
    await fc.assert(
      fc.asyncProperty(cases, async ({ a, b, bit, at }) => {
        const [size1, size2] = a < b ? [a, b] : [b, a];
        const proof = await consistencyProof(size1, size2, fromLeaves);
        const claim = { size1, size2, root1: root(size1), root2: root(size2) };
        expect(verifyConsistency(claim, proof)).toBe(true);
        expect(verifyConsistency({ ...claim, root1: flip(claim.root1, bit) }, proof)).toBe(false);
        expect(verifyConsistency({ ...claim, root2: flip(claim.root2, bit) }, proof)).toBe(false);
        expect(verifyConsistency(claim, [...proof, claim.root1])).toBe(false);
        expect(verifyConsistency({ ...claim, size1: 0 }, proof)).toBe(false);
        if (size1 !== size2) expect(verifyConsistency({ ...claim, size1: size2, size2: size1 }, proof)).toBe(false);
        const hash = proof[at % Math.max(1, proof.length)];
        if (!hash) return;
        expect(verifyConsistency(claim, proof.with(at % proof.length, flip(hash, bit)))).toBe(false);
        expect(verifyConsistency(claim, proof.slice(1))).toBe(false);
        expect(verifyConsistency(claim, proof.slice(0, -1))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('all of them, up to 40 leaves', async () => {
    for (let size = 1; size <= 40; size++) {
      for (let at = 0; at < size; at++) {
        const inclusion = { index: at, size, leaf: await fromLeaves(0, at), root: root(size) };
        expect(verifyInclusion(inclusion, await inclusionProof(at, size, fromLeaves))).toBe(true);
        const consistency = { size1: at + 1, size2: size, root1: root(at + 1), root2: root(size) };
        expect(verifyConsistency(consistency, await consistencyProof(at + 1, size, fromLeaves))).toBe(true);
      }
    }
  });

  it('are the same from tiles', async () => {
    const tiles = new Map<string, Uint8Array>();
    const edge = new RightEdge();
    const store = ({ path, bytes }: Tile): unknown => tiles.set(path, bytes);
    for (let at = 0; at < leaves.length; at++) edge.append(utf8(`leaf ${at}`), store);
    edge.partials().forEach(store);
    const source = (level: number, index: number, width: number): Promise<Uint8Array> =>
      Promise.resolve(tiles.get(tilePath({ level, index, width })) ?? new Uint8Array(0));
    const fromTiles = tileHashReader(source, leaves.length);
    await fc.assert(
      fc.asyncProperty(fc.nat(leaves.length - 1), async (at) => {
        const size = leaves.length;
        expect(await inclusionProof(at, size, fromTiles)).toEqual(await inclusionProof(at, size, fromLeaves));
        expect(await consistencyProof(at + 1, size, fromTiles)).toEqual(
          await consistencyProof(at + 1, size, fromLeaves),
        );
        expect(await rootAt(at + 1, fromTiles)).toEqual(root(at + 1));
      }),
      { numRuns: 150 },
    );
    await expect(rootAt(leaves.length + 1, fromTiles)).rejects.toThrow(RangeError);
  });

  it('verifiers answer false to sizes that are no numbers of entries', () => {
    const hash = root(1);
    for (const bad of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 64]) {
      expect(verifyInclusion({ index: bad, size: 1, leaf: hash, root: hash }, [])).toBe(false);
      expect(verifyInclusion({ index: 0, size: bad, leaf: hash, root: hash }, [])).toBe(false);
      expect(verifyConsistency({ size1: bad, size2: bad, root1: hash, root2: hash }, [])).toBe(false);
      expect(verifyConsistency({ size1: 1, size2: bad, root1: hash, root2: hash }, [hash])).toBe(false);
    }
  });

  it('work beyond 32 bits', () => {
    // A tree of 2^40 + 1 leaves: the last one's proof is the one complete subtree beside it.
    const [subtree, leaf] = [root(2), root(1)];
    const size = 2 ** 40 + 1;
    const whole = rootOf([subtree, leaf]);
    expect(verifyInclusion({ index: 2 ** 40, size, leaf, root: whole }, [subtree])).toBe(true);
    expect(verifyInclusion({ index: 2 ** 40 - 1, size, leaf, root: whole }, [subtree])).toBe(false);
    expect(verifyConsistency({ size1: 2 ** 40, size2: size, root1: subtree, root2: whole }, [leaf])).toBe(true);
    expect(verifyConsistency({ size1: 2 ** 39, size2: size, root1: subtree, root2: whole }, [leaf])).toBe(false);
  });
});

/** Random policies: the quorum and its intersections against their definitions, over all sets of witnesses. */
import { cosigner, intersecting, type Policy, parsePolicy, reachesQuorum } from '@reinraum/audit';
import { signingKey } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const vkeys = Array.from(
  { length: 8 },
  (_, at) => cosigner(`w/${at}`, signingKey(new Uint8Array(32).fill(at + 1)), () => 0n).vkey,
);

/** A tree as a policy's lines define it; a leaf is the number of a witness. */
type Tree = number | { readonly threshold: number; readonly members: readonly Tree[] };

/** Trees over the witnesses from `first` on, each of which stands in the tree once at most. */
function treeArb(first: number, count: number, depth: number): fc.Arbitrary<Tree> {
  if (count === 1 || depth === 0) return fc.constant(first);
  return fc
    .array(fc.integer({ min: 1, max: count - 1 }), { minLength: 1, maxLength: 4 })
    .map((cuts) => [...new Set([0, ...cuts, count])].toSorted((a, b) => a - b))
    .chain((cuts) =>
      fc.tuple(...cuts.slice(1).map((end, at) => treeArb(first + (cuts[at] ?? 0), end - (cuts[at] ?? 0), depth - 1))),
    )
    .chain((members) =>
      fc.integer({ min: 1, max: members.length }).map((threshold): Tree => ({ threshold, members: [...members] })),
    );
}

const trees = fc.integer({ min: 1, max: vkeys.length }).chain((count) => treeArb(0, count, 3));

/** The policy of a tree, its groups defined from the leaves up. */
function policyOf(tree: Tree): Policy {
  const lines = vkeys.map((vkey, at) => `witness w${at} ${vkey}`);
  let groups = 0;
  const nameOf = (node: Tree): string => {
    if (typeof node === 'number') return `w${node}`;
    const members = node.members.map(nameOf);
    const name = `g${(groups += 1)}`;
    lines.push(`group ${name} ${node.threshold} ${members.join(' ')}`);
    return name;
  };
  const quorum = nameOf(tree);
  return parsePolicy(`${[...lines, `quorum ${quorum}`].join('\n')}\n`);
}

/** Whether the witnesses of a bit set reach a tree, by definition. */
function holds(tree: Tree, set: number): boolean {
  if (typeof tree === 'number') return ((set >> tree) & 1) === 1;
  return tree.members.filter((member) => holds(member, set)).length >= tree.threshold;
}

const namesOf = (set: number): Set<string> =>
  new Set(vkeys.flatMap((_, at) => (((set >> at) & 1) === 1 ? [`w${at}`] : [])));
const everySet = Array.from({ length: 2 ** vkeys.length }, (_, set) => set);

describe('random policies', () => {
  it('reach their quorum exactly where the definition says so', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const policy = policyOf(tree);
        for (const set of everySet) expect(reachesQuorum(policy, namesOf(set))).toBe(holds(tree, set));
      }),
    );
  });

  it('intersect exactly where no two disjoint sets both reach the quorum', () => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(trees, (tree) => {
        const quorums = everySet.filter((set) => holds(tree, set));
        const disjoint = quorums.some((a) => quorums.some((b) => (a & b) === 0));
        seen.add(disjoint);
        expect(intersecting(policyOf(tree))).toBe(!disjoint);
      }),
      { numRuns: 300 },
    );
    expect(seen).toEqual(new Set([false, true]));
  });
});

describe('random text', () => {
  const word = fc.constantFrom('log', 'witness', 'group', 'quorum', 'none', 'any', 'all', '1', '#', 'a', ...vkeys);
  const space = fc.constantFrom(' ', '\t', '\n', '\n\n', ' \u00a0', '\r');
  it('is a policy or refused with a line of it, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, space), { maxLength: 20 }), (items) => {
        const text = items.flat().join('');
        try {
          parsePolicy(text);
        } catch (error) {
          expect(error).toMatchObject({ name: 'PolicyError', line: expect.any(Number) });
          const { line } = error as { line: number };
          expect(line >= 1 && line <= text.split('\n').length).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

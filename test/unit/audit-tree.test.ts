import { emptyRoot, Frontier, leafHash, nodeHash, rootOf, splitPoint } from '@reinraum/audit';
import { toHex, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';

describe('tree', () => {
  it('has the published constants', () => {
    expect(toHex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(leafHash(utf8('')))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(toHex(leafHash(utf8('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
  });

  it('hashes the node of the published constant, whose children are shorter than hashes', async () => {
    // nodeHash takes 32-byte hashes only, so the constant over "N123" and "N456" is computed from the rule itself.
    const digest = await crypto.subtle.digest('SHA-256', utf8('\u0001N123N456'));
    expect(toHex(new Uint8Array(digest))).toBe('aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb');
    const [left, right] = [leafHash(utf8('a')), leafHash(utf8('b'))];
    const input = Uint8Array.of(1, ...left, ...right);
    expect(nodeHash(left, right)).toEqual(new Uint8Array(await crypto.subtle.digest('SHA-256', input)));
    expect(() => nodeHash(utf8('N123'), utf8('N456'))).toThrow(RangeError);
  });

  it('splits at the largest power of two below the size', () => {
    expect([2, 3, 4, 5, 8, 9, 2 ** 40, 2 ** 40 + 1].map(splitPoint)).toEqual([1, 2, 2, 4, 4, 8, 2 ** 39, 2 ** 40]);
  });

  it('has the root of the recursive definition at every size', () => {
    const recursive = (leaves: readonly Uint8Array[]): Uint8Array => {
      const [only] = leaves;
      if (!only) return emptyRoot();
      if (leaves.length === 1) return only;
      const k = splitPoint(leaves.length);
      return nodeHash(recursive(leaves.slice(0, k)), recursive(leaves.slice(k)));
    };
    const leaves = Array.from({ length: 70 }, (_, at) => leafHash(utf8(`leaf ${at}`)));
    const frontier = new Frontier();
    for (const [at, leaf] of leaves.entries()) {
      expect(frontier.root()).toEqual(recursive(leaves.slice(0, at)));
      frontier.append(leaf);
    }
    expect(rootOf(leaves)).toEqual(recursive(leaves));
  });

  it('tells of every complete subtree once', () => {
    const frontier = new Frontier();
    const seen: string[] = [];
    for (let at = 0; at < 6; at++)
      frontier.append(leafHash(utf8('')), (level, index) => seen.push(`${level}/${index}`));
    expect(seen).toEqual(['0/0', '0/1', '1/0', '0/2', '0/3', '1/1', '2/0', '0/4', '0/5', '1/2']);
  });

  it('copies independently and refuses what is no hash', () => {
    const frontier = new Frontier();
    frontier.append(leafHash(utf8('a')));
    const root = frontier.root();
    frontier.copy().append(leafHash(utf8('b')));
    expect(frontier.root()).toEqual(root);
    expect(() => frontier.append(new Uint8Array(31))).toThrow(RangeError);
  });
});

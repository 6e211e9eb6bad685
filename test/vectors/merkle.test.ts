/** The proof vectors of transparency-dev/merkle: 98 inclusion and 98 consistency cases. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { verifyConsistency, verifyInclusion } from '@reinraum/audit';
import { fromBase64 } from '@reinraum/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../../shared/vectors/merkle', import.meta.url));
const present = existsSync(folder);

interface Case {
  readonly desc: string;
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
}
interface InclusionCase extends Case {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
}
interface ConsistencyCase extends Case {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
}

function cases<T extends Case>(kind: string): (T & { readonly file: string })[] {
  const files = present ? globSync(`${kind}/**/*.json`, { cwd: folder }).sort() : [];
  return files.map((file) => ({ ...(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as T), file }));
}

const hashes = (proof: readonly string[] | null): Uint8Array[] => (proof ?? []).map(fromBase64);

describe('transparency-dev/merkle', () => {
  beforeEach((context) => {
    if (!present) context.skip('needs ../shared/vectors/merkle (published test vectors, not part of the repository)');
  });
  const inclusion = cases<InclusionCase>('inclusion');
  const consistency = cases<ConsistencyCase>('consistency');

  it('has all its cases', () => {
    expect(inclusion).toHaveLength(98);
    expect(consistency).toHaveLength(98);
    expect([...inclusion, ...consistency].filter(({ wantErr }) => wantErr)).toHaveLength(184);
  });

  it.each(inclusion)('$file', ({ leafIdx, treeSize, root, leafHash, proof, wantErr }) => {
    const claim = { index: leafIdx, size: treeSize, leaf: fromBase64(leafHash), root: fromBase64(root) };
    expect(verifyInclusion(claim, hashes(proof))).toBe(!wantErr);
  });

  it.each(consistency)('$file', ({ size1, size2, root1, root2, proof, wantErr }) => {
    const claim = { size1, size2, root1: fromBase64(root1), root2: fromBase64(root2) };
    expect(verifyConsistency(claim, hashes(proof))).toBe(!wantErr);
  });
});

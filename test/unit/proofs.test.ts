/** Every proof beside a mechanism or an inference names the code it covers by hash: neither changes without the other. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** The folders of proofs, with what must be proved in them. */
const folders = {
  'enclave/privacy': [
    'bernoulli',
    'bits',
    'discrete-gaussian',
    'discrete-laplace',
    'exponential',
    'levels',
    'mechanism',
    'pool',
    'stages',
    'tail',
    'threshold',
  ],
  'enclave/protocol': ['component', 'contribution', 'join', 'mechanism'],
  'enclave/protocol/inference': [
    'coverage',
    'distribution',
    'interval',
    'noise-sum',
    'normal',
    'quantile-range',
    'ratio',
    'sampling',
    'shown-noise',
    'two-sided',
    'variance',
  ],
} as const;

/** What is wrong with a proof page, or '' if it covers the code of its own name as that stands. */
function complaintAbout(page: string, name: string, code: Uint8Array): string {
  const covers = /^Covers: (\S+) sha256:([0-9a-f]{64})$/.exec(page.trimEnd().split('\n').at(-1) ?? '');
  if (covers === null) return 'its last line is not "Covers: name.ts sha256:<hex>"';
  if (covers[1] !== name) return `it covers ${covers[1]}, not ${name}`;
  const hash = createHash('sha256').update(code).digest('hex');
  return covers[2] === hash ? '' : `${name} changed: look at the proof again, then write sha256:${hash}`;
}

describe('proofs cover the code as it stands', () => {
  for (const [name, proved] of Object.entries(folders)) {
    const folder = new URL(`../../${name}/`, import.meta.url);
    const proofs = readdirSync(folder).filter((file) => file.endsWith('.proof.md'));

    test(`${name}: whatever must be proved is`, () => {
      for (const file of proved) expect(proofs, file).toContain(`${file}.proof.md`);
    });

    for (const proof of proofs) {
      test(`${name}/${proof}`, () => {
        const code = proof.replace('.proof.md', '.ts');
        expect(existsSync(new URL(code, folder)), code).toBe(true);
        const complaint = complaintAbout(
          readFileSync(new URL(proof, folder), 'utf8'),
          code,
          readFileSync(new URL(code, folder)),
        );
        expect(complaint).toBe('');
      });
    }
  }

  test('a changed byte, another file and a missing line are noticed', () => {
    const folder = new URL('../../enclave/privacy/', import.meta.url);
    const page = readFileSync(new URL('tail.proof.md', folder), 'utf8');
    const code = readFileSync(new URL('tail.ts', folder));
    expect(complaintAbout(page, 'tail.ts', Buffer.concat([code, Buffer.from(' ')]))).toContain('changed');
    expect(complaintAbout(page, 'bits.ts', code)).toContain('not bits.ts');
    expect(complaintAbout(page.replace('Covers:', 'Covered'), 'tail.ts', code)).toContain('last line');
  });
});

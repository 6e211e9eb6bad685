/** The corpus as such: every folder is whole, and a row that should not hold does not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rational } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { epsilonOf, posterior } from '../../enclave/protocol/epsilon.ts';
import { alike, askedOf, question } from '../support/attacked-town.ts';
import { exactCounts, minimumOnly, noiseOnly, ours } from '../support/builds.ts';
import { seededBits } from '../support/seeded-bits.ts';
import { above, shown, wager, wonAtMost } from '../support/wager.ts';
import { judged, upperTail } from './attack.ts';
import { attackIn, corpusFolders } from './corpus.ts';

const headings = ['Source', 'What the attacker knows', 'Steps', 'Unprotected', 'Ours', 'Bound'];
const textOf = (...parts: string[]) => readFileSync(path.join(import.meta.dirname, ...parts), 'utf8');

describe.each(corpusFolders())('%s', (folder) => {
  test('is told in prose under the same headings, listed, and tested', async () => {
    const { id, name } = await attackIn(folder);
    expect(`${id}-${name.replaceAll(' ', '-')}`).toBe(folder);
    const text = textOf(folder, 'README.md');
    expect(text.split('\n')[0]?.toLowerCase()).toBe(`# ${id} ${name}`.toLowerCase());
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(headings);
    expect(textOf('README.md')).toContain(`(${folder}/README.md)`);
    expect(existsSync(path.join(import.meta.dirname, folder, 'attack.test.ts'))).toBe(true);
  });

  test('has its two worlds as data', async () => {
    const { worlds } = await attackIn(folder);
    const file = path.join(import.meta.dirname, folder, 'worlds.json');
    if (worlds === undefined) return expect(existsSync(file)).toBe(false);
    if (process.env['REINRAUM_GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(worlds, null, 2)}\n`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(worlds);
  });
});

test('numbers run from 1 without a gap', () => {
  expect(corpusFolders().map((folder) => Number(folder.slice(0, 3)))).toEqual(corpusFolders().map((_, at) => at + 1));
});

describe('the judgement of a row', () => {
  const won = (successes: number, trials = 8000) => ({ successes, trials });

  test('holds where the weakened build breaks and ours does not', () => {
    expect(judged(won(8000), won(4100), 0.55).holds).toBe(true);
  });

  test('does not hold where ours exceeds the bound, or where the attack breaks nothing', () => {
    expect(judged(won(8000), won(4800), 0.55).holds).toBe(false);
    expect(judged(won(4100), won(4100), 0.55).holds).toBe(false);
  });

  test('is an exact binomial tail', () => {
    expect(upperTail(won(2, 2), 0.5)).toBeCloseTo(0.25, 15);
    expect(upperTail(won(1, 2), 0.25)).toBeCloseTo(7 / 16, 15);
    expect(upperTail(won(4000), 0.5)).toBeGreaterThan(0.5);
    expect(upperTail(won(8000), 0.5)).toBe(0);
    expect([upperTail(won(0), 0.5), upperTail(won(5), 1), upperTail(won(5), 0)]).toEqual([1, 1, 0]);
  });
});

describe('the game', () => {
  const worlds = [100, 101].map((count) => alike(count, ['alpha', 30, 'f', 'yes', 1000]));
  const asked = (rho: string) => [askedOf(question({ privacy: { rho } }), worlds)];
  const play = (rho: string, build: typeof ours) =>
    wager(asked(rho), ([answer]) => above(shown(answer), 100.5), build, { trials: 8000, bits: seededBits(rho) });

  test('noise that is too small for the price exceeds the bound', () => {
    const bound = wonAtMost(rational(1n, 20n), 1e-8);
    expect(judged(play('1/20', exactCounts), play('1/20', ours), bound).holds).toBe(true);
    expect(judged(play('1/20', exactCounts), play('1/5', ours), bound).holds).toBe(false);
    expect(judged(play('1/20', minimumOnly), play('1/5', noiseOnly), bound).holds).toBe(false);
  });

  test('the bound is never above the posterior a room states at its own δ', () => {
    for (const rho of [rational(1n, 100n), rational(1n, 20n), rational(1n, 2n), rational(1n)]) {
      const stated = posterior(0.5, epsilonOf(rho, rational(1n, 1_000_000n))) + 1e-6;
      expect(wonAtMost(rho, 0)).toBeLessThanOrEqual(stated);
      expect(wonAtMost(rho, 0)).toBeGreaterThan(0.5);
    }
  });
});

/** The plan people read: every question with its price, its hidden values and what the caps still allow. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leftOf, planTable, shownIn } from '../../src/cli/plan-table.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { loadPolicies } from '../../src/example/policy-files.ts';
import type { ExampleRun } from '../../src/example/run.ts';

const one = { value: 60, low: 55, high: 65 };
const release = {
  cells: [
    { key: ['a'], values: [one, [one, null]] },
    { key: ['b'], values: [null, [null, null]] },
  ],
  measures: [{}, {}],
} as unknown as Parameters<typeof shownIn>[0];
const person = { population: 'person', rho: '1/64', delta: '1/100000000' };
const query = { title: { de: 'Firmenbestand', en: 'Companies' }, privacy: { k: 5 } };
const run = (balances: unknown[]) =>
  ({
    answers: [
      {
        query,
        parameters: { quarter: '2026-Q3' },
        charges: [{ ...person, population: 'company' }, person],
        answered: { release, isRepeat: false },
      },
      { query, parameters: {}, charges: [person], answered: { release, isRepeat: true } },
    ],
    balances,
  }) as unknown as ExampleRun;

test('shown and hidden are values, not cells', () => {
  expect(shownIn(release)).toEqual({ shown: 2, hidden: 4 });
  const count = { cells: [{ key: ['a'], values: [null] }], measures: [{}] };
  const levels = [{ cells: [{ key: ['west'], values: [one] }] }, { cells: [{ key: ['all'], values: [one] }] }];
  expect(shownIn({ ...count, hierarchy: { axis: 'a', levels } } as unknown as typeof release)).toEqual({
    shown: 2,
    hidden: 1,
  });
});

test('the table says what each question cost, what a repeat did not, and what is left', async () => {
  const { template } = await loadPolicies(join(repositoryRoot, 'policies', 'neuss'));
  const loss = { cap: '3/16', spent: '17/128' };
  const balance = { population: 'person', loss, epsilon: { cap: 3.0217, spent: 2.5007 } };
  const lines = planTable(run([balance]), template).split('\n');
  expect(lines[0]).toMatch(/Frage \/ question +ρ Personen +ρ Firmen +k +gezeigt +geheim/);
  expect(lines[2]).toMatch(/^Firmenbestand \(2026-Q3\) +1\/64 +1\/64 +5 +2 +4$/);
  expect(lines[3]).toMatch(/^Firmenbestand +0 +– +5 +2 +4$/);
  expect(lines[4]).toBe(
    'Personen / Persons: ρ 17/128 von / of 3/16 verbraucht / spent (ε 2.50 von / of 3.02), übrig / left: ρ 7/128',
  );
  expect(leftOf(balance as Parameters<typeof leftOf>[0])).toBe('7/128');
});

test('a room with pure ε speaks of ε', async () => {
  const { template } = await loadPolicies(join(repositoryRoot, 'policies', 'pums-pure'));
  const balance = { population: 'person', loss: { cap: '5', spent: '4' }, epsilon: { cap: 5, spent: 4 } };
  const text = planTable({ ...run([balance]), answers: [] }, template);
  expect(text).toContain('ε Personen');
  expect(text).toContain('ε 4 von / of 5 verbraucht / spent, übrig / left: ε 1');
});

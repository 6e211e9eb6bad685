/** The list of questions people read: what to call each by, what it costs, and why it cannot be asked. */
import type { Catalogue } from '@reinraum/protocol';
import { expect, test } from 'vitest';
import { queryLines } from '../../src/cli/query-list.ts';

const digest = 'ab'.repeat(32);
const charges = [
  { population: 'company', rho: '1/128', delta: '1/100000000' },
  { population: 'person', rho: '1/128', delta: '1/100000000' },
];
const open = { digest, revoked: false, suspended: null, missing: [], charges, releases: 2 };
const listed = (queries: object[], tables: object[] = [], kind = 'zcdp') =>
  ({
    charter: { accountant: { kind } },
    queries: queries.map((query) => ({ ...open, query: { id: 'insolvenzen' }, ...query })),
    tables: tables.map((table) => ({ digest, revoked: false, missing: [], table: { id: 'quote' }, ...table })),
    balances: [{ population: 'person', loss: { cap: '3/16', spent: '17/128' } }],
  }) as unknown as Catalogue;

test('a question stands with its digest, its price and its answers', () => {
  expect(queryLines(listed([{}], [{}]))).toEqual([
    `insolvenzen ${digest}`,
    '  approved; price ρ 1/128 for company, ρ 1/128 for person; 2 answered',
    `quote ${digest}`,
    '  table, approved',
    'person: ρ 17/128 of 3/16 spent',
  ]);
});

test.each([
  [{ revoked: true, suspended: 5 }, 'revoked'],
  [
    { missing: ['owner:stadt-neuss/sozialamt', 'dpo:creditreform'] },
    'waits for owner:stadt-neuss/sozialamt, dpo:creditreform',
  ],
  [{ suspended: 5 }, 'suspended after the failure of log entry 5'],
])('%j is %s', (state, says) => {
  expect(queryLines(listed([state]))[1]).toMatch(new RegExp(`^  ${says}; price`));
});

test('a pure room counts in ε, and an empty one says so', () => {
  const pure = [{ population: 'person', epsilon: '1', delta: '0' }];
  expect(queryLines(listed([{ charges: pure }], [], 'pure'))[1]).toContain('price ε 1 for person');
  expect(queryLines(listed([]))).toEqual(['no question has been proposed yet']);
});

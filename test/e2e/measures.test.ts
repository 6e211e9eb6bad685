/** Every measure through a whole room, with the zCDP accountant and with the pure one; derived tables and previews. */
import {
  AggregateQuery,
  consistentTables,
  DerivedTable,
  digestOf,
  type Estimate,
  estimatesOf,
  type Json,
  type Release,
} from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { askTable } from '../../src/client/derived.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import { approved, byDistrict, type SmallRoom, smallRoom, uploadResidents } from '../support/small-room.ts';

// Alpha: 1,200 persons, ages 20 … 59 evenly, 300 of them men; beta: 900 aged 70, all women, 100 without a sex; gamma: 3.
const people = (): SourceRecord[] => [
  ...Array.from({ length: 1200 }, (_, n) => ({
    id: `a${n}`,
    values: ['alpha', String(20 + (n % 40)), n % 4 === 0 ? 'm' : 'f'],
  })),
  ...Array.from({ length: 900 }, (_, n) => ({ id: `b${n}`, values: ['beta', '70', n < 100 ? null : 'f'] })),
  ...Array.from({ length: 3 }, (_, n) => ({ id: `c${n}`, values: ['gamma', '90', 'f'] })),
];

const { params: _params, where: _where, ...bare } = byDistrict;
const measures = [
  { as: 'persons', fn: 'count' },
  { as: 'rows', fn: 'countRows' },
  { as: 'years', fn: 'sum', column: 'r.age', clamp: [0, 100] },
  { as: 'mean', fn: 'mean', column: 'r.age', clamp: [0, 100] },
  { as: 'men', fn: 'rate', of: { eq: ['r.sex', 'm'] } },
  { as: 'bands', fn: 'histogram', column: 'r.age', edges: [0, 30, 60] },
  { as: 'halves', fn: 'shares', column: 'r.age', edges: [0, 40] },
  { as: 'median', fn: 'quantile', column: 'r.age', q: '1/2', edges: [0, 20, 30, 40, 50, 60, 70, 80] },
];
const spreads = [
  { as: 'variance', fn: 'variance', column: 'r.age', clamp: [0, 100] },
  { as: 'deviation', fn: 'stddev', column: 'r.age', clamp: [0, 100] },
  {
    as: 'quarters',
    fn: 'quantiles',
    column: 'r.age',
    q: ['1/4', '1/2', '3/4'],
    edges: [0, 20, 30, 40, 50, 60, 70, 80],
  },
];
const asking = (privacy: object, id = 'everything', about: readonly object[] = measures) =>
  AggregateQuery.parse({
    ...bare,
    id,
    groupBy: [{ column: 'r.district', as: 'district' }],
    measures: about,
    // Ranges of many measures under Laplace noise take their time on a busy machine.
    slotMs: 1500,
    privacy,
  });

function cellOf(release: Release, district: string): (Estimate | null)[][] {
  const cell = release.cells.find(({ key }) => key[0] === district);
  return release.measures.map((_, at) => (cell ? [...estimatesOf(cell, at)] : []));
}

/** Whether a range holds a value, and the estimate is not absurd; ranges miss one time in twenty, so they are widened. */
function near(estimate: Estimate | null | undefined, truth: number): void {
  expect(estimate).not.toBeNull();
  const { low = 0, high = 0, value = 0 } = estimate ?? {};
  expect(low).toBeLessThanOrEqual(value);
  expect(value).toBeLessThanOrEqual(high);
  // Four times as wide a range misses with probability below 1e-9.
  const reach = 3 * (high - low) + 1;
  expect(truth).toBeGreaterThanOrEqual(low - reach);
  expect(truth).toBeLessThanOrEqual(high + reach);
}

describe.each([
  ['zCDP', { mechanism: 'discreteGaussian', rho: '2', k: 5 }, undefined],
  ['pure', { mechanism: 'discreteLaplace', epsilon: '8', k: 5 }, { epsilon: '40', delta: '1/1000' }],
] as const)('in a room with the %s accountant', (_name, privacy, budget) => {
  let room: SmallRoom;
  let digest: string;
  beforeAll(async () => {
    room = await smallRoom({
      rho: '20',
      ...(budget
        ? {
            charter: (template) => ({
              ...template,
              accountant: { kind: 'pure', deltaPerDecision: '1/100000000' },
              populations: template.populations.map((population) => ({ ...population, budget })),
            }),
          }
        : {}),
    });
    await uploadResidents(room, people());
    digest = await approved(room, asking(privacy));
  });
  afterAll(() => room.close());

  test('a preview says price, runs left and what to expect, and charges nothing', async () => {
    const client = room.client('analyst');
    const preview = await client.preview({ query: digest, parameters: {}, unitsPerCell: 1000 });
    expect(preview.runsLeft).toBe(budget ? 5 : 10);
    expect(preview).toMatchObject({ cells: 3, unitsPerCell: 1000 });
    expect(preview.measures.map(({ as }) => as)).toEqual(measures.map(({ as }) => as));
    for (const { shown, fn, halfWidth } of preview.measures) {
      expect(shown).toBeGreaterThan(0.99);
      if (fn !== 'quantile') expect(halfWidth).toBeGreaterThan(0);
    }
    const small = await client.preview({ query: digest, parameters: {}, unitsPerCell: 4 });
    expect(small.measures.every(({ shown }) => shown === 0)).toBe(true);
    await expect(client.preview({ query: 'ab'.repeat(32), parameters: {}, unitsPerCell: null })).rejects.toMatchObject({
      code: 'query-unknown',
    });
    const { balances } = await client.catalogue();
    expect(balances[0]?.loss.spent).toBe('0');
  });

  test('every measure comes out right where it is shown, and is hidden where few are', async () => {
    const client = room.client('analyst');
    const preview = await client.preview({ query: digest, parameters: {}, unitsPerCell: null });
    const { release } = await ask(client, digest, 'planning', {});
    // What the preview said of the cut is what the enclave computed exactly.
    expect(release.measures.map(({ cut }) => cut)).toEqual(preview.measures.map(({ cut }) => cut));
    const [persons, rows, years, mean, men, bands, halves, median] = cellOf(release, 'alpha');
    near(persons?.[0], 1200);
    near(rows?.[0], 1200);
    near(years?.[0], 1200 * 39.5);
    near(mean?.[0], 3950);
    near(men?.[0], 2500);
    near(bands?.[1], 900);
    expect(bands?.[2]).toBeNull();
    near(halves?.[0], 5000);
    near(median?.[0], 40);
    const beta = cellOf(release, 'beta');
    near(beta[0]?.[0], 900);
    near(beta[3]?.[0], 7000);
    // There are no men: neither the share nor its complement is shown.
    expect(beta[4]).toEqual([null]);
    expect(beta[6]).toEqual([null, null]);
    near(beta[7]?.[0], 75);
    expect(
      cellOf(release, 'gamma')
        .flat()
        .every((estimate) => estimate === null),
    ).toBe(true);
    const { balances } = await client.catalogue();
    expect(balances[0]?.loss.spent).toBe(budget ? '8' : '2');
    expect(await verifyState(room.state)).toMatchObject({ verified: true });
  });

  test('variance, deviation and several quantiles, from sums of squares and one histogram', async () => {
    const client = room.client('analyst');
    const spreading = await approved(room, asking(privacy, 'spreads', spreads));
    const { measures: expected } = await client.preview({ query: spreading, parameters: {}, unitsPerCell: 1000 });
    expect(expected.map(({ halfWidth }) => halfWidth !== null && halfWidth > 0)).toEqual([true, true, false]);
    const { release } = await ask(client, spreading, 'planning', {});
    const [variance, deviation, quarters] = cellOf(release, 'alpha');
    expect(release.measures.map(({ labels, unit }) => [unit, labels])).toEqual([
      ['year²', null],
      ['year', null],
      ['year', ['1/4', '1/2', '3/4']],
    ]);
    // Ages 20 … 59 evenly: (40² − 1)/12.
    near(variance?.[0], 13_325);
    near(deviation?.[0], 1154);
    [30, 40, 50].forEach((age, at) => near(quarters?.[at], age));
    expect(cellOf(release, 'gamma').flat()).toEqual(Array(5).fill(null));
    expect(await verifyState(room.state)).toMatchObject({ verified: true });
  });

  test('districts, areas and the city, shown together and adding up', async () => {
    const client = room.client('analyst');
    const asked = asking(privacy, 'levels', [{ as: 'persons', fn: 'count' }]);
    const group = (code: string, ...of: string[]) => ({ code, de: code, en: code, of });
    const levels = [
      { as: 'area', title: asked.title, groups: [group('west', 'alpha', 'gamma'), group('east', 'beta')] },
      { as: 'city', title: asked.title, groups: [group('all', 'west', 'east')] },
    ];
    const counting = AggregateQuery.parse({
      ...asked,
      hierarchy: { axis: 'district', levels },
    });
    const { release } = await ask(client, await approved(room, counting), 'planning', {});
    const cells = [release.cells, ...(release.hierarchy?.levels ?? []).map((level) => level.cells)];
    expect(cells.map((level) => level.map(({ key }) => key.join()))).toEqual([
      ['alpha', 'beta', 'gamma'],
      ['west', 'east'],
      ['all'],
    ]);
    // Gamma has three persons; alpha is hidden with it, or west less alpha would give them away.
    expect(cells[0]?.map((cell) => estimatesOf(cell, 0)[0] === null)).toEqual([true, false, true]);
    const estimateOf = (level: number, at: number) => {
      const cell = cells[level]?.[at];
      return cell && estimatesOf(cell, 0)[0];
    };
    near(estimateOf(0, 1), 900);
    near(estimateOf(1, 0), 1203);
    near(estimateOf(2, 0), 2103);
    const [districts, areas, city] = consistentTables(release) ?? [];
    expect(districts?.map(({ value }) => value)).toEqual([null, areas?.[1]?.value, null]);
    expect((areas?.[0]?.value ?? 0) + (areas?.[1]?.value ?? 0)).toBe(city?.[0]?.value);
    expect(await verifyState(room.state)).toMatchObject({ verified: true });
  });

  test('a table derived from releases is approved like a query and costs nothing', async () => {
    const mechanism = budget
      ? { mechanism: 'discreteLaplace', epsilon: '1' }
      : { mechanism: 'discreteGaussian', rho: '1' };
    const everybody = {
      ...bare,
      groupBy: [{ column: 'r.district', as: 'district' }],
      measures: [{ as: 'persons', fn: 'count' }],
      privacy: { ...mechanism, k: 5 },
    };
    const count = AggregateQuery.parse({
      ...everybody,
      id: 'count',
      params: { sex: { oneOf: ['f', 'm'] } },
      where: { eq: ['r.sex', '$sex'] },
    });
    const input = await approved(room, count);
    const all = await approved(room, AggregateQuery.parse({ ...everybody, id: 'all' }));
    const table = DerivedTable.parse({
      apiVersion: 'reinraum/v1',
      kind: 'DerivedTable',
      id: 'women',
      title: count.title,
      sentence: count.sentence,
      purpose: 'planning',
      legalBasis: 'dsgvo-6-1-e',
      recipients: ['city/planning'],
      expires: '2035-12-31',
      params: { sex: { oneOf: ['f'] } },
      inputs: {
        some: { query: input, measure: 'persons', parameters: { sex: '$sex' } },
        all: { query: all, measure: 'persons' },
      },
      axes: [{ as: 'district', from: { some: 'district', all: 'district' } }],
      measure: { as: 'share', fn: 'ratio', of: 'some', over: 'all', per: 100, decimals: 1 },
    });
    const digestOfTable = digestOf(table as Json);
    const client = room.client('analyst');
    const unknown = DerivedTable.parse({
      ...table,
      inputs: { ...table.inputs, all: { query: 'ab'.repeat(32), measure: 'persons' } },
    });
    await expect(
      client.act('query.propose', { query: digestOf(unknown as Json) }, { object: unknown }),
    ).rejects.toMatchObject({ code: 'query-unknown', field: 'inputs.all.query' });
    await client.act('query.propose', { query: digestOfTable }, { object: table });
    await expect(askTable(client, digestOfTable, { sex: 'f' })).rejects.toThrow('approvals are missing');
    for (const person of ['steward', 'cityDpo', 'bureauDpo'] as const) {
      await room.client(person).act('query.approve', { query: digestOfTable });
    }
    const first = await askTable(client, digestOfTable, { sex: 'f' });
    near(first.derived.cells[0]?.estimate, 750);
    near(first.derived.cells[1]?.estimate, 889);
    expect(first.derived.cells[2]?.estimate).toBeNull();
    const spent = (await client.catalogue()).balances[0]?.loss.spent;
    const second = await askTable(client, digestOfTable, { sex: 'f' });
    expect([...second.answers.values()].every(({ isRepeat }) => isRepeat)).toBe(true);
    expect(second.derived).toEqual(first.derived);
    expect((await client.catalogue()).balances[0]?.loss.spent).toBe(spent);
    await room.client('bureauDpo').act('query.revoke', { query: digestOfTable });
    await expect(askTable(client, digestOfTable, { sex: 'f' })).rejects.toThrow('revoked');
    expect(await verifyState(room.state)).toMatchObject({ verified: true });
  });
});

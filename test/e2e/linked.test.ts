/** Two datasets of one owner linked in a whole room: a rate over linked rows, and which persons both of them hold. */
import { join } from 'node:path';
import { AggregateQuery, DatasetSchema, digestOf, type Json } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { handOver } from '../../src/steward/hand-over.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import {
  approved,
  byDistrict,
  districts,
  residents,
  residentsHandover,
  type SmallRoom,
  smallRoom,
} from '../support/small-room.ts';

const { title } = residents;
/** Debt counselling, kept by the city too: a district of its own, and months of help. */
const help = DatasetSchema.parse({
  ...residents,
  id: 'debtors',
  title: { de: 'Schuldnerberatung', en: 'Debt counselling' },
  columns: [
    {
      name: 'area',
      title,
      type: 'code',
      nullable: true,
      codes: districts.map((code) => ({ code, de: code, en: code })),
    },
    { name: 'months', title, type: 'integer', min: 0, max: 24, unit: 'month' },
  ],
});
// alpha: 300 residents, 200 of whom come for help, 40 for a year; beta: 100 residents, and 150 who come and live elsewhere.
const residing = (): SourceRecord[] => [
  ...Array.from({ length: 300 }, (_, n) => ({ id: `a${n}`, values: ['alpha', '40', 'f'] })),
  ...Array.from({ length: 100 }, (_, n) => ({ id: `b${n}`, values: ['beta', '40', 'm'] })),
];
const helped = (): SourceRecord[] => [
  ...Array.from({ length: 200 }, (_, n) => ({
    id: `a${n}`,
    values: [n % 2 === 0 ? 'gamma' : null, n < 40 ? '12' : '2'],
  })),
  ...Array.from({ length: 150 }, (_, n) => ({ id: `c${n}`, values: ['beta', '2'] })),
];

const { params: _params, where: _where, ...bare } = byDistrict;
const privacy = { mechanism: 'discreteGaussian', rho: '8', k: 5 };
const joins = [{ dataset: 'debtors', as: 'h' }];
const longHelp = AggregateQuery.parse({
  ...bare,
  id: 'long-help',
  joins,
  groupBy: [{ column: 'r.district', as: 'district' }],
  measures: [
    { as: 'persons', fn: 'count' },
    { as: 'long', fn: 'rate', of: { gte: ['h.months', 12] } },
  ],
  privacy,
});
const sides = AggregateQuery.parse({
  ...bare,
  id: 'sides',
  joins,
  groupBy: [{ column: 'r.district', otherwise: 'h.area', as: 'district' }],
  measures: [{ as: 'sides', fn: 'overlap' }],
  privacy,
});

let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom({ rho: '1000', other: help });
  for (const [schema, records] of [
    [residents, residing()],
    [help, helped()],
  ] as const) {
    const source = async function* () {
      yield* records;
    };
    const { report } = await handOver({
      client: room.client('steward'),
      schema,
      handover: { ...residentsHandover(), dataset: schema.id, schema: digestOf(schema) },
      records: source,
      spool: join(room.directory, `spool-${schema.id}`),
    });
    expect(report).toMatchObject({ admitted: true });
  }
});
afterAll(() => room.close());

const answered = async (query: AggregateQuery) => {
  const digest = await approved(room, query);
  const { release } = await ask(room.client('analyst'), digest, 'planning', {});
  return release;
};

test('rows are linked by person, whatever order the files had: a count and a rate of those both datasets hold', async () => {
  const release = await answered(longHelp);
  expect(release.datasets.map(({ dataset }) => dataset)).toEqual(['residents', 'debtors']);
  const [alpha, beta, gamma] = release.cells;
  const [persons, share] = (alpha?.values ?? []) as { value: number }[];
  // σ is 0.35 and 0.35 persons of 200: beyond these distances lies less than 1e-8.
  expect(Math.abs((persons?.value ?? 0) - 200)).toBeLessThanOrEqual(3);
  expect(Math.abs((share?.value ?? 0) / 10_000 - 0.2)).toBeLessThan(0.02);
  // Nobody of beta comes for help, and gamma is what the other dataset says.
  expect([beta?.values, gamma?.values]).toEqual([
    [null, null],
    [null, null],
  ]);
});

test('an overlap tells persons of both, of the one alone and of the other alone, each in one district', async () => {
  const release = await answered(sides);
  expect(release.measures[0]).toMatchObject({ fn: 'overlap', labels: ['both', 'only-r', 'only-h'] });
  const near = (district: number, truths: readonly (number | null)[]) => {
    const values = release.cells[district]?.values[0] as ({ value: number } | null)[];
    truths.forEach((truth, at) => {
      const value = values[at]?.value ?? null;
      if (truth === null) expect(value).toBe(null);
      else expect(Math.abs((value ?? Number.NaN) - truth)).toBeLessThanOrEqual(3);
    });
  };
  near(0, [200, 100, null]);
  near(1, [null, 100, 150]);
  near(2, [null, null, null]);
});

test('the log says which versions were asked, at one price, and anybody can verify it; with one side withdrawn nothing is asked', async () => {
  const { queries, balances } = await room.client('analyst').catalogue();
  expect(queries.map(({ charges }) => charges.map(({ population }) => population))).toEqual([['person'], ['person']]);
  expect(balances[0]?.loss.spent).toBe('16');
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
  const digest = digestOf(sides as Json);
  // Asked again it is the answer of before, at no charge.
  await ask(room.client('analyst'), digest, 'planning', {});
  expect((await room.client('analyst').catalogue()).balances[0]?.loss.spent).toBe('16');
  await room.client('steward').act('dataset.withdraw', { dataset: 'debtors', version: 1 });
  await expect(ask(room.client('analyst'), digest, 'planning', {})).rejects.toMatchObject({
    code: 'dataset-not-admitted',
    field: 'joins.0.dataset',
  });
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});

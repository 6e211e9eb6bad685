/** The synthetic city: the same in every run, within its schema, and calibrated to the figures it names. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import type { Source } from '../../src/example/example-plan.ts';
import { loadPolicies } from '../../src/example/policy-files.ts';
import { seeded, weighted } from '../../src/example/source/seeded.ts';
import { recordsOf } from '../../src/example/source.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import { all, linesOf, rowsOf, sharedData, sourceOf } from '../support/example-source.ts';

const neussFile = join(sharedData, 'neuss-28-statistische-bezirke.csv');

const digestOfRows = (rows: readonly SourceRecord[]) => {
  const hash = createHash('sha256');
  for (const { id, values } of rows) hash.update(`${id},${values.join()}\n`);
  return hash.digest('hex');
};

/** Rows by the value at a position, or by what is made of it. */
function countBy(rows: readonly SourceRecord[], key: (values: readonly (string | null)[]) => string) {
  const counts = new Map<string, number>();
  for (const { values } of rows) counts.set(key(values), (counts.get(key(values)) ?? 0) + 1);
  return counts;
}

describe('the synthetic city', () => {
  let residents: SourceRecord[];
  let overindebted: SourceRecord[];
  beforeAll(async () => {
    residents = await rowsOf('neuss', 'residents');
    overindebted = await rowsOf('neuss', 'overindebted');
  });
  const adults = () => residents.filter(({ values }) => Number(values[1]) >= 18);

  test('is the same on every machine and in every run', async () => {
    // From a first run; another digest is another city, and every figure of the documents with it.
    expect(digestOfRows(residents)).toBe('141e1275b75b6284187dbeecec955d207d7e516a54892c93191f1d857448ca49');
    expect(digestOfRows(overindebted)).toBe('55812b0930536224a0140993ceee5ab329938e35a7b1e828479a91f68f6446bf');
    expect(digestOfRows(await rowsOf('neuss', 'residents'))).toBe(digestOfRows(residents));
    const { source, schema } = await sourceOf('neuss', 'overindebted');
    const other = await all(recordsOf({ ...source, seed: 'another' } as Source, schema, undefined));
    expect(digestOfRows(other.map((row, at) => ({ ...row, id: overindebted[at]?.id ?? '' })))).not.toBe(
      digestOfRows(overindebted),
    );
  });

  test('has unique persons, and none stands in both files under one name', () => {
    const ids = new Set([...residents, ...overindebted].map(({ id }) => id));
    expect(ids.size).toBe(residents.length + overindebted.length);
  });

  test('holds only values of the schema', async () => {
    for (const [dataset, rows] of [
      ['residents', residents],
      ['overindebted', overindebted],
    ] as const) {
      const { schema } = await sourceOf('neuss', dataset);
      const faults = rows.filter(({ values }) =>
        schema.columns.some((column, at) => {
          const value = values[at];
          if (column.type === 'code') return !column.codes.some(({ code }) => code === value);
          const number = Number(value);
          return !(number >= column.min && number <= column.max && (number - column.min) % column.step === 0);
        }),
      );
      expect(faults).toEqual([]);
    }
  });

  test('has the published sizes: the city, six districts, the over-indebted', () => {
    expect(residents).toHaveLength(159_802);
    expect(overindebted).toHaveLength(14_400);
    const byDistrict = countBy(residents, ([district]) => district ?? '');
    expect(byDistrict.size).toBe(28);
    const published = { '01': 11_328, '03': 166, '22': 2757, '23': 7035, '27': 10_515, '28': 13_496 };
    for (const [district, persons] of Object.entries(published)) expect(byDistrict.get(district)).toBe(persons);
  });

  test('has the published sizes and names of the collected table', async (context) => {
    if (!existsSync(neussFile)) context.skip('needs ../shared/data/neuss-28-statistische-bezirke.csv');
    const { schema } = await sourceOf('neuss', 'residents');
    const byDistrict = countBy(residents, ([district]) => district ?? '');
    const lines = linesOf(neussFile, ';');
    const [column] = schema.columns;
    expect(column?.type === 'code' && column.codes.map(({ de }) => de)).toEqual(lines.map(({ name }) => name));
    for (const { nr = '', einwohner_beleg: persons = '' } of lines) {
      if (persons !== '') expect(byDistrict.get(nr.padStart(2, '0'))).toBe(Number(persons));
    }
  });

  test('has the published rates of over-indebtedness by district, within a point', () => {
    const debtors = countBy(overindebted, ([district]) => district ?? '');
    const grown = countBy(adults(), ([district]) => district ?? '');
    const sum = (counts: Map<string, number>, of: readonly string[]) =>
      of.reduce((total, district) => total + (counts.get(district) ?? 0), 0);
    // In percent of adults, 2010; the adults of a district are drawn, so a rate is not exact.
    for (const [districts, percent] of [
      [['22'], 26.6],
      [['03', '04'], 25.9],
      [['10'], 16.1],
      [['09'], 15.9],
      [['11'], 5.1],
    ] as const) {
      expect(Math.abs((100 * sum(debtors, districts)) / sum(grown, districts) - percent)).toBeLessThan(1);
    }
    const rates = [...grown.keys()].map((district) => (debtors.get(district) ?? 0) / (grown.get(district) ?? 1));
    // Barbaraviertel and Hafen/Hammfeld are the highest, Selikum the lowest.
    const inOrder = [...grown.keys()].sort(
      (a, b) => sum(debtors, [a]) / sum(grown, [a]) - sum(debtors, [b]) / sum(grown, [b]),
    );
    expect(inOrder[0]).toBe('11');
    expect(inOrder.slice(-3).sort()).toEqual(['03', '04', '22']);
    expect(Math.max(...rates)).toBeLessThan(0.3);
  });

  test('has the national rates by age in proportion, within 6 %', () => {
    const bands = [
      [18, 29, 7.0],
      [30, 39, 15.1],
      [40, 49, 12.7],
      [50, 59, 9.3],
      [60, 69, 7.3],
      [70, 120, 3.2],
    ] as const;
    const within = (rows: readonly SourceRecord[], from: number, to: number) =>
      rows.filter(({ values }) => Number(values[1]) >= from && Number(values[1]) <= to).length;
    const overall = overindebted.length / adults().length;
    for (const [from, to, percent] of bands) {
      const relative = within(overindebted, from, to) / within(adults(), from, to) / overall;
      expect(Math.abs(relative / (percent / 8.86) - 1), `${from}–${to}`).toBeLessThan(0.06);
    }
  });

  test('has the stated shares of age, sex, feature, type and amount, within a point', () => {
    const share = (rows: readonly SourceRecord[], holds: (values: readonly (string | null)[]) => boolean) =>
      (100 * rows.filter(({ values }) => holds(values)).length) / rows.length;
    expect(share(residents, ([, age]) => Number(age) < 18)).toBeCloseTo(16.8, 0);
    expect(share(residents, ([, age]) => Number(age) >= 80)).toBeCloseTo(6.4, 0);
    expect(Math.abs(share(residents, ([, , sex]) => sex === 'f') - 51.3)).toBeLessThan(1);
    expect(Math.abs(share(overindebted, ([, , , feature]) => feature === 'hard') - 62)).toBeLessThan(1);
    const hard = overindebted.filter(({ values }) => values[3] === 'hard');
    const soft = overindebted.filter(({ values }) => values[3] === 'soft');
    expect(Math.abs(share(hard, ([, , , , , amount]) => Number(amount) >= 50_000) - 18)).toBeLessThan(1);
    expect(Math.abs(share(soft, ([, , , , , amount]) => Number(amount) >= 50_000) - 6)).toBeLessThan(1);
    const young = overindebted.filter(({ values }) => Number(values[1]) < 30);
    expect(Math.abs(share(young, ([, , , , type]) => type === 'conduct') - 44)).toBeLessThan(2.5);
  });
});

describe('the other datasets of the synthetic city', () => {
  test('have the stated sizes, and more people on basic income support where more are over-indebted', async () => {
    const recipients = await rowsOf('neuss', 'sgb2');
    expect(recipients).toHaveLength(13_900);
    expect(Math.abs(countBy(recipients, ([, group]) => group ?? '').get('0-17') ?? 0) / 139).toBeCloseTo(32, -0.5);
    const byDistrict = countBy(recipients, ([district]) => district ?? '');
    // Barbaraviertel, 2,757 inhabitants, and Selikum, 1,957.
    expect((byDistrict.get('22') ?? 0) / 2757).toBeGreaterThan(0.2);
    expect((byDistrict.get('11') ?? 0) / 1957).toBeLessThan(0.04);
    expect(await rowsOf('neuss', 'counselling')).toHaveLength(1440);
    const events = countBy(await rowsOf('neuss', 'trades'), ([event]) => event ?? '');
    expect([...events]).toEqual([
      ['registered', 1500],
      ['given-up', 1300],
    ]);
  });

  test('have no area too small: each Aussageraum holds 8,000 inhabitants, and districts of persons are merged', async () => {
    const { queries } = await loadPolicies(join(repositoryRoot, 'policies', 'neuss'));
    const residents = countBy(await rowsOf('neuss', 'residents'), ([district]) => district ?? '');
    const groupsOf = (id: string) => queries.find((query) => query.id === id)?.groupBy[0]?.groups ?? [];
    const personsOf = ({ of }: { of: readonly (string | number)[] }) =>
      of.reduce<number>((sum, district) => sum + (residents.get(String(district)) ?? 0), 0);
    const areas = groupsOf('ueberschuldungstypen');
    expect(areas).toHaveLength(10);
    expect(Math.min(...areas.map(personsOf))).toBeGreaterThanOrEqual(8000);
    expect(areas.reduce((sum, area) => sum + personsOf(area), 0)).toBe(159_802);
    const districts = groupsOf('bevoelkerung');
    expect(districts).toHaveLength(27);
    expect(Math.min(...districts.map(personsOf))).toBeGreaterThan(1000);
    // Nested: every district of the one geography lies in one area of the other.
    for (const { of } of districts) {
      expect(areas.filter((area) => of.every((code) => area.of.includes(code)))).toHaveLength(1);
    }
  });
});

describe('the companies of the synthetic city', () => {
  let companies: SourceRecord[];
  beforeAll(async () => {
    companies = await rowsOf('neuss', 'companies');
  });
  const column = (at: number) => (values: readonly (string | null)[]) => values[at] ?? '';
  const [quarter, section, form, employees, insolvency, solvency] = [0, 2, 3, 4, 5, 6].map(column) as [
    ReturnType<typeof column>,
    ...ReturnType<typeof column>[],
  ];
  const share = (holds: (values: readonly (string | null)[]) => boolean) =>
    (100 * companies.filter(({ values }) => holds(values)).length) / companies.length;

  test('are the same on every machine and in every run', () => {
    expect(digestOfRows(companies)).toBe('3157677bf1a7f99c6d7a0843528f107de4799fec562fbde26052076c77790590');
  });

  test('are about 9,000 in each of eight quarters, with about 80,000 jobs', () => {
    const counts = countBy(companies, quarter);
    expect(counts.size).toBe(8);
    for (const [, count] of counts) expect(Math.abs(count - 9000)).toBeLessThan(150);
    const jobs = countBy([], quarter);
    for (const { values } of companies) {
      jobs.set(quarter(values), (jobs.get(quarter(values)) ?? 0) + Number(employees?.(values)));
    }
    for (const [, count] of jobs) expect(Math.abs(count - 80_000)).toBeLessThan(4000);
  });

  test('have the stated shares of versions, forms, insolvency and solvency', () => {
    expect(Math.abs(share((values) => section?.(values).startsWith('25-') === true) - 30)).toBeLessThan(2);
    expect(Math.abs(share((values) => form?.(values) === 'sole') - 55)).toBeLessThan(2);
    expect(Math.abs(share((values) => insolvency?.(values) === 'yes') - 1.04)).toBeLessThan(0.3);
    for (const { values } of companies) if (insolvency?.(values) === 'yes') expect(solvency?.(values)).toBe('600');
    expect(Math.abs(share((values) => solvency?.(values) === '600') - 2.6)).toBeLessThan(0.5);
    expect(Math.abs(share((values) => solvency?.(values) === '500') - 1.7)).toBeLessThan(0.4);
  });

  test('are each in one section of both versions, and in one group', async () => {
    const { schemas, queries } = await loadPolicies(join(repositoryRoot, 'policies', 'neuss'));
    const column = schemas.find(({ id }) => id === 'companies')?.columns.find(({ name }) => name === 'wz');
    const codes = column?.type === 'code' ? column.codes.map(({ code }) => code) : [];
    expect(codes).toHaveLength(21 + 22);
    for (const [id, groups] of [
      ['firmenbestand-abschnitte', 21],
      ['betriebsgroessen', 10],
    ] as const) {
      const found = queries.find((query) => query.id === id)?.groupBy.find(({ as }) => as !== 'area')?.groups ?? [];
      expect(found).toHaveLength(groups);
      const inGroups = found.flatMap(({ of }) => of.map(String));
      expect(inGroups.toSorted()).toEqual(codes.toSorted());
    }
  });
});

describe('the generator', () => {
  test('is sfc32', () => {
    const random = seeded('reinraum');
    const reference = sfc32(createHash('sha256').update('reinraum').digest());
    for (let n = 0; n < 10_000; n++) expect(random() * 2 ** 32).toBe(reference());
  });

  test('never draws what has weight 0, and the rest in proportion', () => {
    const pick = weighted([0, 3, 1, 0], seeded('weights'));
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 100_000; n++) {
      const at = pick();
      counts[at] = (counts[at] ?? 0) + 1;
    }
    expect(counts[0]).toBe(0);
    expect(counts[3]).toBe(0);
    // Six standard deviations of a share of 3/4 in 100,000.
    expect(Math.abs((counts[1] ?? 0) / 100_000 - 0.75)).toBeLessThan(0.0083);
    // Ten tenths add up to 1 − 2^−53, and a draw as large as that lies below no bound.
    const tenths = Array.from({ length: 10 }, () => 1);
    expect(weighted([...tenths, 0], () => 1 - 2 ** -53)()).toBe(9);
  });
});

/** sfc32 in unsigned 64-bit-safe arithmetic, written from its definition. */
function sfc32(state: Uint8Array): () => number {
  const view = new DataView(state.buffer, state.byteOffset);
  const word = (value: bigint) => BigInt.asUintN(32, value);
  let [a, b, c, counter] = [0, 4, 8].map((at) => BigInt(view.getUint32(at, true))).concat(1n) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return () => {
    const out = word(a + b + counter);
    counter = word(counter + 1n);
    a = b ^ (b >> 9n);
    b = word(c + (c << 3n));
    c = word(((c << 21n) | (c >> 11n)) + out);
    return Number(out);
  };
}

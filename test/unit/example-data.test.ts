/** The synthetic city: the same in every run, within its schema, and calibrated to the figures it names. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Source } from '../../src/example/example-plan.ts';
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
    expect(digestOfRows(residents)).toBe('06099265562417b05942228fb58bf233b61c8c63390566ded5ffb7041f127564');
    expect(digestOfRows(overindebted)).toBe('24d104239bd279ffd7a5e1281e6cb3d816270b8d2e0cfb8acef1099e2047b892');
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

  test('has the stated shares of age, sex, household, feature and amount, within a point', () => {
    const share = (rows: readonly SourceRecord[], holds: (values: readonly (string | null)[]) => boolean) =>
      (100 * rows.filter(({ values }) => holds(values)).length) / rows.length;
    expect(share(residents, ([, age]) => Number(age) < 18)).toBeCloseTo(16.8, 0);
    expect(share(residents, ([, age]) => Number(age) >= 80)).toBeCloseTo(6.4, 0);
    expect(Math.abs(share(residents, ([, , sex]) => sex === 'f') - 51.3)).toBeLessThan(1);
    expect(Math.abs(share(overindebted, ([, , , feature]) => feature === 'hard') - 62)).toBeLessThan(1);
    const hard = overindebted.filter(({ values }) => values[3] === 'hard');
    const soft = overindebted.filter(({ values }) => values[3] === 'soft');
    expect(Math.abs(share(hard, ([, , , , amount]) => Number(amount) >= 5_000_000) - 18)).toBeLessThan(1);
    expect(Math.abs(share(soft, ([, , , , amount]) => Number(amount) >= 5_000_000) - 3)).toBeLessThan(1);
    // No child lives alone: household depends on age.
    expect(residents.filter(({ values }) => Number(values[1]) < 18 && values[3] === 'single')).toEqual([]);
    const alone = (from: number) =>
      share(
        residents.filter(({ values }) => Number(values[1]) >= from),
        ([, , , household]) => household === 'single',
      );
    expect(Math.abs(alone(75) - 44)).toBeLessThan(1);
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

/** Stored ranks: which rows of a unit count depends on the key and on its own rows, and on nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { DatasetSchema, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admitSql, forgetSql, loadSql, tableOf } from '../../enclave/query/sql.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { csvOf, type RandomDataset, unitOf } from '../support/random-dataset.ts';
import { randomMany } from '../support/random-rows.ts';
import { rankKey, ranksOf } from '../support/ranks.ts';

const seed = 20_261_125;
const directory = mkdtempSync(join(tmpdir(), 'reinraum-rank-'));
let bare: DuckDBConnection;
beforeAll(async () => {
  bare = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(() => {
  bare.closeSync();
  rmSync(directory, { recursive: true, force: true });
});

/** In the printer's statement: which of identical rows a row is. */
const occurrence = /row_number\(\) OVER \(PARTITION BY "unit", [^)]*\) AS "nth"/;
type Bend = (sql: string) => string;
const asIs: Bend = (sql) => sql;

/** Per pseudonym the admitted rows with their ranks, in the order of the ranks. */
async function admitted(dataset: RandomDataset, bend = asIs, key = rankKey): Promise<Map<string, string[]>> {
  const file = join(directory, 'rows');
  const intake = new Intake(dataset.schema, 100_000);
  writeFileSync(file, intake.push(utf8(csvOf(dataset))));
  expect(intake.findings).toEqual([]);
  for (const text of [loadSql(dataset.schema, file), ...admitSql(dataset.schema, 'people', key).map(bend)])
    await bare.run(text);
  const rows = (await bare.runAndReadAll(`SELECT * FROM "${tableOf(dataset.schema.id)}"`)).getRows();
  await bare.run(`DROP TABLE "${tableOf(dataset.schema.id)}"`);
  await bare.run(forgetSql('people'));
  const units = [...new Set(dataset.rows.map((_, n) => unitOf(dataset.units?.[n] ?? n)))].sort();
  const own = (n: number) => rows.filter(([number]) => number === n + 1).map(([, ...values]) => values.join());
  return new Map(units.map((unit, n) => [unit, own(n)]));
}

/** The same by the reference. */
function expected(dataset: RandomDataset): Map<string, string[]> {
  const { schema, rows, units } = dataset;
  const ranks = ranksOf(dataset, unitOf);
  const spelled = rows.map((row, n) => {
    const values = row.map((value, at) => {
      const column = schema.columns[at];
      return column?.type === 'code' && value !== null ? column.codes.findIndex(({ code }) => code === value) : value;
    });
    return { unit: unitOf(units?.[n] ?? n), rank: ranks[n] ?? 0, text: [...values, ranks[n]].join() };
  });
  const all = [...new Set(spelled.map(({ unit }) => unit))].sort();
  const own = (unit: string) => spelled.filter((row) => row.unit === unit).sort((a, b) => a.rank - b.rank);
  return new Map(all.map((unit) => [unit, own(unit).map(({ text }) => text)]));
}

/** A dataset and another version of it: other rows of some units, none of others, in another order. */
const versions = randomMany('many').chain((dataset) =>
  fc
    .record({
      order: fc.shuffledSubarray([...dataset.rows.keys()], { minLength: dataset.rows.length }),
      gone: fc.nat(6),
      changed: fc.integer({ min: 7, max: 12 }),
    })
    .map(({ order, gone, changed }) => {
      const kept = order.filter((n) => dataset.units?.[n] !== gone);
      const unitsOf = (rows: readonly number[]) => rows.map((n) => dataset.units?.[n] ?? n);
      const extra = kept.filter((n) => dataset.units?.[n] === changed);
      const rows = [...kept, ...extra];
      const other = { ...dataset, rows: rows.map((n) => dataset.rows[n] ?? []), units: unitsOf(rows) };
      return { dataset, other, touched: [gone, changed].map(unitOf) };
    }),
);

/** Units whose kept rows differ between the versions though their own rows do not. */
async function disturbed(
  { dataset, other, touched }: { dataset: RandomDataset; other: RandomDataset; touched: string[] },
  bend = asIs,
) {
  const [before, after] = [await admitted(dataset, bend), await admitted(other, bend)];
  return [...after].filter(([unit, rows]) => !touched.includes(unit) && rows.join(';') !== before.get(unit)?.join(';'));
}

describe('ranks', () => {
  test('are the places by HMAC that the specification gives, from 1, and another key gives others', async () => {
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(randomMany('many'), async (dataset) => {
        const found = await admitted(dataset);
        expect(found).toEqual(expected(dataset));
        const other = await admitted(dataset, asIs, new Uint8Array(32));
        moved += [...found].filter(([unit, rows]) => rows.join(';') !== other.get(unit)?.join(';')).length;
      }),
      { numRuns: 40, seed },
    );
    expect(moved).toBeGreaterThan(20);
  });

  test('of a unit stay when others come, go or change, and in whatever order rows stand', async () => {
    let touched = 0;
    await fc.assert(
      fc.asyncProperty(versions, async (pair) => {
        expect(await disturbed(pair)).toEqual([]);
        touched += pair.dataset.rows.length === pair.other.rows.length ? 0 : 1;
      }),
      { numRuns: 40, seed },
    );
    expect(touched).toBeGreaterThan(20);
  });

  test.each<[string, Bend]>([
    ['the number of the row', (sql) => sql.replace(/ORDER BY CAST\(left.*?AS UUID\)/, 'ORDER BY "row"')],
    ['rows of others', (sql) => sql.replace(occurrence, 'count(*) OVER () AS "nth"')],
    ['the number of the unit', (sql) => sql.replace(occurrence, 'dense_rank() OVER (ORDER BY "unit") AS "nth"')],
  ])('that depended on %s would be seen', async (_what, bend) => {
    let seen = 0;
    for (const pair of fc.sample(versions, { numRuns: 10, seed })) seen += (await disturbed(pair, bend)).length;
    expect(seen).toBeGreaterThan(10);
  });

  test('give every row of a unit the same chance, twins too', async () => {
    const [column] = fc.sample(randomMany('many'), { numRuns: 1, seed }).flatMap(({ schema }) => schema.columns);
    const codes = ['twin', 'lone'].map((code) => ({ code, de: code, en: code }));
    const schema = DatasetSchema.parse({
      apiVersion: 'reinraum/v1',
      kind: 'DatasetSchema',
      id: 'twins',
      title: column?.title,
      owner: 'a/b',
      population: 'person',
      unit: 'unit_id',
      rowsPerUnit: 'many',
      columns: [{ name: 'number', title: column?.title, type: 'code', codes }],
    });
    const units = 1000;
    const lone = async (bend: Bend) => {
      const rows = Array.from({ length: 5 * units }, (_, n) => [n < units ? 'lone' : 'twin']);
      const found = await admitted({ schema, rows, units: rows.map((_, n) => n % units) }, bend);
      return [...found.values()].filter(([first]) => first === '1,1').length;
    };
    // One of five is first in 200 of 1,000 units, ± 12.6: 6 of these by chance in 2 of 10^9 keys. Without the occurrence, in half.
    expect(Math.abs((await lone(asIs)) - 200)).toBeLessThan(76);
    expect(await lone((sql) => sql.replace(occurrence, '1 AS "nth"'))).toBeGreaterThan(400);
  });
});

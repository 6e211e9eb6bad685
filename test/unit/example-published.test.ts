/** Rows from published files: equal to the official tables they stand for; what does not fit is named and refused. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateQuery, DatasetSchema } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { Source } from '../../src/example/example-plan.ts';
import { compareWithReference } from '../../src/example/reference.ts';
import { recordsOf } from '../../src/example/source.ts';
import { all, linesOf, rowsOf, sharedData, sourceOf, truthBy } from '../support/example-source.ts';

const koelnFile = join(sharedData, 'koeln-stadtteile', 'bevoelkerung.csv');
const pumsFile = join(sharedData, 'smartnoise-pums', 'PUMS_pid.csv');

describe('the official counts of Köln', () => {
  test('are expanded to exactly the published totals', async (context) => {
    if (!existsSync(koelnFile))
      context.skip('needs ../shared/data/koeln-stadtteile (official counts, not part of the repository)');
    const { schema } = await sourceOf('koeln', 'einwohner');
    const cells = await truthBy('koeln', 'einwohner-nach-alter', koelnFile);
    const lines = linesOf(koelnFile, ',').filter(({ jahr }) => jahr === '2012');
    const published = (table: string, raum: string, zeile: string) =>
      Number(
        lines.find(({ tab_id, raum_id, zei_id }) => tab_id === table && raum_id === raum && zei_id === zeile)?.zahl,
      );
    const sumOver = (holds: (stadtteil: string, group: string) => boolean) =>
      [...cells].reduce((sum, [key, { units }]) => {
        const [stadtteil = '', group = ''] = key.split('\0');
        return holds(stadtteil, group) ? sum + units : sum;
      }, 0);
    const stadtteile = new Set([...cells.keys()].map((key) => key.split('\0')[0] ?? ''));
    expect(stadtteile.size).toBe(86);
    expect(sumOver(() => true)).toBe(1_044_555);
    expect(published('005', '000', '10')).toBe(1_044_555);
    // Table 005 is another table of the same office: residents of each Stadtteil, each Stadtbezirk.
    for (const stadtteil of stadtteile) expect(sumOver((s) => s === stadtteil)).toBe(published('005', stadtteil, '10'));
    for (const bezirk of ['1', '2', '3', '4', '5', '6', '7', '8', '9']) {
      expect(sumOver((s) => s.startsWith(bezirk))).toBe(published('005', `00${bezirk}`, '10'));
    }
    for (const { code } of schema.columns[1]?.type === 'code' ? schema.columns[1].codes : []) {
      expect(sumOver((_, group) => group === code)).toBe(published('020', '000', code));
    }
  });

  test('have the labels of the published table', async (context) => {
    if (!existsSync(koelnFile))
      context.skip('needs ../shared/data/koeln-stadtteile (official counts, not part of the repository)');
    const { schema } = await sourceOf('koeln', 'einwohner');
    const lines = linesOf(koelnFile, ',').filter(
      ({ jahr, tab_id, zei_id, raum_id = '' }) =>
        jahr === '2012' && tab_id === '020' && zei_id === '10' && !raum_id.startsWith('0'),
    );
    const [column] = schema.columns;
    expect(column?.type === 'code' && column.codes.map(({ code, de }) => [code, de])).toEqual(
      lines.map(({ raum_id, raum }) => [raum_id, raum]),
    );
  });
});

test('the published sample has 1,000 persons with values of the schema', async (context) => {
  if (!existsSync(pumsFile))
    context.skip('needs ../shared/data/smartnoise-pums (published sample, not part of the repository)');
  const rows = await rowsOf('pums', 'pums', pumsFile);
  expect(rows).toHaveLength(1000);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(1000);
  expect(rows[1]).toEqual({ id: '2', values: ['31', '0', '1', '17000'] });
});

test('the true values of the sample are those of the file, counted by other means', async (context) => {
  if (!existsSync(pumsFile))
    context.skip('needs ../shared/data/smartnoise-pums (published sample, not part of the repository)');
  const lines = linesOf(pumsFile, ',');
  const of = (holds: (line: Record<string, string>) => boolean, field: string) =>
    lines.filter(holds).map((line) => Number(line[field]));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const levels = await truthBy('pums', 'bildung', pumsFile);
  expect([...levels.values()].reduce((sum, { units }) => sum + units, 0)).toBe(1000);
  for (const [level, { values }] of levels) {
    expect(values).toEqual([[lines.filter(({ educ }) => educ === level).length]]);
  }
  for (const [sex, { values, behind }] of await truthBy('pums', 'alter', pumsFile)) {
    const ages = of((line) => line['sex'] === sex, 'age');
    expect(values).toEqual([[mean(ages)]]);
    expect(behind).toEqual([[ages.length]]);
  }
  const incomes = await truthBy('pums', 'einkommen', pumsFile);
  expect([...incomes.keys()]).toEqual(['1-8', '9-12', '13-16']);
  const highest = of(({ educ }) => Number(educ) >= 13, 'income').map((income) => Math.min(income, 100_000));
  expect(incomes.get('13-16')?.values[0]?.[0]).toBeCloseTo(mean(highest), 6);
  for (const [sex, { values }] of await truthBy('pums', 'einkommen-median', pumsFile)) {
    const sorted = of((line) => line['sex'] === sex, 'income').sort((a, b) => a - b);
    expect(values).toEqual([[sorted[Math.ceil(sorted.length / 2) - 1]]]);
  }
});

describe('a published file', () => {
  const schema = DatasetSchema.parse({
    apiVersion: 'reinraum/v1',
    kind: 'DatasetSchema',
    id: 'people',
    title: { de: 'P', en: 'P' },
    owner: 'city/office',
    population: 'person',
    unit: 'id',
    rowsPerUnit: 1,
    columns: [
      {
        name: 'area',
        title: { de: 'A', en: 'A' },
        type: 'code',
        codes: ['a', 'b'].map((code) => ({ code, de: code, en: code })),
      },
      { name: 'age', title: { de: 'A', en: 'A' }, type: 'integer', nullable: true, min: 0, max: 99, unit: 'year' },
    ],
  });
  const expand = Source.parse({
    kind: 'expand',
    file: 'f.csv',
    where: { y: '1' },
    matching: { r: '[a-y]' },
    count: 'n',
    columns: { area: 'r', age: 'g' },
  });
  const csv = Source.parse({ kind: 'csv', file: 'f.csv', id: 'id', columns: { area: 'r', age: 'g' } });
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reinraum-source-'));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const rowsFrom = async (source: Source, text: string) => {
    await writeFile(join(directory, 'f.csv'), text);
    return all(recordsOf(source, schema, directory));
  };

  test('gives one row a counted person, of the lines asked for', async () => {
    const rows = await rowsFrom(expand, 'y,r,g,n\n1,a,5,2.0\n2,a,5,9\n1,z,5,9\n1,b,7,0\n1,b,8,1\n');
    expect(rows).toEqual([
      { id: 'person-0', values: ['a', '5'] },
      { id: 'person-1', values: ['a', '5'] },
      { id: 'person-2', values: ['b', '8'] },
    ]);
  });

  test('gives records as they are, empty fields as missing and "17.0" as 17', async () => {
    const rows = await rowsFrom(csv, '\uFEFFid,r,g\nx,a,17.0\ny,b,\nz,b,170\n');
    expect(rows).toEqual([
      { id: 'x', values: ['a', '17'] },
      { id: 'y', values: ['b', null] },
      { id: 'z', values: ['b', '170'] },
    ]);
  });

  test.each([
    [expand, 'y,r,g,n\n1,a,5,1\n1,c,5,1\n', 'line 3: field "r" holds a code that is not in the column’s list'],
    [expand, 'y,r,g,n\n1,a,5,-1\n', 'line 2: field "n" holds no count'],
    [expand, 'y,r,g,n\n1,a,5,1.5\n', 'line 2: field "n" holds no count'],
    [expand, 'y,r,g,n\n1,a,5,\n', 'line 2: field "n" holds no count'],
    [expand, 'year,r,g,n\n1,a,5,1\n', 'line 2: field "y" is missing'],
    [csv, 'id,r\nx,a\n', 'line 2: field "g" is missing'],
    [csv, 'id,r,g\n,a,5\n', 'line 2: field "id" is empty'],
  ])('is refused where it does not fit: %#', async (source, text, message) => {
    await expect(rowsFrom(source, text)).rejects.toThrow(message);
  });

  test('that is not given, or not there, is asked for by name', () => {
    expect(() => recordsOf(expand, schema, undefined)).toThrow(
      'this example needs --data <folder with f.csv, or the file itself>',
    );
    expect(() => recordsOf(expand, schema, join(directory, 'no.csv'))).toThrow('--data: there is no file');
    expect(() => recordsOf(expand, schema, repositoryRoot)).toThrow(
      `--data: there is no file ${join(repositoryRoot, 'f.csv')}`,
    );
  });

  test.each([
    [{ ...expand, columns: { area: 'r' } }, 'columns: add "age", which the schema has'],
    [{ ...csv, columns: { area: 'r', age: 'g', name: 'n' } }, 'columns.name: the schema has no such column'],
    [{ ...expand, matching: { r: '[' } }, 'matching.r: is not a regular expression'],
  ])('with a wrong source is refused before it is read: %#', (source, message) => {
    expect(() => recordsOf(source as Source, schema, undefined)).toThrow(message);
  });

  test('is compared measure by measure, and hidden cells are no error', async () => {
    const file = join(directory, 'f.csv');
    await writeFile(file, 'id,r,g\nu,a,10\nv,a,20\nw,a,60\nx,b,30\ny,b,\n');
    const query = AggregateQuery.parse({
      apiVersion: 'reinraum/v1',
      kind: 'AggregateQuery',
      id: 'ages',
      title: { de: 'A', en: 'A' },
      sentence: { de: 'A', en: 'A' },
      purpose: 'p',
      legalBasis: 'l',
      recipients: ['city/office'],
      expires: '2031-12-31',
      population: 'person',
      from: { dataset: 'people', as: 'p' },
      groupBy: [{ column: 'p.area', as: 'area' }],
      measures: [
        { as: 'n', fn: 'count' },
        { as: 'mean', fn: 'mean', column: 'p.age', clamp: [0, 40] },
        { as: 'total', fn: 'sum', column: 'p.age', clamp: [0, 40] },
        { as: 'median', fn: 'quantile', column: 'p.age', q: '1/2', edges: [0, 15, 50] },
        { as: 'classes', fn: 'histogram', column: 'p.age', edges: [0, 20] },
        { as: 'parts', fn: 'shares', column: 'p.age', edges: [0, 20] },
      ],
      privacy: { mechanism: 'discreteGaussian', rho: '1/2', k: 2 },
      slotMs: 100,
    });
    const estimate = (value: number, low: number, high: number) => ({ value, low, high });
    const measure = (as: string, decimals: number, labels: string[] | null) => ({ as, decimals, labels });
    const release = {
      k: 2,
      measures: [
        measure('n', 0, null),
        measure('mean', 2, null),
        measure('total', 0, null),
        measure('median', 0, null),
        measure('classes', 0, ['0-19', '20+']),
        measure('parts', 4, ['0-19', '20+']),
      ],
      cells: [
        {
          key: ['a'],
          values: [
            estimate(4, 3, 6),
            estimate(2400, 2300, 2500),
            estimate(90, 80, 99),
            estimate(22, 15, 50),
            [null, estimate(2, 2, 3)],
            [estimate(3000, 2000, 4000), estimate(7000, 6000, 8000)],
          ],
        },
        { key: ['b'], values: [estimate(3, 2, 4), null, null, null, [null, null], [null, null]] },
      ],
    };
    const policies = { schemas: [schema], example: { datasets: [{ dataset: 'people', source: csv }] } };
    const answers = [{ query, parameters: {}, answered: { release } }];
    const given = [policies, answers] as unknown as Parameters<typeof compareWithReference>;
    const found = await compareWithReference(given[0], given[1], file);
    const counted = { cells: 2, shown: 1, hidden: 1, shownBelowK: 0 };
    expect(found.map((comparison) => ({ ...comparison, beside: undefined }))).toEqual([
      {
        query: 'ages',
        measure: 'n',
        cells: 2,
        shown: 2,
        hidden: 0,
        inRange: 2,
        shownBelowK: 0,
        errorMean: 1,
        errorMax: 1,
      },
      // (10 + 20 + 40) / 3 = 23.33.
      { query: 'ages', measure: 'mean', ...counted, inRange: 1, errorMean: 0.67, errorMax: 0.67 },
      { query: 'ages', measure: 'total', ...counted, inRange: 0, errorMean: 20, errorMax: 20 },
      { query: 'ages', measure: 'median', ...counted, inRange: 1, errorMean: 2, errorMax: 2 },
      { query: 'ages', measure: 'classes', ...counted, cells: 4, hidden: 3, inRange: 1, errorMean: 0, errorMax: 0 },
      // One person is in the lower class: fewer than k.
      {
        query: 'ages',
        measure: 'parts',
        cells: 4,
        shown: 2,
        hidden: 2,
        inRange: 2,
        shownBelowK: 1,
        errorMean: 0.03,
        errorMax: 0.03,
      },
    ]);
    expect(found[1]?.beside?.[0]).toEqual({ key: ['a'], truth: 23.33, value: 24, low: 23, high: 25 });
    expect(found[4]?.beside?.[3]).toEqual({ key: ['b', '20+'], truth: 1, value: null, low: null, high: null });
    // What is asked with a predicate, or is not of a published file, is compared with nothing.
    const [narrowed] = [{ ...answers[0], query: { ...query, where: { gte: ['p.age', 5] } } }];
    expect(await compareWithReference(given[0], [narrowed] as unknown as (typeof given)[1], file)).toEqual([]);
  });
});

/** Rows from published files: equal to the official tables they stand for; what does not fit is named and refused. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatasetSchema } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { Source } from '../../src/example/example-plan.ts';
import { referenceTable } from '../../src/example/reference.ts';
import { recordsOf } from '../../src/example/source.ts';
import { all, linesOf, rowsOf, sharedData, sourceOf } from '../support/example-source.ts';

const koelnFile = join(sharedData, 'koeln-stadtteile', 'bevoelkerung.csv');
const pumsFile = join(sharedData, 'smartnoise-pums', 'PUMS_pid.csv');

describe('the official counts of Köln', () => {
  test('are expanded to exactly the published totals', async (context) => {
    if (!existsSync(koelnFile))
      context.skip('needs ../shared/data/koeln-stadtteile (official counts, not part of the repository)');
    const { source, schema } = await sourceOf('koeln', 'einwohner');
    const begun = performance.now();
    const cells = await referenceTable(source, schema, ['stadtteil', 'altersgruppe'], koelnFile);
    expect(performance.now() - begun).toBeLessThan(3000);
    const lines = linesOf(koelnFile, ',').filter(({ jahr }) => jahr === '2012');
    const published = (table: string, raum: string, zeile: string) =>
      Number(
        lines.find(({ tab_id, raum_id, zei_id }) => tab_id === table && raum_id === raum && zei_id === zeile)?.zahl,
      );
    const sumOver = (holds: (stadtteil: string, group: string) => boolean) =>
      [...cells].reduce((sum, [key, count]) => {
        const [stadtteil = '', group = ''] = key.split('\0');
        return holds(stadtteil, group) ? sum + count : sum;
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
  expect(rows[1]).toEqual({ id: '2', values: ['31', '0', '1', '3', '17000', '0'] });
  const { source, schema } = await sourceOf('pums', 'pums');
  const levels = await referenceTable(source, schema, ['educ'], pumsFile);
  expect([...levels.values()].reduce((sum, count) => sum + count, 0)).toBe(1000);
  const ofFile = linesOf(pumsFile, ',');
  for (const [level, count] of levels) expect(count).toBe(ofFile.filter(({ educ }) => educ === level).length);
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

  test('has no reference by a column it lacks', async () => {
    await expect(referenceTable(csv, schema, ['sex'], directory)).rejects.toThrow('people has no column "sex"');
  });
});

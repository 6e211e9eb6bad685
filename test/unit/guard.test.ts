/** The guard against DuckDB's own reading of hostile statements, and of everything the printer writes. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { among, askedSchema, datasetsOf, plan } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkPlan, checkStatement } from '../../enclave/query/guard.ts';
import { aggregateSql } from '../../enclave/query/sql.ts';
import { randomDataset, randomQuery } from '../support/random-dataset.ts';
import { randomLinked, randomLinkedQuery, randomOverlap } from '../support/random-linked.ts';
import { randomMany, randomPanel } from '../support/random-rows.ts';

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run('CREATE TABLE "d_own" ("unit_id" INTEGER, "a" BIGINT, "b" BIGINT)');
  await connection.run('CREATE TABLE "d_other" ("x" BIGINT, "unit_id" INTEGER)');
  await connection.run('CREATE VIEW "d_view" AS SELECT "x" AS "a" FROM "d_other"');
});

async function serialised(name: 'sql' | 'plan', text: string): Promise<unknown> {
  const [row] = (
    await connection.runAndReadAll(`SELECT json_serialize_${name}('${text.replaceAll("'", "''")}')`)
  ).getRows();
  return JSON.parse(String(row?.[0]));
}

/** What the engine's process does before it runs a statement. */
async function guard(text: string): Promise<void> {
  checkStatement(await serialised('sql', text), []);
  checkPlan(await serialised('plan', text), ['own']);
}

/** The printer's frame around an axis and a table. */
const framed = ({
  axis = 'CASE WHEN "a" IS NULL THEN NULL ELSE "a" END',
  from = '"d_own"',
  where = '',
  head = '"a0", count(*) AS "n"',
  tail = '',
} = {}) =>
  `SELECT ${head} FROM (SELECT ${axis} AS "a0" FROM ${from}${where}) AS "t" WHERE "a0" IS NOT NULL GROUP BY "a0"${tail}`;

test('the frame itself passes, so that what follows is refused for what it adds', async () => {
  await guard(framed());
  await guard(framed({ where: ' WHERE (NOT ("b" IS NOT NULL AND "b" <> 3))', tail: ' ORDER BY "a0"' }));
});

describe('refuses', () => {
  test.each([
    ['raw rows', 'SELECT "a" FROM "d_own"'],
    [
      'raw rows behind a frame',
      'SELECT "a0" FROM (SELECT CASE WHEN "a" < 3 THEN "a" ELSE NULL END AS "a0" FROM "d_own") AS "t"',
    ],
    ['rows of one unit', 'SELECT "unit_id", count(*) FROM "d_own" GROUP BY "unit_id"'],
    ['units as an axis', framed({ axis: '"unit_id"' })],
    ['a bare column as an axis', framed({ axis: '"a"' })],
    ['every column', 'SELECT * FROM "d_own"'],
    ['FROM first', 'FROM "d_own"'],
    ['a count of everything', 'SELECT count(*) FROM "d_own"'],
    ['distinct rows', 'SELECT DISTINCT "a" FROM "d_own"'],
    ['two statements', `${framed()}; ${framed()}`],
    ['UNION', `${framed()} UNION ALL ${framed()}`],
    ['EXCEPT', `${framed()} EXCEPT ${framed()}`],
    ['a common table expression', `WITH "x" AS (SELECT 1) ${framed()}`],
    [
      'a common table expression inside',
      framed({ from: '(WITH "x" AS (SELECT 1 AS "a") SELECT "a" FROM "x") AS "y"' }),
    ],
    ['another table', framed({ from: '"d_other" AS "y"("a")' })],
    ['another table by name', framed({ axis: 'CASE WHEN "x" < 3 THEN 0 ELSE NULL END', from: '"d_other"' })],
    ['a view of another table', framed({ from: '"d_view"' })],
    ['a join', framed({ from: '"d_own", "d_other"' })],
    ['a join by column', framed({ from: '"d_own" JOIN "d_other" ON "a" = "x"' })],
    ['a subquery on another table', framed({ where: ' WHERE "a" = (SELECT max("x") FROM "d_other")' })],
    ['EXISTS', framed({ where: ' WHERE EXISTS (SELECT 1 FROM "d_other")' })],
    ['IN a subquery', framed({ where: ' WHERE "a" IN (SELECT "x" FROM "d_other")' })],
    ['a file', framed({ from: "read_csv('/etc/passwd')" })],
    ['a file by its name', framed({ from: "'/etc/passwd'" })],
    ['text of a file', framed({ from: "read_text('/etc/passwd')" })],
    ['a range', framed({ from: 'range(10) AS "y"("a")' })],
    ['the settings', framed({ from: 'duckdb_settings()' })],
    ['statistics of the storage', framed({ from: "pragma_storage_info('d_own')" })],
    [
      'the catalog',
      framed({ axis: 'CASE WHEN "table_name" IS NULL THEN 0 ELSE 1 END', from: 'information_schema.tables' }),
    ],
    ['a table of a named schema', framed({ from: 'main."d_own"' })],
    ['a table of a named catalog', framed({ from: 'memory.main."d_own"' })],
    ['a table at a time', framed({ from: '"d_own" AT (VERSION => 1)' })],
    ['a sample', framed({ from: '"d_own" TABLESAMPLE 10%' })],
    ['a sample of the result', framed({ tail: ' USING SAMPLE 1' })],
    ['VALUES', framed({ from: '(VALUES (1)) AS "y"("a")' })],
    ['no table', framed({ axis: 'CASE WHEN 1 = 1 THEN 0 ELSE NULL END', from: '(SELECT 1) AS "y"' })],
    ['PIVOT', framed({ from: '(PIVOT "d_own" ON "a")' })],
    ['a window', framed({ head: '"a0", count(*) OVER () AS "n"' })],
    ['a window inside', framed({ axis: 'CASE WHEN row_number() OVER () = 1 THEN 0 ELSE NULL END' })],
    ['QUALIFY', framed({ tail: ' QUALIFY count(*) OVER () > 0' })],
    ['a sum', framed({ head: '"a0", sum("a0") AS "n"' })],
    ['a maximum', framed({ head: '"a0", max("a0") AS "n"' })],
    ['a list', framed({ head: '"a0", list("a0") AS "n"' })],
    ['a count of values', framed({ head: '"a0", count("a0") AS "n"' })],
    ['a count of distinct values', framed({ head: '"a0", count(DISTINCT "a0") AS "n"' })],
    ['a filtered count', framed({ head: '"a0", count(*) FILTER ("a0" > 1) AS "n"' })],
    ['ranks as an axis', framed({ axis: '"#rank"' })],
    ['a sum of units with a value', framed({ head: '"a0", sum("u0") AS "n"' })],
    ['a count of distinct units by another name', framed({ head: '"a0", count(DISTINCT "u0x") AS "n"' })],
    ['a sum of units', framed({ head: '"a0", sum("u") AS "n"' })],
    ['a sum of distinct values', framed({ head: '"a0", sum(DISTINCT "v0") AS "n"' })],
    ['a sum of a column nobody read', framed({ head: '"a0", sum("amount") AS "n"' })],
    ['a product of two values', framed({ head: '"a0", sum("v0" * "v1") AS "n"' })],
    ['a cube', framed({ head: '"a0", sum("v0" * "v0" * "v0") AS "n"' })],
    ['a square that is not summed', framed({ head: '"a0", "v0" * "v0" AS "n"' })],
    ['a sum of distinct squares', framed({ head: '"a0", sum(DISTINCT "v0" * "v0") AS "n"' })],
    ['a filtered sum of squares', framed({ head: '"a0", sum("v0" * "v0") FILTER ("a0" > 1) AS "n"' })],
    ['an ordered sum of squares', framed({ head: '"a0", sum("v0" * "v0" ORDER BY "a0") AS "n"' })],
    ['a square of a column', framed({ axis: 'CASE WHEN "a" * "a" = 1 THEN 0 ELSE 1 END' })],
    ['a sum of sums', framed({ head: '"a0", sum("v0" + "v0") AS "n"' })],
    [
      'a sum of squares with an error in its filter',
      framed({ head: '"a0", sum("v0" * "v0") FILTER (error(\'x\') IS NULL) AS "n"' }),
    ],
    ['a sum of squares of units', framed({ head: '"a0", sum("u" * "u") AS "n"' })],
    ['a sum of an expression', framed({ head: '"a0", sum(CASE WHEN "a0" = 1 THEN 1 ELSE 0 END) AS "n"' })],
    ['a mean', framed({ head: '"a0", avg("v0") AS "n"' })],
    ['an ordered sum', framed({ head: '"a0", sum("v0" ORDER BY "a0") AS "n"' })],
    ['HAVING', framed({ tail: ' HAVING count(*) = 1' })],
    ['LIMIT', framed({ tail: ' LIMIT 1' })],
    [
      'sub-totals',
      'SELECT "a0", count(*) FROM (SELECT CASE WHEN "a" < 3 THEN "a" ELSE NULL END AS "a0" FROM "d_own") AS "t" GROUP BY ROLLUP ("a0")',
    ],
    [
      'grouping sets',
      'SELECT "a0", count(*) FROM (SELECT CASE WHEN "a" < 3 THEN "a" ELSE NULL END AS "a0" FROM "d_own") AS "t" GROUP BY GROUPING SETS (("a0"), ())',
    ],
    [
      'GROUP BY ALL',
      'SELECT "a0", count(*) FROM (SELECT CASE WHEN "a" < 3 THEN "a" ELSE NULL END AS "a0" FROM "d_own") AS "t" GROUP BY ALL',
    ],
    [
      'a count of counts',
      'SELECT "a0", count(*) FROM (SELECT CASE WHEN count(*) < 3 THEN 0 ELSE 1 END AS "a0" FROM "d_own" GROUP BY "a") AS "t" GROUP BY "a0"',
    ],
    ['error() as an oracle', framed({ axis: 'CASE WHEN "a" = 1 THEN error(\'x\') ELSE 0 END' })],
    ['error() in an order', framed({ tail: " ORDER BY error('x')" })],
    ['a cast, whose errors print values', framed({ axis: 'CASE WHEN "a"::TINYINT = 1 THEN 0 ELSE 1 END' })],
    ['arithmetic', framed({ axis: 'CASE WHEN "a" + 1 = 1 THEN 0 ELSE 1 END' })],
    ['a sign', framed({ axis: 'CASE WHEN -"a" = 1 THEN 0 ELSE 1 END' })],
    ['a setting', framed({ axis: "CASE WHEN current_setting('threads') = 1 THEN 0 ELSE 1 END" })],
    ['BETWEEN', framed({ where: ' WHERE "a" BETWEEN 1 AND 2' })],
    ['IN', framed({ where: ' WHERE "a" IN (1, 2)' })],
    ['IS DISTINCT FROM', framed({ where: ' WHERE "a" IS DISTINCT FROM 1' })],
    ['a lambda', framed({ where: ' WHERE list_filter([1], x -> x > 0) IS NULL' })],
    ['COLUMNS(*)', framed({ head: 'COLUMNS(*), count(*) AS "n"' })],
    ['COPY', 'COPY "d_own" TO \'/tmp/x.csv\''],
    ['COPY of a question', `COPY (${framed()}) TO '/tmp/x.csv'`],
    ['ATTACH', "ATTACH '/tmp/x.db'"],
    ['INSTALL', 'INSTALL httpfs'],
    ['LOAD', "LOAD '/tmp/x.so'"],
    ['CALL', 'CALL enable_logging()'],
    ['PRAGMA', 'PRAGMA database_list'],
    ['SET', 'SET threads = 1'],
    ['CREATE', `CREATE TABLE "x" AS ${framed()}`],
    ['INSERT', `INSERT INTO "d_other" SELECT 1`],
    ['DELETE', 'DELETE FROM "d_own"'],
    ['EXPLAIN', `EXPLAIN ${framed()}`],
    ['PREPARE', `PREPARE "x" AS ${framed()}`],
    ['SUMMARIZE', 'SUMMARIZE "d_own"'],
    ['DESCRIBE', 'DESCRIBE "d_own"'],
    ['nothing', ''],
    ['half a statement', 'SELECT "a0", count(*) FROM'],
  ])('%s', async (_name, text) => {
    await expect(guard(text)).rejects.toThrow('guard: a statement outside the printer’s language');
  });

  describe('of linked tables', () => {
    const links = [['own.unit_id', 'other.unit_id']] as const;
    const linked = (from: string, tail = '') =>
      `SELECT "a0", count(*) FROM (SELECT CASE WHEN "own"."a" < 3 THEN 0 ELSE 1 END AS "a0" FROM ${from}${tail}) AS "t" WHERE "a0" IS NOT NULL GROUP BY "a0"`;
    const own = '"d_own" AS "own"';
    const other = '"d_other" AS "other"';
    const on = 'ON ("own"."unit_id" = "other"."unit_id")';
    const side = (name: string, more = '') =>
      `(SELECT "${name}"."unit_id" FROM "d_${name}" AS "${name}"${more}) AS "${name}"`;
    const first = '(SELECT "own"."unit_id", "own"."a" FROM "d_own" AS "own") AS "own"';
    const pass = async (text: string, of: readonly (readonly [string, string])[] = links) => {
      checkStatement(await serialised('sql', text), of);
      checkPlan(await serialised('plan', text), ['own', 'other']);
    };

    test('the link itself passes, and the two sides of an overlap', async () => {
      await pass(linked(`${own} INNER JOIN ${other} ${on}`, ' WHERE ("other"."x" IS NOT NULL AND "other"."x" > 3)'));
      await pass(linked(`${first} FULL OUTER JOIN ${side('other', ' WHERE ("other"."x" IS NULL)')} ${on}`));
    });

    test.each([
      ['one table where two are linked', linked(own)],
      ['tables side by side', linked(`${own}, ${other}`)],
      ['every row with every row', linked(`${own} CROSS JOIN ${other}`)],
      ['rows by position', linked(`${own} POSITIONAL JOIN ${other}`)],
      [
        'the nearest rows',
        linked(`${own} ASOF JOIN ${other} ON "own"."unit_id" = "other"."unit_id" AND "own"."a" >= "other"."x"`),
      ],
      ['a natural link', linked(`${own} NATURAL JOIN ${other}`)],
      ['a link by name', linked(`${own} INNER JOIN ${other} USING ("unit_id")`)],
      ['one side whether or not the other is there', linked(`${own} LEFT JOIN ${other} ${on}`)],
      ['rows with a partner', linked(`${own} SEMI JOIN ${other} ${on}`)],
      ['rows without a partner', linked(`${own} ANTI JOIN ${other} ${on}`)],
      ['other columns', linked(`${own} INNER JOIN ${other} ON ("own"."a" = "other"."x")`)],
      [
        'the columns the other way round',
        linked(`${own} INNER JOIN ${other} ON ("other"."unit_id" = "own"."unit_id")`),
      ],
      [
        'more than the columns',
        linked(`${own} INNER JOIN ${other} ON ("own"."unit_id" = "other"."unit_id" AND "other"."x" = 1)`),
      ],
      ['no equality', linked(`${own} INNER JOIN ${other} ON ("own"."unit_id" >= "other"."unit_id")`)],
      ['a table with itself', linked(`${own} INNER JOIN "d_own" AS "other" ${on}`)],
      [
        'a third table',
        linked(`${own} INNER JOIN ${other} ${on} INNER JOIN "d_view" AS "view" ON ("own"."unit_id" = "view"."a")`),
      ],
      [
        'a side of groups',
        linked(
          `${first} FULL OUTER JOIN (SELECT "other"."unit_id" FROM "d_other" AS "other" GROUP BY "other"."unit_id") AS "other" ${on}`,
        ),
      ],
      [
        'a side of expressions',
        linked(
          `${first} FULL OUTER JOIN (SELECT CASE WHEN "other"."x" = 1 THEN 1 ELSE 0 END AS "unit_id" FROM "d_other" AS "other") AS "other" ${on}`,
        ),
      ],
      [
        'a side of another table',
        linked(`${first} FULL OUTER JOIN (SELECT "other"."unit_id" FROM "d_own" AS "other") AS "other" ${on}`),
      ],
      [
        'a side inside a side',
        linked(`${first} FULL OUTER JOIN (SELECT "other"."unit_id" FROM ${side('other')}) AS "other" ${on}`),
      ],
      ['an overlap of a bare table', linked(`${first} FULL OUTER JOIN ${other} ${on}`)],
    ])('%s', async (_name, text) => {
      await expect(pass(text)).rejects.toThrow();
    });

    test('a link nobody has stated, and one that is not there', async () => {
      await expect(pass(linked(`${own} INNER JOIN ${other} ${on}`), [])).rejects.toThrow('guard');
      const twice = [...links, ['own.unit_id', 'view.a']] as const;
      await expect(pass(linked(`${own} INNER JOIN ${other} ${on}`), twice)).rejects.toThrow('guard');
    });
  });

  test.each<[string, unknown]>([
    ['nothing', null],
    ['a list', []],
    ['an error', { error: true, statements: [] }],
    ['no statement', { error: false, statements: [] }],
    ['a statement without a node', { error: false, statements: [{}] }],
    ['an unknown node', { error: false, statements: [{ node: { type: 'NEW_NODE' } }] }],
    [
      'an unknown expression',
      { error: false, statements: [{ node: { type: 'SELECT_NODE', select_list: [{ class: 'NEW', type: 'NEW' }] } }] },
    ],
  ])('%s in place of a reading', (_name, reading) => {
    expect(() => checkStatement(reading, [])).toThrow('guard');
    expect(() => checkPlan(reading, ['own'])).toThrow('guard');
  });
});

test('passes everything the printer writes, and only about its own table', async () => {
  let seen = 0;
  const datasets = [randomDataset('own'), randomPanel('own'), randomMany('own')].flatMap((of) =>
    fc.sample(of, { numRuns: 3, seed: 7 }),
  );
  for (const dataset of datasets) {
    const { schema } = dataset;
    await connection.run('DROP TABLE IF EXISTS "d_own"');
    await connection.run(
      `CREATE TABLE "d_own" ("unit_id" INTEGER, "#rank" INTEGER, ${schema.columns.map(({ name }) => `"${name}" BIGINT`).join(', ')})`,
    );
    await fc.assert(
      fc.asyncProperty(randomQuery(schema), async (query) => {
        for (const { text, binds } of aggregateSql(plan(query, schema, {}))) {
          checkStatement(await serialised('sql', text), []);
          const read = await serialised(
            'plan',
            text.replaceAll(/\$(\d+)/g, (_, n) => String(binds[Number(n) - 1])),
          );
          checkPlan(read, ['own']);
          expect(() => checkPlan(read, ['other'])).toThrow('guard');
          seen += 1;
        }
      }),
      { numRuns: 40, seed: 7 },
    );
  }
  expect(seen).toBeGreaterThan(360);
});

test('passes what the printer writes of linked datasets, with their links and no others', async () => {
  let seen = 0;
  for (const of of fc.sample(randomLinked('own'), { numRuns: 4, seed: 7 })) {
    const schemas = [of.from, ...of.joined].map(({ schema }) => schema);
    for (const { id, columns } of schemas) {
      const named = columns.map(({ name }) => `"${name}" BIGINT`).join(', ');
      await connection.run(
        `CREATE OR REPLACE TABLE "d_${id}" ("unit_id" INTEGER, ${id.endsWith('-a') ? '"#rank" INTEGER, ' : ''}${named})`,
      );
    }
    const any = fc.oneof(randomLinkedQuery(of), randomOverlap(of));
    for (const query of fc.sample(any, { numRuns: 20, seed: 7 })) {
      const asked = plan(query, askedSchema(query, among(schemas)), {});
      const links = (asked.joins ?? []).map((join) => join.on);
      for (const { text, binds } of aggregateSql(asked)) {
        const reading = await serialised('sql', text);
        checkStatement(reading, links);
        expect(() => checkStatement(reading, [])).toThrow('guard');
        const read = await serialised(
          'plan',
          text.replaceAll(/\$(\d+)/g, (_, n) => String(binds[Number(n) - 1])),
        );
        checkPlan(read, datasetsOf(query));
        expect(() => checkPlan(read, datasetsOf(query).slice(1))).toThrow('guard');
        seen += 1;
      }
    }
  }
  expect(seen).toBeGreaterThan(80);
});

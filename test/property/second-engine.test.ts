/** The printer's SQL in other databases: the tables before noise are the same integers (engine.md "Compiler"). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { among, askedSchema, type Plan, plan, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, type ExactTables, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { aggregateSql, tableOf } from '../../enclave/query/sql.ts';
import { type ResultRows, tablesOf } from '../../enclave/query/tables.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { chdbModule, needsChdb, runChdb } from '../support/chdb.ts';
import { needsPostgres, postgresPrograms, startPostgres } from '../support/postgres.ts';
import { csvOf, type RandomDataset, randomDataset, randomQuery, unitOf } from '../support/random-dataset.ts';
import { randomLinked, randomLinkedQuery, randomOverlap } from '../support/random-linked.ts';
import { randomMany, randomPanel } from '../support/random-rows.ts';
import { rankKey, ranksOf } from '../support/ranks.ts';

const seed = 20_261_125;
const kinds = [randomDataset, randomPanel];
const single = [
  ...Array.from({ length: 10 }, (_, n) => (kinds[n % 2] ?? randomDataset)(`d${n}`)),
  ...Array.from({ length: 3 }, (_, n) => randomMany(`many${n}`)),
].flatMap((kind, n) => fc.sample(kind, { numRuns: 1, seed: seed + n }));
const linked = Array.from({ length: 6 }, (_, n) =>
  fc.sample(randomLinked(`l${n}`), { numRuns: 1, seed: seed + n }),
).flat();
const datasets = [...single, ...linked.flatMap(({ from, joined }) => [from, ...joined])];
const asked: readonly Plan[] = [
  ...single.flatMap(({ schema }) =>
    fc.sample(randomQuery(schema), { numRuns: 30, seed }).map((query) => plan(query, schema, {})),
  ),
  ...linked.flatMap((of) => {
    const schemas = among([of.from, ...of.joined].map(({ schema }) => schema));
    const queries = [
      ...fc.sample(randomLinkedQuery(of), { numRuns: 20, seed }),
      ...fc.sample(randomOverlap(of), { numRuns: 5, seed }),
    ];
    return queries.map((query) => plan(query, askedSchema(query, schemas), {}));
  }),
];

function encoded(dataset: RandomDataset): string {
  const intake = new Intake(dataset.schema, 1000);
  const rows = intake.push(utf8(csvOf(dataset)));
  intake.end();
  expect(intake.findings).toEqual([]);
  return rows;
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

const directory = mkdtempSync(join(tmpdir(), 'reinraum-second-'));
let engine: Engine;
let ours: ExactTables[];
beforeAll(async () => {
  const pipe = join(directory, 'load');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  engine = await startDuckdb(pipe, []);
  for (const dataset of datasets) {
    const rows = encoded(dataset);
    const once = async function* () {
      if (rows !== '') yield rows;
    };
    await engine.load(dataset.schema, once());
    await engine.admit(dataset.schema, 'people', rankKey);
  }
  await engine.lock();
  ours = [];
  for (const of of asked) ours.push(await engine.aggregate(of));
});
afterAll(() => {
  engine.close();
  rmSync(directory, { recursive: true, force: true });
});

test('the questions are about something', () => {
  const all = ours.flat(2).map((value) => (value < 0n ? -value : value));
  expect(all.reduce((sum, value) => sum + value, 0n)).toBeGreaterThan(1_000n);
  expect(asked.filter(({ joins }) => joins).length).toBe(150);
});

/** The rows of every statement of every plan, in order, made into tables: they must be the engine's. */
function expectSame(results: readonly ResultRows[]): void {
  let at = 0;
  for (const [n, of] of asked.entries()) {
    const statements = aggregateSql(of).length;
    expect(tablesOf(of, results.slice(at, at + statements))).toEqual(ours[n]);
    at += statements;
  }
  expect(at).toBe(results.length);
}

/** The dataset as the engine holds it – units by the number their pseudonym was made of, positions of codes, integers, ranks. */
function rowsOf(dataset: RandomDataset): string[][] {
  const ranks = ranksOf(dataset, unitOf);
  const lines = encoded(dataset).split('\n').slice(0, -1);
  return lines.map((line, at) => {
    const [, unit = '', ...values] = line.split(',');
    return [String(Number.parseInt(unit.slice(-12), 16)), ...values, String(ranks[at])];
  });
}

function columnsOf({ schema }: RandomDataset, type: string): string {
  return [schema.unit, ...schema.columns.map(({ name }) => name), '#rank']
    .map((name) => `${quoted(name)} ${type}`)
    .join(', ');
}

const endOfStatement = '===';

test('PostgreSQL and DuckDB give the same integers for random questions about random datasets', (context) => {
  const postgres = startPostgres(postgresPrograms ?? context.skip(needsPostgres));
  try {
    const tables = datasets.map((dataset) => {
      const table = quoted(tableOf(dataset.schema.id));
      const rows = rowsOf(dataset).map((row) => `${row.join(',')}\n`);
      return `CREATE TABLE ${table} (${columnsOf(dataset, 'BIGINT')});\nCOPY ${table} FROM STDIN WITH (FORMAT csv);\n${rows.join('')}\\.\n`;
    });
    const statements = asked.flatMap(aggregateSql).map(({ text, binds }) => {
      const values = binds.length === 0 ? '' : `(${binds.join(', ')})`;
      return `PREPARE q AS ${text};\nEXECUTE q${values};\n\\echo ${endOfStatement}\nDEALLOCATE q;\n`;
    });
    const output = postgres.run([...tables, ...statements].join(''));
    const results = output.split(`${endOfStatement}\n`).map((lines) =>
      lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('|')),
    );
    expectSame(results.slice(0, -1));
  } finally {
    postgres.stop();
  }
});

test('chdb and DuckDB give the same integers for the same questions', (context) => {
  const module = chdbModule ?? context.skip(needsChdb);
  const tables = datasets.flatMap((dataset) => {
    const table = quoted(tableOf(dataset.schema.id));
    const rows = rowsOf(dataset).map((row) => `(${row.map((value) => (value === '' ? 'NULL' : value)).join(', ')})`);
    const made = `CREATE TABLE ${table} (${columnsOf(dataset, 'Nullable(Int64)')}) ENGINE = Memory`;
    return rows.length === 0 ? [made] : [made, `INSERT INTO ${table} VALUES ${rows.join(', ')}`];
  });
  // A row without a partner has no values, as everywhere else in SQL, rather than zeroes.
  const setUp = [...tables, 'SET join_use_nulls = 1'];
  const statements = asked
    .flatMap(aggregateSql)
    .map(({ text, binds }) => text.replaceAll(/\$(\d+)/g, (_, n) => String(binds[Number(n) - 1])));
  expectSame(runChdb(module, [...setUp, ...statements]).slice(setUp.length));
}, 120_000);

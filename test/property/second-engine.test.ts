/** The printer's SQL in another database: the tables before noise are the same integers (engine.md "Compiler"). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { among, askedSchema, type Plan, plan, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startDuckdb } from '../../enclave/engine/duckdb.ts';
import { aggregateSql, tableOf } from '../../enclave/query/sql.ts';
import { type ResultRows, tablesOf } from '../../enclave/query/tables.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { needsPostgres, postgresPrograms, startPostgres } from '../support/postgres.ts';
import { csvOf, type RandomDataset, randomDataset, randomQuery, unitOf } from '../support/random-dataset.ts';
import { randomLinked, randomLinkedQuery, randomOverlap } from '../support/random-linked.ts';
import { randomMany, randomPanel } from '../support/random-rows.ts';
import { rankKey, ranksOf } from '../support/ranks.ts';

const seed = 20_261_125;
const kinds = [randomDataset, randomPanel];
const datasets = [
  ...Array.from({ length: 10 }, (_, n) => (kinds[n % 2] ?? randomDataset)(`d${n}`)),
  ...Array.from({ length: 3 }, (_, n) => randomMany(`many${n}`)),
].flatMap((kind, n) => fc.sample(kind, { numRuns: 1, seed: seed + n }));
const linked = Array.from({ length: 6 }, (_, n) =>
  fc.sample(randomLinked(`l${n}`), { numRuns: 1, seed: seed + n }),
).flat();
const everything = [...datasets, ...linked.flatMap(({ from, joined }) => [from, ...joined])];
const endOfStatement = '===';

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

/** Encoded rows with their ranks, for every dataset; those of a unit with one row are 1. */
function ranked(dataset: RandomDataset): string {
  const ranks = ranksOf(dataset, unitOf);
  const lines = encoded(dataset).split('\n').slice(0, -1);
  return lines.map((line, at) => `${line},${ranks[at]}\n`).join('');
}

/** The dataset as the engine holds it: units by the number their pseudonym was made of, positions of codes, integers, ranks. */
function tableScript(dataset: RandomDataset): string {
  const { id, unit, columns } = dataset.schema;
  const staged = columns.map((_, at) => `c${at} BIGINT`).join(', ');
  const named = columns.map(({ name }, at) => `c${at} AS ${quoted(name)}`).join(', ');
  return [
    `CREATE TEMP TABLE staging (row BIGINT, unit UUID, ${staged}, "#rank" INTEGER);`,
    `COPY staging FROM STDIN WITH (FORMAT csv);\n${ranked(dataset)}\\.`,
    `CREATE TABLE ${quoted(tableOf(id))} AS SELECT ('x' || right(unit::text, 12))::bit(48)::bigint AS ${quoted(unit)}, ${named}, "#rank" FROM staging;`,
    'DROP TABLE staging;\n',
  ].join('\n');
}

function queryScript(of: Plan): string {
  return aggregateSql(of)
    .map(({ text, binds }) => {
      const values = binds.length === 0 ? '' : `(${binds.join(', ')})`;
      return `PREPARE q AS ${text};\nEXECUTE q${values};\n\\echo ${endOfStatement}\nDEALLOCATE q;\n`;
    })
    .join('');
}

test('PostgreSQL and DuckDB give the same integers for random questions about random datasets', async (context) => {
  const programs = postgresPrograms ?? context.skip(needsPostgres);
  const directory = mkdtempSync(join(tmpdir(), 'reinraum-second-'));
  const pipe = join(directory, 'load');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const engine = await startDuckdb(pipe, []);
  const postgres = startPostgres(programs);
  try {
    for (const dataset of everything) {
      await engine.load(
        dataset.schema,
        (async function* () {
          const rows = encoded(dataset);
          if (rows !== '') yield rows;
        })(),
      );
      await engine.admit(dataset.schema, 'people', rankKey);
    }
    await engine.lock();
    const asked = [
      ...datasets.flatMap(({ schema }) =>
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
    const output = postgres.run([...everything.map(tableScript), ...asked.map(queryScript)].join(''));
    const results = output.split(`${endOfStatement}\n`).map(
      (lines): ResultRows =>
        lines
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split('|')),
    );
    let [at, counted] = [0, 0n];
    for (const of of asked) {
      const statements = aggregateSql(of).length;
      const theirs = tablesOf(of, results.slice(at, at + statements));
      at += statements;
      expect(theirs).toEqual(await engine.aggregate(of));
      counted += theirs.flat().reduce((sum, value) => sum + (value < 0n ? -value : value), 0n);
    }
    expect(at).toBe(results.length - 1);
    expect(counted).toBeGreaterThan(1_000n);
  } finally {
    postgres.stop();
    engine.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

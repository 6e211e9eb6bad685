/** The engine against a naive count: random schemas, rows with missing values, predicates and axes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plan, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { counted, csvOf, type RandomDataset, randomDataset, randomQuery, unitOf } from '../support/random-dataset.ts';

const seed = 20_261_124;
const datasets = Array.from({ length: 12 }, (_, n) =>
  fc.sample(randomDataset(`d${n}`), { numRuns: 1, seed: seed + n }),
).flat();
const directory = mkdtempSync(join(tmpdir(), 'reinraum-engine-'));
const pipe = join(directory, 'load');
const started: Engine[] = [];

async function start(): Promise<Engine> {
  const engine = await startDuckdb(pipe, []);
  started.push(engine);
  return engine;
}

function encoded(dataset: RandomDataset, unit = unitOf): string {
  const intake = new Intake(dataset.schema, 1000);
  const rows = intake.push(utf8(csvOf(dataset, unit)));
  intake.end();
  expect(intake.findings).toEqual([]);
  return rows;
}

async function* once(rows: string): AsyncGenerator<string> {
  if (rows !== '') yield rows;
}

let engine: Engine;
beforeAll(async () => {
  execFileSync('mkfifo', ['-m', '600', pipe]);
  engine = await start();
  for (const dataset of datasets) {
    expect(await engine.load(dataset.schema, once(encoded(dataset)))).toEqual({ rows: [], total: 0 });
    await engine.admit(dataset.schema);
  }
  await engine.lock();
});
afterAll(() => {
  for (const one of started) one.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('an aggregate', () => {
  test('the random datasets have rows, missing values and negative integers', () => {
    const rows = datasets.flatMap((dataset) => dataset.rows);
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.flat().filter((value) => value === null).length).toBeGreaterThan(20);
    expect(rows.flat().filter((value) => typeof value === 'number' && value < 0).length).toBeGreaterThan(20);
    expect(datasets.some(({ rows: none }) => none.length === 0)).toBe(true);
  });

  test.each(datasets.map((dataset) => [dataset.schema.id, dataset] as const))(
    'about %s is what counting gives',
    async (_id, dataset) => {
      await fc.assert(
        fc.asyncProperty(randomQuery(dataset.schema), async (query) => {
          const compiled = plan(query, dataset.schema, {});
          expect(await engine.aggregate(compiled)).toEqual(counted(dataset, query));
        }),
        { numRuns: 40, seed },
      );
    },
  );

  test('a unit more changes one cell by one at most', async () => {
    const [dataset] = datasets.filter(({ rows }) => rows.length > 20);
    if (!dataset) throw new Error('no dataset has rows');
    const neighbour = { ...dataset, rows: dataset.rows.slice(1), schema: { ...dataset.schema, id: 'neighbour' } };
    const second = await start();
    await second.load(neighbour.schema, once(encoded(neighbour)));
    await second.admit(neighbour.schema);
    await second.lock();
    let changed = 0n;
    for (const query of fc.sample(randomQuery(dataset.schema), { numRuns: 30, seed })) {
      const of = plan(query, dataset.schema, {});
      const without = await second.aggregate({ ...of, dataset: 'neighbour' });
      const differences = (await engine.aggregate(of))
        .map((count, at) => count - (without[at] ?? 0n))
        .filter((by) => by !== 0n);
      expect(differences.every((by) => by === 1n) && BigInt(differences.length) <= of.sensitivity.l0).toBe(true);
      changed += BigInt(differences.length);
    }
    expect(changed).toBeGreaterThan(0n);
  });
});

describe('the engine', () => {
  const [first] = datasets;
  if (!first) throw new Error('no dataset');

  test('once locked it loads nothing more and goes on answering', async () => {
    const other = { ...first.schema, id: 'late' };
    await expect(engine.load(other, once(encoded({ ...first, schema: other })))).rejects.toThrow('engine failed');
    const [query] = fc.sample(randomQuery(first.schema), { numRuns: 1, seed });
    if (!query) throw new Error('no query');
    expect(await engine.aggregate(plan(query, first.schema, {}))).toEqual(counted(first, query));
  });

  test('answers nothing before it is locked, and nothing about what it does not hold', async () => {
    const [query] = fc.sample(randomQuery(first.schema), { numRuns: 1, seed });
    if (!query) throw new Error('no query');
    const of = plan(query, first.schema, {});
    const open = await start();
    await expect(open.aggregate(of)).rejects.toThrow('not locked');
    await open.lock();
    await expect(open.aggregate(of)).rejects.toThrow('engine failed');
    open.close();
    await expect(open.aggregate(of)).rejects.toThrow('engine failed');
  });

  test('names the rows that repeat a unit, a hundred at most, and counts all', async () => {
    const one = { ...first.schema, columns: first.schema.columns.map((column) => ({ ...column, nullable: true })) };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40), { minLength: 1, maxLength: 30 }), fc.nat(120), async (units, extra) => {
        const all = [...units, ...Array.from({ length: extra }, () => units[0] ?? 0)];
        const repeated = all.flatMap((unit, at) => (all.indexOf(unit) < at ? [at + 1] : []));
        const dataset = { schema: one, rows: all.map(() => one.columns.map(() => null)) };
        const fresh = await start();
        const found = await fresh.load(one, once(encoded(dataset, (n) => unitOf(all[n] ?? 0))));
        fresh.close();
        expect(found).toEqual({ rows: repeated.slice(0, 100), total: repeated.length });
      }),
      {
        numRuns: 6,
        seed,
        examples: [
          [[1, 2, 3], 0],
          [[5], 119],
        ],
      },
    );
  });
});

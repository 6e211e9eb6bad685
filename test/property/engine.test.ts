/** The engine against a naive count: random schemas, rows with missing values, predicates and axes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Plan, plan, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import {
  counted,
  csvOf,
  type RandomDataset,
  type ReferenceMeasure,
  randomDataset,
  randomQuery,
  unitOf,
} from '../support/random-dataset.ts';
import { randomMany, randomPanel } from '../support/random-rows.ts';
import { rankKey, ranksOf } from '../support/ranks.ts';

const seed = 20_261_124;
const kinds = [randomDataset, randomPanel];
const datasets = [
  ...Array.from({ length: 16 }, (_, n) => (kinds[n % 2] ?? randomDataset)(`d${n}`)),
  ...Array.from({ length: 5 }, (_, n) => randomMany(`many${n}`)),
].flatMap((kind, n) => fc.sample(kind, { numRuns: 1, seed: seed + n }));
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

/** The tables of a plan by the measures that use them. Classes decide by themselves: no table of their units. */
function byMeasure({ measures }: Plan, tables: readonly (readonly bigint[])[]): ReferenceMeasure[] {
  return measures.map(({ decider, value, squares }) => ({
    units: decider === value ? [] : [...(tables[decider] ?? [])],
    value: [...(tables[value] ?? [])],
    squares: squares === undefined ? [] : [...(tables[squares] ?? [])],
  }));
}

/** What a reference says, without the units a plan has no table of. */
function comparable({ measures }: Plan, reference: readonly ReferenceMeasure[]): ReferenceMeasure[] {
  return reference.map((one, at) => (measures[at]?.decider === measures[at]?.value ? { ...one, units: [] } : one));
}

let engine: Engine;
beforeAll(async () => {
  execFileSync('mkfifo', ['-m', '600', pipe]);
  engine = await start();
  for (const dataset of datasets) {
    expect(await engine.load(dataset.schema, once(encoded(dataset)))).toEqual({ rows: [], total: 0 });
    await engine.admit(dataset.schema, 'people', rankKey);
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
    const many = datasets.filter(({ schema }) => schema.rowsPerUnit !== 1);
    const [rank, spelled] = [
      many.flatMap((one) => ranksOf(one, unitOf)),
      many.flatMap((one) => csvOf(one).split('\n')),
    ];
    expect(Math.max(...rank)).toBeGreaterThan(4);
    // Rows that are told apart by their occurrence only.
    expect(spelled.length - new Set(spelled).size).toBeGreaterThan(20);
  });

  test.each(datasets.map((dataset) => [dataset.schema.id, dataset] as const))(
    'about %s is what counting gives',
    async (_id, dataset) => {
      await fc.assert(
        fc.asyncProperty(randomQuery(dataset.schema), async (query) => {
          const compiled = plan(query, dataset.schema, {});
          const found = byMeasure(compiled, await engine.aggregate(compiled));
          expect(found).toEqual(comparable(compiled, counted(dataset, query)));
        }),
        { numRuns: 60, seed },
      );
    },
  );

  test('a unit more changes no component by more than its sensitivity says, in any norm, and some by just that', async () => {
    const reached = { l0: false, l1: false, l2Squared: false, lInfinity: false };
    for (const dataset of datasets.filter(({ rows }) => rows.length > 8)) {
      const own = (n: number) => dataset.units?.[n] ?? n;
      const rowsOf = (unit: number) => dataset.rows.filter((_, n) => own(n) === unit).length;
      // The unit with the most rows reaches furthest.
      const [most = 0] = dataset.rows.map((_, n) => own(n)).sort((a, b) => rowsOf(b) - rowsOf(a));
      const kept = dataset.rows.flatMap((_, n) => (own(n) === most ? [] : [n]));
      const neighbour = {
        schema: { ...dataset.schema, id: 'neighbour' },
        rows: kept.map((n) => dataset.rows[n] ?? []),
        units: kept.map(own),
      };
      const second = await start();
      await second.load(neighbour.schema, once(encoded(neighbour)));
      await second.admit(neighbour.schema, 'people', rankKey);
      await second.lock();
      const queries = fc.sample(randomQuery(dataset.schema), { numRuns: 40, seed });
      const [any] = queries;
      // Everybody, by period: the unit of all periods is in as many cells as the price says.
      const groupBy = [{ column: `r.${dataset.schema.period}`, as: 'period' }];
      const measures = [{ as: 'units', fn: 'count' } as const];
      if (any && dataset.schema.period !== null) queries.push({ ...any, where: undefined, groupBy, measures });
      for (const query of queries) {
        const of = plan(query, dataset.schema, {});
        const without = await second.aggregate({ ...of, dataset: 'neighbour' });
        (await engine.aggregate(of)).forEach((table, component) => {
          const by = table.map((value, at) => value - (without[component]?.[at] ?? 0n)).filter((d) => d !== 0n);
          const sizes = by.map((d) => (d < 0n ? -d : d));
          const sum = (list: readonly bigint[]) => list.reduce((total, d) => total + d, 0n);
          const norms = {
            l0: BigInt(by.length),
            l1: sum(sizes),
            l2Squared: sum(sizes.map((d) => d * d)),
            lInfinity: sizes.reduce((most, d) => (d > most ? d : most), 0n),
          };
          for (const norm of ['l0', 'l1', 'l2Squared', 'lInfinity'] as const) {
            const bound = of.components[component]?.sensitivity[norm] ?? 0n;
            expect(norms[norm], `${dataset.schema.id} ${norm}`).toBeLessThanOrEqual(bound);
            if (norms[norm] === bound && bound > 1n) reached[norm] = true;
          }
        });
      }
      second.close();
    }
    expect(reached).toEqual({ l0: true, l1: true, l2Squared: true, lInfinity: true });
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
    const of = plan(query, first.schema, {});
    expect(byMeasure(of, await engine.aggregate(of))).toEqual(comparable(of, counted(first, query)));
  });

  test('never reads rows of a unit without a bound where there may be many, and ranks none without a key', async () => {
    const many = datasets.find(({ schema }) => schema.rowsPerUnit !== 1);
    if (!many) throw new Error('no dataset');
    const [query] = fc.sample(randomQuery(many.schema), { numRuns: 1, seed });
    if (!query) throw new Error('no query');
    const { maxRows: _, ...unbounded } = plan(query, many.schema, {});
    await expect(engine.aggregate(unbounded)).rejects.toThrow('no bound');
    const fresh = await start();
    await fresh.load(many.schema, once(encoded(many)));
    await expect(fresh.admit(many.schema, 'people')).rejects.toThrow('without a key');
    await expect(fresh.admit(many.schema, 'people', rankKey.subarray(1))).rejects.toThrow('without a key');
    fresh.close();
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

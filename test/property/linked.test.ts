/** Linked datasets in the engine against going through units one after another, and what one unit more can change. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AggregateQuery, among, askedSchema, type Plan, plan, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { csvOf, type RandomDataset } from '../support/random-dataset.ts';
import {
  countedLinked,
  countedOverlap,
  type Linked,
  randomLinked,
  randomLinkedQuery,
  randomOverlap,
} from '../support/random-linked.ts';
import { rankKey } from '../support/ranks.ts';

const seed = 20_261_126;
const isLarge = ({ from, joined }: Linked) => [from, ...joined].every(({ rows }) => rows.length > 20);
/** Large ones, and some as they come: empty sides among them. */
const all = Array.from({ length: 12 }, (_, n) => {
  const any = randomLinked(`l${n}`);
  return fc.sample(n < 9 ? any.filter(isLarge) : any, { numRuns: 1, seed: seed + n });
}).flat();
const directory = mkdtempSync(join(tmpdir(), 'reinraum-linked-'));
const pipe = join(directory, 'load');
const started: Engine[] = [];

/** An engine with these datasets, each in the domain of its name. */
async function loaded(datasets: readonly RandomDataset[], domainOf = (_id: string) => 'people'): Promise<Engine> {
  const engine = await startDuckdb(pipe, []);
  started.push(engine);
  for (const dataset of datasets) {
    const intake = new Intake(dataset.schema, 1000);
    const rows = intake.push(utf8(csvOf(dataset)));
    expect(intake.findings).toEqual([]);
    const once = async function* () {
      if (rows !== '') yield rows;
    };
    expect(await engine.load(dataset.schema, once())).toEqual({ rows: [], total: 0 });
    await engine.admit(dataset.schema, domainOf(dataset.schema.id), rankKey);
  }
  await engine.lock();
  return engine;
}

function compiled({ from, joined }: Linked, query: AggregateQuery): Plan {
  const schemas = among([from, ...joined].map(({ schema }) => schema));
  return plan(query, askedSchema(query, schemas), {});
}

let engine: Engine;
beforeAll(async () => {
  execFileSync('mkfifo', ['-m', '600', pipe]);
  engine = await loaded(all.flatMap(({ from, joined }) => [from, ...joined]));
});
afterAll(() => {
  for (const one of started) one.close();
  rmSync(directory, { recursive: true, force: true });
});

test('the random datasets have units on both sides and on one, several rows and several periods', () => {
  const unitsOf = ({ rows, units }: RandomDataset) => new Set(rows.map((_, n) => units?.[n] ?? n));
  const sides = all.map(({ from, joined: [other] }) => [unitsOf(from), other ? unitsOf(other) : new Set()] as const);
  const shared = sides.map(([mine, theirs]) => [...mine].filter((unit) => theirs.has(unit)).length);
  expect(Math.max(...shared)).toBeGreaterThan(10);
  expect(sides.some(([mine, theirs], at) => mine.size > (shared[at] ?? 0) && theirs.size > (shared[at] ?? 0))).toBe(
    true,
  );
  expect(all.some(({ joined }) => joined.length > 1)).toBe(true);
  expect(all.some(({ from }) => from.schema.rowsPerUnit === 'many')).toBe(true);
  expect(all.some(({ joined }) => joined.some(({ schema }) => schema.period !== null))).toBe(true);
});

test.each(all.map((of) => [of.from.schema.id, of] as const))(
  'a question about %s is what linking and counting gives',
  async (_id, of) => {
    let seen = 0n;
    await fc.assert(
      fc.asyncProperty(randomLinkedQuery(of), async (query) => {
        const asked = compiled(of, query);
        const tables = await engine.aggregate(asked);
        const found = asked.measures.map(({ decider, value, squares }) => ({
          units: decider === value ? [] : tables[decider],
          value: tables[value],
          squares: squares === undefined ? [] : tables[squares],
        }));
        const reference = countedLinked(of, query);
        expect(found).toEqual(
          reference.map((one, at) =>
            asked.measures[at]?.decider === asked.measures[at]?.value ? { ...one, units: [] } : one,
          ),
        );
        seen += reference.flatMap(({ value }) => value).reduce((sum, value) => sum + (value > 0n ? value : 0n), 0n);
      }),
      { numRuns: 40, seed },
    );
    if (isLarge(of)) expect(seen).toBeGreaterThan(0n);
  },
);

test.each(all.map((of) => [of.from.schema.id, of] as const))(
  'an overlap of %s counts every unit once, on its side',
  async (_id, of) => {
    await fc.assert(
      fc.asyncProperty(randomOverlap(of), async (query) => {
        const [table] = await engine.aggregate(compiled(of, query));
        expect(table).toEqual(countedOverlap(of, query));
      }),
      { numRuns: 20, seed },
    );
  },
);

/** Everything a unit has brought, on every side, taken away. */
function without({ from, joined }: Linked, unit: number): Linked {
  const cut = ({ schema, rows, units }: RandomDataset): RandomDataset => {
    const kept = rows.flatMap((_, n) => ((units?.[n] ?? n) === unit ? [] : [n]));
    return { schema, rows: kept.map((n) => rows[n] ?? []), units: kept.map((n) => units?.[n] ?? n) };
  };
  return { from: cut(from), joined: joined.map(cut) };
}

test('a unit more, with its rows on every side, changes no component by more than its sensitivity says', async () => {
  let reached = 0;
  for (const of of all.filter(
    ({ from, joined }) => from.rows.length > 8 && joined.every(({ rows }) => rows.length > 8),
  )) {
    const units = of.from.rows.map((_, n) => of.from.units?.[n] ?? n);
    const rowsOf = (unit: number) => units.filter((one) => one === unit).length;
    const shared = units.filter((unit) => of.joined.every((other) => other.units?.includes(unit)));
    const [most] = shared.toSorted((a, b) => rowsOf(b) - rowsOf(a));
    if (most === undefined) continue;
    const fewer = without(of, most);
    const second = await loaded([fewer.from, ...fewer.joined]);
    const queries = [
      ...fc.sample(randomLinkedQuery(of), { numRuns: 30, seed }),
      ...fc.sample(randomOverlap(of), { numRuns: 10, seed }),
    ];
    for (const query of queries) {
      const asked = compiled(of, query);
      const [more, less] = [await engine.aggregate(asked), await second.aggregate(asked)];
      asked.components.forEach(({ sensitivity }, at) => {
        const changes = (more[at] ?? []).map((value, n) => value - (less[at]?.[n] ?? 0n)).map((d) => (d < 0n ? -d : d));
        const l1 = changes.reduce((sum, change) => sum + change, 0n);
        expect(BigInt(changes.filter((change) => change > 0n).length)).toBeLessThanOrEqual(sensitivity.l0);
        expect(l1).toBeLessThanOrEqual(sensitivity.l1);
        expect(changes.reduce((sum, change) => sum + change * change, 0n)).toBeLessThanOrEqual(sensitivity.l2Squared);
        if (l1 === sensitivity.l1) reached += 1;
      });
    }
    second.close();
  }
  expect(reached).toBeGreaterThan(50);
});

test('datasets of different domains of pseudonyms are not linked, whatever the plan says', async () => {
  const of = all.find(isLarge);
  const [query] = of ? fc.sample(randomLinkedQuery(of), { numRuns: 1, seed }) : [];
  if (!of || !query) throw new Error('no linked datasets');
  const apart = await loaded([of.from, ...of.joined], (id) => id);
  await expect(apart.aggregate(compiled(of, query))).rejects.toThrow('not one domain');
});

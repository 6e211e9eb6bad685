/**
 * Every shipped question on random datasets and a neighbour that lacks one unit, with the same noise (privacy.md "Tests that must
 * exist" 1). Nothing here is left to chance: datasets, neighbours and noise come from seeds.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AggregateQuery,
  type Column,
  compare,
  DatasetSchema,
  firstParameters,
  lossOf,
  type Parameters,
  type Plan,
  plan,
  rational,
  utf8,
} from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { loadRoomPolicies } from '../../src/example/policy-files.ts';
import {
  type ExactTables,
  lossOfNoise,
  replayFaults,
  type Seen,
  sensitivityFaults,
  sound,
} from '../support/grey-box.ts';
import { csvOf, domain, type RandomDataset, type Value } from '../support/random-dataset.ts';
import { rankKey } from '../support/ranks.ts';
import { seededBits } from '../support/seeded-bits.ts';
import { byDistrict, residents } from '../support/small-room.ts';

const rooms = ['neuss', 'koeln', 'pums', 'pums-pure'];
/** Pairs of neighbours a dataset, and how often each answer is replayed with other noise. */
const sizes = [12, 22, 40, 70, 130, 260, 500, 900];
const pairs = sizes.length;
const replays = 16;

const directory = mkdtempSync(join(tmpdir(), 'reinraum-grey-'));
const pipe = join(directory, 'load');
let engine: Engine;

/** Rows of some units that mostly share a few values, so that cells lie below, at and above any k. */
function randomRows(schema: DatasetSchema, size: number, seed: string): RandomDataset {
  const bits = seededBits(seed);
  const [rows, units]: [Value[][], number[]] = [[], []];
  const common = new Map(schema.columns.map(({ name }) => [name, bits.below(2 ** 16)]));
  const valueOf = (column: Column): Value => {
    if (column.nullable && bits.below(6) === 0) return null;
    const offset = bits.below(5) === 0 ? bits.below(2 ** 16) : (common.get(column.name) ?? 0) + bits.below(2);
    if (column.type === 'code') return column.codes[offset % column.codes.length]?.code ?? null;
    const steps = (column.max - column.min) / column.step + 1;
    // The ends of the domain, where clamps bind, as often as anything else.
    const at = [0, steps - 1, offset % steps, bits.below(Math.min(steps, 200))][bits.below(4)] ?? 0;
    return column.min + at * column.step;
  };
  const period = schema.columns.find(({ name }) => name === schema.period);
  const isMany = schema.rowsPerUnit !== 1;
  const periods = period ? domain(period) : Array.from({ length: isMany ? 6 : 1 }, () => null);
  for (let unit = 0; unit < size; unit++) {
    const all = unit === 0 || bits.bit() === 1;
    for (const own of periods) {
      if ((own !== null || isMany) && !all && bits.bit() === 1) continue;
      rows.push(schema.columns.map((column) => (column === period ? own : valueOf(column))));
      units.push(unit);
    }
  }
  return { schema, rows, units };
}

/** The dataset without the unit that has the most rows. */
function without({ schema, rows, units = [] }: RandomDataset, unit: number): RandomDataset {
  const kept = rows.flatMap((_, at) => (units[at] === unit ? [] : [at]));
  return { schema, rows: kept.map((at) => rows[at] ?? []), units: kept.map((at) => units[at] ?? 0) };
}

async function load({ schema, rows, units }: RandomDataset, id: string): Promise<void> {
  const named = { ...schema, id };
  const intake = new Intake(named, 100_000);
  const text = intake.push(utf8(csvOf({ schema: named, rows, ...(units ? { units } : {}) })));
  intake.end();
  expect(intake.findings).toEqual([]);
  await engine.load(
    named,
    (async function* () {
      if (text !== '') yield text;
    })(),
  );
  await engine.admit(named, 'people', rankKey);
}

const policies = await Promise.all(
  rooms.map(async (room) => ({ room, ...(await loadRoomPolicies(join(repositoryRoot, 'policies', room))) })),
);
const shipped = policies.flatMap(({ room, schemas, queries }) =>
  queries.map((query) => {
    const schema = schemas.find(({ id }) => id === query.from.dataset);
    if (!schema) throw new Error('grey box: a question without its schema');
    return { room, query, schema };
  }),
);

/** A panel in which rows are more than units: what a decider on rows would show too early. */
const quarters = ['q1', 'q2', 'q3', 'q4'].map((code) => ({ code, de: code, en: code }));
const panel = DatasetSchema.parse({
  ...residents,
  columns: [...residents.columns, { name: 'quarter', title: residents.title, type: 'code', codes: quarters }],
  period: 'quarter',
});
const { params: _params, where: _where, ...bare } = byDistrict;
const rowsAndUnits = AggregateQuery.parse({
  ...bare,
  groupBy: [{ column: 'r.district', as: 'district' }],
  measures: [
    { as: 'persons', fn: 'count' },
    { as: 'rows', fn: 'countRows' },
  ],
  privacy: { mechanism: 'discreteGaussian', rho: '2', k: 20 },
});

/** Up to six rows a unit, of which two count. */
const many = DatasetSchema.parse({ ...residents, rowsPerUnit: 'many' });
const boundedRows = (maxRows: number) =>
  AggregateQuery.parse({
    ...rowsAndUnits,
    id: 'bounded-rows',
    contribution: { maxRows },
    measures: [
      ...rowsAndUnits.measures,
      { as: 'years', fn: 'sum', column: 'r.age', clamp: [10, 90] },
      { as: 'ages', fn: 'countDistinct', column: 'r.age' },
      { as: 'sexes', fn: 'countDistinct', column: 'r.sex' },
    ],
  });
const asked = [...shipped, { room: 'many', query: boundedRows(2), schema: many }];

const nameOf = (room: string, schema: DatasetSchema, pair: number) => `${room}-${schema.id}-${pair}`;
const datasets = new Map([
  ...policies.flatMap(({ room, schemas }) =>
    schemas.map((schema) => [`${room}-${schema.id}`, { room, schema }] as const),
  ),
  ['panel', { room: 'panel', schema: panel }] as const,
  ['many', { room: 'many', schema: many }] as const,
]);

beforeAll(async () => {
  execFileSync('mkfifo', ['-m', '600', pipe]);
  engine = await startDuckdb(pipe, []);
  for (const { room, schema } of datasets.values()) {
    for (let pair = 0; pair < pairs; pair++) {
      const name = nameOf(room, schema, pair);
      const world = randomRows(schema, sizes[pair] ?? 100, name);
      await load(world, name);
      // The unit with all periods, and in other pairs one of the many.
      await load(without(world, pair % 2 === 0 ? 0 : 7), `${name}-less`);
    }
  }
  await engine.lock();
}, 120_000);
afterAll(() => {
  engine.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Parameters that are tried: the first value of each, and every other value once. */
function choices(query: AggregateQuery): Parameters[] {
  const first = firstParameters(query.params);
  const others = Object.entries(query.params).flatMap(([name, { oneOf }]) =>
    oneOf.slice(1, 4).map((value) => ({ ...first, [name]: value })),
  );
  return [first, ...others];
}

async function worlds(of: Plan, room: string, schema: DatasetSchema, pair: number) {
  const dataset = nameOf(room, schema, pair);
  return {
    mine: await engine.aggregate({ ...of, dataset }),
    theirs: await engine.aggregate({ ...of, dataset: `${dataset}-less` }),
  };
}

const nothingSeen = (): Seen => ({ differing: 0, shown: 0, hidden: 0, flipped: 0 });
const all = nothingSeen();

describe('with one unit less and the same noise', () => {
  test.each(asked.map(({ room, query, schema }) => [`${room}/${query.id}`, { room, query, schema }] as const))(
    '%s differs only where a count does, by no more than declared, and takes as much noise',
    async (_id, { room, query, schema }) => {
      const seen = nothingSeen();
      for (const parameters of choices(query)) {
        const of = plan(query, schema, parameters);
        expect(compare(lossOfNoise(of), lossOf(query.privacy))).toBeLessThanOrEqual(0);
        for (let pair = 0; pair < pairs; pair++) {
          const { mine, theirs } = await worlds(of, room, schema, pair);
          expect(sensitivityFaults(of, mine, theirs, seen)).toEqual([]);
          for (let replay = 0; replay < replays; replay++) {
            expect(replayFaults(of, mine, theirs, `${pair} ${replay}`, seen)).toEqual([]);
          }
        }
      }
      expect(seen.differing).toBeGreaterThan(0);
      for (const name of Object.keys(all) as (keyof Seen)[]) all[name] += seen[name];
    },
    60_000,
  );

  test('enough was seen: cells of both kinds, and decisions that one unit turned', () => {
    expect(all.shown).toBeGreaterThan(2_000);
    expect(all.hidden).toBeGreaterThan(2_000);
    expect(all.flipped).toBeGreaterThan(5);
  });
});

describe('the replay finds', () => {
  const of = plan(rowsAndUnits, panel, {});
  const found = async (engineOf: typeof sound, replaysOf = 40) => {
    const faults: string[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const { mine, theirs } = await worlds(of, 'panel', panel, pair);
      for (let replay = 0; replay < replaysOf; replay++) {
        faults.push(...replayFaults(of, mine, theirs, `mutant ${pair} ${replay}`, nothingSeen(), engineOf));
      }
    }
    return new Set(faults);
  };

  test('nothing in the sound engine', async () => {
    expect(await found(sound)).toEqual(new Set());
  });

  test('more rows of a unit than are bounded', async () => {
    const faults: string[] = [];
    const { components } = plan(boundedRows(2), many, {});
    for (let pair = 0; pair < pairs; pair++) {
      const { mine, theirs } = await worlds(plan(boundedRows(5), many, {}), 'many', many, pair);
      faults.push(...sensitivityFaults({ ...of, components }, mine, theirs, nothingSeen()));
    }
    for (const part of ['rows: l1', 'rows: lInfinity', 'sum: l1', 'sum: lInfinity']) {
      expect(
        faults.some((fault) => fault.startsWith(part)),
        part,
      ).toBe(true);
    }
  });

  test('a decider on rows instead of units', async () => {
    const [units, rows] = [of.components.findIndex(({ part }) => part === 'units'), of.measures[1]?.value ?? 0];
    const decide = (tables: ExactTables) => tables.map((table, at) => (at === units ? (tables[rows] ?? []) : table));
    expect(await found({ ...sound, decide })).toContain('persons: shown below k');
  });

  test('a threshold one too low', async () => {
    const declared = (sharp: Plan) => ({ ...sharp, k: sharp.k - 1 });
    expect(await found({ ...sound, declared }, 1)).toContain('persons: a cell of k is shown too often');
  });

  test('cells that depend on other cells', async () => {
    const decide = (tables: ExactTables) =>
      tables.map((table) => {
        const total = table.reduce((sum, value) => sum + value, 0n);
        return table.map((value) => value + total);
      });
    expect(await found({ ...sound, decide })).toContain('persons: another value where nothing changed');
  });

  test('a sensitivity that holds for one cell of a unit, not for all', async () => {
    const narrow: Plan = {
      ...of,
      components: of.components.map((component) => ({
        ...component,
        sensitivity: { l0: 1n, l1: 1n, l2Squared: 1n, lInfinity: 1n },
      })),
    };
    const { mine, theirs } = await worlds(of, 'panel', panel, 0);
    const faults = sensitivityFaults(narrow, mine, theirs, nothingSeen());
    expect(faults).toContain('rows: lInfinity is 4, declared 1');
  });

  test.each([
    ['noise 17.5 % too small', { num: 1089n, den: 1600n }],
    ['the noise of one cell where a unit is in four', { num: 1n, den: 4n }],
  ])('%s', (_name, { num, den }) => {
    const mutated: Plan = {
      ...of,
      components: of.components.map((component) => {
        const { mechanism } = component;
        if (mechanism.kind !== 'discreteGaussian') return component;
        const { variance } = mechanism;
        return {
          ...component,
          mechanism: { ...mechanism, variance: rational(variance.num * num, variance.den * den) },
        };
      }),
    };
    expect(compare(lossOfNoise(of), lossOf(rowsAndUnits.privacy))).toBe(0);
    expect(compare(lossOfNoise(mutated), lossOf(rowsAndUnits.privacy))).toBe(1);
  });
});

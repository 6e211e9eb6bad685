/**
 * `npm run bench -- bounds [rows]`: what bounding a unit's rows costs beside a bare DuckDB on the same rows. With one row a unit it
 * is proved at admission; with many, ranks stored at admission are read, or they would be made in every query. Ratios of one
 * run; nothing is asserted.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { AggregateQuery, among, askedSchema, DatasetSchema, type Plan, plan, rational } from '@reinraum/protocol';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { infer } from '../../enclave/privacy/infer.ts';
import { addNoise, exactTables, keep } from '../../enclave/privacy/stages.ts';
import { aggregateSql } from '../../enclave/query/sql.ts';
import { poolFor } from './queries.ts';
import { print, timed } from './timed.ts';

const title = { de: 'x', en: 'x' };
const listed = (size: number) => Array.from({ length: size }, (_, n) => ({ code: `C${n}`, ...title }));
const amountMax = 50_000;

/** District, class and amount: 16 districts, 8 classes. */
const single = DatasetSchema.parse({
  apiVersion: 'reinraum/v1',
  kind: 'DatasetSchema',
  id: 'single',
  title,
  owner: 'a/b',
  population: 'person',
  unit: 'unit_id',
  rowsPerUnit: 1,
  columns: [
    { name: 'district', title, type: 'code', codes: listed(16) },
    { name: 'class', title, type: 'code', codes: listed(8) },
    { name: 'amount', title, type: 'integer', min: 0, max: amountMax, unit: 'euro' },
  ],
});

/** The same columns, about three rows a unit. */
const several = DatasetSchema.parse({ ...single, id: 'several', rowsPerUnit: 'many' });
/** One row for every other unit of `single`. */
const linked = DatasetSchema.parse({ ...single, id: 'linked' });
const joins = [{ dataset: 'linked', as: 'j' }];
const rankKey = new Uint8Array(32).fill(1);

const sum = { fn: 'sum', column: 't.amount', clamp: [0, amountMax] };
/** What is asked of one row a unit: a measure, and what somebody would write by hand. */
const questions = [
  { name: 'count by district', measure: { fn: 'count' }, bare: 'count(*)', by: 'district' },
  {
    name: 'sum by district',
    measure: sum,
    bare: 'count(*), sum(amount)',
    by: 'district',
  },
  {
    name: 'histogram by district',
    measure: { fn: 'histogram', column: 't.class' },
    bare: 'count(*)',
    by: 'district, class',
  },
] as const;

/** What is asked of some rows a unit, and what somebody who knows of no bound would write by hand. */
const bounded = [
  { maxRows: 1, measure: { fn: 'count' }, bare: 'count(*)' },
  { maxRows: 1, measure: sum, bare: 'count(*), sum(amount)' },
  { maxRows: 3, measure: { fn: 'count' }, bare: 'count(DISTINCT unit_id)' },
  { maxRows: 3, measure: { fn: 'countRows' }, bare: 'count(DISTINCT unit_id), count(*)' },
  { maxRows: 3, measure: sum, bare: 'count(DISTINCT unit_id), sum(amount)' },
];

/** What is asked of two linked datasets: a question, and what somebody would write by hand. */
const both = '"d_single" AS t JOIN "d_linked" AS j USING (unit_id)';
const either = '"d_single" AS t FULL JOIN "d_linked" AS j USING (unit_id)';
const side = 'CASE WHEN j.district IS NULL THEN 1 WHEN t.district IS NULL THEN 2 ELSE 0 END';
const place = 'coalesce(t.district, j.district)';
const linkedQuestions = [
  { name: 'count of both', asked: {}, text: `SELECT t.district, count(*) FROM ${both} GROUP BY 1 ORDER BY 1` },
  {
    name: 'sum over both by the other’s class',
    asked: { groupBy: [{ column: 'j.class', as: 'class' }], measures: [{ as: 'm', ...sum }] },
    text: `SELECT j.class, count(*), sum(t.amount) FROM ${both} GROUP BY 1 ORDER BY 1`,
  },
  {
    name: 'overlap by district',
    asked: {
      groupBy: [{ column: 't.district', otherwise: 'j.district', as: 'district' }],
      measures: [{ as: 'm', fn: 'overlap' }],
    },
    text: `SELECT ${place}, ${side}, count(*) FROM ${either} GROUP BY 1, 2 ORDER BY 1, 2`,
  },
];

/** A hash of a row's own contents, as a query can make one. */
const hashed = 'hash(unit_id, district, class, amount)';
/** Bounding in the query, in the forms of engine.md: by a window, and by the least of hash and payload a unit. */
const alternatives = (maxRows: number) => [
  {
    name: `window of ${maxRows} a unit, then count(*)`,
    text: `SELECT district, count(*) FROM (SELECT district, row_number() OVER (PARTITION BY unit_id ORDER BY ${hashed}) AS rk FROM "d_several") AS w WHERE rk <= ${maxRows} GROUP BY district ORDER BY district`,
  },
  ...(maxRows > 1
    ? []
    : [
        {
          name: 'packed min(hash, district) a unit, then count(*)',
          text: `SELECT least & 15 AS district, count(*) FROM (SELECT min((${hashed} & 18446744073709551600) | CAST(district AS UBIGINT)) AS least FROM "d_several" GROUP BY unit_id) AS p GROUP BY least & 15 ORDER BY district`,
        },
      ]),
];

function planOf(schema: DatasetSchema, measure: object, maxRows?: number, bend: object = {}): Plan {
  const query = AggregateQuery.parse({
    apiVersion: 'reinraum/v1',
    kind: 'AggregateQuery',
    id: 'q',
    title,
    sentence: title,
    purpose: 'p',
    legalBasis: 'x',
    recipients: ['a/b'],
    expires: '2030-01-01',
    population: 'person',
    from: { dataset: schema.id, as: 't' },
    ...(maxRows === undefined ? {} : { contribution: { maxRows } }),
    groupBy: [{ column: 't.district', as: 'district' }],
    measures: [{ as: 'm', ...measure }],
    privacy: { mechanism: 'discreteGaussian', rho: '1/100', k: 20 },
    slotMs: 100,
    ...bend,
  });
  return plan(query, askedSchema(query, among([single, several, linked])), {});
}

/** Encoded rows in no order of their units, the same in every run. */
function* encoded(rows: number, unitOf: (row: number) => number): Generator<string> {
  let state = 1;
  const next = (size: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * size);
  };
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  let text = '';
  for (let row = 1; row <= rows; row++) {
    const unit = unitOf(row);
    text += `${row},${hex(Math.imul(unit, 2_654_435_761) >>> 0, 8)}-0000-8000-8000-${hex(unit, 12)},${next(16)},${next(8)},${next(amountMax + 1)}\n`;
    if (text.length < 1 << 18) continue;
    yield text;
    text = '';
  }
  yield text;
}

/** A number that follows from a row's number and looks like none. */
function scattered(row: number): number {
  const mixed = Math.imul(row ^ (row >>> 15), 0x2c1b3c6d);
  return Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 0;
}

/** Loads a file of encoded rows into the engine, and into a table of a bare DuckDB, with units numbered and in order too. */
async function load(schema: DatasetSchema, file: string, engine: Engine, bare: DuckDBConnection): Promise<void> {
  const begun = performance.now();
  await engine.load(schema, createReadStream(file, { encoding: 'latin1', highWaterMark: 1 << 18 }));
  await engine.admit(schema, 'people', rankKey);
  print(`${schema.id}: loaded and admitted in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  const columns = schema.columns.map(({ name }) => `'${name}': 'INTEGER'`).join(', ');
  await bare.run(
    `CREATE TABLE "d_${schema.id}" AS SELECT * EXCLUDE ("row", "unit"), CAST('0x' || right(CAST("unit" AS VARCHAR), 12) AS INTEGER) AS "unit_id" FROM read_csv('${file.replaceAll("'", "''")}', header = false, auto_detect = false, columns = {'row': 'BIGINT', 'unit': 'UUID', ${columns}}) ORDER BY "unit_id"`,
  );
}

/** From plan to ranges in the enclave's own code; noise is drawn before, as the enclave does. */
async function timedOurs(engine: Engine, compiled: Plan) {
  const pools = Array.from({ length: 20 }, () => poolFor(compiled));
  return timed(async () => {
    const exact = exactTables(compiled, await engine.aggregate(compiled));
    infer(
      keep(addNoise(exact, compiled, pools.pop() ?? poolFor(compiled)), compiled, rational(1n, 10n ** 8n)),
      compiled,
    );
  });
}

async function timedStatements(bare: DuckDBConnection, compiled: Plan) {
  return timed(async () => {
    for (const { text, binds } of aggregateSql(compiled)) {
      const prepared = await bare.prepare(text);
      prepared.bind([...binds]);
      (await prepared.runAndReadAll()).getRows();
    }
  });
}

function header(title: string): void {
  const words = ['by hand', 'bare', 'ours', '÷ hand', '÷ bare'];
  print(`${title.padEnd(44)}${words.map((word) => word.padStart(9)).join('')}  ms (medians); bare: our statements`);
}

function line(name: string, hand: number, bare: number, ours: number): void {
  const figures = [
    hand.toFixed(1),
    bare.toFixed(1),
    ours.toFixed(1),
    (ours / hand).toFixed(2),
    (ours / bare).toFixed(2),
  ];
  print(name.padEnd(44) + figures.map((figure) => figure.padStart(9)).join(''));
}

/** Prints the table. */
export async function benchBounds(rows: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-bench-'));
  const pipe = join(directory, 'load');
  const file = join(directory, 'rows');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const engine = await startDuckdb(pipe, []);
  const bare = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  try {
    await pipeline(
      encoded(rows, (row) => row),
      createWriteStream(file),
    );
    await load(single, file, engine, bare);
    await pipeline(
      encoded(rows, (row) => scattered(row) % Math.ceil(rows / 3)),
      createWriteStream(file),
    );
    await load(several, file, engine, bare);
    await pipeline(
      encoded(Math.ceil(rows / 2), (row) => 2 * row),
      createWriteStream(file),
    );
    await load(linked, file, engine, bare);
    await engine.lock();
    header(`${rows} rows, one a unit`);
    for (const { name, measure, bare: aggregates, by } of questions) {
      const compiled = planOf(single, measure);
      const text = `SELECT ${by}, ${aggregates} FROM "d_single" GROUP BY ${by} ORDER BY ${by}`;
      const hand = await timed(async () => (await bare.runAndReadAll(text)).getRows());
      line(
        name,
        hand.median,
        (await timedStatements(bare, compiled)).median,
        (await timedOurs(engine, compiled)).median,
      );
    }
    header(`${rows} rows, one a unit, linked with ${Math.ceil(rows / 2)}`);
    for (const { name, asked, text } of linkedQuestions) {
      const compiled = planOf(single, { fn: 'count' }, undefined, { joins, ...asked });
      const hand = await timed(async () => (await bare.runAndReadAll(text)).getRows());
      line(
        name,
        hand.median,
        (await timedStatements(bare, compiled)).median,
        (await timedOurs(engine, compiled)).median,
      );
    }
    header(`${rows} rows, about three a unit`);
    for (const { maxRows, measure, bare: aggregates } of bounded) {
      const compiled = planOf(several, measure, maxRows);
      const text = `SELECT district, ${aggregates} FROM "d_several" GROUP BY district ORDER BY district`;
      const hand = await timed(async () => (await bare.runAndReadAll(text)).getRows());
      const { maxRows: _, ...unbounded } = compiled;
      line(
        `${measure.fn}, ${maxRows} by stored rank`,
        hand.median,
        (await timedStatements(bare, unbounded)).median,
        (await timedOurs(engine, compiled)).median,
      );
    }
    print(
      `${'bounded in the query'.padEnd(44)}${['unbounded', 'bounded', 'ratio'].map((word) => word.padStart(9)).join('')}`,
    );
    for (const { name, text } of [...alternatives(1), ...alternatives(3)]) {
      const plain = await timed(async () =>
        bare.runAndReadAll('SELECT district, count(*) FROM "d_several" GROUP BY district'),
      );
      const made = await timed(async () => bare.runAndReadAll(text));
      const figures = [plain.median.toFixed(1), made.median.toFixed(1), (made.median / plain.median).toFixed(1)];
      print(name.padEnd(44) + figures.map((figure) => figure.padStart(9)).join(''));
    }
  } finally {
    engine.close();
    await rm(directory, { recursive: true, force: true });
  }
}

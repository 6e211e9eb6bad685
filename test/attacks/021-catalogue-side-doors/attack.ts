/** What a database tells of a table besides answering questions about it; README.md says the rest. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { encodeFrame, FrameReader, plan } from '@reinraum/protocol';
import type { Order } from '../../../enclave/engine/duckdb.ts';
import { aggregateSql, instanceOptions, lockdown, tableOf } from '../../../enclave/query/sql.ts';
import { alike, question, townSchema } from '../../support/attacked-town.ts';
import type { Attack } from '../attack.ts';

const table = tableOf(townSchema.id);
/** The target makes the hundred-and-first row, and is older than everybody else. */
const worlds = [[], alike(1, ['alpha', 103, 'f', 'yes', 1000])].map((target) => [
  ...alike(100, ['alpha', 30, 'f', 'no', 1000]),
  ...target,
]);
const doors = [
  `SELECT "estimated_size" FROM duckdb_tables() WHERE "table_name" = '${table}'`,
  `SELECT sum("count") FROM pragma_storage_info('${table}')`,
  `SELECT max("rowid") FROM "${table}"`,
  `SELECT stats("age") FROM "${table}" LIMIT 1`,
  `SUMMARIZE "${table}"`,
  `SELECT count(*) FROM "${table}"`,
  `SELECT max("age") FROM "${table}"`,
  `EXPLAIN ANALYZE SELECT count(*) FROM "${table}"`,
  `SELECT * FROM histogram_values('${table}', "age")`,
  `SELECT "age" FROM "${table}" USING SAMPLE 100% ORDER BY 1 DESC LIMIT 1`,
];

/** Statements that make the table of a world as admission makes it. */
function admitted(residents: (typeof worlds)[number]): string[] {
  const rows = residents.map(([, age], n) => `(${n + 1}, 0, ${age}, 0, 0, 10)`).join();
  const columns = [townSchema.unit, ...townSchema.columns.map(({ name }) => name)].map((name) => `"${name}" BIGINT`);
  return [`CREATE TABLE "${table}" (${columns.join()})`, `INSERT INTO "${table}" VALUES ${rows}`];
}

/** What a statement gives, as text; undefined where it gives nothing. */
type Answering = (text: string) => Promise<string | undefined>;
const asText = (value: unknown) =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));

/** A database with everything the engine has – settings, lock – but the guard. */
async function withoutGuard(residents: (typeof worlds)[number]): Promise<Answering> {
  const connection = await (await DuckDBInstance.create(':memory:', instanceOptions)).connect();
  for (const text of [...admitted(residents), ...lockdown]) await connection.run(text);
  return (text) =>
    connection.runAndReadAll(text).then(
      // A profile holds times, which tell nothing here.
      (rows) => asText(rows.getRows()).replaceAll(/[0-9.]+s|[ ─]/g, ''),
      () => undefined,
    );
}

/** The engine's process, given orders as the enclave gives them. */
class EngineProcess {
  readonly process: ChildProcess;
  readonly #waiting: ((head: unknown) => void)[] = [];
  readonly ready: Promise<unknown>;

  constructor() {
    const entry = fileURLToPath(new URL('../../../enclave/engine/child.ts', import.meta.url));
    this.process = spawn(process.execPath, [entry], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    this.ready = new Promise((resolve) => this.#waiting.push(resolve));
    const reader = new FrameReader();
    this.#door.on('data', (piece: Buffer) => {
      for (const { head } of reader.push(piece)) this.#waiting.shift()?.(head);
    });
  }

  get #door(): Duplex {
    return this.process.stdio[3] as Duplex;
  }

  order(order: Order): Promise<unknown> {
    this.#door.write(encodeFrame(order));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Which of the doors tell the two worlds apart, and say the same of one world whenever they are asked. */
async function open([without, within]: readonly Answering[]): Promise<string[]> {
  const told: string[] = [];
  for (const door of doors) {
    const said = [await without?.(door), await without?.(door), await within?.(door)];
    if (said[0] === said[1] && said[0] !== said[2]) told.push(door);
  }
  return told;
}

export const attack: Attack = {
  id: '021',
  name: 'catalogue side doors',
  async measure() {
    const unguarded = await open(await Promise.all(worlds.map(withoutGuard)));
    const engines = worlds.map(() => new EngineProcess());
    try {
      const ask =
        (engine: EngineProcess, binds: readonly number[] = []): Answering =>
        async (text) => {
          const { ok, value } = (await engine.order({
            order: 'aggregate',
            text,
            binds,
            datasets: [townSchema.id],
            links: [],
          })) as {
            ok: boolean;
            value?: unknown;
          };
          return ok ? asText(value) : undefined;
        };
      for (const [at, engine] of engines.entries()) {
        await engine.ready;
        await engine.order({ order: 'run', texts: admitted(worlds[at] ?? []) });
        await engine.order({ order: 'lock' });
      }
      const guarded = await open(engines.map((engine) => ask(engine)));
      // The engine does answer: what the compiler prints tells the worlds apart, before noise.
      const [printed] = aggregateSql(plan(question({ privacy: { rho: '1/8' } }), townSchema, {}));
      const honest = await Promise.all(engines.map((engine) => ask(engine, printed?.binds)(printed?.text ?? '')));
      return {
        unprotected: `${unguarded.length} of ${doors.length} doors open`,
        ours: `${guarded.length} of ${doors.length} doors open`,
        bound: 'none',
        holds:
          unguarded.length === doors.length &&
          guarded.length === 0 &&
          honest.every((answer) => answer !== undefined) &&
          honest[0] !== honest[1],
      };
    } finally {
      for (const engine of engines) engine.process.kill('SIGKILL');
    }
  },
};

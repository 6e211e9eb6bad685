/** The engine port, kept by DuckDB in a process of its own: load, aggregate, close. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DatasetSchema, encodeFrame, FrameReader, type Plan } from '@reinraum/protocol';
import type { Link } from '../query/guard.ts';
import { admitSql, aggregateSql, duplicatesSql, forgetSql, loadSql } from '../query/sql.ts';
import { type ResultRows, tablesOf } from '../query/tables.ts';

/** What the child is told to do. */
export type Order =
  | { readonly order: 'run'; readonly texts: readonly string[] }
  | { readonly order: 'numbers'; readonly text: string }
  | { readonly order: 'lock' }
  | {
      readonly order: 'aggregate';
      readonly text: string;
      readonly binds: readonly number[];
      readonly datasets: readonly string[];
      readonly links: readonly Link[];
    };

/** Exact tables of a plan, one a component: secret, before noise. */
export type ExactTables = readonly (readonly bigint[])[];

/** An engine with some datasets loaded. Every method fails with one bare `Error`; its message carries nothing. */
export interface Engine {
  /** Loads encoded rows of a dataset; resolves to the rows that repeat a unit and must not (100 at most) and their number. */
  load(schema: DatasetSchema, rows: AsyncIterable<string>): Promise<{ rows: readonly number[]; total: number }>;
  /**
   * Makes the rows just loaded the dataset. Units are the same in every dataset of a domain of pseudonyms. Where a unit has
   * many rows, 32 secret bytes rank them; without them it fails.
   */
  admit(schema: DatasetSchema, domain: string, rankKey?: Uint8Array): Promise<void>;
  /** Closes the engine to the outside. Nothing is loaded after this, and nothing is asked before. */
  lock(): Promise<void>;
  aggregate(plan: Plan): Promise<ExactTables>;
  /** False once the process has ended, however it ended: it will never answer again. */
  readonly isAlive: boolean;
  /** Ends the process: what it held is gone. */
  close(): void;
}

const duplicatesMax = 100;

/** Starts a DuckDB child. `pipe` is the FIFO rows go through; `nodeArguments` are its permissions. */
export async function startDuckdb(pipe: string, nodeArguments: readonly string[]): Promise<Engine> {
  const child = new DuckdbChild(nodeArguments);
  await child.ready;
  let locked = false;
  const ranked = new Set<string>();
  const domains = new Map<string, string>();
  return {
    async load(schema, rows) {
      let pending = true;
      const loaded = child.order({ order: 'run', texts: [loadSql(schema, pipe)] }).finally(() => {
        pending = false;
      });
      const written = openWhenRead(pipe, () => pending).then((file) => pipeline(rows, file.createWriteStream()));
      await Promise.all([loaded, written]);
      if (schema.rowsPerUnit !== 1) return { rows: [], total: 0 };
      const { rows: first, total } = duplicatesSql(schema, duplicatesMax);
      const [repeated = 0] = await child.numbers(total);
      return { rows: repeated === 0 ? [] : await child.numbers(first), total: repeated };
    },
    async admit(schema, domain, rankKey) {
      await child.order({ order: 'run', texts: admitSql(schema, domain, rankKey) });
      domains.set(schema.id, domain);
      if (schema.rowsPerUnit !== 1) ranked.add(schema.id);
    },
    async lock() {
      await child.order({ order: 'run', texts: [...new Set(domains.values())].map(forgetSql) });
      await child.order({ order: 'lock' });
      locked = true;
    },
    async aggregate(plan) {
      if (!locked) throw new Error('engine: not locked');
      // Behind the compiler, which refuses such a question: rows of a unit are never read without a bound.
      if (ranked.has(plan.dataset) && plan.maxRows === undefined) throw new Error('engine: no bound');
      const joins = plan.joins ?? [];
      const datasets = [plan.dataset, ...joins.map(({ dataset }) => dataset)];
      const links = joins.map(({ on }) => on);
      // Behind the charter: numbers of units of different domains mean nothing to each other.
      if (new Set(datasets.map((dataset) => domains.get(dataset))).size > 1) throw new Error('engine: not one domain');
      const results: ResultRows[] = [];
      for (const { text, binds } of aggregateSql(plan)) {
        results.push((await child.order({ order: 'aggregate', text, binds, datasets, links })) as ResultRows);
      }
      return tablesOf(plan, results);
    },
    get isAlive() {
      return !child.ended;
    },
    close: () => child.close(),
  };
}

/**
 * Opens a FIFO for writing once its reader is there. An ordinary open would wait for a reader that may have failed and
 * never come; one that never waits is refused with ENXIO until then.
 */
async function openWhenRead(pipe: string, isPending: () => boolean): Promise<FileHandle> {
  while (isPending()) {
    try {
      const probe = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
      const file = await open(pipe, constants.O_WRONLY);
      await probe.close();
      return file;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENXIO')) throw failed();
      await setTimeout(2);
    }
  }
  throw failed();
}

class DuckdbChild {
  readonly ready: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #door: Duplex;
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  #ended = false;

  constructor(nodeArguments: readonly string[]) {
    const entry = fileURLToPath(new URL('./child.ts', import.meta.url));
    this.#process = spawn(process.execPath, [...nodeArguments, entry], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: { TZ: 'UTC', LANG: 'C.UTF-8' },
    });
    this.#door = this.#process.stdio[3] as Duplex;
    const reader = new FrameReader();
    this.#door.on('data', (piece: Buffer) => {
      for (const { head } of reader.push(piece)) {
        const { ok, value } = head as { ok: boolean; value?: unknown };
        const waiting = this.#waiting.shift();
        if (ok) waiting?.resolve(value);
        else waiting?.reject(failed());
      }
    });
    this.#door.on('error', () => this.#end());
    this.#process.once('exit', () => this.#end());
    this.#process.once('error', () => this.#end());
    this.ready = this.#wait();
  }

  get ended(): boolean {
    return this.#ended;
  }

  order(order: Order): Promise<unknown> {
    if (this.#ended) return Promise.reject(failed());
    this.#door.write(encodeFrame(order));
    return this.#wait();
  }

  async numbers(text: string): Promise<readonly number[]> {
    return (await this.order({ order: 'numbers', text })) as readonly number[];
  }

  close(): void {
    this.#process.kill('SIGKILL');
    this.#end();
  }

  #wait(): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #end(): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.splice(0)) reject(failed());
  }
}

function failed(): Error {
  return new Error('engine failed');
}

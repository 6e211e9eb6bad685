/**
 * Every shipped question of an example room, before padding: from plan to ranges in the enclave's own code, against bare
 * DuckDB running the printer's statements in this process on the same rows. Ratios of one run; nothing is asserted.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type DatasetSchema, firstParameters, type Plan, parseRational, plan } from '@reinraum/protocol';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { FairBits } from '../../enclave/privacy/bits.ts';
import { infer } from '../../enclave/privacy/infer.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { addNoise, exactTables, keep } from '../../enclave/privacy/stages.ts';
import { admitSql, aggregateSql, loadSql } from '../../enclave/query/sql.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { loadPolicies, type Policies } from '../../src/example/policy-files.ts';
import { recordsOf } from '../../src/example/source.ts';
import { canonicalCsv } from '../../src/steward/canonical-csv.ts';
import { pseudonymiser } from '../../src/steward/pseudonym.ts';
import { print, timed } from './timed.ts';

/** Prints the table of a room whose sources are made here. */
export async function benchQueries(room: string): Promise<void> {
  const policies = await loadPolicies(join(repositoryRoot, 'policies', room));
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-bench-'));
  const pipe = join(directory, 'load');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const engine = await startDuckdb(pipe, []);
  const bare = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  try {
    await load(policies, directory, engine, bare);
    print(`${room.padEnd(34)} ${'bare'.padStart(9)}${'ours'.padStart(9)}${'allowed'.padStart(9)}  ms (medians)`);
    for (const query of policies.queries) {
      const schema = policies.schemas.find(({ id }) => id === query.from.dataset);
      if (!schema) throw new Error('bench: a query without its schema');
      const compiled = plan(query, schema, firstParameters(query.params));
      const delta = parseRational(policies.template.accountant.deltaPerDecision);
      const left = await timed(() => runBare(bare, compiled));
      const pools = Array.from({ length: 20 }, () => poolFor(compiled));
      const right = await timed(async () => {
        const exact = exactTables(compiled, await engine.aggregate(compiled));
        infer(keep(addNoise(exact, compiled, pools.pop() ?? poolFor(compiled)), compiled, delta), compiled);
      });
      const allowed = 2 * left.median + 50;
      print(
        `${query.id.padEnd(34)} ${[left.median, right.median, allowed].map((ms) => ms.toFixed(1).padStart(9)).join('')}${right.median > allowed ? '  OVER' : ''}`,
      );
    }
  } finally {
    engine.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Loads every dataset into the engine, and into bare DuckDB by way of a file. */
async function load(policies: Policies, directory: string, engine: Engine, bare: DuckDBConnection): Promise<void> {
  for (const { dataset, source, capacityRows } of policies.example.datasets) {
    const schema = policies.schemas.find(({ id }) => id === dataset);
    if (!schema) throw new Error('bench: a dataset without its schema');
    const rows = () => encoded(schema, recordsOf(source, schema, undefined), capacityRows);
    await engine.load(schema, rows());
    await engine.admit(schema, 'people');
    const file = join(directory, dataset);
    await pipeline(rows(), createWriteStream(file));
    for (const text of [loadSql(schema, file), ...admitSql(schema, 'people')]) await bare.run(text);
  }
  await engine.lock();
}

async function* encoded(
  schema: DatasetSchema,
  records: ReturnType<typeof recordsOf>,
  capacityRows: number,
): AsyncGenerator<string> {
  const intake = new Intake(schema, capacityRows);
  const domain = { room: 'bench', population: schema.population, owner: schema.owner };
  const pseudonym = pseudonymiser(new Uint8Array(32).fill(1), domain);
  for await (const piece of canonicalCsv(schema, records, pseudonym)) yield intake.push(piece);
  intake.end();
}

async function runBare(connection: DuckDBConnection, compiled: Plan): Promise<void> {
  for (const { text, binds } of aggregateSql(compiled)) {
    const prepared = await connection.prepare(text);
    prepared.bind([...binds]);
    (await prepared.runAndReadAll()).getRows();
  }
}

/** Noise for one answer. */
export function poolFor({ components, cells }: Plan): NoisePool {
  const pool = new NoisePool(new FairBits((bytes) => void randomFillSync(bytes)));
  for (const { mechanism, width } of components) pool.fill(mechanism, cells * width);
  return pool;
}

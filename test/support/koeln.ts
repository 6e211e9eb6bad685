/** The official counts of Köln as a loaded engine, for benchmarks and statistics. Needs the data beside the repository. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mechanism, type Plan, plan } from '@reinraum/protocol';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { loadPolicies } from '../../src/example/policy-files.ts';
import { recordsOf } from '../../src/example/source.ts';
import { canonicalCsv } from '../../src/steward/canonical-csv.ts';
import { pseudonymiser } from '../../src/steward/pseudonym.ts';

/** Where the official table is expected. */
export const koelnData = join(repositoryRoot, '..', 'shared', 'data', 'koeln-stadtteile');

/** Whether it is there. */
export const hasKoeln = existsSync(join(koelnData, 'bevoelkerung.csv'));

/** One admission of Köln in a warm, locked engine. */
export interface Koeln {
  readonly engine: Engine;
  readonly plan: Plan;
  /** Noise of its one count. */
  readonly noise: Mechanism;
  /** True counts in the order of the plan's cells. */
  readonly truth: readonly bigint[];
  close(): void;
}

/** Loads Köln the way the enclave does: canonical CSV, intake, FIFO, engine. */
export async function loadKoeln(): Promise<Koeln> {
  const { schemas, queries, example } = await loadPolicies(join(repositoryRoot, 'policies', 'koeln'));
  const [schema] = schemas;
  const [query] = queries;
  const [dataset] = example.datasets;
  if (!schema || !query || !dataset) throw new Error('koeln: policies are incomplete');
  const directory = mkdtempSync(join(tmpdir(), 'reinraum-koeln-'));
  const pipe = join(directory, 'load');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const engine = await startDuckdb(pipe, []);
  const intake = new Intake(schema, dataset.capacityRows);
  const pseudonym = pseudonymiser(new Uint8Array(32).fill(1), {
    room: 'test',
    population: 'person',
    owner: schema.owner,
  });
  const rows = async function* () {
    for await (const piece of canonicalCsv(schema, recordsOf(dataset.source, schema, koelnData), pseudonym))
      yield intake.push(piece);
    intake.end();
  };
  const duplicates = await engine.load(schema, rows());
  if (duplicates.total > 0 || intake.total > 0) throw new Error('koeln: not admitted');
  await engine.admit(schema, 'people');
  await engine.lock();
  const compiled = plan(query, schema, {});
  const close = () => {
    engine.close();
    rmSync(directory, { recursive: true, force: true });
  };
  const [component] = compiled.components;
  const [truth] = await engine.aggregate(compiled);
  if (!component || !truth) throw new Error('koeln: the plan counts nothing');
  return { engine, plan: compiled, noise: component.mechanism, truth, close };
}

/** The enclave's engine, in a process of its own, with one dataset admitted and locked. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@reinraum/protocol';
import { type Engine, startDuckdb } from '../../enclave/engine/duckdb.ts';
import { Intake } from '../../enclave/vault/intake.ts';
import { csvOf, type RandomDataset } from './random-dataset.ts';

/** Starts the engine with a dataset. Close it. */
export async function loadedEngine(dataset: RandomDataset): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'reinraum-engine-'));
  const pipe = join(directory, 'load');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  const engine = await startDuckdb(pipe, []);
  try {
    const intake = new Intake(dataset.schema, dataset.rows.length);
    const rows = intake.push(utf8(csvOf(dataset)));
    intake.end();
    await engine.load(
      dataset.schema,
      (async function* () {
        yield rows;
      })(),
    );
    await engine.admit(dataset.schema, 'people');
    await engine.lock();
    return engine;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The last digits of a sum of doubles tell the order of the rows; README.md says the rest. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { plan, utf8 } from '@reinraum/protocol';
import { startDuckdb } from '../../../enclave/engine/duckdb.ts';
import { Intake } from '../../../enclave/vault/intake.ts';
import { question, type Resident, townSchema } from '../../support/attacked-town.ts';
import { csvOf, unitOf } from '../../support/random-dataset.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import type { Attack } from '../attack.ts';

const orders = 20;
const ordersOurs = 4;
const bits = seededBits('attack 009');
const town = Array.from({ length: 400 }, (): Resident => ['alpha', 30, 'f', 'no', 100 * bits.below(101)]);
const sum = { fn: 'sum', column: 'r.income', clamp: [0, 10_000] };
const of = plan(question({ measure: sum, privacy: { rho: '1/20' } }), townSchema, {});

/** Fisher and Yates. */
function shuffled<T>(list: readonly T[]): T[] {
  const all = [...list];
  for (let at = all.length - 1; at > 0; at--) {
    const other = bits.below(at + 1);
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}

/** Incomes in thousands, as doubles: what SUM over a DOUBLE column says of rows in this order. */
async function sumOfDoubles(residents: readonly Resident[]): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const values = residents.map(([, , , , income]) => `(CAST(${income / 1000} AS DOUBLE))`).join();
  const result = await connection.runAndReadAll(`SELECT sum(x) FROM (VALUES ${values}) AS t(x)`);
  connection.closeSync();
  instance.closeSync();
  return String(result.getRows()[0]?.[0]);
}

/** The exact tables the enclave's engine makes of rows in this order. */
async function sumOfIntegers(residents: readonly Resident[], pipe: string): Promise<string> {
  const intake = new Intake(townSchema, residents.length);
  const pseudonyms = shuffled(residents.map((_, at) => unitOf(at)));
  const rows = intake.push(utf8(csvOf({ schema: townSchema, rows: residents }, (at) => pseudonyms[at] ?? '')));
  const engine = await startDuckdb(pipe, []);
  try {
    await engine.load(
      townSchema,
      (async function* () {
        yield rows;
      })(),
    );
    await engine.admit(townSchema, 'people');
    await engine.lock();
    return (await engine.aggregate(of)).join(';');
  } finally {
    engine.close();
  }
}

export const attack: Attack = {
  id: '009',
  name: 'float sum order',
  async measure() {
    const directory = mkdtempSync(join(tmpdir(), 'reinraum-attack-'));
    const pipe = join(directory, 'load');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    const doubles = new Set<string>();
    const integers = new Set<string>();
    for (let order = 0; order < orders; order++) doubles.add(await sumOfDoubles(shuffled(town)));
    for (let order = 0; order < ordersOurs; order++) integers.add(await sumOfIntegers(shuffled(town), pipe));
    rmSync(directory, { recursive: true });
    return {
      unprotected: `${doubles.size} sums of ${orders} orders`,
      ours: `${integers.size} of ${ordersOurs}`,
      bound: '1',
      holds: doubles.size > 1 && integers.size === 1,
    };
  },
};

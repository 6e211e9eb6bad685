/** Groups in the order in which their first persons were handed over; README.md says the rest. */
import { DuckDBInstance } from '@duckdb/node-api';
import { plan } from '@reinraum/protocol';
import { alike, question, type Resident, townSchema } from '../../support/attacked-town.ts';
import { ours } from '../../support/builds.ts';
import { loadedEngine } from '../../support/loaded-engine.ts';
import { seededBits } from '../../support/seeded-bits.ts';
import { above, shown, wager } from '../../support/wager.ts';
import { type Attack, judged } from '../attack.ts';

const trials = 8000;
const others = [...alike(100, ['alpha', 30, 'f', 'no', 1000]), ...alike(100, ['beta', 30, 'f', 'no', 1000])];
/** The target stands first in the file, in alpha or in beta; the last person is in the other, so that all counts are equal. */
const worlds = [
  ['alpha', 'beta'],
  ['beta', 'alpha'],
].map(([target = '', last = '']): Resident[] => [
  [target, 31, 'f', 'yes', 1000],
  ...others,
  [last, 40, 'm', 'no', 1000],
]);

/** The district that comes first when a database groups rows as they were handed over. */
async function firstGroup(residents: readonly Resident[]): Promise<string> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    const rows = residents.map(([district], n) => `(${n}, '${district}')`).join();
    await connection.run('CREATE TABLE "residents" ("person" INTEGER, "district" VARCHAR)');
    await connection.run(`INSERT INTO "residents" VALUES ${rows}`);
    const counts = await connection.runAndReadAll('SELECT "district", count(*) FROM "residents" GROUP BY "district"');
    return String(counts.getRows()[0]?.[0]);
  } finally {
    connection.closeSync();
  }
}

export const attack: Attack = {
  id: '022',
  name: 'row order',
  async measure() {
    const bits = seededBits('attack 022');
    const first = await Promise.all(worlds.map(firstGroup));
    const secrets = Array.from({ length: trials }, () => bits.bit());
    const wins = secrets.filter((secret) => (first[secret] === 'beta') === (secret === 1));

    const of = plan(
      question({ groupBy: [{ column: 'r.district', as: 'd' }], privacy: { rho: '1/8' } }),
      townSchema,
      {},
    );
    const tables = await Promise.all(
      worlds.map(async (rows) => {
        const engine = await loadedEngine({ schema: townSchema, rows });
        return engine.aggregate(of).finally(() => engine.close());
      }),
    );
    // The order is the template's; all there is to go by are the numbers.
    const guess = ([answer]: Parameters<Parameters<typeof wager>[1]>[0]) => above(shown(answer, 1), 101);
    const row = judged(
      { successes: wins.length, trials },
      wager([{ of, worlds: tables }], guess, ours, { trials, bits }),
      0.5,
    );
    const isAlike = String(tables[0]) === String(tables[1]);
    return { ...row, ours: `${row.ours}; tables ${isAlike ? 'alike' : 'differ'}`, holds: row.holds && isAlike };
  },
};

/**
 * `npm run bench`: ratios measured in one run, printed as a table; `npm run bench -- bounds [rows]` only those of
 * `bounds.ts`, over 5,000,000 rows, `-- log [entries]` only those of `log-index.ts`, over 1,000,000 entries; `-- replay [entries]`
 * verifies a long log, `-- append [entries]` writes one. Nothing here is an assertion.
 */

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { repositoryRoot } from '../../src/cli/root.ts';
import { loadPolicies } from '../../src/example/policy-files.ts';
import { openExample, runExample } from '../../src/example/run.ts';
import { serveInstallation } from '../../src/gateway/node.ts';
import { Rooms } from '../../src/host/rooms.ts';
import { hasKoeln, koelnData, loadKoeln } from '../support/koeln.ts';
import { benchAppend } from './append.ts';
import { benchBounds } from './bounds.ts';
import { benchLogIndex } from './log-index.ts';
import { benchQueries } from './queries.ts';
import { benchReplay } from './replay.ts';
import { print, type Times, timed } from './timed.ts';

function row(name: string, { min, median, max }: Times): string {
  return `${name.padEnd(52)} ${[min, median, max].map((ms) => ms.toFixed(1).padStart(9)).join('')}  ms (min, median, max)`;
}

/** The aggregate of Köln as somebody would write it by hand, on text columns in a bare DuckDB of this process. */
async function bareKoeln(): Promise<() => Promise<unknown>> {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  const file = join(koelnData, 'bevoelkerung.csv').replaceAll("'", "''");
  await connection.run(
    `CREATE TABLE e AS SELECT gen_random_uuid() AS unit, raum_id AS stadtteil, zei_id AS altersgruppe FROM (SELECT *, unnest(range(CAST(zahl AS BIGINT))) FROM read_csv('${file}', all_varchar = true) WHERE jahr = '2012' AND tab_id = '020' AND raum_id >= '100')`,
  );
  return async () =>
    (
      await connection.runAndReadAll('SELECT stadtteil, altersgruppe, count(*) FROM e GROUP BY ALL ORDER BY ALL')
    ).getRows();
}

async function benchKoeln(): Promise<void> {
  const koeln = await loadKoeln();
  const bare = await timed(await bareKoeln());
  const ours = await timed(() => koeln.engine.aggregate(koeln.plan));
  koeln.close();
  print(row('Köln, bare DuckDB, text columns', bare));
  print(row('Köln, engine: guard, child process, public key set', ours));
  print(
    `ratio ${(ours.median / bare.median).toFixed(2)}; allowed 2 × bare + 50 ms = ${(2 * bare.median + 50).toFixed(1)} ms`,
  );
}

/** The whole steward's way for 1.04 million rows through gateway, host and sandbox. */
async function benchAdmission(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-bench-'));
  const policies = await loadPolicies(join(repositoryRoot, 'policies', 'koeln'));
  const rooms = new Rooms({ appDirectory: repositoryRoot, directory });
  const installation = await serveInstallation({ rooms, port: 0 });
  await rooms.room('koeln');
  const asked = {
    policies,
    url: installation.url,
    directory: join(directory, 'rooms', 'koeln'),
    data: koelnData,
    say: () => {},
    progress: () => {},
  };
  const run = await runExample(asked, await openExample(asked));
  await installation.close();
  await rm(directory, { recursive: true, force: true });
  for (const { dataset, rows, ms } of run.datasets) {
    print(`${`${dataset}: seal + upload + admit ${rows} rows`.padEnd(52)} ${(ms / 1000).toFixed(1).padStart(9)}  s`);
  }
}

const [part, size] = process.argv.slice(2);
if (part === 'append') {
  await benchAppend(Number(size ?? 50_000));
  process.exit(0);
}
if (part === 'replay') {
  await benchReplay(Number(size ?? 100_000));
  process.exit(0);
}
if (part === 'bounds') {
  await benchBounds(Number(size ?? 5_000_000));
  process.exit(0);
}
if (part === 'log') {
  await benchLogIndex(Number(size ?? 1_000_000));
  process.exit(0);
}
execFileSync(process.execPath, [join(repositoryRoot, 'test', 'bench', 'noise.ts')], { stdio: 'inherit' });
await benchQueries('neuss');
await benchLogIndex(1_000_000);
if (hasKoeln) {
  await benchKoeln();
  await benchAdmission();
} else print('skipped: Köln needs ../shared/data/koeln-stadtteile (official counts, not part of the repository)');

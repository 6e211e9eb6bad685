/** `reinraum example` and `reinraum start`: an example room from its policies, with the main job done on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AggregateQuery, among, digestOf, type Json } from '@reinraum/protocol';
import type { Command } from 'commander';
import { loadPolicies, type Policies } from '../example/policy-files.ts';
import { type Comparison, compareWithReference } from '../example/reference.ts';
import { type ExampleRun, type OpenExample, openExample, runExample } from '../example/run.ts';
import { type Installation, serveInstallation } from '../gateway/node.ts';
import { Rooms } from '../host/rooms.ts';
import type { Stage } from '../steward/hand-over.ts';
import { type LabelNames, labelNames, plainLabels, tableLabelNames } from './label-names.ts';
import { print, progressBar, say } from './output.ts';
import { planTable } from './plan-table.ts';
import { derivedTable } from './preview.ts';
import { repositoryRoot } from './root.ts';
import { servedScreens } from './screens.ts';
import { interrupted } from './serve.ts';
import { summaryOf } from './summary.ts';
import { tableOf } from './table.ts';

interface RunOptions {
  readonly state?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly once?: boolean;
  readonly port: string;
}

/** Adds the commands. */
export function addExample(program: Command): void {
  program
    .command('start')
    .description('found and run the example room "neuss", then serve it')
    .option('--once', 'use a temporary room, print the summary and end')
    .option('--json', 'print one JSON summary')
    .option('--state <directory>', 'directory of the installation', '.reinraum')
    .option('--port <port>', 'port of the gateway', '8480')
    .action((options: RunOptions) => runRoom('neuss', options));
  program
    .command('example')
    .description('run an example room once: neuss; koeln, pums or pums-pure (need --data)')
    .argument('<room>', 'folder below policies/')
    .option('--data <path>', 'folder or file with the real data of the example')
    .option('--json', 'print one JSON summary')
    .option('--state <directory>', 'keep the room here; a temporary directory by default')
    .action((room: string, options: RunOptions) =>
      runRoom(room, { ...options, once: options.state === undefined, port: '0' }, false),
    );
}

async function runRoom(name: string, options: RunOptions, isServed = options.once !== true): Promise<void> {
  const policies = await loadPolicies(join(repositoryRoot, 'policies', name));
  const isTemporary = options.once === true;
  const directory = isTemporary ? await mkdtemp(join(tmpdir(), 'reinraum-')) : resolve(options.state ?? '.reinraum');
  const rooms = new Rooms({ appDirectory: repositoryRoot, directory });
  let installation: Installation | undefined;
  let room: OpenExample | undefined;
  try {
    const screens = isServed ? await servedScreens() : {};
    installation = await serveInstallation({ rooms, port: isTemporary ? 0 : Number(options.port), ...screens });
    await rooms.room(policies.template.id);
    const asked = {
      policies,
      url: installation.url,
      directory: join(directory, 'rooms', policies.template.id),
      ...(options.data === undefined ? {} : { data: resolve(options.data) }),
      say,
      progress: progressOf(),
    };
    room = await openExample(asked);
    const run = await runExample(asked, room);
    const comparisons = await compareWithReference(policies, run.answers, options.data);
    if (options.json) print(JSON.stringify(summaryOf(run, comparisons)));
    else show(policies, run, comparisons);
    if (!run.verdict.verified) process.exitCode = 1;
    if (isServed) {
      say(`\nDer Raum läuft / the room is running: ${installation.url}  (Strg+C / Ctrl+C)`);
      await interrupted();
    }
  } finally {
    // The room first: its last entries are witnessed on the way out.
    await installation?.close();
    await room?.close();
    if (isTemporary) await rm(directory, { recursive: true, force: true });
  }
}

function progressOf(): (dataset: string, stage: Stage, done: number, total: number) => void {
  const bars = new Map<string, (done: number, total: number) => void>();
  return (dataset, stage, done, total) => {
    const label = `${dataset} ${stage}`.padEnd(24);
    const bar = bars.get(label) ?? progressBar(label);
    bars.set(label, bar);
    bar(done, total);
  };
}

function show(policies: Policies, run: ExampleRun, comparisons: readonly Comparison[]): void {
  print(`\n${run.notice.de}\n${run.notice.en}\n`);
  for (const { query, parameters, answered } of run.answers) {
    const chosen = Object.values(parameters).map((value) => ` (${value})`);
    print(
      `${query.title.de} / ${query.title.en}${chosen.join('')}\n${tableOf(answered.release, namesIn(policies, query))}\n`,
    );
  }
  for (const { table, derived } of run.tables) {
    const names = tableLabelNames(table, (input) =>
      namesIn(
        policies,
        policies.queries.find((query) => digestOf(query as Json) === table.inputs[input]?.query),
      ),
    );
    print(`${table.title.de} / ${table.title.en}\n${derivedTable(table, derived, names)}\n`);
  }
  print(`${planTable(run, policies.template)}\n`);
  print(JSON.stringify(summaryOf(run, comparisons), null, 2));
}

/** What the labels of a query's release are called in the policies. */
function namesIn({ schemas }: Policies, query: AggregateQuery | undefined): LabelNames {
  return query ? labelNames(query, among(schemas)) : plainLabels;
}

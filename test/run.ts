/**
 * Every check of the project in stages: `npm test`. Later stages run even when an earlier one failed; the last line is
 * always `N passed, N failed, N skipped`, and the exit code is 1 if anything failed or no test ran.
 *
 *   npm test                        all stages
 *   npm test -- unit lint           the named stages or folders
 *   npm test -- ledger -t refund    test files whose path contains the word; options go to vitest
 *   npm run test:nightly            statistics, attacks and faults with many more samples and repetitions
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { parseCLI, startVitest } from 'vitest/node';
import { type Tally, TallyReporter } from './reporter.ts';

interface StaticStage {
  readonly name: string;
  /** Script run by this Node, and its arguments. */
  readonly script: readonly string[];
}

interface TestStage {
  readonly name: string;
  /** Paths below `test/` a file of this stage starts with. */
  readonly folders: readonly string[];
  /** Test files at once: two, but one where what is tested is the machine. */
  readonly filesAtOnce: 1 | 2;
}

const staticStages: readonly StaticStage[] = [
  { name: 'format', script: ['node_modules/@biomejs/biome/bin/biome', 'check', '--max-diagnostics=none', '.'] },
  { name: 'lint', script: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'types', script: ['node_modules/typescript/bin/tsc', '-b', '--pretty', 'false'] },
  { name: 'unused', script: ['node_modules/knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors'] },
];

const testStages: readonly TestStage[] = [
  { name: 'unit', folders: ['architecture.test.ts', 'unit/', 'property/', 'vectors/'], filesAtOnce: 2 },
  { name: 'statistics', folders: ['statistics/'], filesAtOnce: 2 },
  { name: 'attacks', folders: ['attacks/'], filesAtOnce: 2 },
  { name: 'isolation', folders: ['isolation/'], filesAtOnce: 1 },
  { name: 'logs and witnesses', folders: ['faults/log-', 'faults/witness', 'e2e/witness'], filesAtOnce: 2 },
  { name: 'faults', folders: ['faults/'], filesAtOnce: 2 },
  { name: 'e2e', folders: ['e2e/'], filesAtOnce: 2 },
];

const nightlyStages = ['statistics', 'attacks', 'logs and witnesses', 'faults'] as const;

const root = path.resolve(import.meta.dirname, '..');
const tallies: Tally[] = [];

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs a stage, prints its name and time, and counts it as failed if it throws. */
async function stage(name: string, run: () => Promise<Tally> | Tally): Promise<void> {
  print(`\n── ${name}`);
  const startedMs = performance.now();
  let tally: Tally;
  try {
    tally = await run();
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    tally = { passed: 0, failed: [`${name}: the stage broke off`], skipped: [] };
  }
  tallies.push(tally);
  const verdict = tally.failed.length === 0 ? 'ok' : `${tally.failed.length} failed`;
  print(`── ${name}: ${verdict} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

function runScript({ name, script }: StaticStage): Tally {
  const [file = '', ...args] = script;
  // The tools find their own helpers, and the pinned Node, on the PATH.
  const PATH = `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env['PATH'] ?? ''}`;
  const ran = spawnSync(process.execPath, [path.join(root, file), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH },
    maxBuffer: 256 * 1024 * 1024,
  });
  if (ran.status === 0) return { passed: 1, failed: [], skipped: [] };
  print(`${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}`.trimEnd());
  return { passed: 0, failed: [`${name} (exit code ${ran.status ?? ran.signal})`], skipped: [] };
}

async function runTests(files: readonly string[], filesAtOnce: 1 | 2, options: readonly string[]): Promise<Tally> {
  const counter = new TallyReporter();
  const cli = {
    ...parseCLI(['vitest', 'run', ...options]).options,
    root,
    watch: false,
    maxWorkers: filesAtOnce,
    fileParallelism: filesAtOnce > 1,
    reporters: ['default', counter],
  };
  // One stream, or failures would stand apart from their stage.
  const vitest = await startVitest([...files], cli, {}, { stdout: process.stdout, stderr: process.stdout });
  await vitest.close();
  return counter.tally();
}

function summarise(): boolean {
  const failed = tallies.flatMap((tally) => tally.failed);
  const skipped = tallies.flatMap((tally) => tally.skipped);
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  if (skipped.length > 0) print(`\nSkipped:\n${skipped.map(({ name, reason }) => `  ${name}: ${reason}`).join('\n')}`);
  if (failed.length > 0) print(`\nFailed:\n${failed.map((name) => `  ${name}`).join('\n')}`);
  if (passed + failed.length === 0) print('\nNothing ran: no stage and no test file fits.');
  print(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return failed.length === 0 && passed > 0;
}

const [mode, ...others] = process.argv.slice(2);
/** Asked for by tests that can do more where there is time. */
if (mode === 'nightly') process.env['REINRAUM_NIGHTLY'] = '1';
const args = mode === 'nightly' ? [...nightlyStages, ...others] : process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const words = firstOption === -1 ? args : args.slice(0, firstOption);
const options = firstOption === -1 ? [] : args.slice(firstOption);

const files = globSync('test/**/*.test.ts', { cwd: root }).map((file) => file.split(path.sep).join('/'));
const staged = new Set<string>();

/** A word names a stage (`unit`), a folder (`property`) or any part of a path. */
function wanted(file: string, stageName: string): boolean {
  if (words.length === 0) return true;
  return words.some(
    (word) => word === stageName || (!staticStages.some(({ name }) => name === word) && file.includes(word)),
  );
}

process.chdir(root);
for (const step of staticStages) {
  // Options are for vitest: `npm test -- -t name` runs tests only.
  if (words.includes(step.name) || (words.length === 0 && options.length === 0)) {
    await stage(step.name, () => runScript(step));
  }
}
for (const step of testStages) {
  // The first stage a file fits has it.
  const own = files.filter(
    (file) => !staged.has(file) && step.folders.some((folder) => file.startsWith(`test/${folder}`)),
  );
  for (const file of own) staged.add(file);
  const chosen = own.filter((file) => wanted(file, step.name)).toSorted();
  if (chosen.length > 0) await stage(step.name, () => runTests(chosen, step.filesAtOnce, options));
}
const unstaged = files.filter((file) => !staged.has(file));
if (unstaged.length > 0) {
  await stage('placement', () => ({ passed: 0, failed: unstaged.map((file) => `${file}: in no stage`), skipped: [] }));
}

// Not `exitCode`: a tool that left a timer behind must not keep a build machine waiting.
process.exit(summarise() ? 0 : 1);

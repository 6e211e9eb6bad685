/**
 * The log on a disk that fails: every system call it makes on its files – while it is founded, in an append of the steady
 * state, in one that fills a bundle and its tiles, in one that cuts the journal, and in a recovery that does so – fails with EIO and, where it may, ENOSPC, and at
 * every one that changes something the process is killed instead. An error must end the log for good; after either, a
 * process that knows nothing of it opens the log and finds every promise kept (`goOnWith`). What a power loss takes is
 * for `log-power-loss.test.ts`: after a kill the kernel still writes what was not synced.
 */
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Log } from '@reinraum/audit';
import { concat } from '@reinraum/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { faultEntry, faultLog, type LogPromise, stoppedExitCode } from './log-process.ts';
import { goOnWith } from './recovered-log.ts';
import {
  broken,
  callsOf,
  canTrace,
  type Injection,
  injectionsOf,
  isSync,
  needsStrace,
  type SystemCall,
} from './system-calls.ts';

const program = join(import.meta.dirname, 'log-process.ts');

/** A log before the process starts, and from which of its promises on its calls are broken. */
interface Scenario {
  readonly name: string;
  /** Lays the log out in a directory that is not there yet. */
  readonly prepare: (directory: string) => Promise<void>;
  readonly appends: number;
  /** Entries for which the process cuts the journal, where it does. */
  readonly cutEntries?: number;
  readonly fromLine: number;
  /** Calls, of many, it cannot do without: if they are not seen, nothing is tested. */
  readonly needs: readonly string[];
  /** Whether a call, on a file below the directory, is broken in the ordinary run too. */
  readonly ordinarily: (call: SystemCall, file: string, injection: Injection) => boolean;
}

/** A closed log of so many entries, published at each of these sizes. */
async function written(directory: string, ...sizes: readonly number[]): Promise<void> {
  const log = await Log.open(faultLog(directory));
  for (const size of sizes) {
    const from = log.size;
    await Promise.all(Array.from({ length: size - from }, (_, at) => log.append(faultEntry(from + at))));
    await log.publish();
  }
  await log.close();
}

/** Three journalled entries, one of them the last of a bundle, and a torn fourth; a head signed and not published. */
async function interrupted(directory: string): Promise<void> {
  await written(directory, 254);
  const ahead = `${directory}-ahead`;
  await cp(directory, ahead, { recursive: true });
  await written(ahead, 257);
  const journal = await readFile(join(ahead, 'journal'));
  await writeFile(join(directory, 'journal'), concat(journal, journal.subarray(8, 300)));
  await cp(join(ahead, 'signed'), join(directory, 'signed'));
}

const isState = (file: string): boolean => /^(journal|signed|checkpoint)/.test(file);

const scenarios: readonly Scenario[] = [
  {
    name: 'founding',
    prepare: () => Promise.resolve(),
    appends: 0,
    fromLine: 0,
    needs: ['fsync ..', 'fsync journal.tmp', 'fsync signed.tmp', 'fsync checkpoint.tmp', 'fsync '],
    ordinarily: ({ changes }, file) => changes || isState(file),
  },
  {
    name: 'append',
    prepare: (directory) => written(directory, 300),
    // The first append of a process looks for every directory once; the second is like all that follow.
    appends: 2,
    fromLine: 3,
    needs: ['pwrite64 journal', 'fdatasync journal', 'fsync tile/0/001.p', 'fsync signed.tmp', 'fsync checkpoint.tmp'],
    ordinarily: () => true,
  },
  {
    name: 'append that fills a tile',
    prepare: (directory) => written(directory, 254),
    appends: 2,
    fromLine: 3,
    needs: ['fsync tile/entries/000.tmp', 'fsync tile/0/000.tmp', 'fsync tile/1/000.p/1.tmp', 'fsync tile/0'],
    // The rest is as in any append, and the log tells no error of a changing call from another.
    ordinarily: ({ changes }, file, injection) => changes && file.startsWith('tile/') && injection !== 'ENOSPC',
  },
  {
    name: 'append that cuts the journal',
    prepare: (directory) => written(directory, 256),
    // The second goes to the new file.
    appends: 2,
    cutEntries: 256,
    fromLine: 1,
    needs: ['fsync tile/entries/000', 'fsync tile/entries', 'fsync journal.tmp', 'rename journal.tmp'],
    // What else is in it was broken in other appends.
    ordinarily: (call, file, injection) =>
      file.startsWith('journal') || (injection === 'EIO' && isSync(call) && !file.endsWith('.tmp')),
  },
  {
    name: 'recovery',
    prepare: interrupted,
    appends: 0,
    cutEntries: 256,
    fromLine: 0,
    needs: ['pread64 journal', 'ftruncate journal', 'fsync journal', 'fsync tile/0/000.tmp', 'fsync signed.tmp'].concat(
      ['rename journal.tmp'],
    ),
    // Errors of tiles are as in the append that fills one.
    ordinarily: (_call, file, injection) => injection === 'KILL' || (injection === 'EIO' && isState(file)),
  },
];

/**
 * The whole matrix is for the nightly run. The ordinary one leaves out what another cell stands for: kills before a sync,
 * which change nothing a process could see (that of the journal's promise stays), and beyond that what a scenario says.
 */
const isWhole = process.env['REINRAUM_NIGHTLY'] === '1';

function isDue({ ordinarily }: Scenario, call: SystemCall, file: string, injection: Injection): boolean {
  if (isWhole) return true;
  if (injection === 'KILL' && isSync(call) && call.name !== 'fdatasync') return false;
  return ordinarily(call, file, injection);
}

/** What became of each call, by what was done to it. */
const matrix = new Map<string, Map<Injection, string>>();

function nameOf(file: string, { name, occurrence, changes }: SystemCall): string {
  const what = name === 'openat' ? (changes ? 'create' : 'open') : name;
  const where = file === '' ? 'the directory' : file === '..' ? 'its parent' : file;
  return `${what.padEnd(10)} ${where}${occurrence > 1 ? ` (${occurrence})` : ''}`;
}

function scriptOf({ appends, cutEntries }: Scenario, directory: string): string[] {
  return [program, directory, String(appends), ...(cutEntries === undefined ? [] : [String(cutEntries)])];
}

/** Breaks one call of a fresh copy and goes on with what is left. */
async function survive(folder: string, scenario: Scenario, call: SystemCall, injection: Injection): Promise<void> {
  const directory = join(folder, 'log');
  await rm(directory, { recursive: true, force: true });
  await cp(join(folder, 'before'), directory, { recursive: true, force: true }).catch(ignoreAbsent);
  const ended = broken(call, injection, scriptOf(scenario, directory));
  expect(ended.isInjected, 'the call was reached').toBe(true);
  const promises = ended.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): LogPromise => JSON.parse(line));
  if (injection !== 'KILL') {
    expect([ended.exitCode, ended.stderr]).toEqual([stoppedExitCode, `${injection}\n`]);
  }
  // Nothing is acknowledged that the journal has not been told is on the disk.
  if (/^(pwrite64|fdatasync)$/.test(call.name) && call.path === join(directory, 'journal')) {
    expect(promises).toHaveLength(call.line);
  }
  await goOnWith(directory, promises, scenario.cutEntries);
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** A test for every cell of the matrix of these scenarios, and the matrix when they are done. */
export async function testSystemCalls(...names: readonly string[]): Promise<void> {
  if (!canTrace) test('every system call of the log', (context) => context.skip(needsStrace));
  for (const scenario of canTrace ? scenarios.filter(({ name }) => names.includes(name)) : [])
    await testScenario(scenario);
  afterAll(printMatrix);
}

async function testScenario(scenario: Scenario): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'reinraum-log-faults-')));
  const directory = join(folder, 'log');
  await scenario.prepare(join(folder, 'before'));
  await cp(join(folder, 'before'), directory, { recursive: true }).catch(ignoreAbsent);
  const calls = callsOf(directory, scriptOf(scenario, directory)).filter(({ line }) => line >= scenario.fromLine);

  describe(scenario.name, () => {
    test('makes the calls it cannot do without', () => {
      const seen = calls.map(({ name, path }) => `${name} ${relative(directory, path)}`);
      expect(seen).toEqual(expect.arrayContaining([...scenario.needs]));
    });

    for (const call of calls) {
      const file = relative(directory, call.path);
      const row = nameOf(file, call);
      const due = injectionsOf(call).filter((injection) => isDue(scenario, call, file, injection));
      const cells = new Map<Injection, string>();
      if (due.length > 0) matrix.set(`${scenario.name}: ${row}`, cells);
      test.for(due)(`${row} → %s`, async (injection) => {
        cells.set(injection, 'FAILED');
        await survive(folder, scenario, call, injection);
        cells.set(injection, 'survived');
      });
    }
    afterAll(() => rm(folder, { recursive: true }));
  });
}

function printMatrix(): void {
  const columns: readonly Injection[] = ['EIO', 'ENOSPC', 'KILL'];
  const width = Math.max(...[...matrix.keys()].map((row) => row.length));
  const line = (row: string, cells: readonly string[]) =>
    [row.padEnd(width), ...cells.map((cell) => cell.padEnd(8))].join('  ').trimEnd();
  const rows = [...matrix].map(([row, cells]) =>
    line(
      row,
      columns.map((column) => cells.get(column) ?? '–'),
    ),
  );
  if (rows.length > 0) process.stdout.write(`${[line('', columns), ...rows].join('\n')}\n`);
}

/** Runs in the sandbox in the enclave's place, with the same flags, and tries what it is told over the door. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure } from '../../enclave/attest/measurement.ts';
import { probeWalls, type WallReport } from '../../enclave/attest/walls.ts';

/** What can be tried, with its arguments and what comes back. */
export interface Trials {
  walls: { given: null; got: WallReport };
  measurement: { given: null; got: string };
  list: { given: string; got: string[] };
  /** Runs a program of the system, which Node's permission model does not reach. */
  run: { given: [string, ...string[]]; got: { status: number | null; signal: string | null; out: string } };
  /** A child fills this many megabytes of buffers. */
  hoard: { given: number; got: { filled: boolean; megabytes: number } };
  /** A DuckDB child reads this many rows from the loading FIFO; the sum of their numbers comes back. */
  engine: { given: number; got: string };
  self: {
    given: null;
    got: { environment: NodeJS.ProcessEnv; arguments: string[]; permissions: boolean[]; eval: string };
  };
  /** What the descriptors after the third of a child are that was given only those three. */
  childDescriptors: { given: null; got: string[] };
}

const option = { type: 'string', default: '' } as const;
const { values: paths } = parseArgs({ options: { app: option, state: option, uploads: option, scratch: option } });

const trials: { [Name in keyof Trials]: (given: Trials[Name]['given']) => Promise<Trials[Name]['got']> } = {
  walls: () => probeWalls(paths),
  measurement: () => measure(paths.app, process.execPath),
  list: async (path) => (await readdir(path)).sort(),
  run: async ([command, ...args]) => {
    const { status, signal, stdout } = spawnSync(command, args, { encoding: 'utf8' });
    return { status, signal, out: stdout };
  },
  hoard,
  engine,
  self: async () => ({
    environment: process.env,
    arguments: process.argv.slice(2),
    permissions: ['fs.write', 'addon', 'worker', 'inspector'].map((name) => process.permission.has(name)),
    eval: nameOfFailure(() => Reflect.construct(Function, ['return 1'])),
  }),
  childDescriptors: async () => {
    const script =
      'opendir(my $d, "/proc/self/fd"); print readlink("/proc/self/fd/$_"), "\\n" for grep { $_ > 2 } readdir $d';
    return spawnSync('/usr/bin/perl', ['-e', script], { encoding: 'utf8' }).stdout.trim().split('\n');
  },
};

function nameOfFailure(attempt: () => unknown): string {
  try {
    attempt();
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.name : 'unknown';
  }
}

/** A child fills buffers until it has them all or the kernel refuses; says after each how far it is. */
async function hoard(megabytes: number): Promise<Trials['hoard']['got']> {
  const script = `const all = []; for (let mb = 64; mb <= ${megabytes}; mb += 64) {
    all.push(Buffer.alloc(64 << 20, 1)); require('node:fs').writeSync(1, mb + '\\n'); }`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return { filled: status === 0, megabytes: Number(stdout.trim().split('\n').at(-1)) };
}

async function engine(rows: number): Promise<string> {
  const pipe = `${paths.scratch}/load`;
  const child = spawn(
    process.execPath,
    [
      ...['--permission', '--allow-addons', `--allow-fs-read=${paths.app}`, `--allow-fs-read=${paths.scratch}`],
      ...[fileURLToPath(new URL('./probe-engine.ts', import.meta.url)), pipe],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const answer = child.stdout.setEncoding('utf8').toArray();
  const writer = await openWhenRead(pipe, child);
  for (let at = 0; at < rows; at += 1000) {
    const lines = Array.from({ length: Math.min(1000, rows - at) }, (_, index) => `${at + index},${'x'.repeat(20)}\n`);
    await writer.write(lines.join(''));
  }
  await writer.close();
  return (await answer).join('').trim();
}

/** An ordinary open for writing would wait for ever for a child that failed before it reads. */
async function openWhenRead(pipe: string, child: ChildProcess): Promise<FileHandle> {
  for (;;) {
    try {
      const first = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
      const writer = await open(pipe, constants.O_WRONLY);
      await first.close();
      return writer;
    } catch (error) {
      if (child.exitCode !== null || child.signalCode !== null) throw error;
      await setTimeout(5);
    }
  }
}

const door = new Socket({ fd: 3, readable: true, writable: true });
for await (const line of createInterface({ input: door })) {
  const { name, given } = JSON.parse(line) as { name: keyof Trials; given: never };
  door.write(`${JSON.stringify(await trials[name](given))}\n`);
}
process.exit(0);

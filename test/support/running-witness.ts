/** `reinraum witness run` as a process of its own, for tests that speak HTTP to it and kill it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../src/cli/root.ts';

const main = join(repositoryRoot, 'src', 'cli', 'main.ts');
const run = promisify(execFile);

/** Makes `<folder>/witness.key` and `<folder>/state`; returns the vkey. */
export async function makeWitness(folder: string, name = 'w.example/1'): Promise<string> {
  const args = ['witness', 'keygen', '--name', name, '--out', 'witness.key', '--state', 'state'];
  return (await run(process.execPath, [main, ...args], { cwd: folder })).stdout.trim();
}

/** A witness that runs. */
export interface RunningWitness {
  readonly url: string;
  readonly process: ChildProcess;
  /** Exit code – null where it was killed – once it has ended. */
  readonly ended: Promise<number | null>;
  /** All it has said so far. */
  said(): string;
}

/** Starts what `makeWitness` made; throws what it said where it ends before it listens. `entry` is another program, `more` further words. */
export async function startWitness(
  folder: string,
  logs: readonly string[],
  entry: string = main,
  more: readonly string[] = [],
): Promise<RunningWitness> {
  const words = ['witness', 'run', '--key', 'witness.key', '--state', 'state', '--listen', '127.0.0.1:0'];
  const args = [entry, ...words, ...logs.flatMap((vkey) => ['--log', vkey]), ...more];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (piece: Buffer) => {
      said += String(piece);
      const [, address] = / on (http:\S+)/.exec(said) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.once('close', () => reject(new Error(said)));
  });
  return { url, process: child, ended, said: () => said };
}

/** Sends a request. */
export async function post(url: string, body: Uint8Array): Promise<{ status: number; type: string; text: string }> {
  const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: new Uint8Array(body) });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

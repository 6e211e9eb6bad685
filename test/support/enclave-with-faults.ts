/**
 * The enclave, killed at a named moment: the entry tests put into the sandbox in place of the enclave's own. The file
 * `fault` beside this one names the moment; without it this is the ordinary enclave. Production has no such switch.
 *
 *     charged | aggregated | noised | stored | released    a step of an answer was reached
 *     engine                                                an engine is about to be started
 *     rename <n> | renamed <n>                              before or after the n-th file replaced since the fault was set
 */
import childProcess from 'node:child_process';
import { readFileSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';

let fault = '';
let renames = 0;

function wanted(): string {
  let now = '';
  try {
    now = readFileSync(new URL('./fault', import.meta.url), 'utf8');
  } catch {
    // No fault is set.
  }
  if (now !== fault) renames = 0;
  fault = now;
  return now;
}

function at(moment: string): void {
  if (wanted() === moment) process.kill(process.pid, 'SIGKILL');
}

const { spawn } = childProcess;
childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
  at('engine');
  return spawn(...args);
}) as typeof spawn;

const { rename } = files;
files.rename = async (...args) => {
  wanted();
  renames += 1;
  const number = renames;
  at(`rename ${number}`);
  await rename(...args);
  at(`renamed ${number}`);
};
syncBuiltinESMExports();

const app = process.argv[process.argv.indexOf('--app') + 1] ?? '';
const { run } = (await import(pathToFileURL(`${app}/enclave/main.ts`).href)) as {
  run: (reached: (moment: string) => void) => Promise<void>;
};
await run(at);

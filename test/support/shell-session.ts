/** One bash that is handed blocks one after another, as somebody pastes them. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const endsAfterMs = 20_000;

/** The session. Variables, functions and background processes of a block are there in the next. */
export class ShellSession {
  readonly #shell: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  #said = '';
  #wake: () => void = () => undefined;
  #blocks = 0;

  /** Starts it in `cwd`; blocks are kept as files in `folder`. */
  constructor(cwd: string, folder: string, env: Readonly<Record<string, string>>) {
    // A process group of its own, so that whatever blocks start can be ended with it.
    this.#shell = spawn('bash', ['--noprofile', '--norc'], { cwd, env: { ...process.env, ...env }, detached: true });
    this.#folder = folder;
    this.#ended = new Promise((resolve) => this.#shell.once('close', resolve));
    this.#shell.stdout.on('data', (piece: Buffer) => {
      this.#said += String(piece);
      this.#wake();
    });
    this.#shell.once('exit', () => this.#wake());
    this.#shell.stdin.on('error', () => undefined);
    this.#shell.stdin.write('exec 2>&1\nset -euo pipefail\n');
  }

  /** Runs a block and returns all it said. Throws, with that, where a command of it fails and ends the session. */
  async run(block: string): Promise<string> {
    const end = randomUUID();
    const file = join(this.#folder, `block-${(this.#blocks += 1)}.sh`);
    await writeFile(file, block);
    const before = this.#said.length;
    // Sourced, so that no command of the block can read the rest of the session as its input.
    this.#shell.stdin.write(`. '${file}' < /dev/null\nprintf '\\n%s\\n' ${end}\n`);
    for (;;) {
      const said = this.#said.slice(before);
      const at = said.indexOf(`\n${end}\n`);
      if (at >= 0) return said.slice(0, at);
      if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) {
        throw new Error(`the session has ended in this block:\n${block}\n${said}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Ends the session with all processes it started. */
  async close(): Promise<void> {
    const { pid } = this.#shell;
    if (pid === undefined) return;
    signal(pid, 'SIGTERM');
    const timer = setTimeout(() => signal(pid, 'SIGKILL'), endsAfterMs);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Signals a process group; one that is gone is fine. */
function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

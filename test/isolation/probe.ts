/** Starts `probe-entry.ts` behind the real walls and speaks with it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type EnclaveProcess, type SandboxOptions, spawnEnclave } from '../../src/host/sandbox.ts';
import type { Trials } from './probe-entry.ts';

/** The repository's root. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Folders of one room. */
export interface Folders {
  readonly state: string;
  readonly uploads: string;
}

/** A running probe. */
export interface Probe {
  readonly enclave: EnclaveProcess;
  /** Tries one thing inside. Rejects if the probe ends instead of answering. */
  try<Name extends keyof Trials>(name: Name, given: Trials[Name]['given']): Promise<Trials[Name]['got']>;
  /** Closes the door and waits for the end. */
  end(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const made: string[] = [];

/** Fresh, empty folders under the system's temporary folder, until {@link removeFolders}. */
export async function makeFolders(): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'reinraum-isolation-'));
  made.push(root);
  const folders = { state: join(root, 'state'), uploads: join(root, 'uploads') };
  for (const path of Object.values(folders)) await mkdir(path);
  return folders;
}

/** Removes all folders made so far. */
export async function removeFolders(): Promise<void> {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
}

/** The options the probe is started with. */
export function probeOptions(folders: Folders): SandboxOptions {
  return {
    appDirectory: repositoryRoot,
    stateDirectory: folders.state,
    uploadsDirectory: folders.uploads,
    entry: '/app/test/isolation/probe-entry.ts',
    extraReadOnly: [{ from: join(repositoryRoot, 'test/isolation'), to: '/app/test/isolation' }],
    output: 'ignore',
  };
}

/** Starts the probe. */
export async function startProbe(folders: Folders, options: Partial<SandboxOptions> = {}): Promise<Probe> {
  const enclave = await spawnEnclave({ ...probeOptions(folders), ...options });
  const lines = createInterface({ input: enclave.door })[Symbol.asyncIterator]();
  return {
    enclave,
    async try(name, given) {
      enclave.door.write(`${JSON.stringify({ name, given })}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('the probe ended instead of answering');
      return JSON.parse(line.value);
    },
    async end() {
      enclave.door.end();
      return enclave.exited;
    },
  };
}

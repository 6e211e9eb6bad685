/** The system calls of a Node process on the files of one directory, listed and broken with strace. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Not in the folder for temporary files, which others may write to: what lies here is run. */
const compileCache = join(import.meta.dirname, '../../node_modules/.cache/compile');

const probe = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { encoding: 'utf8' });

/** Whether strace may follow a process here. */
export const canTrace = probe.status === 0;

/** The reason to skip with where it may not. */
export const needsStrace = `needs strace and leave to trace: ${probe.error?.message ?? probe.stderr.trim()}`;

/** Calls that change the disk or make a change durable. A processor has some of them only under their newer names. */
const changing = ['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'ftruncate', 'fallocate', 'fsync', 'fdatasync']
  .concat(['sync_file_range', 'rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat'])
  .concat(['unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir']);
const reading = ['read', 'pread64', 'getdents64'];
/** Calls that may find no room on the disk, by their manual pages; `openat` where it makes a file. */
const mayLackRoom = /^(p?writev?(64|2)?|fallocate|f(data)?sync|rename(at2?)?|(sym)?link(at)?|mkdir(at)?|openat)$/;

/** One call a process makes. */
export interface SystemCall {
  readonly name: string;
  /** The file or directory; of a renaming the old name. */
  readonly path: string;
  /** Which call of this name on this path it is in the whole run, from 1. */
  readonly occurrence: number;
  readonly changes: boolean;
  /** Line of stdout the process had written before, from 0. */
  readonly line: number;
}

/** What is done to a call: it fails and does nothing, or the process is killed instead of making it. */
export type Injection = 'EIO' | 'ENOSPC' | 'KILL';

/** How a process ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the call was reached and broken. */
  readonly isInjected: boolean;
}

/** What can befall a call. Before one that only reads, a kill is a kill before the next that changes something. */
export function injectionsOf({ name, changes }: SystemCall): readonly Injection[] {
  if (!changes) return ['EIO'];
  return mayLackRoom.test(name) ? ['EIO', 'ENOSPC', 'KILL'] : ['EIO', 'KILL'];
}

/** Whether a call only makes durable what every process sees already: killed before it or after it, a log looks the same. */
export function isSync({ name }: SystemCall): boolean {
  return name === 'fsync' || name === 'fdatasync';
}

/**
 * All calls the script makes on files at and below `directory` and on its parent, in their order. Throws if the script
 * does not end with 0.
 */
export function callsOf(directory: string, script: readonly string[]): SystemCall[] {
  const options = [
    '--seccomp-bpf',
    '-e',
    `trace=${[...changing, ...reading, 'openat'].map((name) => `?${name}`).join()}`,
  ];
  const { stdout, stderr, exitCode, trace } = traced(options, script);
  if (exitCode !== 0) throw new Error(`strace: the script ended with ${exitCode}: ${stderr}`);
  const counts = new Map<string, number>();
  const calls: SystemCall[] = [];
  let line = 0;
  for (const [, name = '', args = ''] of trace.matchAll(/^\d+ +(\w+)\((.*)$/gm)) {
    if (name === 'write' && args.startsWith('1<')) line += 1;
    const path = /^\d+<([^>]*)>/.exec(args)?.[1] ?? /"([^"]*)"/.exec(args)?.[1] ?? '';
    if (path !== dirname(directory) && path !== directory && !path.startsWith(`${directory}/`)) continue;
    const occurrence = (counts.get(`${name} ${path}`) ?? 0) + 1;
    counts.set(`${name} ${path}`, occurrence);
    const changes = name === 'openat' ? args.includes('O_CREAT') : changing.includes(name);
    calls.push({ name, path, occurrence, changes, line });
  }
  if (line !== stdout.split('\n').length - 1) throw new Error('strace: stdout was not written a line at a time');
  return calls;
}

/** Runs the script and breaks one of its calls. */
export function broken(call: SystemCall, injection: Injection, script: readonly string[]): Ended {
  const what = injection === 'KILL' ? 'signal=KILL' : `error=${injection}`;
  // The faster way to stop only at some calls loses signals.
  const faster = injection === 'KILL' ? [] : ['--seccomp-bpf'];
  const inject = `inject=${call.name}:${what}:when=${call.occurrence}`;
  const ran = traced([...faster, '-P', call.path, '-e', `trace=${call.name}`, '-e', inject], script);
  const isInjected = injection === 'KILL' ? ran.signal === 'SIGKILL' : ran.trace.includes('(INJECTED)');
  return { ...ran, isInjected };
}

/**
 * strace counts `when` by thread, so Node gets one thread for its files. Its compile cache, and no threads that compile,
 * save two thirds of the time.
 */
function traced(options: readonly string[], script: readonly string[]): Omit<Ended, 'isInjected'> & { trace: string } {
  const folder = mkdtempSync(join(tmpdir(), 'reinraum-strace-'));
  const file = join(folder, 'trace');
  try {
    const node = [process.execPath, '--v8-pool-size=0', ...script];
    const env = {
      ...process.env,
      UV_THREADPOOL_SIZE: '1',
      NODE_COMPILE_CACHE: compileCache,
    };
    const args = ['-f', '-qqq', '-y', '-o', file, ...options, ...node];
    const { status, signal, stdout, stderr, error } = spawnSync('strace', args, { encoding: 'utf8', env });
    if (error) throw error;
    return { exitCode: status, signal, stdout, stderr, trace: readFileSync(file, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { spawn } from 'node:child_process';
import { lstatSync, readlinkSync } from 'node:fs';
import { type FilterArchitecture, seccompProgram } from './seccomp.ts';

/** Why the walls cannot be built on this machine. */
export type MissingPart = 'bubblewrap-not-found' | 'namespaces-refused' | 'architecture-without-filter';

/** A file or folder of the host shown read-only inside. */
export interface ReadOnlyMount {
  readonly from: string;
  readonly to: string;
}

/** What is mounted; everything else of the host does not exist inside. */
export interface Mounts {
  readonly readOnly: readonly ReadOnlyMount[];
  /** The one persistent writable place. */
  readonly state: { readonly from: string; readonly to: string };
  /** The one private tmpfs with the loading FIFO. */
  readonly scratch: string;
}

/** The descriptor on which bubblewrap reads the system-call filter. */
export const FILTER_FD = 4;
/** Only system folders: which bwrap, flock and sh run must not depend on the caller's PATH. */
export const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin';
const SCRATCH_BYTES_MAX = 1 << 20;
const TMP_BYTES_MAX = 16 << 20;
const TRIAL_TIMEOUT_MS = 10_000;

/**
 * The arguments of bubblewrap (0.8 or later) up to and including `--`; the command follows. Each flag with its why;
 * order matters, bubblewrap mounts in the order given.
 */
export function bubblewrapArguments(mounts: Mounts): readonly string[] {
  const id = '1000'; // any but 0: nothing inside should take itself for root
  return [
    // Own user, pid, network, ipc, uts and cgroup namespaces: no network but an unconnected loopback, no other process.
    ...['--unshare-all', '--unshare-user', '--uid', id, '--gid', id, '--hostname', 'reinraum'],
    // No further user namespace, in which it would be root again; the filter refuses unshare and clone as well.
    '--disable-userns',
    // The kernel kills everything inside when the host dies, however it dies.
    '--die-with-parent',
    // No controlling terminal to type into.
    '--new-session',
    ...['--cap-drop', 'ALL', '--clearenv', '--setenv', 'PATH', '/usr/bin:/bin'],
    ...['--seccomp', String(FILTER_FD)],
    ...['--ro-bind', '/usr', '/usr', ...hidden('/usr/local'), ...hidden('/usr/src'), ...systemFolders()],
    // Read-only, because /proc/sys is writable for the user id of root even without capabilities, and
    // kernel.core_pattern runs a program outside every namespace.
    ...['--proc', '/proc', '--remount-ro', '/proc'],
    ...['--dev', '/dev', '--remount-ro', '/dev'],
    ...['--size', String(TMP_BYTES_MAX), '--tmpfs', '/tmp'],
    ...['--perms', '0700', '--size', String(SCRATCH_BYTES_MAX), '--tmpfs', mounts.scratch],
    ...['--bind', mounts.state.from, mounts.state.to],
    ...mounts.readOnly.flatMap(({ from, to }) => ['--ro-bind', from, to]),
    // The root itself is a tmpfs of bubblewrap's and would stay writable.
    ...['--remount-ro', '/', '--chdir', '/', '--'],
  ];
}

/** What administrators put under `/usr` themselves (scripts with passwords, sources) is covered by an empty folder. */
function hidden(path: string): readonly string[] {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ? ['--tmpfs', path, '--remount-ro', path] : [];
}

/** `/bin`, `/lib` … as the host has them: links into `/usr` on merged systems, folders on others. */
function systemFolders(): readonly string[] {
  return ['/bin', '/sbin', '/lib', '/lib32', '/lib64'].flatMap((path) => {
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status?.isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
    return status?.isDirectory() ? ['--ro-bind', path, path] : [];
  });
}

/** The filter for this machine, or `null` where there is none. */
export function filterForThisMachine(): Uint8Array<ArrayBuffer> | null {
  const supported: readonly FilterArchitecture[] = ['x64', 'arm64'];
  const architecture = supported.find((name) => name === process.arch);
  return architecture === undefined ? null : seccompProgram(architecture);
}

const trials = new Map<string, Promise<MissingPart | null>>();

/**
 * Whether the walls can be built here: runs `true` once behind all of them and remembers the answer for this process.
 * Resolves to `null` if so, else to what is missing; never rejects.
 */
export function missingPart(bwrapPath: string): Promise<MissingPart | null> {
  const known = trials.get(bwrapPath) ?? trial(bwrapPath);
  trials.set(bwrapPath, known);
  return known;
}

function trial(bwrapPath: string): Promise<MissingPart | null> {
  const filter = filterForThisMachine();
  if (filter === null) return Promise.resolve('architecture-without-filter');
  const walls = bubblewrapArguments({ readOnly: [], state: { from: '/usr', to: '/state' }, scratch: '/run/reinraum' });
  return new Promise((resolve) => {
    const child = spawn(bwrapPath, [...walls, 'true'], {
      stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'pipe'],
      env: { PATH: SYSTEM_PATH },
      timeout: TRIAL_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    child.once('error', () => resolve('bubblewrap-not-found'));
    child.once('exit', (code) => resolve(code === 0 ? null : 'namespaces-refused'));
    sendFilter(child.stdio[FILTER_FD], filter);
  });
}

/** Writes the filter and ends the pipe. A failure shows as bubblewrap's exit, so the pipe's own error says nothing more. */
export function sendFilter(pipe: unknown, filter: Uint8Array): void {
  if (!isWritable(pipe)) return;
  pipe.on('error', () => undefined);
  pipe.end(filter);
}

function isWritable(pipe: unknown): pipe is NodeJS.WritableStream {
  return typeof pipe === 'object' && pipe !== null && 'end' in pipe;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, fstatSync, openSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import {
  bubblewrapArguments,
  FILTER_FD,
  filterForThisMachine,
  type MissingPart,
  missingPart,
  type ReadOnlyMount,
  SYSTEM_PATH,
  sendFilter,
} from './bubblewrap.ts';

/** What runs in the sandbox and what it may see. All paths are the host's unless said otherwise. */
export interface SandboxOptions {
  /** The repository's root; only `enclave/`, `audit/`, `node_modules/` and the package files of it are shown, at `/app`. */
  readonly appDirectory: string;
  /** Shown writable at `/state`; holds the lock file. One process per state directory. */
  readonly stateDirectory: string;
  /** Sealed uploads, shown read-only at `/uploads`. */
  readonly uploadsDirectory: string;
  /** The module to run, by its path inside. Default `/app/enclave/main.ts`. */
  readonly entry?: string;
  /** Further arguments of the entry, after the paths. */
  readonly entryArguments?: readonly string[];
  /** Further read-only mounts, for tests; `to` must not lie in a folder that is itself mounted read-only. */
  readonly extraReadOnly?: readonly ReadOnlyMount[];
  /** Limit of each process's private writable memory. Default {@link DATA_LIMIT_BYTES}. */
  readonly dataLimitBytes?: number;
  /** Default: `bwrap` in the system folders. */
  readonly bwrapPath?: string;
  /** Default: {@link findNode}. */
  readonly nodePath?: string;
  /** What becomes of stdout and stderr. Default `ignore`: nothing leaves but through the door. */
  readonly output?: 'ignore' | 'inherit' | 'pipe';
}

/** `sandboxed`: all walls were built. `degraded`: only lock, limits and Node's permission model. */
export type Assurance = 'sandboxed' | 'degraded';

/** How to start the enclave; descriptor 3 must be a socket pair, descriptor 4 give `filter` and then end. */
export interface SandboxCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly filter: Uint8Array | null;
  readonly assurance: Assurance;
  /** Why it is degraded; empty if sandboxed. */
  readonly missing: readonly MissingPart[];
  /** A private folder of the host to remove after the exit (degraded only). */
  readonly scratchDirectory: string | null;
}

/** A running enclave. */
export interface EnclaveProcess {
  readonly process: ChildProcess;
  /** The only way in and out. A broken door shows as `close`; closing it asks the enclave to end. */
  readonly door: Duplex;
  readonly assurance: Assurance;
  readonly missing: readonly MissingPart[];
  /** {@link LOCK_HELD_EXIT_CODE} means that another process runs on this state directory. Never rejects. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Exit code if another process holds the state directory's lock (EX_TEMPFAIL). */
export const LOCK_HELD_EXIT_CODE = 75;
/** DuckDB with `memory_limit` 4 GB was measured at 5.1 GiB of private writable memory in Node 24. */
export const DATA_LIMIT_BYTES = 6 * 2 ** 30;
/** The descriptor of the door inside. */
export const DOOR_FD = 3;

const INSIDE = { app: '/app', state: '/state', uploads: '/uploads', scratch: '/run/reinraum', node: '/node' } as const;
const APP_PARTS = ['enclave', 'audit', 'node_modules', 'package.json', 'package-lock.json'] as const;
/** Asked for by the probes of `enclave/attest/walls.ts`. Only granted where mounts are the wall that has to answer. */
const PROBED_READ = ['/etc/passwd', '/root', '/home', '/sys'];
const PROBED_WRITE = [`${INSIDE.app}/.write-probe`];

/** $1 scratch folder, $2 data limit in bytes, then the command. One byte of core: zero does not stop piped dumps. */
const START = [
  'umask 077',
  'scratch=$1 data=$2',
  'shift 2',
  'mkfifo -m 600 "$scratch/load"',
  'exec env -i TZ=UTC LANG=C.UTF-8 prlimit --core=1 --data="$data" -- "$@"',
].join('; ');

/** The folders and options of a start after defaults, seen from where the enclave will stand. */
interface Start {
  readonly node: string;
  readonly paths: { readonly app: string; readonly state: string; readonly uploads: string; readonly scratch: string };
  readonly entry: string;
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  readonly entryArguments: readonly string[];
  readonly dataLimitBytes: number;
}

/**
 * The command line that starts the enclave behind its walls: flock ▸ bwrap ▸ sh (FIFO, limits) ▸ node. Falls back to the
 * same without bwrap, and says so, where the walls cannot be built. Creates the lock file, and a scratch folder if degraded.
 * Throws if the lock file is anything but a plain file: the enclave could have put a link there for the host to open.
 */
export async function sandboxCommand(options: SandboxOptions): Promise<SandboxCommand> {
  const app = realpathSync(options.appDirectory);
  const state = realpathSync(options.stateDirectory);
  const uploads = realpathSync(options.uploadsDirectory);
  const node = realpathSync(options.nodePath ?? findNode(app));
  const extra = options.extraReadOnly ?? [];
  const bwrapPath = options.bwrapPath ?? 'bwrap';
  const lock = prepareLock(state);
  const flock = ['--nonblock', '--no-fork', '--conflict-exit-code', String(LOCK_HELD_EXIT_CODE), lock];
  const rest = {
    entryArguments: options.entryArguments ?? [],
    dataLimitBytes: options.dataLimitBytes ?? DATA_LIMIT_BYTES,
  };
  const entry = options.entry ?? `${INSIDE.app}/enclave/main.ts`;
  const env = { PATH: SYSTEM_PATH, LANG: 'C.UTF-8', TZ: 'UTC' };
  const missing = await missingPart(bwrapPath);

  if (missing !== null) {
    const scratch = await mkdtemp(join(tmpdir(), 'reinraum-'));
    const parts = APP_PARTS.map((part) => join(app, part));
    const readable = [...parts, node, state, uploads, scratch, '/proc/self/', ...extra.map(({ from }) => from)];
    const paths = { app, state, uploads, scratch };
    const start = { ...rest, node, paths, entry: outside(entry, app, extra), readable, writable: [state, scratch] };
    // Without a pid namespace the death signal is all that ties the enclave to its host.
    const tied = ['setpriv', '--no-new-privs', '--pdeathsig', 'KILL', '--', ...startArguments(start)];
    const args = [...flock, ...tied];
    return {
      command: 'flock',
      args,
      env,
      filter: null,
      assurance: 'degraded',
      missing: [missing],
      scratchDirectory: scratch,
    };
  }

  const readOnly = [
    ...APP_PARTS.map((part) => ({ from: join(app, part), to: `${INSIDE.app}/${part}` })),
    { from: node, to: INSIDE.node },
    { from: uploads, to: INSIDE.uploads },
    // A mount point cannot be unlinked or replaced from inside: the host opens this path at the next start.
    { from: lock, to: `${INSIDE.state}/lock` },
    ...extra,
  ];
  const walls = bubblewrapArguments({ readOnly, state: { from: state, to: INSIDE.state }, scratch: INSIDE.scratch });
  const readable = [...Object.values(INSIDE), '/proc', ...extra.map(({ to }) => to), ...PROBED_READ];
  const writable = [INSIDE.state, INSIDE.scratch, ...PROBED_WRITE];
  const start = { ...rest, node: INSIDE.node, paths: INSIDE, entry, readable, writable };
  const args = [...flock, bwrapPath, ...walls, ...startArguments(start)];
  return {
    command: 'flock',
    args,
    env,
    filter: filterForThisMachine(),
    assurance: 'sandboxed',
    missing: [],
    scratchDirectory: null,
  };
}

/** Starts the enclave and hands over its door. Rejects where the command cannot be started at all. */
export async function spawnEnclave(options: SandboxOptions): Promise<EnclaveProcess> {
  const command = await sandboxCommand(options);
  const output = options.output ?? 'ignore';
  const child = spawn(command.command, [...command.args], {
    env: { ...command.env },
    stdio: ['ignore', output, output, 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit').then(
    ([code, signal]: unknown[]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }),
    () => ({ code: null, signal: null }),
  );
  const { scratchDirectory } = command;
  if (scratchDirectory !== null) void exited.then(() => rm(scratchDirectory, { recursive: true, force: true }));
  const door = child.stdio[DOOR_FD];
  if (!(door instanceof Duplex)) throw new Error('sandbox: the door could not be made');
  door.on('error', () => door.destroy());
  sendFilter(child.stdio[FILTER_FD], command.filter ?? new Uint8Array());
  return { process: child, door, assurance: command.assurance, missing: command.missing, exited };
}

/**
 * The Node binary the enclave runs on: the one pinned in the lockfile, else this process's own if it is recent enough.
 * Throws where there is neither.
 */
export function findNode(appDirectory: string): string {
  const pinned = join(appDirectory, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  throw new Error('sandbox: needs Node 24 or later, or the pinned binary that "npm ci" installs');
}

/** Makes the lock file where there is none and refuses anything that is not a plain file. */
function prepareLock(state: string): string {
  const lock = join(state, 'lock');
  const file = openSync(
    lock,
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    0o600,
  );
  try {
    if (!fstatSync(file).isFile()) throw new Error('sandbox: the lock is not a plain file');
  } finally {
    closeSync(file);
  }
  return lock;
}

/** sh (FIFO, limits) ▸ node with its permission model as a seat-belt; the engine's child gets flags of its own. */
function startArguments({ node, paths, entry, readable, writable, entryArguments, dataLimitBytes }: Start): string[] {
  const permissions = [
    '--permission',
    '--allow-child-process',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...writable.map((path) => `--allow-fs-write=${path}`),
  ];
  const places = ['--app', paths.app, '--state', paths.state, '--uploads', paths.uploads, '--scratch', paths.scratch];
  const command = [node, ...permissions, entry, ...places, ...entryArguments];
  return ['/bin/sh', '-c', START, 'sh', paths.scratch, String(dataLimitBytes), ...command];
}

/** Where a path inside lies without a sandbox. */
function outside(path: string, app: string, extra: readonly ReadOnlyMount[]): string {
  const mount = extra.find(({ to }) => path === to || path.startsWith(`${to}/`));
  if (mount) return `${mount.from}${path.slice(mount.to.length)}`;
  return path.startsWith(`${INSIDE.app}/`) ? join(app, path.slice(INSIDE.app.length)) : path;
}

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
const DEFAULT_ENTRY = `${INSIDE.app}/enclave/main.ts`;
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

/** The host's side of every path, resolved. */
interface Places {
  readonly app: string;
  readonly state: string;
  readonly uploads: string;
  readonly node: string;
  readonly lock: string;
}

/** What the enclave is told and allowed, seen from where it stands. */
interface Start {
  readonly node: string;
  readonly paths: { readonly app: string; readonly state: string; readonly uploads: string; readonly scratch: string };
  readonly entry: string;
  readonly readable: readonly string[];
  readonly writable: readonly string[];
}

/**
 * The command line that starts the enclave behind its walls: flock ▸ bwrap ▸ sh (FIFO, limits) ▸ node. Falls back to the
 * same without bwrap, and says so, where the walls cannot be built. Creates the lock file, and a scratch folder if
 * degraded. Throws if a folder is absent, or if the lock is anything but a plain file: the enclave could have put a link
 * there for the host to open.
 */
export async function sandboxCommand(options: SandboxOptions): Promise<SandboxCommand> {
  const app = realpathSync(options.appDirectory);
  const state = realpathSync(options.stateDirectory);
  const uploads = realpathSync(options.uploadsDirectory);
  const node = realpathSync(options.nodePath ?? findNode(app));
  const places = { app, state, uploads, node, lock: prepareLock(state) };
  const missing = await missingPart(options.bwrapPath ?? 'bwrap');
  const command = 'flock';
  const env = { PATH: SYSTEM_PATH };
  const lock = ['--nonblock', '--no-fork', '--conflict-exit-code', String(LOCK_HELD_EXIT_CODE), places.lock];
  if (missing === null) {
    const args = [...lock, ...sandboxed(places, options)];
    return {
      command,
      args,
      env,
      filter: filterForThisMachine(),
      assurance: 'sandboxed',
      missing: [],
      scratchDirectory: null,
    };
  }
  const scratchDirectory = await mkdtemp(join(tmpdir(), 'reinraum-'));
  const args = [...lock, ...degraded(places, scratchDirectory, options)];
  return { command, args, env, filter: null, assurance: 'degraded', missing: [missing], scratchDirectory };
}

function sandboxed(places: Places, options: SandboxOptions): readonly string[] {
  const extra = options.extraReadOnly ?? [];
  const readOnly = [
    ...APP_PARTS.map((part) => ({ from: join(places.app, part), to: `${INSIDE.app}/${part}` })),
    { from: places.node, to: INSIDE.node },
    { from: places.uploads, to: INSIDE.uploads },
    // A mount point cannot be unlinked or replaced from inside: the host opens this path at the next start.
    { from: places.lock, to: `${INSIDE.state}/lock` },
    ...extra,
  ];
  const state = { from: places.state, to: INSIDE.state };
  const start = {
    node: INSIDE.node,
    paths: INSIDE,
    entry: options.entry ?? DEFAULT_ENTRY,
    readable: [...Object.values(INSIDE), '/proc', ...PROBED_READ, ...extra.map(({ to }) => to)],
    writable: [INSIDE.state, INSIDE.scratch, ...PROBED_WRITE],
  };
  const walls = bubblewrapArguments({ readOnly, state, scratch: INSIDE.scratch });
  return [options.bwrapPath ?? 'bwrap', ...walls, ...startArguments(start, options)];
}

function degraded(places: Places, scratch: string, options: SandboxOptions): readonly string[] {
  const { app, state, uploads, node } = places;
  const extra = options.extraReadOnly ?? [];
  const parts = APP_PARTS.map((part) => join(app, part));
  const start = {
    node,
    paths: { app, state, uploads, scratch },
    entry: onTheHost(options.entry ?? DEFAULT_ENTRY, app, extra),
    readable: [...parts, node, state, uploads, scratch, '/proc/self/', ...extra.map(({ from }) => from)],
    writable: [state, scratch],
  };
  // Without a pid namespace this signal is all that ties the enclave to its host.
  return ['setpriv', '--no-new-privs', '--pdeathsig', 'KILL', '--', ...startArguments(start, options)];
}

/** From the shell on. The permission model is a seat-belt: what each flag closes is in docs/decisions/0002-sandbox.md. */
function startArguments(start: Start, options: SandboxOptions): readonly string[] {
  const { app, state, uploads, scratch } = start.paths;
  return [
    ...['/bin/sh', '-euc', START, 'sh', scratch, String(options.dataLimitBytes ?? DATA_LIMIT_BYTES)],
    ...[start.node, '--permission', '--allow-child-process', '--disable-warning=PERM0002'],
    ...start.readable.map((path) => `--allow-fs-read=${path}`),
    ...start.writable.map((path) => `--allow-fs-write=${path}`),
    ...['--no-addons', '--disable-proto=throw', '--disallow-code-generation-from-strings', '--disable-sigusr1'],
    start.entry,
    ...['--app', app, '--state', state, '--uploads', uploads, '--scratch', scratch],
    ...(options.entryArguments ?? []),
  ];
}

/** Where a path of the inside lies on the host. */
function onTheHost(path: string, app: string, extra: readonly ReadOnlyMount[]): string {
  const mounts = [...extra, { from: app, to: INSIDE.app as string }];
  const mount = mounts.find(({ to }) => path === to || path.startsWith(`${to}/`));
  if (mount === undefined) throw new Error('sandbox: the entry lies in no mounted folder');
  return mount.from + path.slice(mount.to.length);
}

/** Creates the lock file if absent, without following a link, and insists that it is a plain file with one name. */
function prepareLock(stateDirectory: string): string {
  const path = join(stateDirectory, 'lock');
  const { O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() || status.nlink !== 1) throw new Error('sandbox: the lock is not a plain file');
  } finally {
    closeSync(descriptor);
  }
  return path;
}

/**
 * Starts the enclave. Resolves as soon as its process exists; a held lock or a failing entry shows in `exited`.
 * Call it from the main thread: the death signal is tied to the thread that spawns. Throws as {@link sandboxCommand}
 * does, and if `flock` cannot be run, since without it two processes could write one state directory.
 */
export async function spawnEnclave(options: SandboxOptions): Promise<EnclaveProcess> {
  const sandbox = await sandboxCommand(options);
  const output = options.output ?? 'ignore';
  const child = spawn(sandbox.command, sandbox.args, {
    stdio: ['ignore', output, output, 'pipe', sandbox.filter === null ? 'ignore' : 'pipe'],
    env: sandbox.env,
    cwd: '/',
    detached: true, // Ctrl-C in a terminal reaches the host alone, which then closes the door
  });
  const exited = exitOf(child, sandbox.scratchDirectory);
  await once(child, 'spawn');
  if (sandbox.filter !== null) sendFilter(child.stdio[FILTER_FD], sandbox.filter);
  const door = child.stdio[DOOR_FD];
  if (!(door instanceof Duplex)) throw new Error('sandbox: the door is no socket pair');
  door.on('error', () => undefined); // 'close' follows
  return { process: child, door, assurance: sandbox.assurance, missing: sandbox.missing, exited };
}

function exitOf(child: ChildProcess, scratchDirectory: string | null): EnclaveProcess['exited'] {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const cleared =
        scratchDirectory === null ? Promise.resolve() : rm(scratchDirectory, { recursive: true, force: true });
      void cleared.catch(() => undefined).then(() => resolve({ code, signal }));
    });
  });
}

/**
 * The Node binary to run the enclave with: the one pinned in the lockfile if npm installed it, else this process's own
 * if it is Node 24 or later. Throws if neither is there.
 */
export function findNode(appDirectory: string): string {
  const pinned = join(appDirectory, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  throw new Error('sandbox: neither the pinned Node binary nor Node 24 is installed');
}

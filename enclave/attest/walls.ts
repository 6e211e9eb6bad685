import { access, constants, lstat, open, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** The walls in the order they are reported. Fixed names: they enter the claims. */
export const WALL_NAMES = [
  'no-tcp-socket',
  'no-unix-socket',
  'no-outside-files',
  'no-outside-write',
  'read-only-mounts',
  'no-capabilities',
  'no-new-privileges',
  'seccomp-filter',
  'no-network-interface',
  'no-foreign-process',
  'no-inherited-descriptor',
  'no-core-dump',
  'bare-environment',
] as const;

/** One of {@link WALL_NAMES}. */
export type WallName = (typeof WALL_NAMES)[number];

/** What the enclave found of its own walls. Only names and booleans: no path, no error text. */
export interface WallReport {
  readonly walls: readonly { readonly name: WallName; readonly held: boolean }[];
  /** `sandboxed` exactly if every wall held. */
  readonly assurance: 'sandboxed' | 'degraded';
}

/** Where the enclave finds its folders, as it sees them. */
export interface WallPaths {
  readonly app: string;
  readonly state: string;
  readonly scratch: string;
}

/** The only environment variables the enclave may see. */
export const ALLOWED_ENVIRONMENT: readonly string[] = ['LANG', 'TZ'];
/** Exist on every ordinary Linux machine and in no sandbox; the seat-belt lets them be asked for, the mounts must not. */
const OUTSIDE_PATHS = ['/etc/passwd', '/root', '/home', '/sys'];
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Tries every wall from inside, changing nothing that lasts. Never throws: what cannot be tried counts as not held, and
 * so does a refusal by Node's permission model (`ERR_ACCESS_DENIED`), which is a seat-belt and no wall.
 *
 * Finds misconfiguration, not a lying host: the kernel answers these questions, and the host chose the kernel.
 */
export async function probeWalls(paths: WallPaths): Promise<WallReport> {
  const probes: Record<WallName, () => Promise<boolean>> = {
    'no-tcp-socket': () => refusedByKernel(createConnection({ host: '127.0.0.1', port: 9 })),
    'no-unix-socket': () => refusedByKernel(createServer().listen(join(paths.scratch, 'probe.sock'))),
    'no-outside-files': noOutsideFiles,
    'no-outside-write': () => noOutsideWrite(paths.app),
    'read-only-mounts': () => readOnlyMounts([paths.state, paths.scratch, '/tmp']),
    'no-capabilities': noCapabilities,
    'no-new-privileges': async () => (await statusFields()).get('NoNewPrivs') === '1',
    'seccomp-filter': async () => (await statusFields()).get('Seccomp') === '2',
    'no-network-interface': noNetworkInterface,
    'no-foreign-process': noForeignProcess,
    'no-inherited-descriptor': () => noInheritedDescriptor(join(paths.state, 'lock')),
    'no-core-dump': noCoreDump,
    'bare-environment': async () => Object.keys(process.env).every((name) => ALLOWED_ENVIRONMENT.includes(name)),
  };
  const walls: { name: WallName; held: boolean }[] = [];
  for (const name of WALL_NAMES) walls.push({ name, held: await probes[name]().catch(() => false) });
  return { walls, assurance: walls.every((wall) => wall.held) ? 'sandboxed' : 'degraded' };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Held if the kernel refuses to make the socket at all: "no route" and "refused" mean that there is one. */
function refusedByKernel(socket: Socket | Server): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (held: boolean) => {
      clearTimeout(timer);
      if ('destroy' in socket) socket.destroy();
      else socket.close();
      resolve(held);
    };
    const timer = setTimeout(settle, PROBE_TIMEOUT_MS, false);
    socket.once('error', (error) => settle(codeOf(error) === 'EPERM'));
    socket.once('connect', () => settle(false));
    socket.once('listening', () => settle(false));
  });
}

async function noOutsideFiles(): Promise<boolean> {
  const answers = OUTSIDE_PATHS.map((path) => access(path, constants.F_OK).then(() => 'exists', codeOf));
  return (await Promise.all(answers)).every((answer) => answer === 'ENOENT');
}

async function noOutsideWrite(app: string): Promise<boolean> {
  const path = join(app, '.write-probe');
  try {
    const file = await open(path, 'wx', 0o600);
    await file.close();
    await rm(path);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}

/** Held if every mount but the named ones and single devices is read-only: /proc/sys too, which root's user id may write. */
async function readOnlyMounts(writable: readonly string[]): Promise<boolean> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n');
  return mounts.every((line) => {
    const [, , , , point = '', options = ''] = line.split(' ');
    return options.split(',').includes('ro') || writable.includes(point) || point.startsWith('/dev/');
  });
}

async function noCapabilities(): Promise<boolean> {
  const fields = await statusFields();
  return ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].every((name) => /^0+$/.test(fields.get(name) ?? 'absent'));
}

/** The fields of `/proc/self/status` by name. */
async function statusFields(): Promise<Map<string, string>> {
  const lines = (await readFile('/proc/self/status', 'utf8')).trimEnd().split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
}

async function noNetworkInterface(): Promise<boolean> {
  const [, , ...interfaces] = (await readFile('/proc/self/net/dev', 'utf8')).trimEnd().split('\n');
  return interfaces.every((line) => line.trim().startsWith('lo:'));
}

/** Held if /proc shows the reaper, ourselves and our children, no one else. */
async function noForeignProcess(): Promise<boolean> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/status`, 'utf8').catch(() => null); // ended meanwhile
    if (text !== null) parents.set(Number(name), Number(/^PPid:\s*(\d+)/m.exec(text)?.[1]));
  }
  const reaper = parents.get(process.pid);
  const isOurs = (id: number | undefined): boolean =>
    id === process.pid || (id !== undefined && id > 0 && isOurs(parents.get(id)));
  return parents.has(process.pid) && [...parents.keys()].every((id) => isOurs(id) || (id === 1 && reaper === 1));
}

/** Held if no descriptor after the usual three is a socket or a file of the host, except the door and the lock. */
async function noInheritedDescriptor(lock: string): Promise<boolean> {
  const lockStatus = await lstat(lock);
  for (const name of await readdir('/proc/self/fd')) {
    const path = `/proc/self/fd/${name}`;
    const target = Number(name) < 3 ? '' : await readlink(path).catch(() => ''); // the listing's own descriptor is gone
    if (target.startsWith('socket:') && name !== '3') return false;
    if (!target.startsWith('/') || target === '/dev/null') continue;
    const status = await stat(path);
    if (status.dev !== lockStatus.dev || status.ino !== lockStatus.ino) return false;
  }
  return true;
}

/** Held at a limit of one byte. Zero does not stop a dump that is piped to a program of the host (core(5)). */
async function noCoreDump(): Promise<boolean> {
  const limit = /^Max core file size\s+(\d+)\s+(\d+)\s/m.exec(await readFile('/proc/self/limits', 'utf8'));
  if (limit?.[1] !== limit?.[2]) return false;
  if (limit?.[2] === '1') return true;
  return limit?.[2] === '0' && !(await readFile('/proc/sys/kernel/core_pattern', 'utf8')).startsWith('|');
}

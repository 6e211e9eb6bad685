import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { measure } from '../../enclave/attest/measurement.ts';
import { ALLOWED_ENVIRONMENT, WALL_NAMES } from '../../enclave/attest/walls.ts';
import { bubblewrapArguments, missingPart, SYSTEM_PATH } from '../../src/host/bubblewrap.ts';
import {
  DATA_LIMIT_BYTES,
  findNode,
  LOCK_HELD_EXIT_CODE,
  sandboxCommand,
  spawnEnclave,
} from '../../src/host/sandbox.ts';
import { REFUSED_CALLS } from '../../src/host/seccomp.ts';
import { type Folders, makeFolders, type Probe, probeOptions, repositoryRoot, startProbe } from './probe.ts';

const NO_BWRAP = '/nonexistent/bwrap';
const EPERM = 1;
const EACCES = 13;
const EROFS = 30;
const ENOSYS = 38;
// Asked without our own code: walls that break on a machine with bubblewrap must fail here, not skip.
const plain = spawnSync('bwrap', ['--unshare-all', '--unshare-user', '--ro-bind', '/', '/', 'true'], {
  encoding: 'utf8',
});
const canSandbox = plain.status === 0;
const NEEDS_BWRAP = `needs bubblewrap and user namespaces: ${plain.error?.message ?? plain.stderr}`;
const made: string[] = [];

async function folders(): Promise<Folders> {
  const fresh = await makeFolders();
  made.push(dirname(fresh.state));
  return fresh;
}

afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true });
});

/** Whether someone holds the lock of a state directory. */
function isLocked(state: string): boolean {
  return spawnSync('flock', ['--nonblock', join(state, 'lock'), 'true']).status !== 0;
}

/** Waits until `holds`, at most `limitMs`. */
async function becomes(holds: () => boolean, limitMs: number): Promise<boolean> {
  for (const startedMs = performance.now(); performance.now() - startedMs < limitMs; await setTimeout(20)) {
    if (holds()) return true;
  }
  return holds();
}

/** Prints the error number of each line's system call (`number argument…`; a word is passed as a string), 0 if none. */
const CALL_SCRIPT = `for my $line (@ARGV) { my ($n, @a) = split / /, $line;
  @a = map { /^-?\\d+$/ ? $_ + 0 : $_ } @a; $! = 0; my $r = syscall($n + 0, @a, (0) x (6 - @a));
  print +($r == -1 ? $! + 0 : 0), "\\n" }`;

function numberOf(name: string): number {
  const call = REFUSED_CALLS.find((call) => call.name === name);
  const number = process.arch === 'arm64' ? call?.arm64 : call?.x64;
  if (number === undefined || number === null) throw new Error(`${name} does not exist here`);
  return number;
}

describe('behind all walls', () => {
  let probe: Probe;
  let here: Folders;

  beforeAll(async () => {
    if (!canSandbox) return;
    here = await folders();
    await writeFile(join(here.uploads, 'sealed'), 'sealed bytes');
    probe = await startProbe(here);
  });
  beforeEach((context) => {
    if (!canSandbox) context.skip(NEEDS_BWRAP);
  });
  afterAll(async () => {
    if (canSandbox) await probe.end();
  });

  /** Error numbers of raw system calls made inside. */
  async function calls(...lines: readonly string[]): Promise<number[]> {
    const { status, out } = await probe.try('run', ['/usr/bin/perl', '-e', CALL_SCRIPT, ...lines]);
    expect(status).toBe(0);
    return out.trim().split('\n').map(Number);
  }

  test('the walls can be built', async () => {
    expect(await missingPart('bwrap')).toBeNull();
  });

  test('every wall holds, seen from inside', async () => {
    const report = await probe.try('walls', null);
    expect(report.walls.filter(({ held }) => !held)).toEqual([]);
    expect(report.walls.map(({ name }) => name)).toEqual([...WALL_NAMES]);
    expect(report.assurance).toBe('sandboxed');
    expect(probe.enclave).toMatchObject({ assurance: 'sandboxed', missing: [] });
  });

  test('the file system shows only what is mounted', async () => {
    const system = ['bin', 'lib', 'lib32', 'lib64', 'sbin'].filter((name) => existsSync(`/${name}`));
    const list = async (path: string) => (await probe.try('run', ['/bin/ls', '-A', path])).out.trim().split('\n');
    const own = ['app', 'dev', 'node', 'proc', 'run', 'state', 'tmp', 'uploads', 'usr'];
    expect(await list('/')).toEqual([...own, ...system].sort());
    expect(await list('/app')).toEqual([
      'audit',
      'enclave',
      'node_modules',
      'package-lock.json',
      'package.json',
      'test',
    ]);
    expect(await list('/run')).toEqual(['reinraum']);
    expect(await list('/run/reinraum')).toEqual(['load']);
    expect(await list('/state')).toEqual(['lock']);
    expect(await list('/uploads')).toEqual(['sealed']);
    expect(await list('/tmp')).toEqual(['']);
    expect(await list('/usr/local')).toEqual(['']);
  });

  test('only the state, the scratch and /tmp can be written, even past the permission model', async () => {
    const script = 'print open(my $f, ">", "$_/written") ? 0 : $! + 0, "\\n" and unlink "$_/written" for @ARGV';
    const written = async (...paths: string[]) =>
      (await probe.try('run', ['/usr/bin/perl', '-e', script, ...paths])).out.trim().split('\n').map(Number);
    const readOnly = [
      '/',
      '/app',
      '/app/enclave',
      '/app/node_modules',
      '/uploads',
      '/usr',
      '/usr/local',
      '/dev',
      '/run',
    ];
    expect(await written(...readOnly)).toEqual(readOnly.map(() => EROFS));
    expect(await written('/state', '/run/reinraum', '/tmp')).toEqual([0, 0, 0]);
  });

  test('kernel settings cannot be opened for writing, whatever user the host is', async () => {
    const script = 'print open(my $f, "+<", $ARGV[0]) ? 0 : $! + 0';
    const open = async (path: string) => Number((await probe.try('run', ['/usr/bin/perl', '-e', script, path])).out);
    expect(await open('/proc/self/oom_score_adj')).toBe(EROFS);
    // For the user id of root the mount has to refuse it, for any other the file itself does already.
    expect(await open('/proc/sys/kernel/core_pattern')).toBe(process.getuid?.() === 0 ? EROFS : EACCES);
  });

  test('the lock cannot be replaced by a link for the host to open', async () => {
    const removed = await probe.try('run', ['/bin/rm', '-f', '/state/lock']);
    const moved = await probe.try('run', ['/bin/mv', '/state/lock', '/state/other']);
    expect([removed.status, moved.status]).toEqual([1, 1]);
    expect(await readdir(here.state)).toEqual(['lock']);
  });

  test('every refused system call answers as declared', async () => {
    const unconditional = REFUSED_CALLS.flatMap(({ name, rule, ...call }) => {
      const number = process.arch === 'arm64' ? call.arm64 : call.x64;
      return 'deny' in rule && number !== null ? [{ name, number, errno: rule.deny === 'EPERM' ? EPERM : ENOSYS }] : [];
    });
    expect(unconditional.length).toBeGreaterThan(60);
    const answers = await calls(...unconditional.map(({ number }) => String(number)));
    expect(unconditional.map(({ name }, at) => [name, answers[at]])).toEqual(
      unconditional.map(({ name, errno }) => [name, errno]),
    );
  });

  test('the calls decided by an argument let the needed ones through', async () => {
    const [mknodat, clone, ioctl, pair] = ['mknodat', 'clone', 'ioctl', 'socketpair'].map(numberOf);
    const FILE = { fifo: 0o010600, plain: 0o100600, device: 0o020600 };
    const NEW = { user: 0x10000000, network: 0x40000000 };
    const TERMINAL = { push: 0x5412, attributes: 0x5401 };
    const answers = await calls(
      `${mknodat} -100 /tmp/fifo ${FILE.fifo}`,
      `${mknodat} -100 /tmp/plain ${FILE.plain}`,
      `${mknodat} -100 /tmp/device ${FILE.device} 259`,
      `${clone} ${NEW.user}`,
      `${clone} ${NEW.network}`,
      `${ioctl} 0 ${TERMINAL.push}`,
      `${ioctl} 0 ${TERMINAL.attributes}`,
      `${pair} 2 1 0`,
      '467', // newer than the list was reviewed for
      String(0x40000000 + 39), // x32
    );
    const ENOTTY = 25;
    expect(answers).toEqual([0, EPERM, EPERM, EPERM, EPERM, EPERM, ENOTTY, EPERM, ENOSYS, ENOSYS]);
  });

  test('without the filter the same calls are not EPERM: it is the filter that answers', (context) => {
    if (process.arch !== 'x64') context.skip('the numbers of the control are those of x64');
    const walls = bubblewrapArguments({
      readOnly: [],
      state: { from: here.state, to: '/state' },
      scratch: '/run/reinraum',
    });
    const at = walls.indexOf('--seccomp');
    const open = [...walls.slice(0, at), ...walls.slice(at + 2)];
    const names = ['socket', 'process_vm_readv', 'unshare', 'add_key', 'name_to_handle_at', 'personality', 'clone3'];
    const perl = ['/usr/bin/perl', '-e', CALL_SCRIPT, ...names.map((name) => String(numberOf(name)))];
    const { status, stdout } = spawnSync('bwrap', [...open, ...perl], { encoding: 'utf8', env: { PATH: SYSTEM_PATH } });
    expect(status).toBe(0);
    const answers = stdout.trim().split('\n').map(Number);
    expect(answers).toHaveLength(names.length);
    expect(answers).not.toContain(EPERM);
    expect(answers).not.toContain(ENOSYS);
  });

  test('mount and unshare are refused to programs of the system', async () => {
    for (const command of [
      ['/usr/bin/unshare', '--user', 'true'],
      ['/usr/bin/unshare', '--net', 'true'],
      ['/usr/bin/mount', '-t', 'tmpfs', 'none', '/tmp'],
    ] satisfies [string, ...string[]][]) {
      expect(await probe.try('run', command)).not.toMatchObject({ status: 0 });
    }
  });

  test('the enclave process starts bare: environment, paths, permissions, no code from strings', async () => {
    const self = await probe.try('self', null);
    expect(self.environment).toEqual({ LANG: 'C.UTF-8', TZ: 'UTC' });
    expect(Object.keys(self.environment).sort()).toEqual([...ALLOWED_ENVIRONMENT].sort());
    expect(self.arguments).toEqual([
      '--app',
      '/app',
      '--state',
      '/state',
      '--uploads',
      '/uploads',
      '--scratch',
      '/run/reinraum',
    ]);
    expect(self.permissions).toEqual([false, false, false, false]);
    expect(self.eval).toBe('EvalError');
  });

  test('one byte of core at most, and the memory limit asked for', async () => {
    const { out } = await probe.try('run', ['/bin/cat', '/proc/self/limits']);
    expect(out).toMatch(/^Max core file size +1 +1 /m);
    expect(out).toMatch(new RegExp(`^Max data size +${DATA_LIMIT_BYTES} +${DATA_LIMIT_BYTES} `, 'm'));
  });

  test('a child inherits neither the door nor the lock', async () => {
    const targets = await probe.try('childDescriptors', null);
    expect(targets).toContainEqual(expect.stringMatching(/^\/proc\/\d+\/fd$/)); // the listing itself
    expect(targets.filter((target) => target.startsWith('socket:') || target.endsWith('/lock'))).toEqual([]);
  });

  test('DuckDB works in a child, loading through the FIFO', async () => {
    const rows = 100_000;
    expect(await probe.try('engine', rows)).toBe(`${rows}/${(rows * (rows - 1)) / 2}`);
  });

  test('the measurement is the same inside and outside', async () => {
    expect(await probe.try('measurement', null)).toBe(await measure(repositoryRoot, findNode(repositoryRoot)));
  });

  test('a second process on the same state directory is turned away', async () => {
    const second = await spawnEnclave(probeOptions(here));
    expect(await second.exited).toEqual({ code: LOCK_HELD_EXIT_CODE, signal: null });
    expect((await probe.try('walls', null)).assurance).toBe('sandboxed');
  });

  test('a child that wants more memory than allowed fails, and nothing else does', async () => {
    const fresh = await folders();
    const small = await startProbe(fresh, { dataLimitBytes: 2 ** 30 });
    const wanted = 1024;
    const { filled, megabytes } = await small.try('hoard', wanted);
    expect(filled).toBe(false);
    expect(megabytes).toBeLessThan(wanted);
    expect(await small.try('list', '/uploads')).toEqual([]);
    await small.end();
    expect(await probe.try('hoard', wanted)).toEqual({ filled: true, megabytes: wanted });
  });

  test('closing the door ends it and frees the lock', async () => {
    const fresh = await folders();
    const short = await startProbe(fresh);
    await short.try('self', null);
    expect(isLocked(fresh.state)).toBe(true);
    expect(await short.end()).toEqual({ code: 0, signal: null });
    expect(isLocked(fresh.state)).toBe(false);
  });
});

describe('without bubblewrap', () => {
  let probe: Probe;
  let scratch: string | undefined;

  beforeAll(async () => {
    probe = await startProbe(await folders(), { bwrapPath: NO_BWRAP });
  });
  afterAll(() => probe.end());

  test('the host says that it is degraded and why', () => {
    expect(probe.enclave).toMatchObject({ assurance: 'degraded', missing: ['bubblewrap-not-found'] });
  });

  test('the enclave finds it out by itself', async () => {
    const { assurance, walls } = await probe.try('walls', null);
    expect(assurance).toBe('degraded');
    const held = walls.filter((wall) => wall.held).map(({ name }) => name);
    expect(held).toEqual(expect.arrayContaining(['no-new-privileges', 'no-core-dump', 'bare-environment']));
    for (const name of ['no-tcp-socket', 'no-unix-socket', 'no-outside-files', 'no-outside-write', 'seccomp-filter']) {
      expect(held).not.toContain(name);
    }
  });

  test('lock, environment, FIFO and permission model are there all the same', async () => {
    const self = await probe.try('self', null);
    expect(self.environment).toEqual({ LANG: 'C.UTF-8', TZ: 'UTC' });
    expect(self.permissions).toEqual([false, false, false, false]);
    scratch = self.arguments.at(-1);
    expect(scratch).toBeDefined();
    expect(await readdir(String(scratch))).toEqual(['load']);
    expect(await probe.try('engine', 1000)).toBe('1000/499500');
  });

  test('the scratch folder goes with the process', async () => {
    await probe.end();
    expect(existsSync(String(scratch))).toBe(false);
  });
});

describe.each([
  ['sandboxed', 'bwrap'],
  ['degraded', NO_BWRAP],
])('%s', (assurance, bwrapPath) => {
  test('dies with its host, however that dies', async (context) => {
    if (assurance === 'sandboxed' && !canSandbox) context.skip(NEEDS_BWRAP);
    const { state, uploads } = await folders();
    const host = spawn(
      findNode(repositoryRoot),
      [fileURLToPath(new URL('./probe-host.ts', import.meta.url)), state, uploads, bwrapPath],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = await once(createInterface({ input: host.stdout }), 'line');
    expect(line).toBe('busy');
    expect(isLocked(state)).toBe(true);
    host.kill('SIGKILL');
    expect(await becomes(() => !isLocked(state), 3000)).toBe(true);
  });
});

describe('before anything starts', () => {
  test('a lock that is a link, a hard link or a folder is refused', async () => {
    const target = await folders();
    await writeFile(join(target.state, 'secret'), 'secret');
    const symbolic = await folders();
    await symlink(join(target.state, 'secret'), join(symbolic.state, 'lock'));
    const hard = await folders();
    await link(join(target.state, 'secret'), join(hard.state, 'lock'));
    const folder = await folders();
    await mkdir(join(folder.state, 'lock'));
    await expect(sandboxCommand(probeOptions(folder))).rejects.toThrow('EISDIR');
    await expect(sandboxCommand(probeOptions(symbolic))).rejects.toThrow('ELOOP');
    await expect(sandboxCommand(probeOptions(hard))).rejects.toThrow('not a plain file');
  });

  test('a machine that refuses namespaces is told from one without bubblewrap', async () => {
    expect(await missingPart('/bin/false')).toBe('namespaces-refused');
    expect(await missingPart(NO_BWRAP)).toBe('bubblewrap-not-found');
  });

  test('the pinned Node binary is found', () => {
    expect(findNode(repositoryRoot)).toBe(join(repositoryRoot, `node_modules/node-linux-${process.arch}/bin/node`));
    expect(findNode('/nonexistent')).toBe(process.execPath);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { measure } from '../../enclave/attest/measurement.ts';
import { ALLOWED_ENVIRONMENT, WALL_NAMES } from '../../enclave/attest/walls.ts';
import { bubblewrapArguments, missingPart, SYSTEM_PATH } from '../../src/host/bubblewrap.ts';
import { DATA_LIMIT_BYTES, findNode } from '../../src/host/sandbox.ts';
import { REFUSED_CALLS } from '../../src/host/seccomp.ts';
import { canSandbox, needsBubblewrap } from './available.ts';
import { type Folders, makeFolders, type Probe, removeFolders, repositoryRoot, startProbe } from './probe.ts';

const EPERM = 1;
const EACCES = 13;
const EROFS = 30;
const ENOSYS = 38;

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
    here = await makeFolders();
    await writeFile(join(here.uploads, 'sealed'), 'sealed bytes');
    probe = await startProbe(here);
  });
  beforeEach((context) => {
    if (!canSandbox) context.skip(needsBubblewrap);
  });
  afterAll(async () => {
    if (canSandbox) await probe.end();
    await removeFolders();
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

  test('a child that wants more memory than allowed fails, and nothing else does', async () => {
    const fresh = await makeFolders();
    const small = await startProbe(fresh, { dataLimitBytes: 2 ** 30 });
    const wanted = 1024;
    const { filled, megabytes } = await small.try('hoard', wanted);
    expect(filled).toBe(false);
    expect(megabytes).toBeLessThan(wanted);
    expect(await small.try('list', '/uploads')).toEqual([]);
    await small.end();
    expect(await probe.try('hoard', wanted)).toEqual({ filled: true, megabytes: wanted });
  });
});

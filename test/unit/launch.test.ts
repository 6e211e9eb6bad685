import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** A checkout with the real launcher and stand-ins for the rest; `bin` is all of the PATH. */
let checkout: string;

beforeEach(() => {
  checkout = realpathSync(mkdtempSync(path.join(tmpdir(), 'reinraum-launch-')));
  for (const folder of ['src/cli', 'test/bench', 'test/attacks', 'test/e2e', 'node_modules', 'bin', 'elsewhere']) {
    mkdirSync(path.join(checkout, folder), { recursive: true });
  }
  cpSync(path.resolve(import.meta.dirname, '../../src/launch.mjs'), path.join(checkout, 'src/launch.mjs'));
  const report =
    'console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), node: process.execPath }));';
  put('package.json', '{ "type": "module" }');
  put(
    'src/cli/main.ts',
    `const typed: number = 7; ${report} if (process.argv.includes('--seven')) process.exit(typed);`,
  );
  put('test/run.ts', report);
  put('test/bench/run.ts', report);
  put('test/attacks/run.ts', report);
  put('test/bench/accuracy.ts', report);
  lock('1.0.0', '1.0.0');
  program('bwrap', 'exit 0');
  program('flock', 'exit 0');
  program('npm', `echo "$@" >> ${checkout}/npm.log; echo noise on stdout`);
  program('apt-get', `echo "$@" >> ${checkout}/apt.log; echo noise on stdout`);
});

afterEach(() => {
  rmSync(checkout, { recursive: true });
});

function put(file: string, text: string): void {
  writeFileSync(path.join(checkout, file), text);
}

function program(name: string, script: string): void {
  put(`bin/${name}`, `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(checkout, 'bin', name), 0o755);
}

/** A lockfile newer than what is installed. */
function lock(wanted: string, installed: string): void {
  const file = (version: string) => JSON.stringify({ packages: { 'node_modules/a': { version, integrity: version } } });
  put('package-lock.json', file(wanted));
  put('node_modules/.package-lock.json', file(installed));
  utimesSync(path.join(checkout, 'node_modules/.package-lock.json'), 1_000, 1_000);
}

function launch(
  words: readonly string[],
  { cwd = '.', env = {} }: { cwd?: string; env?: Record<string, string> } = {},
) {
  const ran = spawnSync(process.execPath, [path.join(checkout, 'src/launch.mjs'), ...words], {
    cwd: path.join(checkout, cwd),
    env: { PATH: path.join(checkout, 'bin'), ...env },
    encoding: 'utf8',
    timeout: 20_000,
  });
  const told = () => JSON.parse(ran.stdout) as { args: string[]; cwd: string; node: string };
  return { status: ran.status, stderr: ran.stderr, told };
}

function logged(file: string): string[] {
  try {
    return readFileSync(path.join(checkout, file), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

test.each([
  [
    ['start', '--json'],
    ['start', '--json'],
  ],
  [['example'], ['example']],
  [['bench', 'x'], ['x']],
  [['attacks', '--json'], ['--json']],
  [['accuracy', 'x'], ['x']],
  [['test', 'unit'], ['unit']],
  [
    ['keygen', '--out', 'a b'],
    ['keygen', '--out', 'a b'],
  ],
  [[], ['help']],
])('hands %j on, with nothing else on stdout', (words, args) => {
  const { status, told } = launch(words);
  expect(status).toBe(0);
  expect(told()).toEqual({ args, cwd: checkout, node: process.execPath });
});

test('keeps the working directory and passes the exit code on', () => {
  const { status, told } = launch(['keygen', '--seven'], { cwd: 'elsewhere' });
  expect(status).toBe(7);
  expect(told().cwd).toBe(path.join(checkout, 'elsewhere'));
});

test('prefers the Node the lockfile pins', () => {
  const pinned = `node_modules/node-linux-${process.arch}/bin`;
  mkdirSync(path.join(checkout, pinned), { recursive: true });
  put(`${pinned}/node`, `#!/bin/sh\nexec ${process.execPath} "$@" pinned\n`);
  chmodSync(path.join(checkout, pinned, 'node'), 0o755);
  expect(launch(['keygen']).told().args).toEqual(['keygen', 'pinned']);
});

test('installs the locked packages when there are none, or others', () => {
  rmSync(path.join(checkout, 'node_modules/.package-lock.json'));
  expect(launch(['keygen']).status).toBe(0);
  lock('1.0.1', '1.0.0');
  expect(launch(['keygen']).told().args).toEqual(['keygen']);
  expect(logged('npm.log')).toEqual(['ci', 'ci']);
});

test('does not install again what is only dated older', () => {
  launch(['keygen']);
  expect(logged('npm.log')).toEqual([]);
});

test('installs nothing from another folder: says so, and stops only if there is nothing', () => {
  lock('1.0.1', '1.0.0');
  const stale = launch(['keygen'], { cwd: 'elsewhere' });
  expect([stale.status, stale.stderr]).toEqual([0, expect.stringContaining(`run npm ci in ${checkout}`)]);
  rmSync(path.join(checkout, 'node_modules/.package-lock.json'));
  const absent = launch(['keygen'], { cwd: 'elsewhere' });
  expect([absent.status, absent.stderr]).toEqual([1, expect.stringContaining(`run npm ci in ${checkout}`)]);
  expect(logged('npm.log')).toEqual([]);
});

test('stops when npm ci fails', () => {
  rmSync(path.join(checkout, 'node_modules/.package-lock.json'));
  program('npm', 'exit 3');
  const { status, stderr } = launch(['keygen']);
  expect([status, stderr]).toEqual([1, expect.stringContaining('npm ci failed (exit code 3)')]);
});

test('installs on a build machine the missing system packages a command needs, and only those', () => {
  // Not being root, the build machine has sudo; being root, it needs none.
  program('sudo', 'shift; exec "$@"');
  rmSync(path.join(checkout, 'bin/bwrap'));
  program('go', 'exit 0');
  // The one package that is no program: this machine has it or not.
  const mod = existsSync('/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go') ? '' : ' golang-golang-x-mod-dev';
  const installs = () => logged('apt.log').filter((line) => line.includes(' install '));
  const packages = () => installs().at(-1)?.split(' --no-install-recommends ')[1];

  expect(launch(['keygen'], { env: { CI: 'true' } }).status).toBe(0);
  expect(installs()).toEqual([]);
  expect(launch(['start'], { env: { CI: 'true' } }).told().args).toEqual(['start']);
  expect(packages()).toBe('bubblewrap');
  launch(['test'], { env: { CI: 'true' } });
  expect(packages()).toBe(`bubblewrap strace${mod} openssl`);
  put('test/e2e/analyst.browser.test.ts', '');
  rmSync(path.join(checkout, 'bin/go'));
  launch(['test'], { env: { CI: 'true' } });
  expect(packages()).toBe(`bubblewrap strace golang-go${mod} openssl chromium`);
});

test('goes on without what it cannot install, and says what is missing', () => {
  rmSync(path.join(checkout, 'bin/bwrap'));
  rmSync(path.join(checkout, 'bin/apt-get'));
  const { status, stderr, told } = launch(['start'], { env: { CI: 'true' } });
  expect([status, told().args]).toEqual([0, ['start']]);
  expect(stderr).toContain('missing: bubblewrap');
});

test.each(['SIGINT', 'SIGTERM'] as const)('passes %s on and ends the way the command ended', async (signal) => {
  put(
    'src/cli/main.ts',
    `process.on('SIGTERM', () => process.exit(42)); console.log('up'); setInterval(() => {}, 1000);`,
  );
  const env = { PATH: path.join(checkout, 'bin') };
  const child = spawn(process.execPath, [path.join(checkout, 'src/launch.mjs'), 'start'], { cwd: checkout, env });
  await new Promise((resolve) => {
    child.stdout.once('data', resolve);
  });
  const ended = new Promise((resolve) => {
    child.once('exit', (code, by) => resolve(by ?? code));
  });
  child.kill(signal);
  expect(await ended).toBe(signal === 'SIGTERM' ? 42 : 'SIGINT');
});

test('starts through a link, as npx does', () => {
  symlinkSync('../src/launch.mjs', path.join(checkout, 'bin/reinraum'));
  const ran = spawnSync(process.execPath, [path.join(checkout, 'bin/reinraum'), 'keygen'], {
    cwd: path.join(checkout, 'elsewhere'),
    env: { PATH: path.join(checkout, 'bin') },
    encoding: 'utf8',
  });
  expect(ran.stdout).toContain('"keygen"');
});

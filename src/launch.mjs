#!/usr/bin/env node
/**
 * The way in from any shell: makes sure the locked packages and the system programs are there, finds the Node binary
 * the lockfile pins, and hands over to TypeScript. Plain JavaScript without dependencies, for Node 20 and later.
 *
 *   node src/launch.mjs start | example | bench | accuracy | attacks | test | <words of the command line> [arguments]
 *
 * Everything it says goes to stderr: stdout belongs to the command, whose `--json` output must stay JSON.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';

const nodeMajorMin = 24;
const rootFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const [word = 'help', ...words] = process.argv.slice(2);

/** First words with an entry of their own; all others are words of the command line. */
const entries = new Map([
  ['start', ['src/cli/main.ts', 'start']],
  ['example', ['src/cli/main.ts', 'example']],
  ['bench', ['test/bench/run.ts']],
  ['attacks', ['test/attacks/run.ts']],
  ['accuracy', ['test/bench/accuracy.ts']],
  ['test', ['test/run.ts']],
]);

/** Debian packages by command: any of `programs` on the PATH, or the file, makes the package unnecessary. */
const systemPackages = [
  {
    name: 'bubblewrap',
    programs: ['bwrap'],
    commands: ['start', 'example', 'bench', 'attacks', 'test'],
    why: 'walls of the enclave',
  },
  {
    name: 'util-linux',
    programs: ['flock'],
    commands: ['start', 'example', 'bench', 'attacks', 'test'],
    why: 'one writer a room',
  },
  { name: 'strace', programs: ['strace'], commands: ['test'], why: 'what the enclave asks of the kernel' },
  { name: 'golang-go', programs: ['go'], commands: ['test'], why: 'checks the log with independent tools' },
  {
    name: 'golang-golang-x-mod-dev',
    programs: [],
    file: '/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go',
    commands: ['test'],
    why: 'builds those tools without a network',
  },
  { name: 'openssl', programs: ['openssl'], commands: ['test'], why: 'checks signatures with independent tools' },
  {
    name: 'chromium',
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    commands: browserTestsExist() ? ['test'] : [],
    why: 'browser tests',
  },
];

function say(text) {
  process.stderr.write(`reinraum: ${text}\n`);
}

function browserTestsExist() {
  const folder = path.join(rootFolder, 'test/e2e');
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.browser.test.ts'));
}

function onPath(program) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * `absent`, `stale` or `fresh`. The date alone misleads (a checkout touches every file), so a lockfile newer than the
 * last install counts as stale only if it names another version of something installed, or something not installed.
 */
function installedPackages() {
  const installedFile = path.join(rootFolder, 'node_modules/.package-lock.json');
  const lockFile = path.join(rootFolder, 'package-lock.json');
  if (!existsSync(installedFile)) return 'absent';
  if (!existsSync(lockFile) || statSync(lockFile).mtimeMs <= statSync(installedFile).mtimeMs) return 'fresh';
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  const differs = Object.entries(wanted).some(([place, entry]) => {
    if (!place.startsWith('node_modules/') || entry.link) return false;
    const there = installed[place];
    if (there === undefined) return entry.optional !== true;
    return there.version !== entry.version || there.integrity !== entry.integrity;
  });
  return differs ? 'stale' : 'fresh';
}

function installPackages() {
  const state = installedPackages();
  if (state === 'fresh') return;
  const away = process.cwd() !== rootFolder;
  if (away && state === 'stale')
    return say(`the lockfile is newer than what is installed; run npm ci in ${rootFolder}`);
  if (away) return fail(`nothing is installed yet; run npm ci in ${rootFolder}`);
  say(`${state === 'absent' ? 'first start' : 'the lockfile changed'}: npm ci`);
  const npm = process.env.npm_execpath ?? '';
  const ran = npm.endsWith('npm-cli.js')
    ? spawnSync(process.execPath, [npm, 'ci'], { cwd: rootFolder, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', ['ci'], { cwd: rootFolder, stdio: ['ignore', 2, 2] });
  if (ran.status !== 0) fail(`npm ci failed (${ran.error?.message ?? ran.signal ?? `exit code ${ran.status}`})`);
}

function aptGet(sudo, ...args) {
  const options = ['-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::Retries=1'];
  const line = [...sudo, 'apt-get', ...options, ...args];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(line[0], line.slice(1), { stdio: [sudo.length > 0 ? 0 : 'ignore', 2, 2], env }).status === 0;
}

/** How `apt-get` may run here: as it is, through sudo (asked for in a terminal), or not at all (`undefined`). */
async function aptPermission(names) {
  if (!onPath('apt-get')) return undefined;
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) return undefined;
  if (process.env.CI === 'true') return ['sudo', '-n'];
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const question = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await question.question(`reinraum: install ${names} with sudo apt-get? [y/N] `);
  question.close();
  return /^(y|yes|j|ja)$/i.test(answer.trim()) ? ['sudo'] : undefined;
}

/** Installs what is missing where it may, says what is missing where it may not. Never stops the command. */
async function installSystemPackages() {
  const isThere = ({ programs, file }) =>
    programs.some((program) => onPath(program)) || (file !== undefined && existsSync(file));
  const missing = systemPackages.filter((item) => item.commands.includes(word) && !isThere(item));
  if (missing.length === 0) return;
  const names = missing.map((item) => item.name).join(' ');
  const sudo = await aptPermission(names);
  if (sudo !== undefined) {
    // A failed update is no reason to stop: the package lists may be there already.
    aptGet(sudo, 'update');
    if (aptGet(sudo, 'install', '-y', '--no-install-recommends', ...missing.map((item) => item.name))) return;
  }
  for (const item of missing) say(`missing: ${item.name} (${item.why})`);
  say(`to install: sudo apt-get install ${names}; going on without, the room reports what is degraded`);
}

/** The pinned Node, else this one if it is new enough. */
function nodeBinary() {
  const pinned = path.join(rootFolder, `node_modules/node-linux-${process.arch}/bin/node`);
  if (process.platform === 'linux' && existsSync(pinned)) return pinned;
  if (Number.parseInt(process.versions.node, 10) >= nodeMajorMin) return process.execPath;
  const here = `${process.platform}-${process.arch} with Node ${process.versions.node}`;
  return fail(`needs Node ${nodeMajorMin} or later; none is pinned for ${here}`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

function handOver(binary) {
  const [file, ...first] = entries.get(word) ?? ['src/cli/main.ts', word];
  const args = [path.join(rootFolder, file), ...first, ...words];
  const child = spawn(binary, args, { stdio: 'inherit' });
  const forward = (signal) => {
    // In a terminal Ctrl-C reaches the whole process group: a second SIGINT would look like impatience.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('error', (error) => fail(`${binary} does not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Only reached for a signal this process survives.
    setTimeout(() => process.exit(128 + osConstants.signals[signal]), 100);
  });
}

installPackages();
await installSystemPackages();
handOver(nodeBinary());

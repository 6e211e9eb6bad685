import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { missingPart } from '../../src/host/bubblewrap.ts';
import { findNode, LOCK_HELD_EXIT_CODE, sandboxCommand, spawnEnclave } from '../../src/host/sandbox.ts';
import { canSandbox, needsBubblewrap } from './available.ts';
import { makeFolders, type Probe, probeOptions, removeFolders, repositoryRoot, startProbe } from './probe.ts';

const NO_BWRAP = '/nonexistent/bwrap';

afterAll(removeFolders);

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

describe('without bubblewrap', () => {
  let probe: Probe;
  let scratch: string | undefined;

  beforeAll(async () => {
    probe = await startProbe(await makeFolders(), { bwrapPath: NO_BWRAP });
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
  beforeEach((context) => {
    if (assurance === 'sandboxed' && !canSandbox) context.skip(needsBubblewrap);
  });

  test('a second process on the same state directory is turned away', async () => {
    const here = await makeFolders();
    const first = await startProbe(here, { bwrapPath });
    await first.try('self', null);
    const second = await spawnEnclave({ ...probeOptions(here), bwrapPath });
    expect(await second.exited).toEqual({ code: LOCK_HELD_EXIT_CODE, signal: null });
    expect(await first.try('list', String((await first.try('self', null)).arguments[5]))).toEqual([]);
    await first.end();
  });

  test('closing the door ends it and frees the lock', async () => {
    const fresh = await makeFolders();
    const short = await startProbe(fresh, { bwrapPath });
    await short.try('self', null);
    expect(isLocked(fresh.state)).toBe(true);
    expect(await short.end()).toEqual({ code: 0, signal: null });
    expect(isLocked(fresh.state)).toBe(false);
  });

  test('dies with its host, however that dies', async () => {
    const { state, uploads } = await makeFolders();
    const host = spawn(
      findNode(repositoryRoot),
      [fileURLToPath(new URL('./probe-host.ts', import.meta.url)), state, uploads, bwrapPath],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: dirname(state) } },
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
    const target = await makeFolders();
    await writeFile(join(target.state, 'secret'), 'secret');
    const symbolic = await makeFolders();
    await symlink(join(target.state, 'secret'), join(symbolic.state, 'lock'));
    const hard = await makeFolders();
    await link(join(target.state, 'secret'), join(hard.state, 'lock'));
    const folder = await makeFolders();
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

/** `serve` offers the host's API to a gateway elsewhere only when told so, to whoever shows the token and nobody else. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';

const main = join(repositoryRoot, 'src', 'cli', 'main.ts');
const run = promisify(execFile);
const running: ChildProcess[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-serve-'));
});
afterAll(async () => {
  for (const server of running) {
    server.kill('SIGTERM');
    if (server.exitCode === null) await new Promise((resolve) => server.once('exit', resolve));
  }
  await rm(folder, { recursive: true, force: true });
});

/** Starts `serve` and returns everything it said until it said so many addresses. */
async function serve(addresses: number, ...words: readonly string[]): Promise<string> {
  const args = [main, 'serve', '--state', 'installation', '--port', '0', ...words];
  const server = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  running.push(server);
  let said = '';
  return new Promise((resolve, reject) => {
    server.stderr.on('data', (piece: Buffer) => {
      said += String(piece);
      if ((said.match(/ on http:\S+/g) ?? []).length === addresses) resolve(said);
    });
    server.once('exit', () => reject(new Error(`the server ended: ${said}`)));
  });
}

test('with a port and a token file', async () => {
  const said = await serve(2, '--host-port', '0', '--host-token-file', 'host.token');
  const [, hostUrl = ''] = /host API on (http:\/\/127\.0\.0\.1:\d+)/.exec(said) ?? [];
  const token = (await readFile(join(folder, 'host.token'), 'utf8')).trim();
  expect((await stat(join(folder, 'host.token'))).mode & 0o777).toBe(0o600);
  expect(said).not.toContain(token);
  const asked = async (headers: Record<string, string>) => (await fetch(`${hostUrl}/rooms`, { headers })).status;
  expect(await asked({})).toBe(401);
  expect(await asked({ authorization: `Bearer ${token}` })).toBe(200);
});

test('without them it says nothing of a host', async () => {
  expect(await serve(1)).not.toContain('host API');
});

test.each([
  [['--host-port', '8481'], /--host-port: needs --host-token-file/],
  [['--host-token-file', 'other.token'], /--host-token-file: needs --host-port/],
  [['--host-hostname', '0.0.0.0'], /--host-hostname: needs --host-port and --host-token-file/],
  [['--host-port', 'x', '--host-token-file', 'other.token'], /--host-port: needs a number from 0 to 65535/],
])('%j alone is refused', async (words, message) => {
  const started = run(process.execPath, [main, 'serve', '--state', 'installation', '--port', '0', ...words], {
    cwd: folder,
  });
  await expect(started).rejects.toThrow(message);
  await expect(stat(join(folder, 'other.token'))).rejects.toThrow(/ENOENT/);
});

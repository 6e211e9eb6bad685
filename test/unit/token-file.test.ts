import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tokenFromFile } from '../../src/host/token-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-token-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a token is made once, for its owner only, and read again', async () => {
  const path = join(folder, 'token');
  const token = await tokenFromFile(path);
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toBe(`${token}\n`);
  expect(await tokenFromFile(path)).toBe(token);
  expect(await tokenFromFile(join(folder, 'other'))).not.toBe(token);
});

test.each([0o644, 0o640, 0o604, 0o660])('a file of mode %o is refused', async (mode) => {
  const path = join(folder, 'token');
  await tokenFromFile(path);
  await chmod(path, mode);
  await expect(tokenFromFile(path)).rejects.toThrow(/token: others on this machine may read the token; set its mode/);
});

test.each([
  ['empty', ''],
  ['short', 'SECRET-7'],
  ['two lines', `${'SECRET'.repeat(8)}\n${'SECRET'.repeat(8)}`],
  ['a header more', `${'SECRET'.repeat(8)}\r\nx: y`],
  ['too long', 'SECRET'.repeat(50)],
])('what is no token is refused and not repeated: %s', async (_name, text) => {
  const path = join(folder, 'token');
  await writeFile(path, text, { mode: 0o600 });
  const refused = tokenFromFile(path);
  await expect(refused).rejects.toThrow(/needs a token of 32 to 256/);
  await expect(refused).rejects.not.toThrow(/SECRET/);
});

test('a folder that is not there is an error, not a token', async () => {
  await expect(tokenFromFile(join(folder, 'none', 'token'))).rejects.toThrow(/ENOENT/);
});

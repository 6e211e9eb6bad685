/** A state directory of another format is left as it is, and the host says why the room does not open. */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Refusal } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkFormat } from '../../enclave/state.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { copyOf, removeCopy, reopened } from '../support/reopened-room.ts';
import { type SmallRoom, smallRoom } from '../support/small-room.ts';

let folder: string;
let room: SmallRoom;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-format-'));
  room = await smallRoom();
});
afterAll(async () => {
  await room.close();
  await rm(folder, { recursive: true, force: true });
});

async function state(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = await mkdtemp(join(folder, 'state-'));
  await mkdir(join(directory, 'log'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return directory;
}

test('an unfounded room is given the format, once, and a founded one has it', async () => {
  const directory = await state({});
  await checkFormat(directory);
  expect(await readFile(join(directory, 'format'), 'utf8')).toBe('reinraum-state/1\n');
  await checkFormat(directory);
  expect(await readFile(join(room.state, 'format'), 'utf8')).toBe('reinraum-state/1\n');
});

test.each([
  ['of a later build', { format: 'reinraum-state/2\n' }],
  ['without its line end', { format: 'reinraum-state/1' }],
  ['that is empty', { format: '' }],
  ['that a founded room lacks', { room: 'ab'.repeat(32) }],
  ['that a room with entries lacks', { 'log/journal': new Uint8Array(100) }],
])('a format %s is refused, and nothing is written', async (_name, files: Record<string, string | Uint8Array>) => {
  const directory = await state(files);
  const before = await readdir(directory);
  await expect(checkFormat(directory)).rejects.toEqual(new Refusal('state-format-unknown', 'format'));
  expect(await readdir(directory)).toEqual(before);
});

test('a room of another format does not open; gateway and command line say so in words', async () => {
  const copy = await copyOf(room);
  try {
    const format = join(copy, 'rooms', 'small', 'state', 'format');
    await writeFile(format, 'reinraum-state/2\n');
    const again = await reopened(room, copy);
    await expect(again.client('cityDpo').session()).rejects.toMatchObject({
      code: 'state-format-unknown',
      status: 422,
    });
    await again.close();
    const main = join(repositoryRoot, 'src', 'cli', 'main.ts');
    const server = spawn(process.execPath, [main, 'serve', '--state', copy, '--port', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines = createInterface({ input: server.stderr });
    const said: string[] = [];
    for await (const line of lines) {
      said.push(line);
      if (line.startsWith('serving on')) server.kill('SIGTERM');
    }
    expect(said[0]).toMatch(/room "small" does not open: state-format-unknown.*Zustandsverzeichnis.*state directory/);
    expect(said[1]).toMatch(/^serving on http/);
    // Put right, the room is as it was: nothing in it was touched.
    await cp(join(room.state, 'format'), format);
    const right = await reopened(room, copy);
    await expect(right.client('cityDpo').session()).resolves.toMatch(/^[0-9a-f]{64}$/);
    await right.close();
  } finally {
    await removeCopy(copy);
  }
});

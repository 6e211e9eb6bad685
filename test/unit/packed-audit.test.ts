/** `@reinraum/audit` alone: packed, unpacked elsewhere with what it declares and nothing else, and used as its page says. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packAlone } from '../pack.ts';

const root = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'audit/README.md'), 'utf8');
const [, program = '', said = ''] = /```js\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(page) ?? [];

let folder: string;
const modules = () => path.join(folder, 'node_modules');
const manifestIn = (place: string) =>
  JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly exports: unknown;
  };

/** Copies what a package declares, and what that declares; the packed ones are there already. */
function installDeclared(place: string, packed: ReadonlySet<string>): void {
  for (const name of Object.keys(manifestIn(place).dependencies ?? {})) {
    if (packed.has(name)) continue;
    cpSync(path.join(root, 'node_modules', name), path.join(modules(), name), { recursive: true, dereference: true });
    installDeclared(path.join(modules(), name), packed);
  }
}

/** Runs a program in the folder, with no file outside of it readable. */
function run(name: string, text: string) {
  writeFileSync(path.join(folder, name), text);
  const walls = ['--permission', `--allow-fs-read=${folder}/*`, `--allow-fs-write=${folder}/*`];
  return spawnSync(process.execPath, [...walls, path.join(folder, name)], { cwd: folder, env: {}, encoding: 'utf8' });
}

beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'reinraum-alone-')));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  const places = packAlone(folder).map((archive, n) => {
    const place = path.join(modules(), `@reinraum/${['protocol', 'audit'][n]}`);
    mkdirSync(place, { recursive: true });
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', place, '--strip-components=1'], { encoding: 'utf8' });
    if (unpacked.status !== 0) throw new Error(unpacked.stderr);
    return place;
  });
  const packed = new Set(places.map((place) => manifestIn(place).name));
  expect([...packed]).toEqual(['@reinraum/protocol', '@reinraum/audit']);
  for (const place of places) installDeclared(place, packed);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('its example runs, and says what its page says', () => {
  expect(said).toContain('quorum: true');
  const { stdout, stderr } = run('example.mjs', program);
  expect([stdout, stderr]).toEqual([said, '']);
});

test('the door for browsers opens too, without the writer', () => {
  const names = "import * as door from '@reinraum/audit/verifier'; console.log('verifyLog' in door, 'Log' in door);";
  expect(run('door.mjs', names)).toMatchObject({ stdout: 'true false\n', stderr: '' });
});

test('the repository is out of reach', () => {
  const path = JSON.stringify(`${root}/audit/index.ts`);
  expect(run('outside.mjs', `await import(${path});`).stderr).toContain('ERR_ACCESS_DENIED');
});

test.each(['@noble/curves', '@noble/hashes', '@reinraum/protocol', 'tweetnacl', 'zod'])('it needs %s', (name) => {
  const [there, away] = [path.join(modules(), name), path.join(folder, 'away')];
  renameSync(there, away);
  try {
    expect(run('without.mjs', program).stderr).toContain('ERR_MODULE_NOT_FOUND');
  } finally {
    renameSync(away, there);
  }
});

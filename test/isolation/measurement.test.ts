import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { measure } from '../../enclave/attest/measurement.ts';

const FILES: Record<string, string> = {
  'enclave/main.ts': 'main',
  'enclave/protocol/index.ts': 'protocol',
  'enclave/protocol-notes.md': 'sorts before the folder',
  'audit/tree.ts': 'tree',
  'package-lock.json': '{}',
};

let root = '';
const node = () => join(root, 'elsewhere/node-binary');

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'reinraum-measurement-'));
  for (const [path, content] of Object.entries({ ...FILES, 'elsewhere/node-binary': 'node' })) await put(path, content);
});
afterEach(() => rm(root, { recursive: true }));

test('is the hash of the documented listing', async () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const line = (path: string, content: string) => `${path}\0${content.length}\0${sha256(content)}\n`;
  const order = [
    'audit/tree.ts',
    'enclave/main.ts',
    'enclave/protocol-notes.md',
    'enclave/protocol/index.ts',
    'node',
    'package-lock.json',
  ];
  const listing = order.map((path) => line(path, FILES[path] ?? 'node')).join('');
  expect(await measure(root, node())).toBe(sha256(listing));
});

test('changes with every content, every name and every new file', async () => {
  const seen = new Set([await measure(root, node())]);
  const changes: (() => Promise<void>)[] = [
    ...Object.keys(FILES).map((path) => () => put(path, `${FILES[path] ?? ''} `)),
    () => put('elsewhere/node-binary', 'another node'),
    () => put('enclave/protocol/added.ts', ''),
    () => rename(join(root, 'audit/tree.ts'), join(root, 'audit/trees.ts')),
    () => rename(join(root, 'audit/trees.ts'), join(root, 'enclave/trees.ts')),
  ];
  for (const change of changes) {
    await change();
    seen.add(await measure(root, node()));
  }
  expect(seen.size).toBe(changes.length + 1);
});

test('does not change with node_modules, mode, time or unmeasured folders', async () => {
  const before = await measure(root, node());
  await put('enclave/node_modules/zod/index.js', 'x');
  await put('src/host/sandbox.ts', 'x');
  await put('package.json', 'x');
  await chmod(join(root, 'enclave/main.ts'), 0o755);
  await utimes(join(root, 'enclave/main.ts'), 1, 1);
  expect(await measure(root, node())).toBe(before);
});

test('refuses a link among the measured files', async () => {
  await symlink('/etc/hostname', join(root, 'enclave/link.ts'));
  await expect(measure(root, node())).rejects.toThrow('neither a file nor a folder');
});

test('refuses a missing part', async () => {
  await rm(join(root, 'audit'), { recursive: true });
  await expect(measure(root, node())).rejects.toThrow();
});

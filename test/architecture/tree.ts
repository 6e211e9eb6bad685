import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readSource, type Source } from './source.ts';
import { zones } from './zones.ts';

/** Root of the repository. */
export const root = path.resolve(import.meta.dirname, '../..');

/** Every TypeScript file of the repository, parsed. */
export function sourceTree(): Source[] {
  const folders = [...new Set(zones.map(({ name }) => name.split('/')[0]))];
  return globSync([...folders.map((folder) => `${folder}/**/*.{ts,tsx}`), '*.ts'], {
    cwd: root,
    exclude: (name) => name === 'node_modules' || name === '.types' || name === 'dist',
  })
    .map((file) => file.split(path.sep).join('/'))
    .toSorted()
    .map((file) => readSource(file, readFileSync(path.join(root, file), 'utf8')));
}

/** Packages the package.json of each zone declares, by the zone's name. Tests may use what any zone declares. */
export function declaredPackages(): ReadonlyMap<string, ReadonlySet<string>> {
  const own = new Map(zones.map(({ name }) => [name as string, dependenciesIn(name === 'test' ? '.' : name)]));
  return new Map([...own, ['test', new Set([...own.values()].flatMap((names) => [...names]))]]);
}

function dependenciesIn(folder: string): Set<string> {
  const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  return new Set([...groups.flatMap((group) => Object.keys(manifest[group] ?? {})), ...workspaceOf(folder)]);
}

/** The root has its workspaces for dependencies: they are linked without being named. */
function workspaceOf(folder: string): string[] {
  return folder === '.' ? zones.map(({ packageName }) => packageName) : [];
}

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Lock, type LockEntry, placeOf, productionPlaces, readLock } from '../lockfile.ts';

const root = path.resolve(import.meta.dirname, '../..');
const lock = readLock(root);
const workspaces = ['', ...Object.keys(lock).filter((place) => place !== '' && !place.includes('node_modules/'))];
const groups = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

/** Platform entries some releases forget, after which `npm ci` fails on the platforms left out. */
function missing(entries: Lock, group: 'dependencies' | 'optionalDependencies'): string[] {
  return Object.entries(entries).flatMap(([place, entry]) =>
    Object.keys(entry[group] ?? {})
      .filter((name) => placeOf(entries, place, name) === undefined)
      .map((name) => `${place} → ${name}`),
  );
}

/** Packages that bring a script which, after `ignore-scripts` of `.npmrc`, never runs: decision 0010 says what it would do. */
const silenced = ['node_modules/esbuild', 'node_modules/workerd'];

/** What of an entry fetched from a registry would let it be anything else than what was reviewed. */
function looseEnds([place, entry]: readonly [string, LockEntry]): string[] {
  const { resolved = 'https://registry.npmjs.org/', integrity = '', hasInstallScript = false } = entry;
  return [
    ...(/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity) ? [] : [`${place}: no SHA-512`]),
    ...(resolved.startsWith('https://registry.npmjs.org/') ? [] : [`${place}: comes from ${resolved}`]),
    ...(hasInstallScript && !silenced.includes(place) ? [`${place}: runs a script when installed`] : []),
  ];
}

describe('the lockfile', () => {
  test('has an entry for every dependency it names, on every platform', () => {
    expect(missing(lock, 'dependencies')).toEqual([]);
    expect(missing(lock, 'optionalDependencies')).toEqual([]);
  });

  test('pins every package by its digest, from the public registry, without install scripts', () => {
    const fetched = Object.entries(lock).filter(([place, { link }]) => place.includes('node_modules/') && !link);
    expect(fetched.length).toBeGreaterThan(50);
    expect(fetched.flatMap(looseEnds)).toEqual([]);
  });

  test('is installed without running anything of a package', () => {
    expect(readFileSync(path.join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
    // What they would fetch if their own platform package were missing is in the lockfile instead.
    for (const name of ['@cloudflare/workerd-linux-64', '@cloudflare/workerd-linux-arm64', '@esbuild/linux-x64']) {
      expect(lock[`node_modules/${name}`]).toMatchObject({ optional: true });
    }
    expect(silenced.filter((place) => !lock[place]?.hasInstallScript)).toEqual([]);
  });

  test.each(workspaces)('agrees with %j/package.json, which names exact versions', (place) => {
    const manifest = JSON.parse(readFileSync(path.join(root, place, 'package.json'), 'utf8')) as LockEntry;
    for (const group of groups) {
      expect(lock[place]?.[group] ?? {}).toEqual(manifest[group] ?? {});
      const loose = Object.entries(manifest[group] ?? {}).filter(
        ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
      );
      expect(loose).toEqual([]);
    }
  });

  test('pins one Node for both architectures, new enough to run TypeScript', () => {
    const versions = ['x64', 'arm64'].map((arch) => lock[`node_modules/node-linux-${arch}`]?.version);
    expect(versions[0]).toMatch(/^2[4-9]\.\d+\.\d+$/);
    expect(versions[1]).toBe(versions[0]);
  });
});

describe('the check of the lockfile', () => {
  const entries: Lock = {
    '': { dependencies: { a: '1.0.0' } },
    'node_modules/a': {
      optionalDependencies: { 'a-linux': '1.0.0', 'a-win32': '1.0.0' },
      dependencies: { b: '2.0.0' },
    },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
    'node_modules/a-linux': { version: '1.0.0' },
  };

  test('finds a platform entry that is missing', () => {
    expect(missing(entries, 'optionalDependencies')).toEqual(['node_modules/a → a-win32']);
    expect(missing(entries, 'dependencies')).toEqual([]);
    expect(missing({ ...entries, 'node_modules/c': { dependencies: { b: '2.0.0' } } }, 'dependencies')).toEqual([
      'node_modules/c → b',
    ]);
  });

  test('follows what the product needs, and no optional peer', () => {
    const needs: Lock = {
      '': { dependencies: { a: '1.0.0' }, devDependencies: { d: '1.0.0' } },
      src: { dependencies: { w: '1.0.0' } },
      'node_modules/w': { link: true },
      'node_modules/a': {
        optionalDependencies: { o: '1.0.0' },
        peerDependencies: { p: '1.0.0', q: '1.0.0' },
        peerDependenciesMeta: { q: { optional: true } },
      },
      'node_modules/o': {},
      'node_modules/p': { dependencies: { a: '1.0.0' } },
      'node_modules/q': { optionalDependencies: { 'q-linux': '1.0.0' } },
      'node_modules/q-linux': { optional: true },
      'node_modules/d': { dev: true },
    };
    expect(productionPlaces(needs).toSorted()).toEqual(['node_modules/a', 'node_modules/o', 'node_modules/p']);
  });

  test('finds a package without digest, from elsewhere, with a script', () => {
    const entry = { integrity: 'sha1-abc', resolved: 'git+ssh://example.org/a', hasInstallScript: true };
    expect(looseEnds(['node_modules/a', entry])).toHaveLength(3);
    expect(looseEnds(['node_modules/a', { integrity: `sha512-${'A'.repeat(86)}==` }])).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { packageName, productionPlaces, readLock } from '../lockfile.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('every package the product runs on is named in THIRD-PARTY-NOTICES.md with its version and licence', () => {
  const page = readFileSync(path.join(root, 'THIRD-PARTY-NOTICES.md'), 'utf8');
  const sections = [...page.matchAll(/^### (.*)\n\n(.*)\n/gm)].map(([, names = '', licence = '']) => ({
    names: names.split(', '),
    licence,
  }));
  const lock = readLock(root);
  const places = productionPlaces(lock);
  const missing = places.filter((place) => {
    const entry = lock[place] ?? {};
    const name = `${packageName(place, entry)} ${entry.version ?? ''}`;
    return !sections.some(({ names, licence }) => names.includes(name) && licence === entry.license);
  });
  expect(places).toEqual(
    expect.arrayContaining(['node_modules/zod', 'node_modules/@duckdb/node-bindings-linux-arm64']),
  );
  expect(missing).toEqual([]);
  // And nothing that is no longer used.
  expect(sections.flatMap(({ names }) => names)).toHaveLength(places.length);
});

test('no package the product runs on has a licence that has not been looked at', () => {
  const lock = readLock(root);
  const compatible = ['MIT', 'ISC', 'Apache-2.0', 'BSD-3-Clause', 'Unlicense', 'EUPL-1.2'];
  expect(productionPlaces(lock).filter((place) => !compatible.includes(lock[place]?.license ?? ''))).toEqual([]);
});

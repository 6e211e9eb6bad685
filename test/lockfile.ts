import { readFileSync } from 'node:fs';
import path from 'node:path';

/** An entry of `package-lock.json`; its place is the path it is installed at. */
export interface LockEntry {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Place → entry. */
export type Lock = Readonly<Record<string, LockEntry>>;

/** The entries of the lockfile in a folder. */
export function readLock(folder: string): Lock {
  const file = JSON.parse(readFileSync(path.join(folder, 'package-lock.json'), 'utf8')) as { packages: Lock };
  return file.packages;
}

/** Where `name`, needed by the package at `place`, is installed: the way Node looks it up; `undefined` if nowhere. */
export function placeOf(lock: Lock, place: string, name: string): string | undefined {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (candidate in lock) return candidate;
    if (folder === '') return undefined;
  }
}

/** Name of the package at a place. */
export function packageName(place: string, entry: LockEntry): string {
  return entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** What the product ships or runs on: everything but workspaces and what only development needs. */
export function productionPlaces(lock: Lock): string[] {
  return Object.entries(lock)
    .filter(([place, entry]) => place.includes('node_modules/') && !entry.link && !entry.dev && !entry.devOptional)
    .map(([place]) => place);
}

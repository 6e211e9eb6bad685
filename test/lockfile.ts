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
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
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

/**
 * What the product ships or runs on: everything the workspaces reach through their dependencies, and what those need.
 * Followed by hand, as npm takes the optional parts of an optional peer (a compiler beside a library) for production.
 */
export function productionPlaces(lock: Lock): string[] {
  const reached = new Set<string>();
  const follow = (place: string): void => {
    const entry = lock[place] ?? {};
    const peers = Object.keys(entry.peerDependencies ?? {}).filter(
      (name) => !entry.peerDependenciesMeta?.[name]?.optional,
    );
    const names = [...Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }), ...peers];
    for (const needed of names.flatMap((name) => placeOf(lock, place, name) ?? [])) {
      if (reached.has(needed) || lock[needed]?.link) continue;
      reached.add(needed);
      follow(needed);
    }
  };
  for (const place of Object.keys(lock)) if (!place.includes('node_modules/')) follow(place);
  return [...reached];
}

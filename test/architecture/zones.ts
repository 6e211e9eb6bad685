import path from 'node:path';
import type { Source } from './source.ts';

/** A row of the table in `docs/architecture.md`, "Three zones and who may import whom". */
export interface Zone {
  readonly name: 'enclave/protocol' | 'audit' | 'enclave' | 'policies' | 'src/client' | 'src/web' | 'src' | 'test';
  readonly packageName: string;
  /** Doors beside the one that bears the package's name. */
  readonly sideDoors?: readonly string[];
  /** Zones it may import, by their package names. */
  readonly mayImport: readonly string[];
  /** All the npm packages it may declare; `any`: what its package.json says. */
  readonly npm: readonly string[] | 'any';
  /** Node's own modules: everywhere, nowhere, or in the files named. */
  readonly builtins: 'all' | 'none' | readonly string[];
}

const protocol = '@reinraum/protocol';
const audit = '@reinraum/audit';
const client = '@reinraum/client';
const enclave = '@reinraum/enclave';

/** Innermost folder first: the first zone a path lies in is its zone. What lies in none belongs to `test`. */
export const zones: readonly Zone[] = [
  {
    name: 'enclave/protocol',
    packageName: protocol,
    mayImport: [],
    npm: ['zod', '@noble/hashes', 'tweetnacl'],
    builtins: 'none',
  },
  {
    name: 'audit',
    packageName: audit,
    sideDoors: ['@reinraum/audit/verifier'],
    mayImport: [protocol],
    npm: ['@noble/hashes', '@noble/curves'],
    // The verifier runs in a browser; only what keeps a log on disk needs a disk.
    builtins: ['journal-frame.ts', 'log.ts', 'durable.ts', 'directory.ts'],
  },
  {
    name: 'enclave',
    packageName: enclave,
    mayImport: [protocol, audit],
    npm: ['zod', '@noble/hashes', '@noble/curves', 'tweetnacl', '@duckdb/node-api'],
    builtins: 'all',
  },
  { name: 'policies', packageName: '@reinraum/policies', mayImport: [protocol], npm: [], builtins: 'none' },
  {
    name: 'src/client',
    packageName: client,
    mayImport: [protocol, audit],
    npm: ['zod', 'tweetnacl'],
    builtins: 'none',
  },
  {
    name: 'src/web',
    packageName: '@reinraum/web',
    mayImport: [protocol, audit, client],
    npm: ['zod', 'preact', 'i18next', '@kern-ux/native'],
    builtins: 'none',
  },
  { name: 'src', packageName: 'reinraum', mayImport: [protocol, audit, client], npm: 'any', builtins: 'all' },
  {
    name: 'test',
    packageName: 'reinraum-workspace',
    mayImport: [protocol, audit, client, enclave],
    npm: 'any',
    builtins: 'all',
  },
];

/** Packages that may be imported below the folders named and nowhere else. */
const confined: Readonly<Record<string, readonly string[]>> = {
  '@duckdb/node-api': ['enclave/engine/', 'src/index/', 'test/'],
  // A browser is driven by tests, and prints reports: nothing else starts one.
  'playwright-core': ['src/reports/pdf.ts', 'test/'],
};

/** Folders of the zones with Node's modules whose app runs on Workers as well, and the files in them that never do. */
const onWorkers: Readonly<Record<string, readonly string[]>> = {
  'src/witness/': ['file-store.ts', 'lock.ts', 'node.ts'],
};

/** Folders of `src` that only the folders named may import: a gateway on Workers must never come to need an engine. */
const reservedFolders: Readonly<Record<string, readonly string[]>> = {
  'src/index/': ['src/index/', 'src/cli/', 'src/export/', 'src/watch/', 'src/reports/', 'src/dpo/'],
  'src/reports/': ['src/reports/', 'src/dpo/', 'src/cli/'],
  'src/dpo/': ['src/dpo/', 'src/cli/'],
};

/** Folders of `src` that are given everything – log, policies, time – and the files in them that reach for more. */
const pure: Readonly<Record<string, readonly string[]>> = {
  'src/reports/': ['pdf.ts'],
  'src/dpo/': [],
};

/** Whether a file is in one of them and no exception. */
export function isPure(file: string): boolean {
  return Object.entries(pure).some(
    ([folder, others]) => file.startsWith(folder) && !others.includes(file.slice(folder.length)),
  );
}

/** The zone a file lies in. */
export function zoneOf(file: string): Zone {
  const zone = zones.find(({ name }) => file.startsWith(`${name}/`)) ?? zones.at(-1);
  if (zone === undefined) throw new Error('there are no zones');
  return zone;
}

/**
 * What the imports of a file break, one sentence each. `declared` are the dependencies its zone's package.json names.
 */
export function importFaults(source: Source, declared: ReadonlySet<string>): string[] {
  const zone = zoneOf(source.file);
  return source.imports.flatMap(({ specifier, typeOnly, line }) => {
    const fault = specifier === undefined ? computed(zone) : faultOf(specifier, typeOnly, source.file, zone, declared);
    return fault === undefined ? [] : [`${source.file}:${line}: ${fault}`];
  });
}

function computed(zone: Zone): string | undefined {
  return zone.name === 'test' ? undefined : 'a computed import: nobody can say what it loads';
}

function faultOf(
  specifier: string,
  typeOnly: boolean,
  file: string,
  zone: Zone,
  declared: ReadonlySet<string>,
): string | undefined {
  if (specifier.startsWith('.')) return relativeFault(specifier, file, zone);
  if (specifier.startsWith('node:')) return builtinFault(specifier, file, zone);
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
  if (!/^(@[\w.-]+\/)?[\w.-]+$/.test(name)) return `${specifier} is neither a package nor a relative path`;
  if (zones.some(({ packageName }) => packageName === name)) {
    const isDoor = name === specifier || zones.some(({ sideDoors }) => sideDoors?.includes(specifier));
    if (!isDoor) return `${specifier} goes round the door of ${name}`;
    if (isInBrowser(zone) && name === audit && specifier === audit && !typeOnly) {
      return `${specifier} needs a disk; ${zone.name} runs in a browser and imports @reinraum/audit/verifier`;
    }
    if (!zone.mayImport.includes(name)) return `${zone.name} may not import ${name}`;
    if (zone.name === 'policies' && !typeOnly) return `policies may import types only, not ${name}`;
  } else if (zone.npm !== 'any' && !zone.npm.includes(name)) {
    return `${zone.name} may not import ${name}`;
  }
  const folders = confined[name];
  if (folders !== undefined && !folders.some((folder) => file.startsWith(folder))) {
    return `${name} may be imported in ${folders.join(', ')} only`;
  }
  return declared.has(name) ? undefined : `${name} is not in the package.json of ${zone.name}`;
}

function isInBrowser({ name }: Zone): boolean {
  return name === 'src/client' || name === 'src/web';
}

function relativeFault(specifier: string, file: string, zone: Zone): string | undefined {
  if (!/\.(tsx?|mjs|json)$/.test(specifier)) return `${specifier} lacks its ending`;
  const target = path.posix.join(path.posix.dirname(file), specifier);
  if (zone.name === 'test') return undefined;
  if (zoneOf(target) !== zone) return `${specifier} leaves ${zone.name}`;
  const [folder, importers] = Object.entries(reservedFolders).find(([folder]) => target.startsWith(folder)) ?? [];
  if (!importers || importers.some((importer) => file.startsWith(importer))) return undefined;
  return `${folder} may be imported in ${importers.join(', ')} only`;
}

function builtinFault(specifier: string, file: string, zone: Zone): string | undefined {
  if (specifier === 'node:module' && zone.name !== 'test') return 'node:module can load anything';
  const [folder, onNodeOnly] = Object.entries(onWorkers).find(([prefix]) => file.startsWith(prefix)) ?? [];
  if (folder !== undefined && !onNodeOnly?.includes(file.slice(folder.length))) {
    return `${specifier}: ${folder} runs on Workers and uses no Node modules here`;
  }
  if (isPure(file)) return `${specifier}: a report is made from what it is given, without Node modules`;
  if (zone.builtins === 'all') return undefined;
  if (zone.builtins !== 'none' && zone.builtins.includes(path.posix.basename(file))) return undefined;
  return `${specifier}: ${zone.name} uses no Node modules here`;
}

/** A folder of policies → validated objects. Every fault names file and field and says what to do. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  AggregateQuery,
  CharterTemplate,
  DatasetSchema,
  DerivedTable,
  digestOf,
  type Json,
  type Question,
} from '@reinraum/protocol';
import { parse as parseCsv } from 'csv-parse/sync';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { ExamplePlan } from './example-plan.ts';
import { exampleFaults, policyFaults, type RoomPolicies } from './policy-faults.ts';

const issuesMax = 20;

/** Everything a folder of policies holds. */
export interface Policies extends RoomPolicies {
  readonly example: ExamplePlan;
}

/**
 * Loads `charter.yaml`, `schemas/`, `queries/` and `derived/` of a folder, codes inlined, each valid and all fitting together: every
 * question is one the charter allows and its schema compiles. Throws an `Error` with up to 20 faults, a line each.
 */
export async function loadRoomPolicies(folder: string): Promise<RoomPolicies> {
  const template = await load(join(folder, 'charter.yaml'), CharterTemplate);
  const schemas: DatasetSchema[] = [];
  for (const path of await yamlFiles(join(folder, 'schemas'))) schemas.push(await load(path, DatasetSchema, folder));
  const queries = await loadQueries(folder);
  const tables: DerivedTable[] = [];
  const derived = join(folder, 'derived');
  for (const path of existsSync(derived) ? await yamlFiles(derived) : []) {
    tables.push(await loadTable(path, folder, queries));
  }
  const policies = { template, schemas, queries, tables };
  refuse(policyFaults(policies).map((fault) => `${folder}: ${fault}`));
  return policies;
}

/** Loads a folder as {@link loadRoomPolicies} does and its `example.yaml`, which must fit it. */
export async function loadPolicies(folder: string): Promise<Policies> {
  const policies = await loadRoomPolicies(folder);
  const path = join(folder, 'example.yaml');
  const example = await load(path, ExamplePlan);
  refuse(exampleFaults(policies, example).map((fault) => `${path}: ${fault}`));
  return { ...policies, example };
}

/**
 * Loads one question: a query, or a table whose inputs may name queries by the id they have in `queries/`. Files it names
 * are looked for in the folder above its own.
 */
export async function loadQuestion(path: string): Promise<Question> {
  const folder = join(path, '..', '..');
  const isTable = basename(dirname(path)) === 'derived';
  return isTable ? loadTable(path, folder, await loadQueries(folder)) : load(path, AggregateQuery, folder);
}

async function loadQueries(folder: string): Promise<AggregateQuery[]> {
  const queries: AggregateQuery[] = [];
  for (const path of await yamlFiles(join(folder, 'queries'))) queries.push(await load(path, AggregateQuery, folder));
  return queries;
}

/** A derived table: the ids of its inputs' queries become their digests. */
function loadTable(path: string, folder: string, queries: readonly AggregateQuery[]): Promise<DerivedTable> {
  return load(path, DerivedTable, folder, (value) => {
    const inputs = (value as { inputs?: Record<string, { query?: unknown } | null> } | null)?.inputs;
    for (const [name, input] of Object.entries(inputs ?? {})) {
      const query = queries.find(({ id }) => id === input?.query);
      if (!input || !query) throw new Error(`${path}: inputs.${name}.query: there is no query of this id in queries/`);
      input.query = digestOf(query as Json);
    }
  });
}

function refuse(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const more = faults.length > issuesMax ? [`and ${faults.length - issuesMax} more`] : [];
  throw new Error([...faults.slice(0, issuesMax), ...more].join('\n'));
}

async function yamlFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => {
    throw new Error(`${folder}: there is no such folder`);
  });
  return names
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(folder, name));
}

/** Parses a YAML file; code lists and groups it names as files are read from the policies' folder. */
async function load<T>(
  path: string,
  schema: z.ZodType<T>,
  folder?: string,
  resolve: (value: unknown) => void = () => {},
): Promise<T> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${path}: there is no such file`);
  });
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new Error(`${path}: not YAML: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
  if (folder !== undefined) await inlineCodes(value, path, folder);
  resolve(value);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  refuse(parsed.error.issues.map((issue) => `${path}: ${faultOf(issue)}`));
  throw parsed.error;
}

/** Field and message of an issue. Of a union it is the alternative that came furthest, which is the one that was meant. */
function faultOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): string {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    const firsts = issue.errors.flatMap((issues) => issues.slice(0, 1));
    const [meant] = firsts.sort((a, b) => depthOf(b) - depthOf(a));
    if (meant && depthOf(meant) > 0) return faultOf(meant, path);
  }
  return `${path.map(String).join('.') || 'the file'}: ${issue.message}`;
}

function depthOf(issue: z.core.$ZodIssue): number {
  const below = issue.code === 'invalid_union' ? issue.errors.flat().map(depthOf) : [];
  return issue.path.length + Math.max(0, ...below);
}

/** Replaces `codes: { file }` of columns, and `groups: { file }` of keys, measures and levels, by the rows of that file. */
async function inlineCodes(value: unknown, path: string, folder: string): Promise<void> {
  const axes = (value as { axes?: unknown } | null)?.axes;
  for (const [at, axis] of (Array.isArray(axes) ? (axes as ({ rollup?: unknown } | null)[]) : []).entries()) {
    const rollup = axis?.rollup as Record<string, unknown> | undefined;
    for (const [input, named] of Object.entries(rollup ?? {})) {
      if (!rollup || typeof named !== 'object' || named === null || !('file' in named)) continue;
      rollup[input] = await rowsOf(join(folder, String(named.file)), `${path}: axes.${at}.rollup.${input}.file`);
    }
  }
  const { hierarchy, ...parts } = (value ?? {}) as Partial<
    Record<'columns' | 'groupBy' | 'measures' | 'hierarchy', unknown>
  >;
  const named = { ...parts, 'hierarchy.levels': (hierarchy as { levels?: unknown } | null | undefined)?.levels };
  for (const [list, member] of lists) {
    const items = named[list];
    if (!Array.isArray(items)) continue;
    for (const [at, item] of (items as (Record<string, unknown> | null)[]).entries()) {
      const source = item?.[member];
      if (!item || typeof source !== 'object' || source === null || !('file' in source)) continue;
      if (typeof source.file !== 'string') continue;
      item[member] = await rowsOf(join(folder, source.file), `${path}: ${list}.${at}.${member}.file`);
    }
  }
}

const lists = [
  ['columns', 'codes'],
  ['groupBy', 'groups'],
  ['measures', 'groups'],
  ['hierarchy.levels', 'groups'],
] as const;

async function rowsOf(file: string, field: string): Promise<unknown[]> {
  if (!existsSync(file)) throw new Error(`${field}: there is no ${file}; the path begins at the policies’ folder`);
  try {
    const rows: Record<string, string>[] = parseCsv(await readFile(file), { delimiter: ';', columns: true, bom: true });
    // The values a group stands for are separated by blanks.
    return rows.map(({ of, ...row }) => (of === undefined ? row : { ...row, of: of.split(' ') }));
  } catch (error) {
    throw new Error(`${field}: ${file} is not a table "code;de;en" or "code;de;en;of"`, { cause: error });
  }
}

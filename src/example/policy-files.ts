/** A folder of policies → validated objects. Every fault names file and field. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AggregateQuery, CharterTemplate, DatasetSchema, Role, Slug, UnitPath } from '@reinraum/protocol';
import { parse as parseCsv } from 'csv-parse/sync';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

const weights = z.record(z.string(), z.number().nonnegative());
const Synthetic = z.strictObject({
  kind: z.literal('synthetic'),
  seed: z.string().min(1),
  rows: z.int().positive(),
  /** By column: weights of codes, or bands [from, to, weight] with equally likely values on the column's grid. */
  columns: z.record(
    Slug,
    z.union([
      z.strictObject({ weights }),
      z.strictObject({ bands: z.array(z.tuple([z.int(), z.int(), z.number().positive()])).min(1) }),
    ]),
  ),
});
const Expand = z.strictObject({
  kind: z.literal('expand'),
  file: z.string().min(1),
  /** Rows of the file whose fields have these values. */
  where: z.record(z.string(), z.string()),
  /** Field with the number of persons; one row each is made. */
  count: z.string().min(1),
  /** Field of the file by column; rows with a code outside the column's list are left out. */
  columns: z.record(Slug, z.string()),
});
const Csv = z.strictObject({
  kind: z.literal('csv'),
  file: z.string().min(1),
  id: z.string().min(1),
  columns: z.record(Slug, z.string()),
});

/** Where an example's rows come from. */
export const Source = z.discriminatedUnion('kind', [Synthetic, Expand, Csv]);
export type Source = z.infer<typeof Source>;

const ExamplePlan = z.strictObject({
  members: z.array(z.strictObject({ name: Slug, unit: UnitPath, roles: z.array(Role).min(1) })).min(1),
  datasets: z.array(
    z.strictObject({
      dataset: Slug,
      steward: Slug,
      capacityRows: z.int().positive(),
      purpose: Slug,
      legalBasis: z.string(),
      validUntil: z.string(),
      source: Source,
    }),
  ),
  runs: z.array(z.strictObject({ query: Slug, by: Slug, parameters: z.record(Slug, z.union([z.string(), z.int()])) })),
});

/** Everything a folder of policies holds. */
export interface Policies {
  readonly template: CharterTemplate;
  readonly schemas: readonly DatasetSchema[];
  readonly queries: readonly AggregateQuery[];
  readonly example: z.infer<typeof ExamplePlan>;
}

/** Loads `charter.yaml`, `schemas/`, `queries/` and `example.yaml` of a folder. */
export async function loadPolicies(folder: string): Promise<Policies> {
  const template = await load(join(folder, 'charter.yaml'), CharterTemplate);
  const schemas: DatasetSchema[] = [];
  for (const path of await yamlFiles(join(folder, 'schemas'))) schemas.push(await load(path, DatasetSchema, folder));
  const queries: AggregateQuery[] = [];
  for (const path of await yamlFiles(join(folder, 'queries'))) queries.push(await load(path, AggregateQuery));
  return { template, schemas, queries, example: await load(join(folder, 'example.yaml'), ExamplePlan) };
}

/** Loads one query. */
export function loadQuery(path: string): Promise<AggregateQuery> {
  return load(path, AggregateQuery, dirname(path));
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

/** Parses a YAML file; `codes: { file }` below a schema is read from the policies' folder. */
async function load<T>(path: string, schema: z.ZodType<T>, folder?: string): Promise<T> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${path}: there is no such file`);
  });
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new Error(`${path}: not YAML: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
  if (folder !== undefined) await inlineCodes(value, folder);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${path}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'does not fit'}`);
}

async function inlineCodes(value: unknown, folder: string): Promise<void> {
  const columns = (value as { columns?: unknown }).columns;
  if (!Array.isArray(columns)) return;
  for (const column of columns as { codes?: { file?: unknown } | unknown[] }[]) {
    if (typeof column.codes !== 'object' || Array.isArray(column.codes) || typeof column.codes.file !== 'string')
      continue;
    const text = await readFile(join(folder, column.codes.file), 'utf8');
    column.codes = parseCsv(text, { delimiter: ';', columns: true, bom: true });
  }
}

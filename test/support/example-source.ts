/** Sources of the shipped examples, and published files read by other means than the product's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellKey, type DatasetSchema, plan } from '@reinraum/protocol';
import { repositoryRoot } from '../../src/cli/root.ts';
import type { Source } from '../../src/example/example-plan.ts';
import { loadPolicies } from '../../src/example/policy-files.ts';
import { type TrueCell, truthOf } from '../../src/example/reference.ts';
import { recordsOf } from '../../src/example/source.ts';
import type { SourceRecord } from '../../src/steward/records.ts';

/** Where files that are not part of the repository are expected. */
export const sharedData = join(repositoryRoot, '..', 'shared', 'data');

/** Source and schema of a dataset of a shipped example. */
export async function sourceOf(room: string, dataset: string): Promise<{ source: Source; schema: DatasetSchema }> {
  const { schemas, example } = await loadPolicies(join(repositoryRoot, 'policies', room));
  const schema = schemas.find(({ id }) => id === dataset);
  const source = example.datasets.find((known) => known.dataset === dataset)?.source;
  if (!schema || !source) throw new Error(`${room} has no ${dataset}`);
  return { source, schema };
}

/** All rows of a dataset of a shipped example. */
export async function rowsOf(room: string, dataset: string, data?: string): Promise<SourceRecord[]> {
  const { source, schema } = await sourceOf(room, dataset);
  return all(recordsOf(source, schema, data));
}

/** What is true of a shipped question, by the key of its cells, joined by NUL. */
export async function truthBy(room: string, question: string, data?: string): Promise<Map<string, TrueCell>> {
  const { schemas, queries, example } = await loadPolicies(join(repositoryRoot, 'policies', room));
  const query = queries.find(({ id }) => id === question);
  const schema = schemas.find(({ id }) => id === query?.from.dataset);
  const source = example.datasets.find(({ dataset }) => dataset === schema?.id)?.source;
  if (!query || !schema || !source) throw new Error(`${room} has no ${question}`);
  const asked = plan(query, schema, {});
  const cells = await truthOf(asked, schema, recordsOf(source, schema, data));
  return new Map(cells.map((cell, position) => [cellKey(asked, position).join('\0'), cell]));
}

/** Everything a source yields. */
export async function all(records: AsyncIterable<SourceRecord>): Promise<SourceRecord[]> {
  const rows: SourceRecord[] = [];
  for await (const record of records) rows.push(record);
  return rows;
}

/** Fields by name of each line of a file without quoted fields. */
export function linesOf(path: string, delimiter: string): Record<string, string>[] {
  const text = readFileSync(path, 'utf8');
  if (text.includes('"')) throw new Error(`${path}: has quoted fields`);
  const [header = [], ...lines] = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(delimiter));
  return lines.map((fields) => Object.fromEntries(header.map((name, at) => [name, fields[at] ?? ''])));
}

/** Rows of an example: made up from a seed, once or along periods, expanded from an official table, or read from a published file. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetSchema } from '@reinraum/protocol';
import type { SourceRecord } from '../steward/records.ts';
import type { Source } from './example-plan.ts';
import { sourceFaults } from './source/faults.ts';
import { panel } from './source/panel.ts';
import { expanded, records } from './source/published.ts';
import { synthetic } from './source/synthetic.ts';

/**
 * Records of a source in schema column order. `data` is the folder or file given on the command line. Throws an `Error`
 * at once where the source does not fit the schema or its file is not there.
 */
export function recordsOf(
  source: Source,
  schema: DatasetSchema,
  data: string | undefined,
): AsyncGenerator<SourceRecord> {
  const [fault] = sourceFaults(source, schema);
  if (fault !== undefined) throw new Error(`example.yaml: source of ${schema.id}: ${fault}`);
  switch (source.kind) {
    case 'synthetic':
      return synthetic(source, schema);
    case 'panel':
      return panel(source, schema);
    case 'expand':
      return expanded(source, schema, fileOf(source.file, data));
    case 'csv':
      return records(source, schema, fileOf(source.file, data));
    default:
      return source satisfies never;
  }
}

function fileOf(file: string, data: string | undefined): string {
  if (data === undefined) throw new Error(`this example needs --data <folder with ${file}, or the file itself>`);
  const path = existsSync(data) && statSync(data).isDirectory() ? join(data, file) : data;
  if (!existsSync(path)) throw new Error(`--data: there is no file ${path}`);
  return path;
}

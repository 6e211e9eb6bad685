/** Rows of an example: made up from a seed, expanded from an official table, or read from a published file. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Column, type DatasetSchema, utf8 } from '@reinraum/protocol';
import { parse } from 'csv-parse';
import type { SourceRecord } from '../steward/records.ts';
import type { Source } from './policy-files.ts';

type Of<Kind extends Source['kind']> = Extract<Source, { kind: Kind }>;

/** Records of a source in schema column order. `data` is the folder or file given on the command line. */
export function recordsOf(
  source: Source,
  schema: DatasetSchema,
  data: string | undefined,
): AsyncGenerator<SourceRecord> {
  switch (source.kind) {
    case 'synthetic':
      return synthetic(source, schema);
    case 'expand':
      return expanded(source, schema, fileOf(source.file, data));
    case 'csv':
      return read(source, schema, fileOf(source.file, data));
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

async function* synthetic(source: Of<'synthetic'>, schema: DatasetSchema): AsyncGenerator<SourceRecord> {
  const random = seeded(source.seed);
  const draws = schema.columns.map((column) => drawer(column, source, random));
  for (let row = 0; row < source.rows; row++) {
    yield { id: `${source.seed}/${row}`, values: draws.map((draw) => draw()) };
  }
}

function drawer(column: Column, { columns }: Of<'synthetic'>, random: () => number): () => string {
  const spec = columns[column.name];
  if (!spec) throw new Error(`example.yaml: source has no column "${column.name}"`);
  if ('weights' in spec) {
    const codes = Object.keys(spec.weights);
    const pick = weighted(Object.values(spec.weights), random);
    return () => codes[pick()] ?? '';
  }
  const step = column.type === 'integer' ? column.step : 1;
  const pick = weighted(
    spec.bands.map(([, , weight]) => weight),
    random,
  );
  return () => {
    const [from = 0, to = 0] = spec.bands[pick()] ?? [];
    return String(from + step * Math.floor((random() * (to - from + 1)) / step));
  };
}

/** Positions with probabilities in proportion to the weights. */
function weighted(weights: readonly number[], random: () => number): () => number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const bounds = weights.map((weight) => (sum += weight / total));
  return () => {
    const u = random();
    const at = bounds.findIndex((bound) => u < bound);
    return at === -1 ? weights.length - 1 : at;
  };
}

/** Numbers in [0, 1) that depend on the seed only (sfc32). Example data, not security. */
function seeded(seed: string): () => number {
  const words = new Uint32Array(sha256(utf8(seed)).slice().buffer);
  let [a = 0, b = 0, c = 0] = words;
  let counter = 1;
  return () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
}

async function* expanded(source: Of<'expand'>, schema: DatasetSchema, path: string): AsyncGenerator<SourceRecord> {
  const lists = schema.columns.map((column) =>
    column.type === 'code' ? new Set(column.codes.map(({ code }) => code)) : undefined,
  );
  let person = 0;
  for await (const row of fieldsOf(path)) {
    if (Object.entries(source.where).some(([field, value]) => row[field] !== value)) continue;
    const values = schema.columns.map(({ name }) => row[source.columns[name] ?? ''] ?? null);
    if (values.some((value, at) => value !== null && lists[at]?.has(value) === false)) continue;
    const count = Number(row[source.count]);
    if (!Number.isSafeInteger(count) || count < 0) throw new Error(`${path}: field "${source.count}" holds no count`);
    for (let n = 0; n < count; n++) yield { id: `person-${person++}`, values };
  }
}

async function* read(source: Of<'csv'>, schema: DatasetSchema, path: string): AsyncGenerator<SourceRecord> {
  for await (const row of fieldsOf(path)) {
    const values = schema.columns.map((column) => {
      const value = row[source.columns[column.name] ?? ''] ?? '';
      // Published files write integers as "17000.0".
      if (value === '') return null;
      return column.type === 'integer' && Number.isSafeInteger(Number(value)) ? String(Number(value)) : value;
    });
    yield { id: row[source.id] ?? '', values };
  }
}

function fieldsOf(path: string): AsyncIterable<Record<string, string>> {
  return createReadStream(path).pipe(parse({ bom: true, columns: true }));
}

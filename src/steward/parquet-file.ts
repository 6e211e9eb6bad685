/**
 * An open Parquet file: its columns held against the schema, its row groups one after the other. hyparquet decodes; it
 * is shown physical types only, because what it makes of decimals, dates and text is not exact (decision 0009).
 */
import { constants } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { DatasetSchema } from '@reinraum/protocol';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead, type SchemaElement } from 'hyparquet';
import { compressors as packaged } from 'hyparquet-compressors';
import { columnSpeller, identifierSpeller, type Scales, type Speller } from './parquet-column.ts';
import { checkPages, pageLimits, smallerGroups } from './parquet-pages.ts';
import type { SourceRecord } from './records.ts';
import { columnPositions, SourceError } from './source-error.ts';

/** Node's own decompressors, which stop at a length; the package's for LZ4, which Node does not have. */
const compressors = {
  GZIP: (input: Uint8Array, maxOutputLength: number) => gunzipSync(input, bounded(maxOutputLength)),
  BROTLI: (input: Uint8Array, maxOutputLength: number) => brotliDecompressSync(input, bounded(maxOutputLength)),
  ZSTD: (input: Uint8Array, maxOutputLength: number) => zstdDecompressSync(input, bounded(maxOutputLength)),
  ...(packaged.LZ4 && { LZ4: packaged.LZ4 }),
  ...(packaged.LZ4_RAW && { LZ4_RAW: packaged.LZ4_RAW }),
};
const codecs = new Set(['UNCOMPRESSED', 'SNAPPY', ...Object.keys(compressors)]);

const metadataBytesMax = 16 * 1024 * 1024;
const batchRows = 1000;

/** A column that is read: where it stands in the file, and how its values are spelled. */
interface ReadColumn {
  readonly name: string;
  readonly at: number;
  readonly spell: Speller;
}

/** Yields the records of a Parquet file, some at a time. Throws {@link SourceError} and nothing else. */
export async function* parquetBatches(
  path: string,
  schema: DatasetSchema,
  scales: Scales,
): AsyncGenerator<SourceRecord[]> {
  const handle = await open(path, 'r');
  try {
    const file = { byteLength: (await handle.stat()).size, slice: sliceOf(handle) };
    await checkFooter(file);
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    const elements = flatElements(metadata);
    const columns = readColumns(elements, schema, scales);
    checkGroups(metadata, elements, file.byteLength);
    const physical = physicalMetadata(metadata);
    let firstRow = 1;
    for (let group = 0; group < metadata.row_groups.length; group++) {
      yield* groupBatches(file, physical, group, columns, firstRow);
      firstRow += rowsOf(metadata, group);
    }
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw new SourceError(`the Parquet file is damaged or cannot be read (${reason}); write it again`);
  } finally {
    await handle.close();
  }
}

async function checkFooter(file: AsyncBuffer): Promise<void> {
  const { byteLength } = file;
  if (byteLength < 12) throw new SourceError('the Parquet file is truncated; copy or write it again');
  const length = new DataView(await file.slice(byteLength - 8, byteLength)).getUint32(0, true);
  if (length > Math.min(metadataBytesMax, byteLength - 12)) {
    throw new SourceError('the Parquet file is truncated or its metadata is absurd; write it again');
  }
}

/** The columns in file order. Throws {@link SourceError} where one is nested or repeated. */
function flatElements({ schema }: FileMetaData): SchemaElement[] {
  const [root, ...elements] = schema;
  for (const { name, num_children, repetition_type } of elements) {
    if (num_children !== undefined || repetition_type === 'REPEATED') {
      throw new SourceError(`column "${name}": is nested; write one flat column for each column of the schema`);
    }
  }
  if (!root || root.num_children !== elements.length) throw new SourceError('the Parquet file has no flat columns');
  return elements;
}

function readColumns(elements: readonly SchemaElement[], schema: DatasetSchema, scales: Scales): ReadColumn[] {
  const [unitAt = 0, ...columnsAt] = columnPositions(
    elements.map(({ name }) => name),
    schema,
  );
  const element = (at: number) => elements[at] as SchemaElement;
  return [
    { name: schema.unit, at: unitAt, spell: identifierSpeller(schema.unit, element(unitAt)) },
    ...schema.columns.map((column, n) => {
      const at = columnsAt[n] ?? 0;
      return { name: column.name, at, spell: columnSpeller(column, element(at), scales.get(column.name)) };
    }),
  ];
}

/** Holds what the file says of its row groups against the file and the limits, before anything of them is read. */
function checkGroups(metadata: FileMetaData, elements: readonly SchemaElement[], fileBytes: number): void {
  let rows = 0;
  metadata.row_groups.forEach(({ columns }, group) => {
    rows += rowsOf(metadata, group);
    if (rowsOf(metadata, group) > pageLimits.groupRows) {
      throw new SourceError(`row group ${group + 1}: has too many rows; ${smallerGroups}`);
    }
    if (columns.length !== elements.length) throw damaged(group);
    columns.forEach((column, at) => {
      const name = elements[at]?.name;
      const { meta_data: meta, crypto_metadata, file_path } = column;
      if (crypto_metadata) throw new SourceError(`column "${name}": is encrypted; write the file without encryption`);
      if (file_path) throw new SourceError(`column "${name}": lies in another file; write one file`);
      if (!meta || meta.path_in_schema.join('.') !== name || meta.type !== elements[at]?.type) throw damaged(group);
      if (!codecs.has(meta.codec)) throw new SourceError(`column "${name}": codec ${meta.codec}; write it with ZSTD`);
      const { from, to } = chunkRange(meta);
      if (!(from >= 4 && from < to && to <= fileBytes) || Number(meta.num_values) !== rowsOf(metadata, group))
        throw damaged(group);
      if (to - from > pageLimits.columnBytes) throw new SourceError(`row group ${group + 1}: ${smallerGroups}`);
    });
  });
  if (rows !== Number(metadata.num_rows)) throw new SourceError('the Parquet file has other rows than it says');
}

function damaged(group: number): SourceError {
  return new SourceError(`row group ${group + 1}: is damaged or truncated; copy or write the file again`);
}

function chunkRange({
  dictionary_page_offset: dictionary,
  data_page_offset: data,
  total_compressed_size,
}: NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>): { from: number; to: number } {
  const from = Number(dictionary || data);
  return { from, to: from + Number(total_compressed_size) };
}

/** The same file without its logical types, so that values come as they are stored. */
function physicalMetadata(metadata: FileMetaData): FileMetaData {
  const bare = ({ name, type, type_length, repetition_type, num_children }: SchemaElement): SchemaElement =>
    Object.fromEntries(
      Object.entries({ name, type, type_length, repetition_type, num_children }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as unknown as SchemaElement;
  return { ...metadata, schema: metadata.schema.map(bare) };
}

async function* groupBatches(
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: number,
  columns: readonly ReadColumn[],
  firstRow: number,
): AsyncGenerator<SourceRecord[]> {
  const rowGroup = metadata.row_groups[group];
  const rows = rowsOf(metadata, group);
  if (!rowGroup || rows === 0) return;
  const stored: ArrayLike<unknown>[] = [];
  for (const { name, at } of columns) {
    const meta = rowGroup.columns[at]?.meta_data;
    if (!meta) throw damaged(group);
    const { from, to } = chunkRange(meta);
    checkPages(name, await file.slice(from, to), rows);
    stored.push(await storedValues(file, { ...metadata, num_rows: BigInt(rows), row_groups: [rowGroup] }, name, rows));
  }
  for (let first = 0; first < rows; first += batchRows) {
    const batch: SourceRecord[] = [];
    for (let at = first; at < Math.min(rows, first + batchRows); at++) {
      const [id, ...values] = columns.map((column, n) => spelledValue(column, stored[n]?.[at], firstRow + at));
      batch.push({ id: id ?? '', values: values.map((value) => value ?? null) });
    }
    yield batch;
  }
}

async function storedValues(
  file: AsyncBuffer,
  metadata: FileMetaData,
  name: string,
  rows: number,
): Promise<ArrayLike<unknown>> {
  const chunks: ArrayLike<unknown>[] = [];
  const onChunk = ({ columnData }: { columnData: ArrayLike<unknown> }) => void chunks.push(columnData);
  await parquetRead({ file, metadata, columns: [name], utf8: false, compressors, onChunk });
  const [only] = chunks;
  const all = chunks.length === 1 && only ? only : chunks.flatMap((chunk) => Array.from(chunk));
  if (all.length !== rows) throw new SourceError(`column "${name}": has other rows than its row group; write it again`);
  return all;
}

function spelledValue({ name, spell }: ReadColumn, stored: unknown, row: number): string | null {
  if (stored === null || stored === undefined) return null;
  try {
    return spell(stored);
  } catch {
    throw new SourceError(`row ${row}, column "${name}": is not valid for its type; write it again as UTF-8 text`);
  }
}

function rowsOf({ row_groups: groups }: FileMetaData, group: number): number {
  return Number(groups[group]?.num_rows ?? -1n);
}

function bounded(maxOutputLength: number): { maxOutputLength: number } {
  return { maxOutputLength: Math.min(Math.max(1, maxOutputLength), constants.MAX_LENGTH) };
}

function sliceOf(handle: FileHandle): AsyncBuffer['slice'] {
  return async (start, end) => {
    const bytes = Buffer.alloc((end ?? (await handle.stat()).size) - start);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new SourceError('the Parquet file ends too early; copy or write it again');
      done += bytesRead;
    }
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  };
}

/** A steward's file → records, by what the file is and not by how it is called. */
import { open } from 'node:fs/promises';
import type { DatasetSchema } from '@reinraum/protocol';
import { csvRecords } from './csv-records.ts';
import type { Scales } from './parquet-column.ts';
import { parquetRecords } from './parquet-records.ts';
import { SourceError } from './source-error.ts';

/** One row: the unit's identifier and its values in schema column order, null where missing. */
export interface SourceRecord {
  readonly id: string;
  readonly values: readonly (string | null)[];
}

const parquetMagic = 'PAR1';
const encryptedMagic = 'PARE';
const zipMagic = 'PK\u0003\u0004';

/**
 * Records of a CSV or Parquet file. Parquet is whatever begins or ends with its magic bytes, so that half a file is not
 * taken for text. `scales` are for columns of Parquet numbers. Throws {@link SourceError}.
 */
export async function* sourceRecords(
  path: string,
  schema: DatasetSchema,
  scales: Scales = new Map(),
): AsyncGenerator<SourceRecord> {
  for (const name of scales.keys()) {
    if (!schema.columns.some((column) => column.name === name && column.type === 'integer'))
      throw new SourceError(`--scale: the schema has no integer column "${name}"`);
  }
  const { head, tail } = await ends(path);
  if (head === encryptedMagic || tail === encryptedMagic)
    throw new SourceError('the Parquet file is encrypted; write it again without encryption');
  if (head === zipMagic) throw new SourceError('this is an Excel or ZIP file; save it as CSV or Parquet');
  if (head === parquetMagic || tail === parquetMagic) {
    if (head !== tail) throw new SourceError('the Parquet file is truncated or damaged; copy or write it again');
    yield* parquetRecords(path, schema, scales);
  } else {
    if (scales.size > 0)
      throw new SourceError('--scale: is for Parquet; in a CSV write the numbers in the schema’s unit');
    yield* csvRecords(path, schema);
  }
}

async function ends(path: string): Promise<{ head: string; tail: string }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const four = async (position: number) => {
      const bytes = Buffer.alloc(4);
      const { bytesRead } = await file.read(bytes, 0, 4, position);
      return bytes.toString('latin1', 0, bytesRead);
    };
    return { head: await four(0), tail: await four(Math.max(0, size - 4)) };
  } finally {
    await file.close();
  }
}

/**
 * The headers of a column's pages, read before anything is decompressed or decoded: a page of a few bytes may claim
 * billions of values. What is attacker-controlled here costs no more memory than {@link pageLimits} allow.
 */
import { parquetHeader } from 'hyparquet/src/column.js';
import { SourceError } from './source-error.ts';

/** What one row group may ask for. */
export const pageLimits = {
  /** Rows of a row group: pyarrow and DuckDB write at most 1,048,576 unless told otherwise. */
  groupRows: 4 * 1024 * 1024,
  /** Bytes of one column of a row group, compressed or not. */
  columnBytes: 1024 ** 3,
} as const;

/** The fix for every limit. */
export const smallerGroups = 'write the file again with row groups of at most 1,000,000 rows';

/** Holds a flat column chunk to the limits and to its number of rows. Throws {@link SourceError}. */
export function checkPages(name: string, chunk: ArrayBuffer, rows: number): void {
  const reader = { view: new DataView(chunk), offset: 0 };
  let values = 0;
  let bytes = 0;
  while (values < rows) {
    const header = parquetHeader(reader);
    const { compressed_page_size: stored, uncompressed_page_size: size } = header;
    const data = header.data_page_header ?? header.data_page_header_v2;
    const count = data?.num_values ?? header.dictionary_page_header?.num_values;
    if (!isCount(stored) || !isCount(size) || !isCount(count) || reader.offset + stored > chunk.byteLength) {
      throw new SourceError(`column "${name}": a page is damaged; copy or write the file again`);
    }
    reader.offset += stored;
    bytes += size;
    if (data) values += count;
    if (bytes > pageLimits.columnBytes || count > pageLimits.groupRows) {
      throw new SourceError(`column "${name}": a row group is too large to be read; ${smallerGroups}`);
    }
  }
  if (values !== rows) throw new SourceError(`column "${name}": has other rows than its row group; write it again`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

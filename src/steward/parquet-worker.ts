/**
 * Decodes a Parquet file in a process of its own, under a limit of memory of its own: decoding is where a damaged file
 * costs, and a thread that runs out of memory can take its whole process along. The order comes first; one batch is sent
 * for it and for each one asked for.
 */
import { parquetBatches } from './parquet-file.ts';
import type { ParquetOrder, ParquetReply } from './parquet-records.ts';
import type { SourceRecord } from './records.ts';

let batches: AsyncGenerator<SourceRecord[]> | undefined;

process.on('message', (asked: ParquetOrder | 'next') => void next(asked));
// Whoever asked is gone: nobody reads what is decoded.
process.on('disconnect', () => process.exit());

async function next(asked: ParquetOrder | 'next'): Promise<void> {
  if (asked !== 'next') batches = parquetBatches(asked.path, asked.schema, asked.scales);
  const reply: ParquetReply = batches
    ? await batches.next().then(
        ({ done, value }) => (done ? { kind: 'end' } : { kind: 'batch', records: value }),
        (error: unknown) => ({ kind: 'wrong', message: error instanceof Error ? error.message : 'unreadable' }),
      )
    : { kind: 'wrong', message: 'unreadable' };
  process.send?.(reply);
}

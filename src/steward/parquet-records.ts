/** Parquet → records in schema order. A row group at a time is in memory, in a thread of its own. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DatasetSchema } from '@reinraum/protocol';
import type { Scales } from './parquet-column.ts';
import { smallerGroups } from './parquet-pages.ts';
import type { SourceRecord } from './records.ts';
import { SourceError } from './source-error.ts';

/** What the thread is started with. */
export interface ParquetOrder {
  readonly path: string;
  readonly schema: DatasetSchema;
  readonly scales: Scales;
}

/** What the thread sends for every batch it is asked for. */
export type ParquetReply =
  | { readonly kind: 'batch'; readonly records: readonly SourceRecord[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'wrong'; readonly message: string };

/** Heap of the thread: a row group of a million rows and twenty columns fits with room to spare. */
const heapMbDefault = 2048;

/** Records of a Parquet file; which types stand for which columns is decided in `parquet-column.ts`. Throws {@link SourceError}. */
export async function* parquetRecords(
  path: string,
  schema: DatasetSchema,
  scales: Scales,
  heapMb: number = heapMbDefault,
): AsyncGenerator<SourceRecord> {
  const workerData: ParquetOrder = { path, schema, scales };
  const worker = new Worker(new URL('./parquet-worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  try {
    for (;;) {
      const answered = once(worker, 'message');
      worker.postMessage('next');
      const [reply] = (await answered.catch(tooLarge)) as [ParquetReply];
      if (reply.kind === 'wrong') throw new SourceError(reply.message);
      if (reply.kind === 'end') return;
      yield* reply.records;
    }
  } finally {
    await worker.terminate();
  }
}

function tooLarge(error: unknown): never {
  if ((error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY')
    throw new SourceError(`the Parquet file needs too much memory; ${smallerGroups}`);
  throw error;
}

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

/** What the thread may take: a row group of a million rows and twenty columns fits with room to spare. */
const threadLimits = { heapMb: 2048, batchMs: 600_000 };

/** Records of a Parquet file; which types stand for which columns is decided in `parquet-column.ts`. Throws {@link SourceError}. */
export async function* parquetRecords(
  path: string,
  schema: DatasetSchema,
  scales: Scales,
  { heapMb, batchMs }: typeof threadLimits = threadLimits,
): AsyncGenerator<SourceRecord> {
  const workerData: ParquetOrder = { path, schema, scales };
  const worker = new Worker(new URL('./parquet-worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  try {
    for (;;) {
      const answered = once(worker, 'message', { signal: AbortSignal.timeout(batchMs) });
      worker.postMessage('next');
      const [reply] = (await answered.catch(tooMuch)) as [ParquetReply];
      if (reply.kind === 'wrong') throw new SourceError(reply.message);
      if (reply.kind === 'end') return;
      yield* reply.records;
    }
  } finally {
    await worker.terminate();
  }
}

function tooMuch(error: unknown): never {
  if ((error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY')
    throw new SourceError(`the Parquet file needs too much memory; ${smallerGroups}`);
  if (error instanceof Error && error.name === 'AbortError')
    throw new SourceError(`the Parquet file takes too long to decode; it is damaged, or ${smallerGroups}`);
  throw error;
}

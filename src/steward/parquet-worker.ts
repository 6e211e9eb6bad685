/**
 * Decodes a Parquet file beside the main thread, under a limit of memory of its own: decoding is where a damaged file
 * costs, and it must not take the steward's tool with it. One batch is sent for each one asked for.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { parquetBatches } from './parquet-file.ts';
import type { ParquetOrder, ParquetReply } from './parquet-records.ts';

const port = parentPort;
if (!port) throw new Error('parquet-worker: is started by parquet-records');
const { path, schema, scales } = workerData as ParquetOrder;
const batches = parquetBatches(path, schema, scales);

port.on('message', () => void next());

async function next(): Promise<void> {
  const reply: ParquetReply = await batches.next().then(
    ({ done, value }) => (done ? { kind: 'end' } : { kind: 'batch', records: value }),
    (error: unknown) => ({ kind: 'wrong', message: error instanceof Error ? error.message : 'unreadable' }),
  );
  port?.postMessage(reply);
}

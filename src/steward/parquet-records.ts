/** Parquet → records in schema order. A row group at a time is in memory, in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { DatasetSchema } from '@reinraum/protocol';
import type { Scales } from './parquet-column.ts';
import { smallerGroups } from './parquet-pages.ts';
import type { SourceRecord } from './records.ts';
import { SourceError } from './source-error.ts';

/** What the process is asked first. */
export interface ParquetOrder {
  readonly path: string;
  readonly schema: DatasetSchema;
  readonly scales: Scales;
}

/** What the process sends for every batch it is asked for. */
export type ParquetReply =
  | { readonly kind: 'batch'; readonly records: readonly SourceRecord[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'wrong'; readonly message: string };

/** What the process may take: a row group of a million rows and twenty columns fits with room to spare. */
const decoderLimits = { heapMb: 2048, batchMs: 600_000 };

/** Records of a Parquet file; which types stand for which columns is decided in `parquet-column.ts`. Throws {@link SourceError}. */
export async function* parquetRecords(
  path: string,
  schema: DatasetSchema,
  scales: Scales,
  { heapMb, batchMs }: typeof decoderLimits = decoderLimits,
): AsyncGenerator<SourceRecord> {
  const order: ParquetOrder = { path, schema, scales };
  // Nothing of the steward's environment is needed, and what a dying process prints could hold values.
  const decoder = fork(new URL('./parquet-worker.ts', import.meta.url), [], {
    execArgv: [`--max-old-space-size=${heapMb}`],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(decoder, 'exit').then((): never => {
    throw new SourceError(`the Parquet file needs too much memory, or is damaged; ${smallerGroups}`);
  });
  // Read only while a batch is waited for.
  ended.catch(() => undefined);
  try {
    for (let asked: ParquetOrder | 'next' = order; ; asked = 'next') {
      const reply = await Promise.race([replyTo(decoder, asked, batchMs), ended]);
      if (reply.kind === 'wrong') throw new SourceError(reply.message);
      if (reply.kind === 'end') return;
      yield* reply.records;
    }
  } finally {
    decoder.kill('SIGKILL');
  }
}

async function replyTo(decoder: ChildProcess, asked: ParquetOrder | 'next', batchMs: number): Promise<ParquetReply> {
  const answered = once(decoder, 'message', { signal: AbortSignal.timeout(batchMs) });
  // A process that has ended cannot be written to; that it has ended is what is told.
  decoder.send(asked, () => undefined);
  try {
    const [reply] = (await answered) as [ParquetReply];
    return reply;
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError')
      throw new SourceError(`the Parquet file takes too long to decode; it is damaged, or ${smallerGroups}`);
    throw error;
  }
}

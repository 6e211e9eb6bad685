/** The head a log has published: what is found of it on the disk. */
import { type Checkpoint, verifyCheckpoint } from './checkpoint.ts';
import type { DurableDirectory } from './durable.ts';
import { EvidenceError, TrustError } from './evidence-error.ts';
import { ed25519Verifier } from './note.ts';
import { LogStopped } from './recovery.ts';

/** Where the note of the head is, below the log. */
export const checkpointPath = 'checkpoint';

/** A head with the signed note it was published in. */
export interface PublishedHead extends Checkpoint {
  readonly note: string;
}

/** The published head; undefined where there is none. Throws `LogStopped` `checkpoint-foreign`. */
export async function readPublishedHead(directory: DurableDirectory, vkey: string): Promise<PublishedHead | undefined> {
  const note = await directory.read(checkpointPath);
  try {
    return note && (await verifyCheckpoint(note, ed25519Verifier(vkey)));
  } catch (error) {
    if (!(error instanceof EvidenceError || error instanceof TrustError)) throw error;
    throw new LogStopped('checkpoint-foreign', 'the checkpoint is damaged or not signed by this log');
  }
}

/** Whether there is a file, however large it is. */
export async function isThere(directory: DurableDirectory, path: string): Promise<boolean> {
  const file = await directory.open(path);
  await file?.close();
  return file !== undefined;
}

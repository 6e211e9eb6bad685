/**
 * The last signed head, kept apart from the checkpoint: before a checkpoint leaves the process its size and root are
 * durable here, and no other head of that size or below will ever be signed. The file is the text of the checkpoint.
 */
import { equalBytes, utf8 } from '@reinraum/protocol';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import type { DurableDirectory } from './durable.ts';
import { EvidenceError } from './evidence-error.ts';
import { LogStopped } from './recovery.ts';

/** Reads the record; undefined where nothing was ever signed. Throws `LogStopped` `signed-unreadable`. */
export async function readSignedHead(
  directory: DurableDirectory,
  path: string,
  origin: string,
): Promise<Checkpoint | undefined> {
  const bytes = await directory.read(path);
  if (!bytes) return undefined;
  try {
    const head = parseCheckpoint(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    if (head.origin === origin) return head;
  } catch (error) {
    if (!(error instanceof EvidenceError || error instanceof TypeError)) throw error;
  }
  throw new LogStopped('signed-unreadable', 'the record of the last signed head is damaged or another log’s');
}

/**
 * Compare-and-swap: replaces `expected` by `next`, durably. Throws `LogStopped` `signed-changed` when the record is not
 * the expected one, and `signed-diverges` when `next` is smaller or has the same size and another root. That `next`
 * extends `expected` is for the caller to prove.
 */
export async function swapSignedHead(
  directory: DurableDirectory,
  path: string,
  expected: Checkpoint | undefined,
  next: Checkpoint,
): Promise<void> {
  const current = await readSignedHead(directory, path, next.origin);
  if (current?.size !== expected?.size || !equalBytes(current?.root ?? none, expected?.root ?? none)) {
    throw new LogStopped('signed-changed', 'the record of the last signed head was changed by somebody else');
  }
  if (current && (next.size < current.size || (next.size === current.size && !equalBytes(next.root, current.root)))) {
    throw new LogStopped('signed-diverges', 'a head inconsistent with the last signed one', next.size);
  }
  // Also when nothing changed: after a crash the record may be visible and yet not durable.
  await directory.write([{ path, bytes: utf8(formatCheckpoint(next)) }]);
}

const none = new Uint8Array(0);

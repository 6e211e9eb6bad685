/** What to do with a log directory found on the disk. */
import { equalBytes } from '@reinraum/protocol';
import type { Checkpoint } from './checkpoint.ts';

/** Why a log refuses to start or stops for good. Every one needs a person, none may be repaired silently. */
export type StopCode =
  | 'journal-missing'
  | 'journal-behind'
  | 'journal-ahead'
  | 'signed-unreadable'
  | 'signed-diverges'
  | 'signed-changed'
  | 'checkpoint-foreign'
  | 'checkpoint-ahead'
  | 'checkpoint-inconsistent'
  | 'tile-diverges'
  | 'tile-missing'
  | 'directory-in-use';

/** The log does not start, or has stopped: what is on the disk contradicts what was promised. */
export class LogStopped extends Error {
  readonly code: StopCode;
  /** The first entry or the size concerned, where known. */
  readonly entryIndex: number | undefined;

  constructor(code: StopCode, message: string, entryIndex?: number) {
    super(`${code}: ${message}`);
    this.name = 'LogStopped';
    this.code = code;
    this.entryIndex = entryIndex;
  }
}

/** A head that was promised, and the root the journal has at its size; none if the journal is shorter. */
export interface PromisedHead {
  readonly head: Checkpoint;
  readonly journalRoot: Uint8Array | undefined;
}

/** What was found: the journal's size, the last signed head, the published checkpoint. */
export interface Findings {
  readonly journalSize: number;
  readonly signed: PromisedHead | undefined;
  readonly published: PromisedHead | undefined;
}

/** How to go on: `current` needs nothing; `publish` writes the tiles from the published size on and a new checkpoint. */
export type Recovery = 'current' | 'publish';

/**
 * Checks the number of the journal's first entry. A journal is cut only behind a published head: of what comes before, that
 * head is all there is to go by. Throws {@link LogStopped} `journal-ahead`.
 */
export function checkBase(base: number, signed: Checkpoint | undefined, published: Checkpoint | undefined): void {
  const head = published ?? signed;
  if (base > Math.min(signed?.size ?? 0, head?.size ?? 0)) {
    throw new LogStopped('journal-ahead', 'the journal begins behind the last signed or published head', base);
  }
}

/**
 * Decides over the findings. A torn last frame has already been cut off by the journal and a damaged one before it has
 * already stopped it. Throws {@link LogStopped}.
 */
export function recover({ journalSize, signed, published }: Findings): Recovery {
  const signedSize = signed ? signed.head.size : -1;
  const publishedSize = published ? published.head.size : -1;
  // Nothing was ever promised: a new directory, or a crash before the first checkpoint.
  if (signedSize === -1 && publishedSize === -1) return 'publish';
  // Heads are recorded before they leave the process; this one came from elsewhere, or the record was lost.
  if (publishedSize > signedSize) {
    throw new LogStopped('checkpoint-ahead', 'a checkpoint was published that is not recorded as signed');
  }
  // Entries whose inclusion was signed are gone: a lost disk, a restored backup.
  if (signedSize > journalSize) {
    throw new LogStopped('journal-behind', 'the journal ends before the last signed head', journalSize);
  }
  // The journal tells another story than the one that was signed.
  if (!agrees(signed)) {
    throw new LogStopped('signed-diverges', 'the journal does not lead to the last signed root');
  }
  if (!agrees(published)) {
    throw new LogStopped('checkpoint-inconsistent', 'the journal does not lead to the published root');
  }
  // A crash between recording a head and publishing it, or before the tiles of the last entries were written. No
  // checkpoint counts as −1, so this holds for the head of an empty log too.
  if (publishedSize < journalSize) return 'publish';
  return 'current';
}

function agrees(promised: PromisedHead | undefined): boolean {
  if (!promised) return true;
  return promised.journalRoot !== undefined && equalBytes(promised.head.root, promised.journalRoot);
}

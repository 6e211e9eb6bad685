/**
 * Frames of the journal, one for each entry (docs/spec/log.md §5).
 *
 *     file  = "RRJRNL1\n" ‖ frame*
 *     frame = uint32be length ‖ checksum[8] ‖ uint64be index ‖ entry        checksum = SHA-256(index ‖ entry)[0:8]
 *
 * The checksum finds accidents, not attackers: against those stand the signed head and the witnesses.
 */
import { hash } from 'node:crypto';
import { equalBytes, utf8 } from '@reinraum/protocol';
import type { OpenFile } from './durable.ts';
import { entryBytesMax, tileWidth } from './tile.ts';

/** How a journal begins. */
export const journalMagic = utf8('RRJRNL1\n');
/** Bytes of a frame before its entry. */
export const frameHeadBytes = 20;
/** Bytes that hold the base of any journal. */
export const baseHeadBytes = journalMagic.length + frameHeadBytes + entryBytesMax;
const checksumBytes = 8;
/** Bytes read of a journal at once. */
export const blockBytes = 1 << 20;

/** One entry in the journal. */
export interface JournalEntry {
  readonly index: number;
  readonly entry: Uint8Array;
}

/** The frame of an entry. */
export function encodeFrame(index: number, entry: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeadBytes + entry.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, entry.length);
  view.setBigUint64(12, BigInt(index));
  frame.set(entry, frameHeadBytes);
  frame.set(checksum(frame), 4);
  return frame;
}

function checksum(frame: Uint8Array): Uint8Array {
  return hash('sha256', frame.subarray(4 + checksumBytes), 'buffer').subarray(0, checksumBytes);
}

/** The intact frame at `at` in `block`, if it is all there. */
export function frameAt(block: Uint8Array, at: number): JournalEntry | undefined {
  if (at + frameHeadBytes > block.length) return undefined;
  const view = new DataView(block.buffer, block.byteOffset + at, frameHeadBytes);
  const end = at + frameHeadBytes + view.getUint32(0);
  if (end > block.length || view.getUint32(0) > entryBytesMax) return undefined;
  const frame = block.subarray(at, end);
  if (!equalBytes(frame.subarray(4, 4 + checksumBytes), checksum(frame))) return undefined;
  return { index: Number(view.getBigUint64(12)), entry: frame.subarray(frameHeadBytes) };
}

/**
 * The base of a journal, of which `head` are the first bytes: the number of its first entry, a multiple of 256. It is 0
 * where there is no entry yet, and where the first frame is damaged or none a journal can begin with.
 */
export function baseOf(head: Uint8Array): number {
  const { index } = frameAt(head, journalMagic.length) ?? { index: 0 };
  return Number.isSafeInteger(index) && index % tileWidth === 0 ? index : 0;
}

/** Intact frames with the expected indexes from `position` on, a block of them at a time, up to the first other byte. */
export async function* scan(file: OpenFile, position: number, index: number): AsyncGenerator<readonly JournalEntry[]> {
  let next = index;
  for (let from = position; ; ) {
    const block = await file.read(from, blockBytes);
    const frames: JournalEntry[] = [];
    let at = 0;
    for (let frame = frameAt(block, at); frame?.index === next; frame = frameAt(block, at)) {
      frames.push(frame);
      at += frameHeadBytes + frame.entry.length;
      next += 1;
    }
    if (frames.length === 0) return;
    yield frames;
    from += at;
  }
}

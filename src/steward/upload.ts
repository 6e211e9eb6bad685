/** Sends a sealed file in pieces. Whatever ends in between – line, gateway, host – the same bytes go on from where they are. */

import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { RoomProblem, type RoomPublic } from '@reinraum/client';

/** Bytes of a piece unless told otherwise, and the most that is sent at a time. */
export const pieceBytesDefault = 4 * 1024 * 1024;

/** How often a piece is tried, and how long a room may take for one. */
const attemptsMax = 8;
const firstWaitMs = 100;
const answerWithinMs = 120_000;

/** The room could not be reached for long; what has arrived is kept. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';

  constructor(cause: unknown) {
    super('the room cannot be reached; what has arrived is kept: run the same command again to go on', { cause });
  }
}

/** Sends the file of an offer from where the room has it. Throws `RoomProblem` or {@link Unreachable}. */
export async function uploadFile(
  room: RoomPublic,
  offer: string,
  path: string,
  pieceBytes: number,
  arrived: (bytes: number, total: number) => void,
): Promise<void> {
  const file = await open(path, 'r');
  try {
    const total = (await file.stat()).size;
    for (let offset: number | undefined, attempts = 0; offset === undefined || offset < total; ) {
      try {
        if (offset === undefined) offset = await offsetOf(room, offer);
        else {
          const piece = new Uint8Array(Math.min(pieceBytes, total - offset));
          const { bytesRead } = await file.read(piece, 0, piece.length, offset);
          if (bytesRead < piece.length) throw new Error('the sealed file in the spool has become shorter');
          offset = await put(room, offer, offset, piece);
        }
        attempts = 0;
      } catch (error) {
        attempts += 1;
        if (!isPassing(error)) throw error;
        if (attempts >= attemptsMax) throw error instanceof RoomProblem ? error : new Unreachable(error);
        await setTimeout(firstWaitMs * 2 ** attempts);
        // Only the room knows what of the piece has arrived.
        offset = undefined;
      }
      arrived(Math.min(offset ?? 0, total), total);
    }
  } finally {
    await file.close();
  }
}

/** Whether trying again may help: the line, the gateway or the host failed, or the file there is not where it was. */
function isPassing(error: unknown): boolean {
  if (error instanceof RoomProblem) return error.status >= 500 || error.status === 409;
  return isLineFailure(error);
}

/** Whether a request never got its answer. */
export function isLineFailure(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
}

async function offsetOf(room: RoomPublic, offer: string): Promise<number> {
  return offsetIn(await room.fetch(`/uploads/${offer}`, { signal: AbortSignal.timeout(answerWithinMs) }));
}

async function put(room: RoomPublic, offer: string, offset: number, piece: Uint8Array<ArrayBuffer>): Promise<number> {
  const answer = await room.fetch(`/uploads/${offer}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'x-reinraum-offset': String(offset) },
    body: piece,
    signal: AbortSignal.timeout(answerWithinMs),
  });
  return offsetIn(answer);
}

async function offsetIn(answer: Response): Promise<number> {
  const { offset } = (await answer.json()) as { offset?: unknown };
  if (!Number.isSafeInteger(offset) || (offset as number) < 0) throw new RoomProblem(502, {});
  return offset as number;
}

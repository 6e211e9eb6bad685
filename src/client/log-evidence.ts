/** The log of a room as its members read it over HTTP, for a verification. */
import type { Evidence, Fetch } from '@reinraum/audit/verifier';
import { decodeObjects, objectsMax } from '@reinraum/protocol';
import { type AskObjects, bulkRequestsAtOnce, inBulk } from './in-bulk.ts';
import type { RoomClient } from './room-client.ts';

/**
 * The log as of now, read in a session: the checkpoint is fetched once and kept, so that a verification sees one log;
 * objects are asked for many at a time (docs/spec/statement.md §7). Nothing of it is verified. Throws `NoAnswer` or
 * `RoomProblem`, and so do its readers; they also throw `RangeError` where an answer is malformed.
 */
export async function logEvidence(room: LogOfRoom, session: string): Promise<RoomEvidence> {
  let lost: unknown;
  const remembered =
    <Args extends readonly unknown[], Result>(read: (...args: Args) => Promise<Result>) =>
    (...args: Args) =>
      read(...args).catch((error: unknown) => {
        lost ??= error;
        throw error;
      });
  const file = remembered(room.public.logFetch(session));
  const checkpoint = await file('checkpoint');
  const fetch: Fetch = async (path) => (path === 'checkpoint' ? checkpoint : file(path));
  const readObject = remembered(inBulk(objectsMax, asking(room, session)));
  const answered = () => {
    if (lost !== undefined) throw lost;
  };
  return { fetch, readObject, readsAtOnce: bulkRequestsAtOnce * objectsMax, room: room.roomId, answered };
}

/** Evidence that came over a line. */
export interface RoomEvidence extends Evidence {
  /** Throws what the room did not answer with: then a verdict that it cannot be read says nothing about the log. */
  readonly answered: () => void;
}

/** A room and where it is reached: a client, as far as reading needs one. */
export type LogOfRoom = Pick<RoomClient, 'public' | 'roomId'>;

function asking(room: LogOfRoom, session: string): AskObjects {
  const headers = { 'content-type': 'application/json', 'x-reinraum-session': session };
  return async (objects) => {
    const init: RequestInit = { method: 'POST', headers, body: JSON.stringify({ objects }), cache: 'no-store' };
    const answer = await room.public.fetch('/log/objects', init);
    return decodeObjects(new Uint8Array(await answer.arrayBuffer()), objects.length);
  };
}

/** A member's own reading of the room's log: fetched, verified as a whole, and folded. */

import {
  type Evidence,
  encodeReceipt,
  fetchTile,
  inclusionProof,
  parseCheckpoint,
  parseNote,
  type ReadObject,
  type Room,
  tileHashReader,
  verifyLog,
} from '@reinraum/audit';
import { logEvidence, type RoomClient } from '@reinraum/client';
import { type Accepted, type LogEntry } from '@reinraum/protocol';

/** A log that was verified from its first entry to its last. */
export interface RoomLog {
  readonly room: Room;
  /** By number; without those that were pruned. */
  readonly entries: ReadonlyMap<number, LogEntry>;
  /** An object of the log by its digest. */
  readonly object: ReadObject;
  /** An entry with its receipt, as the room gave it when it was new. */
  accepted(index: number): Promise<Accepted>;
}

/** Reads the whole log under one session. Throws where it does not verify: then nothing it says is used. */
export async function readRoomLog(client: RoomClient): Promise<RoomLog> {
  // The room goes on while it is read: everything is read at one checkpoint.
  const evidence = await logEvidence(client, await client.session());
  const { fetch, readObject } = evidence;
  const texts = new Map<number, string>();
  const entries = new Map<number, LogEntry>();
  const each: Evidence['each'] = (index, bytes, _size, entry) => {
    texts.set(index, new TextDecoder().decode(bytes));
    entries.set(index, entry);
  };
  const verdict = await verifyLog({ ...evidence, each });
  if (!verdict.verified && verdict.rule === 'unreadable') evidence.answered();
  if (!verdict.verified) throw new Error(`the room’s log does not verify: ${verdict.rule}: ${verdict.message}`);
  const note = (await fetch('checkpoint')) ?? new Uint8Array();
  const { size } = parseCheckpoint(parseNote(note).text);
  const hashes = tileHashReader((level, index, width) => fetchTile(fetch, { level, index, width }), size);
  return {
    room: verdict.room,
    entries,
    object: readObject,
    async accepted(index) {
      const proof = await inclusionProof(index, size, hashes);
      const receipt = encodeReceipt({ index, proof, checkpoint: new TextDecoder().decode(note) });
      return { index, entry: texts.get(index) ?? '', proof: receipt };
    },
  };
}

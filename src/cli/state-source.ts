/** A state directory, a copy of one, or an evidence bundle, as a source of evidence: nothing read from it is believed yet. */
import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  directoryFetch,
  ed25519Verifier,
  type Fetch,
  formatVkey,
  LogReader,
  parseNote,
  type ReadObject,
  resumption,
  type VerifiedCheckpoint,
} from '@reinraum/audit';
import { Charter, decodeEntry, fromBase64, type LogEntry, parseCanonical } from '@reinraum/protocol';
import { type ChargeFacts, factsBefore } from '../index/row.ts';

/** Where a log and its objects are read from. */
export interface LogSource {
  /** As the checkpoint was when the source was opened: a running room goes on while it is read. */
  readonly fetch: Fetch;
  readonly readObject: ReadObject;
  /** Objects asked for at once, where not as many as usual. */
  readonly readsAtOnce?: number;
}

/** The same in a directory. */
export interface StateSource extends LogSource {
  readonly directory: string;
  /** Folder of the log in it. */
  readonly log: string;
}

/** How often and how long apart a checkpoint is looked at again that its witnesses may be about to cosign. */
const quorumAttemptsMax = 12;
const quorumWaitMs = 250;

/**
 * Opens a directory. The newest checkpoint of a running room may wait for its witnesses: that is waited for, three seconds at
 * most. Throws an error that names the directory where it holds no log.
 */
export async function openState(directory: string): Promise<StateSource> {
  const log = join(directory, 'log');
  await access(log).catch(() => {
    throw new Error(`${directory}: no state directory of a room (it has no folder "log")`);
  });
  const files = directoryFetch(log);
  const readObject: ReadObject = (digest) => readFile(join(directory, 'objects', digest)).catch(() => undefined);
  let checkpoint = await files('checkpoint');
  for (let attempts = 1; attempts < quorumAttemptsMax && (await mayBeCosigned(checkpoint, readObject)); attempts++) {
    await setTimeout(quorumWaitMs);
    checkpoint = await files('checkpoint');
  }
  return {
    directory,
    log,
    fetch: async (path) => (path === 'checkpoint' ? checkpoint : await files(path)),
    readObject,
  };
}

/** Whether a checkpoint has fewer lines than the charter asks for. Nothing is verified here: it is only worth waiting or not. */
async function mayBeCosigned(checkpoint: Uint8Array | undefined, readObject: ReadObject): Promise<boolean> {
  try {
    const { text, signatures } = parseNote(checkpoint ?? new Uint8Array());
    const object = await readObject(text.slice('reinraum/'.length, text.indexOf('\n')));
    const { witnesses, quorum } = Charter.parse(parseCanonical(object ?? new Uint8Array()));
    return witnesses.length > 0 && signatures.length < 1 + quorum;
  } catch {
    return false;
  }
}

/** The log of a room in a source, with the key its charter names. */
export interface RoomLogReader {
  readonly vkey: string;
  readonly head: VerifiedCheckpoint;
  /** An entry, proved to be in the log at `head`. Throws `EvidenceError`. */
  readonly entryAt: (index: number) => Promise<LogEntry>;
  /** The first entry that is kept. */
  readonly first: () => Promise<number>;
  /** Whether the log at `head` goes on from this root; or throws `EvidenceError`. */
  readonly extends: (size: number, root: Uint8Array) => Promise<boolean>;
  /** What entries take from charges that were pruned. */
  readonly before: () => Promise<ReadonlyMap<number, ChargeFacts>>;
  /** The same in bytes, with its proof: leaf's sibling first. */
  readonly proved: (index: number) => Promise<{ readonly entry: Uint8Array; readonly proof: readonly Uint8Array[] }>;
}

/**
 * Reads entries of a room's log without replaying it: what is read is proved to be in the log, not that the log keeps the
 * rules. Throws `EvidenceError`, `TrustError`, or an error where the charter is missing or altered.
 */
export async function readerOf({ fetch, readObject }: StateSource, room: string): Promise<RoomLogReader> {
  const object = await readObject(room);
  if (!object || createHash('sha256').update(object).digest('hex') !== room) {
    throw new Error('Die Charta des Raums fehlt oder ist verändert / the room’s charter is missing or altered');
  }
  const charter = Charter.parse(parseCanonical(object));
  const vkey = formatVkey(`reinraum/${room}`, fromBase64(charter.enclave.signingKey));
  const reader = new LogReader(fetch, ed25519Verifier(vkey));
  const head = await reader.checkpoint();
  return {
    vkey,
    head,
    first: () => reader.first(head),
    async extends(size, root) {
      await reader.consistency({ ...head, size, root }, head);
      return true;
    },
    async before() {
      const start = await resumption(reader, head, readObject);
      return start ? factsBefore(start.room) : new Map();
    },
    entryAt: async (index) => decodeEntry(await reader.entry(index, head)),
    proved: async (index) => ({
      entry: await reader.entry(index, head),
      proof: await reader.inclusion(index, head),
    }),
  };
}

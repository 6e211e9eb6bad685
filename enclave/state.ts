/** The state directory: secrets, stored releases, objects and log, and the engine they are loaded into. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { DurableDirectory, Log, type Room } from '@reinraum/audit';
import {
  formatInstant,
  pseudonymDomain,
  Refusal,
  type Release,
  type SigningKey,
  signingKey,
  toBase64,
  utf8,
} from '@reinraum/protocol';
import type { Desk } from './answer.ts';
import { admittedDatasets, type Intakes } from './datasets.ts';
import type { EnclaveOptions } from './enclave.ts';
import { type Engine, startDuckdb } from './engine/duckdb.ts';
import { Engines } from './engine/engines.ts';
import { Ledger } from './ledger.ts';
import { ObjectStore } from './objects.ts';
import { FairBits } from './privacy/bits.ts';
import { NoisePool } from './privacy/pool.ts';
import { loadSealed } from './vault/admission.ts';
import { DetailStore } from './vault/details.ts';
import { ReleaseStore } from './vault/releases.ts';
import { SecretStore } from './vault/secrets.ts';

/** Bytes of a journal without entries. */
const journalHeadBytes = 8;

/** A fresh engine with every admitted dataset, locked. */
async function loadAll(desk: Intakes & Pick<Desk, 'roomKey'>, room: Room): Promise<Engine> {
  const engine = await desk.startEngine();
  try {
    for (const sealed of await admittedDatasets(desk, room)) {
      const { admitted } = await loadSealed(sealed, engine);
      if (!admitted) throw new Error('enclave: an admitted dataset is not what it was');
      // From room and dataset, never from a version: a row that stays keeps its rank.
      const rankKey = hmac(sha256, desk.roomKey, utf8(`reinraum/rank/v1 ${sealed.schema.id}`));
      await engine.admit(sealed.schema, pseudonymDomain(sealed.schema, room.charter.populations), rankKey);
    }
    await engine.lock();
    return engine;
  } catch {
    engine.close();
    throw new Refusal('dataset-unavailable');
  }
}

/** First line of the file `format`: how everything beside it is laid out. */
const format = 'reinraum-state/1\n';

/**
 * Checks the format of a state directory, and writes it down in one that no room was founded in. Throws {@link Refusal}
 * `state-format-unknown` on any other, before anything else is read or written.
 */
export async function checkFormat(state: string): Promise<void> {
  const found = await readFile(join(state, 'format'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === format) return;
  const isFounded = (await hasEntries(state)) || (await stat(join(state, 'room')).catch(() => undefined));
  if (found !== undefined || isFounded) throw new Refusal('state-format-unknown', 'format');
  await new DurableDirectory(state).write([{ path: 'format', bytes: utf8(format) }]);
}

/**
 * Whether the state directory has a journal with entries: then there is a room, whatever else was lost. A journal that was
 * cut keeps some.
 */
export async function hasEntries(state: string): Promise<boolean> {
  const journal = await stat(join(state, 'log', 'journal')).catch(() => undefined);
  return (journal?.size ?? 0) > journalHeadBytes;
}

/** What the state directory holds beside the log. */
export interface OpenedStores {
  readonly identity: SigningKey;
  readonly roomKey: Uint8Array;
  readonly uploadKeys: SecretStore;
  readonly releases: ReleaseStore;
  readonly details: DetailStore;
}

/** Opens them; identity and room key are made at the first start. */
export async function openStores(
  { state, fill }: Pick<EnclaveOptions, 'state' | 'fill'>,
  wrappingKey: Uint8Array,
): Promise<OpenedStores> {
  const secrets = new SecretStore(join(state, 'secrets'), wrappingKey, fill);
  const kept = async (name: string) => {
    const before = await secrets.get(name);
    if (before) return before;
    const fresh = new Uint8Array(32);
    fill(fresh);
    await secrets.put(name, fresh);
    return fresh;
  };
  return {
    identity: signingKey(await kept('identity')),
    roomKey: await kept('room-key'),
    uploadKeys: new SecretStore(join(state, 'upload-keys'), wrappingKey, fill),
    releases: await ReleaseStore.open(new SecretStore(join(state, 'releases'), wrappingKey, fill)),
    details: new DetailStore(state, wrappingKey, fill),
  };
}

/** The room's log, replayed. */
export async function openLedger(
  options: EnclaveOptions,
  identity: SigningKey,
  room: string,
  onPublished: () => void,
): Promise<Ledger> {
  const objects = new ObjectStore(join(options.state, 'objects'));
  const log = await Log.open({
    directory: join(options.state, 'log'),
    origin: `reinraum/${room}`,
    signingKey: identity,
    onPublished,
    onFailure: options.failed,
  });
  return Ledger.open({ log, objects, room, recorder: options.measurement, clock: options.clock });
}

/** Bytes every result about these axes is padded to: as if every cell were shown, with the longest numbers. */
export function resultBytes({ cells, hierarchy, measures }: Release): number {
  const levels = hierarchy?.levels ?? [];
  const estimates = measures.reduce((total, { labels }) => total + (labels?.length ?? 1), 0);
  const every = [...cells, ...levels.flatMap((level) => level.cells)];
  const outline = 8192 + JSON.stringify(levels.map(({ labels, groupOf }) => [labels, groupOf])).length;
  const all = every.reduce((total, { key }) => total + 40 + 120 * estimates + JSON.stringify(key).length, outline);
  return Math.ceil(all / 3) * 4;
}

/** What answering and handling datasets work with, for one opened room. */
export function deskOf(
  { clock, fill, pipe, engineArguments, uploads, reached }: EnclaveOptions,
  { identity, roomKey, uploadKeys, releases, details }: OpenedStores,
  ledger: Ledger,
  room: Room,
  claims: string,
): Desk & Intakes {
  const startEngine = () => startDuckdb(pipe, engineArguments);
  const salt = () => {
    const bytes = new Uint8Array(32);
    fill(bytes);
    return toBase64(bytes);
  };
  const desk: Desk & Intakes = {
    ledger,
    engines: new Engines(() => loadAll(desk, room)),
    noise: new NoisePool(new FairBits(fill)),
    releases,
    details,
    identity,
    roomKey,
    clock,
    today: () => formatInstant(clock()).slice(0, 10),
    salt,
    reached,
    startEngine,
    uploadKeys,
    uploads,
    claims,
    fill,
  };
  return desk;
}

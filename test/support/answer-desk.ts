/**
 * Answers without a process around them: a real ledger on a disk in memory and real noise, over an engine that counts nobody.
 * Everything an answer waits for is handed to a gate, so that a scheduler can choose the order in which answers go on.
 */
import { setImmediate } from 'node:timers/promises';
import { sha256 } from '@noble/hashes/sha2.js';
import { Log, type Room } from '@reinraum/audit';
import {
  type AggregateQuery,
  type CharterTemplate,
  canonicalText,
  commit,
  decodeEntry,
  digestOf,
  encodeEntry,
  formatInstant,
  type Json,
  type LogEntry,
  toBase64,
  toHex,
} from '@reinraum/protocol';
import { AnswerFailed, answer, type Desk } from '../../enclave/answer.ts';
import { RefusedAct } from '../../enclave/authorise.ts';
import type { Run } from '../../enclave/decide.ts';
import { erase } from '../../enclave/details.ts';
import type { Engine } from '../../enclave/engine/duckdb.ts';
import { Engines } from '../../enclave/engine/engines.ts';
import { type Draft, Ledger } from '../../enclave/ledger.ts';
import { ObjectStore } from '../../enclave/objects.ts';
import { NoisePool } from '../../enclave/privacy/pool.ts';
import { DetailStore } from '../../enclave/vault/details.ts';
import { ReleaseStore } from '../../enclave/vault/releases.ts';
import { SecretStore } from '../../enclave/vault/secrets.ts';
import { MemoryDisk } from '../unit/audit-memory-disk.ts';
import { enclaveKey, fixedCharter, measurement, people, seedOf } from './fixed-room.ts';
import { foundedMs } from './honest-log.ts';
import { runBody, Scribe } from './scribe.ts';
import { seededBits } from './seeded-bits.ts';

/** Waits until it is the turn of what is about to happen. */
export type Gate = (name: string) => Promise<unknown>;

/** A room up to the last approval, to be gone on with as often as wanted. */
export interface ApprovedRoom {
  readonly scribe: Scribe;
  readonly questions: readonly AggregateQuery[];
  readonly entries: readonly LogEntry[];
}

/** A desk that answers until it is closed. */
export interface OpenDesk {
  readonly room: Room;
  /** Asks one of the questions: `released`, `repeated`, `failed` after the charge, or the code of a refusal. */
  ask(question: number, sex: 'f' | 'm'): Promise<string>;
  /** The number of the first entry after it was opened. */
  readonly next: number;
  /** An officer erases the parameters of a run, as soon as there is one of this number. */
  erase(run: number, officer: 'cityDpo' | 'bureauDpo'): Promise<void>;
  /** Scopes of the details that were ever written, and what is kept of them. */
  readonly details: { readonly written: readonly string[]; readonly kept: ReadonlyMap<string, string> };
  /** Charges whose releases were ever stored, and those whose releases still are. */
  readonly releases: { readonly written: readonly string[]; readonly kept: ReadonlySet<string> };
  /** Everything logged since the room was opened. */
  logged(): Promise<readonly LogEntry[]>;
  close(): Promise<void>;
}

/** Founds a room with a dataset and approves the questions. */
export async function approvedRoom(from: CharterTemplate, questions: readonly AggregateQuery[]): Promise<ApprovedRoom> {
  const scribe = new Scribe(fixedCharter(from));
  const entries: LogEntry[] = [];
  const nowMs = () => foundedMs + 1000 * entries.length;
  const kept = (draft: Draft) => {
    entries.push(scribe.entry(nowMs(), draft));
    return draft.detail as unknown as { offer: string };
  };
  kept(await scribe.founded(nowMs()));
  kept(await scribe.started(nowMs()));
  const { offer } = kept(await scribe.declared(nowMs(), [1, null]));
  kept(await scribe.sealed(nowMs(), 'dataset.admitted', [1, null, offer]));
  for (const question of questions) {
    const query = scribe.keep(question as Json);
    const about = { body: { query }, detail: { query } };
    kept(await scribe.judged(nowMs(), 'propose', about));
    for (const person of [people.steward, people.cityDpo, people.bureauDpo]) {
      kept(await scribe.judged(nowMs(), 'approve', { person, ...about }));
    }
  }
  return { scribe, questions, entries };
}

/** Opens a desk on such a room. `fails` is asked at every aggregate whether the engine breaks over it. */
export async function openDesk(
  { scribe, questions, entries }: ApprovedRoom,
  gate: Gate,
  fails: () => boolean,
): Promise<OpenDesk> {
  const options = { directory: '/log', origin: `reinraum/${scribe.room}`, signingKey: enclaveKey };
  const log = await Log.open({ ...options, files: new MemoryDisk() });
  for (const entry of entries) await log.append(encodeEntry(entry));
  await log.publish();
  const begunMs = Date.now();
  const clock = () => foundedMs + 1000 * entries.length + Date.now() - begunMs;
  const objects = new GatedObjects(scribe.objects, gate);
  const ledger = await Ledger.open({ log, objects, room: scribe.room, recorder: measurement, clock });
  const { room } = ledger;
  if (!room) throw new Error('desk: the log founds no room');
  const details = new GatedDetails(gate);
  const secrets = new GatedSecrets(gate);
  const releases = await ReleaseStore.open(secrets);
  const desk: Desk = {
    ledger,
    engines: new Engines(async () => {
      await gate('start');
      return emptyEngine(gate, fails);
    }),
    noise: new NoisePool(seededBits('desk')),
    releases,
    details,
    identity: enclaveKey,
    roomKey: seedOf('room key'),
    clock,
    today: () => formatInstant(clock()).slice(0, 10),
    salt: () => toBase64(seedOf('salt')),
    reached: () => undefined,
  };
  return {
    room,
    next: entries.length,
    async ask(question, sex) {
      const opening = { salt: toBase64(seedOf('opening')), value: canonicalText({ sex }) };
      const query = digestOf(questions[question] as Json);
      const body = { ...runBody, query, parameters: commit('parameters', opening) };
      const { member } = people.analyst;
      const act = { type: 'query.run', body, nowMs: clock() } as const;
      const run = { ...(await scribe.sign(people.analyst, act)), member } as Run;
      await gate('ask');
      try {
        const { logged } = await answer(desk, room, run, opening);
        return logged.entry.type === 'query.repeated' ? 'repeated' : 'released';
      } catch (error) {
        if (error instanceof AnswerFailed) return 'failed';
        if (error instanceof RefusedAct) return error.code;
        throw error;
      }
    },
    async erase(index, officer) {
      const body = { scope: `run/${index}`, reason: 'request' } as const;
      const signed = await scribe.sign(people[officer], { type: 'detail.erase', body, nowMs: clock() });
      const act = { ...signed, member: people[officer].member } as Parameters<typeof erase>[2];
      for (let tries = 1; ; tries++) {
        await gate('erase');
        const done = await erase({ ledger, details, releases, clock }, room, act).catch((error: unknown) => {
          if (error instanceof RefusedAct && error.code === 'detail-unknown') return undefined;
          throw error;
        });
        if (done) return;
        // An answer waits for a real clock, too.
        if (tries > 50) await setImmediate();
      }
    },
    details,
    releases: secrets,
    async logged() {
      const since = Array.from({ length: log.size - entries.length }, (_, at) => log.entry(entries.length + at));
      return (await Promise.all(since)).map(decodeEntry);
    },
    close: () => log.close(),
  };
}

/** An engine in which nobody is, gone for good once it has failed or was closed. */
function emptyEngine(gate: Gate, fails: () => boolean): Engine {
  let isAlive = true;
  return {
    load: async () => ({ rows: [], total: 0 }),
    admit: async () => undefined,
    lock: async () => undefined,
    async aggregate({ components, cells }) {
      await gate('aggregate');
      if (fails()) throw new Error('engine failed');
      return components.map(({ width }) => Array.from({ length: cells * width }, () => 0n));
    },
    get isAlive() {
      return isAlive;
    },
    close() {
      isAlive = false;
    },
  };
}

/** Objects in memory. */
class GatedObjects extends ObjectStore {
  readonly #objects: Map<string, Uint8Array>;
  readonly #gate: Gate;

  constructor(objects: Map<string, Uint8Array>, gate: Gate) {
    super('/objects');
    this.#objects = objects;
    this.#gate = gate;
  }

  override async put(bytes: Uint8Array): Promise<string> {
    await this.#gate('object');
    const digest = toHex(sha256(bytes));
    this.#objects.set(digest, bytes);
    return digest;
  }

  override async get(digest: string): Promise<Uint8Array | undefined> {
    return this.#objects.get(digest);
  }
}

/** Details in memory. */
class GatedDetails extends DetailStore {
  readonly written: string[] = [];
  readonly kept = new Map<string, string>();
  readonly #gate: Gate;

  constructor(gate: Gate) {
    super('/', seedOf('operator'), () => undefined);
    this.#gate = gate;
  }

  override async put(scope: string, text: string): Promise<void> {
    await this.#gate('details');
    this.written.push(scope);
    this.kept.set(scope, text);
  }

  override async erase(scope: string): Promise<void> {
    await this.#gate('details');
    this.kept.delete(scope);
  }
}

/** Stored releases in memory. */
class GatedSecrets extends SecretStore {
  readonly written: string[] = [];
  readonly kept = new Set<string>();
  readonly #gate: Gate;

  constructor(gate: Gate) {
    super('/releases', seedOf('operator'), () => undefined);
    this.#gate = gate;
  }

  override async put(name: string): Promise<void> {
    await this.#gate('release');
    this.written.push(name);
    this.kept.add(name);
  }

  override async destroy(name: string): Promise<void> {
    await this.#gate('release');
    this.kept.delete(name);
  }

  override async names(): Promise<readonly string[]> {
    return [];
  }
}

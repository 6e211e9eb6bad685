/** An honest room's log, written by the enclave's own ledger: every kind of entry, from founding to withdrawal. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, type Verdict, verifyLog } from '@reinraum/audit';
import { type CharterTemplate, canonicalBytes, decodeEntry, formatInstant, type LogEntry } from '@reinraum/protocol';
import { type Draft, Ledger } from '../../enclave/ledger.ts';
import { ObjectStore } from '../../enclave/objects.ts';
import { analystAnew, enclaveKey, type FixedMember, fixedCharter, measurement, people } from './fixed-room.ts';
import { queryDigest, released, Scribe } from './scribe.ts';
import { filesOf } from './signed-files.ts';

/** When the room is founded; each entry follows ten seconds after the one before. */
export const foundedMs = Date.parse('2026-03-02T08:00:00Z');
/** Moment of entry `index`. */
export const momentMs = (index: number) => foundedMs + 10_000 * index;

/** A log with its objects, as a dishonest operator holds them. */
export interface HeldLog {
  readonly scribe: Scribe;
  readonly entries: readonly LogEntry[];
  readonly objects: Map<string, Uint8Array>;
}

/** Tells the whole story of a room through a real ledger. */
export async function honestLog(from?: CharterTemplate): Promise<HeldLog> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-log-'));
  const scribe = new Scribe(fixedCharter(from));
  let nowMs = foundedMs;
  const objects = new ObjectStore(join(directory, 'objects'));
  const log = await Log.open({
    directory: join(directory, 'log'),
    origin: `reinraum/${scribe.room}`,
    signingKey: enclaveKey,
  });
  try {
    const ledger = await Ledger.open({ log, objects, room: scribe.room, recorder: measurement, clock: () => nowMs });
    for await (const draft of story(scribe, () => nowMs)) {
      for (const bytes of scribe.objects.values()) await objects.put(bytes);
      await ledger.exclusive((append) => append(draft));
      nowMs += 10_000;
    }
    return await held(directory, scribe, log);
  } finally {
    await log.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Places of the story. */
export const at = {
  founded: 0,
  started: 1,
  declared: 2,
  admitted: 3,
  proposed: 4,
  approved: 5,
  lastApproval: 7,
  session: 8,
  charged: 9,
  released: 10,
  repeated: 11,
  chargedAgain: 12,
  failed: 13,
  cleared: 14,
  refused: 15,
  declaredNext: 16,
  rejected: 17,
  declaredOnce: 18,
  admittedNext: 19,
  revoked: 20,
  withdrawn: 21,
  retracted: 22,
  recoveryApproved: 23,
  lastRecoveryApproval: 24,
  recovered: 25,
  sessionAnew: 26,
  described: 27,
  held: 28,
  heldNoMore: 29,
  opened: 30,
  erasureRequested: 31,
  erased: 32,
  reviewed: 33,
  acknowledged: 34,
  heartbeat: 35,
  recorded: 36,
} as const;

/** Entries of the whole story. */
export const entryCount = at.recorded + 1;

async function* story(scribe: Scribe, now: () => number): AsyncGenerator<Draft> {
  const kept = (draft: Draft) => draft.detail as unknown as { offer: string; manifest: string };
  yield await scribe.founded(now());
  yield await scribe.started(now());
  const declared = await scribe.declared(now(), [1, null]);
  yield declared;
  const admitted = await scribe.sealed(now(), 'dataset.admitted', [1, null, kept(declared).offer]);
  yield admitted;
  const { manifest } = kept(admitted);
  yield await scribe.judged(now(), 'propose');
  for (const person of [people.steward, people.cityDpo, people.bureauDpo]) {
    yield await scribe.judged(now(), 'approve', { person });
  }
  yield await session(scribe, now());
  yield await scribe.charged(now(), [1, manifest]);
  yield released(at.charged);
  yield await scribe.repeated(now(), at.released);
  yield await scribe.charged(now(), [1, manifest]);
  yield { type: 'query.failed', activity: 'abfragen', caused: at.chargedAgain, detail: { query: queryDigest } };
  yield await scribe.cleared(now(), at.failed);
  yield {
    ...(await session(scribe, now())),
    type: 'statement.refused',
    activity: 'verwalten',
    detail: { statement: 'session.open', code: 'role-missing' },
  };
  const next = await scribe.declared(now(), [2, manifest]);
  yield next;
  yield await scribe.sealed(now(), 'dataset.rejected', [2, manifest, kept(next).offer]);
  const once = await scribe.declared(now(), [2, manifest]);
  yield once;
  yield await scribe.sealed(now(), 'dataset.admitted', [2, manifest, kept(once).offer]);
  yield await scribe.judged(now(), 'revoke', { person: people.cityDpo });
  yield await scribe.withdrawn(now(), 2);
  yield await scribe.retracted(now(), [at.charged, at.released]);
  yield await scribe.recoveryApproved(now());
  yield await scribe.recoveryApproved(now(), { person: people.bureauSteward });
  yield await scribe.recovered(now(), at.lastRecoveryApproval);
  yield await session(scribe, now(), analystAnew);
  yield await scribe.detail(now(), 'detail.described');
  yield await scribe.detail(now(), 'detail.held', { person: people.bureauDpo });
  yield await scribe.detail(now(), 'detail.held', { body: { held: false } });
  yield await scribe.detail(now(), 'detail.opened', { person: people.bureauDpo });
  yield await scribe.detail(now(), 'detail.erasure-requested', { person: analystAnew });
  yield await scribe.detail(now(), 'detail.erased', { caused: at.erasureRequested });
  yield await scribe.detail(now(), 'review.completed');
  yield await scribe.detail(now(), 'alert.acknowledged', { person: people.bureauDpo });
  yield { type: 'heartbeat', activity: 'verwalten', detail: {} };
  yield await scribe.detail(now(), 'report.generated');
}

async function session(scribe: Scribe, nowMs: number, person: FixedMember = people.analyst): Promise<Draft> {
  const { member } = person;
  const signed = await scribe.sign(person, { type: 'session.open', body: { scope: 'log' }, nowMs });
  return {
    type: 'session.opened',
    activity: 'verwalten',
    actor: { ref: member.ref, unit: member.unit },
    statements: [signed],
    detail: { scope: 'log', until: formatInstant(nowMs + 900_000) },
  };
}

async function held(directory: string, scribe: Scribe, log: Log): Promise<HeldLog> {
  const objects = new Map<string, Uint8Array>();
  for (const name of await readdir(join(directory, 'objects'))) {
    objects.set(name, new Uint8Array(await readFile(join(directory, 'objects', name))));
  }
  const entries: LogEntry[] = [];
  for (let index = 0; index < log.size; index++) entries.push(decodeEntry(await log.entry(index)));
  return { scribe, entries, objects };
}

/** What a verifier says of entries an operator who holds the log's key has written and signed. */
export async function verdictOn(
  scribe: Scribe,
  entries: readonly LogEntry[],
  objects: ReadonlyMap<string, Uint8Array>,
): Promise<Verdict> {
  const files = await filesOf(scribe.room, entries.map(canonicalBytes));
  const readObject = async (digest: string) => objects.get(digest);
  return await verifyLog({ fetch: async (path) => files.get(path), readObject, room: scribe.room });
}

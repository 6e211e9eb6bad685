/**
 * The way of a question, top to bottom: decide → price → charge → aggregate → noise → threshold → infer → sign → store →
 * log (architecture.md "The way of the data"). Refusals come before the charge; after it there is one constant failure,
 * and the charge stands.
 */
import { afterCharges, isErased, isSuspended, missingApprovals, type Room, schemaOf, taken } from '@reinraum/audit';
import {
  commit,
  firstParameters,
  keptText,
  lossField,
  mechanismKey,
  noiseOf,
  type Opening,
  type Plan,
  parseRational,
  placesIn,
  plan,
  price,
  type Release,
  type SigningKey,
  signDocument,
} from '@reinraum/protocol';
import { RefusedAct } from './authorise.ts';
import { type Decision, decide, type Run } from './decide.ts';
import type { Engine, ExactTables } from './engine/duckdb.ts';
import type { Engines } from './engine/engines.ts';
import type { Append, Ledger, Logged } from './ledger.ts';
import { infer } from './privacy/infer.ts';
import type { NoiseNeed, NoisePool } from './privacy/pool.ts';
import { addNoise, exactTables, keep } from './privacy/stages.ts';
import { Slot } from './slot.ts';
import type { DetailStore } from './vault/details.ts';
import type { ReleaseStore, StoredRelease } from './vault/releases.ts';

/** The named steps of an answer, in order. Tests stop the process at them; nothing else listens. */
export type Step = 'charged' | 'aggregated' | 'noised' | 'stored' | 'released';

/** What answering works with. */
export interface Desk {
  readonly ledger: Ledger;
  readonly engines: Engines;
  readonly noise: NoisePool;
  readonly releases: ReleaseStore;
  readonly details: DetailStore;
  readonly identity: SigningKey;
  readonly roomKey: Uint8Array;
  readonly clock: () => number;
  readonly today: () => string;
  /** 32 fresh random bytes in base64. */
  readonly salt: () => string;
  readonly reached: (step: Step) => void;
}

/** An answer before it is sealed: the log entry that delivers it, and the release. */
export interface Answer {
  readonly logged: Logged;
  readonly stored: StoredRelease;
}

/** The constant failure after a charge. */
export class AnswerFailed extends Error {}

/** Answers an authorised run. Throws {@link RefusedAct} before, {@link AnswerFailed} after the charge. */
export async function answer(desk: Desk, room: Room, run: Run, opening: Opening | undefined): Promise<Answer> {
  const asked = decide(room, run, opening, desk.today(), desk.roomKey);
  const engine = await desk.engines.ready();
  stock(desk.noise, asked.plan);
  // Reserved before the charge: another question in work at the same time must not leave this one short after it.
  const noise = desk.noise.reserve(needsOf(asked.plan));
  const begun = await desk.ledger.exclusive((append) => begin(desk, room, run, opening, engine, append));
  if ('stored' in begun) return begun;
  const { decision, charged, kept: parametersKept } = begun;
  const slot = new Slot(desk.clock, decision.query.slotMs);
  try {
    desk.reached('charged');
    taken(parametersKept);
    const exact = exactTables(decision.plan, await aggregate(desk, engine, decision.plan, slot));
    desk.reached('aggregated');
    const noised = addNoise(exact, decision.plan, noise);
    const kept = keep(noised, decision.plan, parseRational(room.charter.accountant.deltaPerDecision));
    desk.reached('noised');
    const release = releaseOf(room, decision, run, charged, infer(kept, decision.plan));
    const document = await signDocument(desk.identity, release);
    await slot.end();
    const stored = { charged: charged.index, releaseKey: decision.releaseKey, document, salt: desk.salt() };
    const logged = await desk.ledger.exclusive(async (append) => {
      // What was erased in the meantime is handed over this once, and kept nowhere.
      if (!isErased(room, `run/${charged.index}`)) await desk.releases.put(stored);
      desk.reached('stored');
      return deliver(append, room, stored);
    });
    desk.reached('released');
    setImmediate(() => restock(desk.noise, decision.plan));
    return { logged, stored };
  } catch {
    await slot.end().catch(() => undefined);
    // A release that was stored before something failed is delivered by recovery, not closed as failed.
    if (!desk.releases.byCharge(charged.index))
      await desk.ledger.exclusive((append) => fail(append, room, charged.index));
    throw new AnswerFailed();
  }
}

/** What was asked is kept for data protection officers, in the turn of its entry: no erasure may come in between. */
async function keepParameters({ details }: Desk, { index }: Logged, opening: Opening | undefined): Promise<void> {
  const scope = `run/${index}`;
  if (opening) await details.put(scope, keptText(scope, { parameters: opening }));
}

/** Exact tables within the slot. An engine that failed or overran is ended; the next question starts a fresh one. */
async function aggregate(desk: Desk, engine: Engine, plan: Plan, slot: Slot): Promise<ExactTables> {
  try {
    return await slot.within(engine.aggregate(plan));
  } catch (error) {
    await desk.engines.renew();
    throw error;
  }
}

/** Makes sure of one draw a place; ahead of the request, because the time of a draw tells its size. */
function stock(noise: NoisePool, plan: Plan): void {
  const wanted = new Map<string, NoiseNeed>();
  for (const { mechanism, count } of needsOf(plan)) {
    const key = mechanismKey(mechanism);
    wanted.set(key, { mechanism, count: count + (wanted.get(key)?.count ?? 0) });
  }
  for (const { mechanism, count } of wanted.values()) {
    const short = count - noise.available(mechanism);
    if (short > 0) noise.fill(mechanism, short);
  }
}

/** Fills up after an answer. Where the random source fails the next request finds out, before its charge. */
function restock(noise: NoisePool, plan: Plan): void {
  try {
    stock(noise, plan);
  } catch {
    // The pool is as it was: a draw that was not made is missed by nobody yet.
  }
}

/** One draw for every integer that is noised. */
function needsOf({ components, cells }: Plan): NoiseNeed[] {
  return components.map((component) => ({ mechanism: component.mechanism, count: placesIn(component, cells) }));
}

/** Draws ahead for every question that may be asked now: at start, and whenever one was approved. */
export function stockApproved({ noise }: Pick<Desk, 'noise'>, room: Room): void {
  for (const state of room.queries.values()) {
    if (state.revoked || missingApprovals(room, state).length > 0) continue;
    // Which cells there are does not depend on parameters; any permitted ones will do.
    stock(noise, plan(state.query, schemaOf(room, state.query), firstParameters(state.query.params)));
  }
}

/** A charge, and whether what was asked could be kept. */
interface Begun {
  readonly decision: Decision;
  readonly charged: Logged;
  readonly kept: PromiseSettledResult<void>;
}

/** Check and charge as one durable step, or the repeat of a stored release. */
async function begin(
  desk: Desk,
  room: Room,
  run: Run,
  opening: Opening | undefined,
  engine: Engine,
  append: Append,
): Promise<Answer | Begun> {
  // Decided again now that nothing else can happen: approvals, versions and balances may have changed meanwhile.
  const decision = decide(room, run, opening, desk.today(), desk.roomKey);
  if (room.used.has(run.statement.id)) throw new RefusedAct('statement-replayed', 'id', run);
  const twins = desk.releases.byKey(decision.releaseKey);
  // Asked twice at once there are two releases: with one of them the answer was taken back, whichever would be repeated.
  if (twins.some(({ charged }) => room.retractions.has(charged)))
    throw new RefusedAct('release-retracted', 'query', run);
  const stored = twins.find(({ charged }) => room.releases.has(charged));
  const released = stored && room.releases.get(stored.charged);
  const actor = { ref: run.member.ref, unit: run.member.unit };
  const { query, parameters, purpose, recipient } = run.statement.body;
  if (stored && released !== undefined) {
    const detail = { query, parameters, purpose, recipient };
    const type = 'query.repeated';
    const logged = await append({ type, activity: 'offenlegen', actor, statements: [run], caused: released, detail });
    await keepParameters(desk, logged, opening);
    return { stored, logged };
  }
  // A repeat reveals nothing new and was let through; a new computation may fail as the last one did.
  if (isSuspended(room, query)) throw new RefusedAct('query-suspended', 'query', run);
  // Datasets have changed since the engine was ready: nobody is charged for one that cannot answer.
  if (!engine.isAlive) throw new RefusedAct('dataset-unavailable', undefined, run);
  const charges = price(decision.query, decision.schema, room.charter);
  const balances = afterCharges(room, charges, { ...actor, purpose });
  if ('exhausted' in balances) {
    const isBudget = charges.some(({ population }) => population === balances.exhausted);
    throw new RefusedAct('budget-exhausted', isBudget ? lossField(decision.query.privacy) : 'allotments', run);
  }
  const { components, k } = decision.plan;
  const charged = await append({
    type: 'query.charged',
    activity: 'abfragen',
    actor,
    statements: [run],
    detail: {
      query,
      parameters,
      datasets: decision.datasets,
      charges,
      k,
      noise: components.map(({ mechanism }) => noiseOf(mechanism)),
      purpose,
      legalBasis: decision.query.legalBasis,
      recipient,
    },
  });
  // Charged already: that they could not be kept is for the caller to close.
  const [kept] = await Promise.allSettled([keepParameters(desk, charged, opening)]);
  return { decision, charged, kept };
}

function releaseOf(
  room: Room,
  { plan, datasets, parameters }: Decision,
  run: Run,
  charged: Logged,
  inferred: ReturnType<typeof infer>,
): Release {
  return {
    v: 2,
    kind: 'release',
    room: room.id,
    query: run.statement.body.query,
    charged: charged.index,
    at: charged.entry.at,
    datasets,
    parameters,
    axes: plan.axes.map(({ as, labels }) => ({ as, labels: [...labels] })),
    k: plan.k,
    confidence: '19/20',
    compiler: plan.compiler,
    ...inferred,
  };
}

/** Logs the release of a stored answer. */
export async function deliver(append: Append, room: Room, stored: StoredRelease): Promise<Logged> {
  const charge = room.charges.get(stored.charged)?.entry.detail;
  if (!charge) throw new Error('answer: a release without a charge');
  return append({
    type: 'query.released',
    activity: 'offenlegen',
    caused: stored.charged,
    detail: {
      query: charge.query,
      result: commit('release', { salt: stored.salt, value: stored.document.payload }),
      recipient: charge.recipient,
    },
  });
}

/** Closes a charge as failed; it stands, and nothing is ever computed for it again. */
export async function fail(append: Append, room: Room, charged: number): Promise<void> {
  const charge = room.charges.get(charged);
  if (charge?.outcome !== 'open') return;
  const { query } = charge.entry.detail;
  await append({ type: 'query.failed', activity: 'abfragen', caused: charged, detail: { query } });
}

/** After a restart: stored releases are logged and can be delivered, every other open charge is closed as failed. */
export async function recover({ ledger, releases }: Pick<Desk, 'ledger' | 'releases'>, room: Room): Promise<void> {
  await ledger.exclusive(async (append) => {
    for (const [charged, { outcome }] of room.charges) {
      if (outcome !== 'open') continue;
      const stored = releases.byCharge(charged);
      if (stored) await deliver(append, room, stored);
      else await fail(append, room, charged);
    }
  });
}

/** The room inside the enclave: everything the door can ask of it. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DurableDirectory, directoryFetch, isErased, policyOf, type Room } from '@reinraum/audit';
import {
  type Accepted,
  type Claims,
  canonicalBytes,
  type Founding,
  formatInstant,
  type Preview,
  type PreviewRequest,
  Refusal,
  type Release,
  type SignedDocument,
  type StatementOf,
  type Status,
  type Submission,
  signDocument,
  toBase64,
  toHex,
  type Unwitnessed,
  utf8,
} from '@reinraum/protocol';
import { entryOf } from './acts.ts';
import { AnswerFailed, answer, type Desk, recover, type Step, stockApproved } from './answer.ts';
import { type Authorised, authorise, ForkSeen, isCurrent, RefusedAct } from './authorise.ts';
import { catalogueOf, previewIn } from './catalogue.ts';
import { declare, destroyWithdrawnKeys, handOver, type Intakes, sealTo } from './datasets.ts';
import type { Run } from './decide.ts';
import { eraseErased, openDetails } from './details.ts';
import { Finality } from './finality.ts';
import { checkFounding } from './founding.ts';
import type { Ledger, Logged } from './ledger.ts';
import { recoverMember } from './members.ts';
import { ObjectStore } from './objects.ts';
import type { FillRandom } from './privacy/bits.ts';
import { forget, retain } from './retention.ts';
import { Sessions } from './sessions.ts';
import { checkFormat, deskOf, hasEntries, type OpenedStores, openLedger, openStores, resultBytes } from './state.ts';

/** What an enclave is given at its edge: places, clock, randomness, what it knows of itself. */
export interface EnclaveOptions {
  readonly state: string;
  readonly uploads: string;
  /** The FIFO rows go through to the engine. */
  readonly pipe: string;
  readonly engineArguments: readonly string[];
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly fill: FillRandom;
  readonly measurement: string;
  readonly walls: Claims['walls'];
  readonly reached: (step: Step) => void;
  /** The log takes nothing any more: the process must end and be looked at. */
  readonly failed: () => void;
}

/** What an accepted statement gives: the head of the answer, and a sealed body where there is one. */
export interface Outcome {
  readonly accepted: Accepted;
  readonly body?: Uint8Array;
}

/** Told of every wait for witnesses; settles as the wait does. */
export type Waiting = <T>(wait: Promise<T>) => Promise<T>;

/** A room once it is founded. */
interface Founded {
  readonly ledger: Ledger;
  readonly room: Room;
  readonly desk: Desk & Intakes;
  readonly finality: Finality;
  /** Entries up to and with this start: they are final before anything is answered, or the state may be an old one. */
  readonly begun: number;
}

/** One room. Owns its state directory, its log and its engine; every method may be called at any time. */
export class Enclave {
  readonly #options: EnclaveOptions;
  readonly #stores: OpenedStores;
  readonly #claims: SignedDocument;
  readonly #assurance: Claims['assurance'];
  readonly #sessions: Sessions;
  #founded: Founded | undefined;
  readonly #whenFounded = Promise.withResolvers<Founded>();
  #isFounding = false;
  #isStopped = false;

  private constructor(
    options: EnclaveOptions,
    stores: OpenedStores,
    claims: SignedDocument,
    assurance: Claims['assurance'],
  ) {
    this.#options = options;
    this.#stores = stores;
    this.#claims = claims;
    this.#assurance = assurance;
    this.#sessions = new Sessions(options.clock, options.fill);
  }

  /**
   * Opens the state with the key from the operator's store; founds nothing. Throws where key and state do not fit, and
   * {@link Refusal} where the state has another format.
   */
  static async open(options: EnclaveOptions, wrappingKey: Uint8Array): Promise<Enclave> {
    await checkFormat(options.state);
    const stores = await openStores(options, wrappingKey);
    const assurance = options.walls.every(({ held }) => held) ? 'software' : 'degraded';
    const claims = await signDocument(stores.identity, {
      v: 1,
      kind: 'claims',
      measurement: options.measurement,
      signingKey: toBase64(stores.identity.publicKey),
      evidence: { kind: 'software' },
      assurance,
      walls: [...options.walls],
      startedAt: formatInstant(options.clock()),
    });
    const enclave = new Enclave(options, stores, claims, assurance);
    enclave.#isStopped = (await readFile(join(options.state, 'stopped')).catch(() => undefined)) !== undefined;
    const room = await readFile(join(options.state, 'room'), 'utf8').catch(() => undefined);
    if (room) await enclave.#reopen(room);
    return enclave;
  }

  status(): Status {
    const room = this.#founded?.room;
    return {
      founded: room !== undefined,
      stopped: this.#isStopped,
      room: room?.id ?? null,
      id: room?.charter.id ?? null,
      title: room?.charter.title ?? null,
      notice: room?.charter.notice ?? null,
      assurance: this.#assurance,
      claims: this.#claims,
      witnesses: room?.charter.witnesses.length ?? 0,
      unwitnessed: this.#founded?.finality.unwitnessed ?? null,
      checkpoint: this.#founded?.finality.head.note ?? null,
    };
  }

  /** Founds the room. Throws {@link Refusal}. */
  async found(founding: Founding): Promise<Outcome> {
    if (this.#founded || this.#isFounding) throw new Refusal('room-founded');
    this.#isFounding = true;
    try {
      const own = { measurement: this.#options.measurement, signingKey: toBase64(this.#stores.identity.publicKey) };
      const { charter, digest, schemas, statements } = await checkFounding(founding, own, this.#options.clock());
      if (await hasEntries(this.#options.state)) throw new Refusal('room-founded');
      // A founding that ended before its first entry has left an empty log under another name.
      await rm(join(this.#options.state, 'log'), { recursive: true, force: true });
      const objects = new ObjectStore(join(this.#options.state, 'objects'));
      for (const object of [charter, ...schemas]) await objects.put(canonicalBytes(object));
      await new DurableDirectory(this.#options.state).write([{ path: 'room', bytes: utf8(digest) }]);
      const ledger = await this.#openLedger(digest);
      const logged = await ledger.exclusive((append) =>
        append({ type: 'room.founded', activity: 'verwalten', statements, detail: { charter: digest } }),
      );
      await this.#start(ledger);
      return { accepted: await this.#accepted(logged) };
    } finally {
      this.#isFounding = false;
    }
  }

  /**
   * Takes a statement; `waiting` is handed every wait for witnesses. Throws {@link Refusal}, or `AnswerFailed` after a charge.
   */
  async submit({ envelope, object, opening }: Submission, waiting: Waiting = (wait) => wait): Promise<Outcome> {
    const { ledger, room, finality, begun } = this.#open();
    let act: Authorised | undefined;
    try {
      // Only members wait for the witnesses of a start: what strangers send is not kept for so long.
      if (!finality.isFinal(begun)) await authorise(envelope, room, ledger.log, this.#options.clock());
      await waiting(finality.until(begun));
      act = await authorise(envelope, room, ledger.log, this.#options.clock());
      return await this.#obey(act, object, opening, waiting);
    } catch (error) {
      if (error instanceof ForkSeen) {
        await this.#stop();
        throw new Refusal('room-stopped');
      }
      if (error instanceof RefusedAct) act = error.act;
      // Whoever has only a lost key is a stranger: nothing of it is logged; nor is anything before the start is witnessed.
      const isLogged = finality.isFinal(begun) && act && isCurrent(room, act);
      if (act && isLogged && error instanceof Refusal) await this.#logRefusal(act, error);
      throw error;
    }
  }

  /** A public or session-protected file of the log: `checkpoint`, `tile/…`, `objects/<sha256>`. */
  async read(path: string, session: string | null): Promise<Uint8Array | undefined> {
    const { ledger, finality } = this.#open();
    if (path === 'checkpoint') return utf8(finality.head.note);
    if (!this.#sessions.isOpen(session)) throw new Refusal('session-invalid');
    if (path.startsWith('objects/')) return ledger.objects.get(path.slice('objects/'.length));
    return directoryFetch(join(this.#options.state, 'log'))(path).catch(() => undefined);
  }

  /** Logs a heartbeat where one is due; nothing in a room that is not founded, or stopped. */
  async beat(): Promise<void> {
    if (!this.#isStopped) await this.#founded?.ledger.beat();
  }

  /** Charter, datasets, queries and balances, for members with a session. */
  catalogue(session: string) {
    const { room, ledger } = this.#open();
    if (!this.#sessions.isOpen(session)) throw new Refusal('session-invalid');
    return catalogueOf(room, ledger.log.size);
  }

  /** What a run would cost and how exact it would be, for members with a session. Throws {@link Refusal}. */
  preview(request: PreviewRequest, session: string): Preview {
    const { room } = this.#open();
    const member = room.members.get(this.#sessions.memberOf(session) ?? '');
    if (!member) throw new Refusal('session-invalid');
    return previewIn(room, request, { ref: member.ref, unit: member.unit });
  }

  /** What is to be witnessed, as soon as there is something; null in a room without witnesses. */
  async unwitnessed(): Promise<Unwitnessed> {
    const { finality, room } = await this.#whenFounded.promise;
    const head = await finality.next();
    const { witnesses, quorum } = room.charter;
    return head && { size: head.size, checkpoint: head.note, witnesses, quorum };
  }

  /** Consistency proof between two published sizes. Throws `RangeError`. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]> {
    return this.#open().ledger.log.consistency(from, to);
  }

  /** Takes cosignatures; whether they make the checkpoint of this size final. */
  cosigned(size: number, lines: string): Promise<boolean> {
    return this.#open().finality.cosigned(size, lines);
  }

  async #obey(act: Authorised, object: unknown, opening: Submission['opening'], waiting: Waiting): Promise<Outcome> {
    const { ledger, room, desk, finality } = this.#open();
    const { statement } = act;
    switch (statement.type) {
      case 'charter.sign':
        throw new RefusedAct('room-founded', 'type', act);
      case 'dataset.declare': {
        const { logged, offer } = await declare(desk, room, { ...act, statement });
        return { accepted: { ...(await this.#accepted(logged)), offer } };
      }
      case 'dataset.seal': {
        const { logged, report } = await handOver(desk, room, { ...act, statement });
        return { accepted: await this.#accepted(logged), body: report };
      }
      case 'query.run':
        return this.#run({ ...act, statement }, opening, waiting);
      case 'detail.open':
        return this.#openDetails({ ...act, statement }, waiting);
      case 'log.hold':
      case 'log.prune': {
        const logged = await retain(ledger, room, { ...act, statement }, this.#options.clock());
        // What was pruned goes now, and what a hold had stopped when it is lifted.
        const gone = forget(this.#open(), logged.index + 1, this.#options.failed);
        if (statement.type === 'log.prune') await waiting(finality.until(logged.index + 1)).then(() => gone);
        return { accepted: await this.#accepted(logged) };
      }
      case 'session.open':
        return this.#openSession(act);
      case 'member.recover': {
        const logged = await recoverMember(ledger, room, { ...act, statement }, object, this.#options.clock());
        if (logged.entry.type === 'member.recovered') this.#sessions.endOf(statement.body.member);
        return { accepted: await this.#accepted(logged) };
      }
      case 'dataset.withdraw':
      case 'query.propose':
      case 'query.approve':
      case 'query.revoke':
      case 'query.clear':
      case 'release.retract':
      case 'detail.describe':
      case 'detail.hold':
      case 'detail.erase':
      case 'review.complete':
      case 'alert.acknowledge':
      case 'report.record':
      case 'log.snapshot':
        return { accepted: await this.#accepted(await entryOf(desk, room, { ...act, statement }, object)) };
      default:
        return statement satisfies never;
    }
  }

  async #run(run: Run, opening: Submission['opening'], waiting: Waiting): Promise<Outcome> {
    const { room, desk, finality } = this.#open();
    const { logged, stored } = await answer(desk, room, run, opening);
    // Whoever sets the state back to before this entry cannot have it witnessed again, and nobody gets a second draw of noise.
    await waiting(finality.until(logged.index + 1));
    // The member has new keys since: what was asked with the lost ones is a repeat for the new ones, and for nobody else.
    if (!isCurrent(room, run)) throw new AnswerFailed();
    const header = { format: 'reinraum/result/v1', room: room.id, query: run.statement.body.query };
    const text = canonicalBytes({ v: 1, kind: 'result', document: stored.document, salt: stored.salt });
    const release = JSON.parse(atob(stored.document.payload)) as Release;
    const body = await sealTo(desk, run.statement.body.reader, header, text, resultBytes(release));
    return { accepted: await this.#accepted(logged), body };
  }

  async #openDetails(act: Authorised & { readonly statement: StatementOf<'detail.open'> }, waiting: Waiting) {
    const { room, desk, finality } = this.#open();
    const { logged, text } = await openDetails(desk, room, act);
    await waiting(finality.until(logged.index + 1));
    const { scope } = act.statement.body;
    // New keys for the member, or the erasure of what was read: neither may be overtaken by an answer that waited.
    if (!isCurrent(room, act) || isErased(room, scope)) throw new AnswerFailed();
    const header = { format: 'reinraum/details/v1', room: room.id, scope };
    const body = await sealTo(desk, act.member.readingKey, header, utf8(text));
    return { accepted: await this.#accepted(logged), body };
  }

  async #openSession(act: Authorised): Promise<Outcome> {
    const { ledger } = this.#open();
    const until = this.#sessions.nextEnd();
    const actor = { ref: act.member.ref, unit: act.member.unit };
    const detail = { scope: 'log', until } as const;
    // Opened while the room is held: a recovery ends the member's sessions, and none may come to be after it.
    const { logged, session } = await ledger.exclusive(async (append) => {
      const logged = await append({ type: 'session.opened', activity: 'verwalten', actor, statements: [act], detail });
      return { logged, session: this.#sessions.open(until, actor.ref) };
    });
    return { accepted: { ...(await this.#accepted(logged)), session } };
  }

  async #logRefusal(act: Authorised, { code }: Refusal): Promise<void> {
    const { ledger, room } = this.#open();
    await ledger.exclusive(async (append) => {
      const actor = { ref: act.member.ref, unit: act.member.unit };
      const isReusable = room.used.has(act.statement.id) || code === 'statement-expired' || code === 'charter-outdated';
      const statements = isReusable ? [] : [act];
      const detail = { statement: act.statement.type, code };
      await append({ type: 'statement.refused', activity: 'verwalten', actor, statements, detail });
    });
  }

  async #accepted({ index, bytes }: Logged): Promise<Accepted> {
    const { finality, ledger } = this.#open();
    const { head } = finality;
    const proof = await ledger.log.receipt(index, index < head.size ? head : ledger.log.published);
    return { index, entry: new TextDecoder().decode(bytes), proof };
  }

  #open(): Founded {
    if (this.#isStopped) throw new Refusal('room-stopped');
    if (!this.#founded) throw new Refusal('room-not-founded');
    return this.#founded;
  }

  /** A fork was seen: nothing is answered any more, not after a restart either. */
  async #stop(): Promise<void> {
    this.#isStopped = true;
    await new DurableDirectory(this.#options.state).write([{ path: 'stopped', bytes: utf8('fork seen\n') }]);
  }

  async #reopen(digest: string): Promise<void> {
    const ledger = await this.#openLedger(digest);
    if (ledger.log.size === 0) return ledger.log.close();
    const { enclave } = ledger.room?.charter ?? {};
    if (!enclave?.measurements.includes(this.#options.measurement)) throw new Refusal('measurement-untrusted');
    return this.#start(ledger);
  }

  #openLedger(digest: string): Promise<Ledger> {
    return openLedger(this.#options, this.#stores.identity, digest, () => this.#founded?.finality.grown());
  }

  /** Logs the start, closes what a crash left open, and is ready for members. */
  async #start(ledger: Ledger): Promise<void> {
    const { room } = ledger;
    if (!room) throw new Error('enclave: a log without a room');
    const claims = await ledger.objects.put(canonicalBytes(this.#claims));
    const nonce = new Uint8Array(32);
    this.#options.fill(nonce);
    const { index } = await ledger.exclusive((append) => {
      const detail = { claims, assurance: this.#assurance, nonce: toHex(nonce) };
      return append({ type: 'enclave.started', activity: 'verwalten', detail });
    });
    const desk = deskOf(this.#options, this.#stores, ledger, room, claims);
    await eraseErased(desk, room);
    await recover(desk, room);
    await destroyWithdrawnKeys(desk, room);
    stockApproved(desk, room);
    const finality = new Finality(policyOf(room.charter, room.id), ledger.log);
    this.#founded = { ledger, room, desk, finality, begun: index + 1 };
    this.#whenFounded.resolve(this.#founded);
    // A pruning that was interrupted, or a copy from before it.
    void forget(this.#founded, index + 1, this.#options.failed);
  }
}

/** A member's connection to a room: signs statements, checks receipts, opens what is sealed to the member. */
import { evaluatePolicy, type Fetch, logKeyOf, policyOf, verifyReceipt } from '@reinraum/audit/verifier';
import {
  Accepted,
  type Bilingual,
  Catalogue,
  type Charter,
  Claims,
  concat,
  decodeEntry,
  digestOf,
  type Founding,
  FrameReader,
  formatInstant,
  fromBase64,
  fromHex,
  type Json,
  type Opening,
  openBytes,
  openDocument,
  Preview,
  type PreviewRequest,
  type SigningKey,
  type StatementOf,
  type StatementType,
  Status,
  signStatement,
  toHex,
  unpadded,
  utf8,
} from '@reinraum/protocol';
import { Distrust } from './distrust.ts';
import type { MemberKeys } from './key-file.ts';
import { randomBytes } from './random.ts';

/** The room said no, in its own words. */
export class RoomProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  /** Bytes of an upload that have arrived, for code `offset-mismatch`. */
  readonly offset: number | undefined;
  /** What the room says to people; undefined where nothing readable came back. */
  readonly detail: Bilingual | undefined;

  constructor(status: number, problem: { code?: string; field?: string; offset?: number; detail?: Bilingual }) {
    const code = problem.code ?? 'unreadable-answer';
    const field = problem.field === undefined ? '' : ` (${problem.field})`;
    super(`${code}${field}: ${problem.detail?.de ?? ''} / ${problem.detail?.en ?? ''}`);
    this.name = 'RoomProblem';
    this.status = status;
    this.code = code;
    this.field = problem.field;
    this.offset = problem.offset;
    this.detail = problem.detail;
  }
}

/** A request never got its answer, or not the whole of it: the line, or nobody is there. As `fetch`, a `TypeError`. */
export class NoAnswer extends TypeError {}

/** One request and the whole of its answer, whatever its status. Throws {@link NoAnswer}. */
async function answerTo(url: string, init?: RequestInit): Promise<Response> {
  try {
    const answer = await fetch(url, init);
    const body = await answer.arrayBuffer();
    return new Response(body.byteLength === 0 ? null : body, { status: answer.status, headers: answer.headers });
  } catch (error) {
    throw error instanceof TypeError ? new NoAnswer('the room did not answer', { cause: error }) : error;
  }
}

/** What an accepted statement gave. */
export interface Done {
  readonly accepted: Accepted;
  /** What was sealed to the member, opened; empty where there was nothing. */
  readonly body: Uint8Array;
}

/** Where a room is reached, and the clock of whoever signs. */
export interface RoomAddress {
  readonly url: string;
  readonly room: string;
  readonly clock?: () => number;
}

/** Names of the rooms of an installation. Throws {@link NoAnswer}, {@link RoomProblem}. */
export async function roomNames(url: string): Promise<readonly string[]> {
  const answer = await answerTo(`${url}/rooms`);
  if (!answer.ok) throw new RoomProblem(answer.status, {});
  return ((await answer.json()) as { rooms: readonly string[] }).rooms;
}

/** The public side of a room: what needs no keys. */
export class RoomPublic {
  readonly #base: string;

  constructor({ url, room }: RoomAddress) {
    this.#base = `${url}/rooms/${room}`;
  }

  async status(): Promise<Status> {
    return Status.parse(await (await this.fetch('/status')).json());
  }

  /** Hands over a founding. Throws {@link RoomProblem}. */
  async found(founding: Founding): Promise<Accepted> {
    const answer = await this.fetch('/founding', { method: 'POST', headers: json, body: JSON.stringify(founding) });
    return Accepted.parse(await answer.json());
  }

  /** The files of the log as members read them in a session; nothing that comes back is verified. */
  logFetch(session: string): Fetch {
    const headers = { 'x-reinraum-session': session };
    return async (path) => {
      try {
        // A tile that is missing today may be there tomorrow: nothing of the log is taken from a cache.
        const answer = await this.fetch(`/log/${path}`, { headers, cache: 'no-store' });
        return new Uint8Array(await answer.arrayBuffer());
      } catch (error) {
        if (error instanceof RoomProblem && error.status === 404) return undefined;
        throw error;
      }
    };
  }

  /** One request to the room. Throws {@link NoAnswer}, and {@link RoomProblem} on every answer that is not one of success. */
  async fetch(path: string, init?: RequestInit): Promise<Response> {
    const answer = await answerTo(`${this.#base}${path}`, init);
    if (answer.ok) return answer;
    throw new RoomProblem(answer.status, (await answer.json().catch(() => ({}))) as object);
  }
}

const json = { 'content-type': 'application/json' };
const ordinaryLifetimeMs = 3_600_000;

/** A member in a founded room. `charter` is the instance the member signed or was handed; it names the room. */
export class RoomClient {
  readonly public: RoomPublic;
  readonly charter: Charter;
  readonly roomId: string;
  readonly keys: MemberKeys;
  readonly #clock: () => number;
  #seen: string | null = null;

  constructor(address: RoomAddress, charter: Charter, keys: MemberKeys) {
    this.public = new RoomPublic(address);
    this.charter = charter;
    this.roomId = digestOf(charter);
    this.keys = keys;
    this.#clock = address.clock ?? (() => Date.now());
  }

  /** Verifier of the room's log, from the charter. */
  get logVerifier() {
    return logKeyOf(this.charter, this.roomId);
  }

  /** Signs an act, submits it and checks the receipt that comes back. Throws as {@link submit}. */
  async act<Type extends StatementType>(
    type: Type,
    body: StatementOf<Type>['body'],
    beside: { readonly object?: unknown; readonly opening?: Opening } = {},
  ): Promise<Done> {
    const envelope = await this.sign(type, body);
    return this.submit({ envelope, ...beside });
  }

  /** A signed statement of this member, one hour valid unless said otherwise. */
  sign<Type extends StatementType>(type: Type, body: StatementOf<Type>['body'], lifetimeMs = ordinaryLifetimeMs) {
    return signAs(this.keys, { room: this.roomId, type, body, nowMs: this.#clock(), seen: this.#seen, lifetimeMs });
  }

  /**
   * Submits a signed statement. Throws {@link RoomProblem}, `EvidenceError` for a receipt that proves nothing, or
   * {@link Distrust} for a sealed part that does not open.
   */
  async submit(submission: { envelope: unknown; object?: unknown; opening?: Opening }): Promise<Done> {
    const init = { method: 'POST', headers: json, body: JSON.stringify(submission) };
    const answer = await this.public.fetch('/statements', init);
    const [frame] = new FrameReader().push(new Uint8Array(await answer.arrayBuffer()));
    if (!frame) throw new RoomProblem(502, {});
    const accepted = Accepted.parse(frame.head);
    const { checkpoint } = await verifyReceipt(utf8(accepted.entry), accepted.proof, this.logVerifier);
    await this.#checkWitnessed(accepted, checkpoint.note);
    this.#seen = checkpoint.note;
    return { accepted, body: await this.#opened(frame.body) };
  }

  /** A fresh session for log and catalogue. */
  async session(): Promise<string> {
    return (await this.openSession()).token;
  }

  /** As {@link session}, with the moment it ends at the latest. */
  async openSession(): Promise<{ readonly token: string; readonly until: string }> {
    const { accepted } = await this.act('session.open', { scope: 'log' });
    if (!accepted.session) throw new RoomProblem(502, {});
    return accepted.session;
  }

  /**
   * The catalogue, read in a session: a fresh one where none is given. Charter, questions and tables are the ones of their
   * digests, which is what members sign; the rest is what the gateway says. Throws {@link RoomProblem}, or
   * {@link Distrust} where something else is shown under a digest.
   */
  async catalogue(session?: string): Promise<Catalogue> {
    const headers = { 'x-reinraum-session': session ?? (await this.session()) };
    const catalogue = Catalogue.parse(await (await this.public.fetch('/catalogue', { headers })).json());
    checkDigests(catalogue, this.roomId);
    return catalogue;
  }

  /**
   * What a run would cost and how exact it would be; nothing is charged. A fresh session where none is
   * given. Throws {@link RoomProblem}.
   */
  async preview(preview: PreviewRequest, session?: string): Promise<Preview> {
    const headers = { ...json, 'x-reinraum-session': session ?? (await this.session()) };
    const init = { method: 'POST', headers, body: JSON.stringify(preview) };
    return Preview.parse(await (await this.public.fetch('/preview', init)).json());
  }

  /** A result stands on a checkpoint that a quorum of the charter's witnesses has cosigned, or it is none. */
  async #checkWitnessed({ entry }: Accepted, note: string): Promise<void> {
    const policy = policyOf(this.charter, this.roomId);
    const { type } = decodeEntry(utf8(entry));
    if (!policy || (type !== 'query.released' && type !== 'query.repeated')) return;
    if (!(await evaluatePolicy(policy, note)).quorum) {
      throw new Distrust('answer', 'too few witnesses have confirmed the log it stands in');
    }
  }

  async #opened(sealed: Uint8Array): Promise<Uint8Array> {
    if (sealed.length === 0) return sealed;
    const room = this.roomId;
    const expect = (header: unknown) => {
      if ((header as { room?: string }).room !== room) throw new TypeError('it is for another room');
    };
    try {
      const padded = await openBytes({ recipientSecretKey: this.keys.readingSecret, expect }, sealed);
      const pieces: Uint8Array[] = [];
      for await (const piece of unpadded([padded])) pieces.push(piece);
      return concat(...pieces);
    } catch (error) {
      throw new Distrust('answer', 'what was sealed to this member does not open', error);
    }
  }
}

/** Whoever approves or runs a digest must have been shown what it stands for. */
function checkDigests({ charter, queries, tables }: Catalogue, roomId: string): void {
  const named: (readonly [digest: string, object: unknown])[] = [
    [roomId, charter],
    ...queries.map(({ digest, query }) => [digest, query] as const),
    ...tables.map(({ digest, table }) => [digest, table] as const),
  ];
  if (named.some(([digest, object]) => digestOf(object as Json) !== digest)) {
    throw new Distrust(
      'catalogue',
      'a charter, question or table is not the one of its digest; approve and run nothing',
    );
  }
}

/** Signs a statement for a room that may not exist yet: how founders sign a charter. */
export function signAs<Type extends StatementType>(
  { member, signing }: { readonly member: MemberKeys['member']; readonly signing: SigningKey },
  act: {
    room: string;
    type: Type;
    body: StatementOf<Type>['body'];
    nowMs: number;
    seen?: string | null;
    lifetimeMs?: number;
  },
) {
  const statement = {
    v: 1,
    room: act.room,
    charter: act.room,
    type: act.type,
    id: uuidV7(act.nowMs),
    issuedAt: formatInstant(act.nowMs),
    expiresAt: formatInstant(act.nowMs + (act.lifetimeMs ?? ordinaryLifetimeMs)),
    actor: member.ref,
    key: member.signingKey,
    seen: act.seen ?? null,
    body: act.body,
  };
  return signStatement(signing, statement as unknown as StatementOf<Type>);
}

/** A UUIDv7 (RFC 9562 §5.7): milliseconds, then random bits. */
function uuidV7(nowMs: number): string {
  const bytes = concat(fromHex(Math.trunc(nowMs).toString(16).padStart(12, '0')), randomBytes(10));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The claims of an enclave that is not founded yet, under the key they themselves name: founders compare and sign it. */
export async function verifiedClaims(room: RoomPublic): Promise<Claims> {
  const { claims } = await room.status();
  const untrusted = Claims.parse(JSON.parse(atob(claims.payload)));
  return openDocument('claims', fromBase64(untrusted.signingKey), claims);
}

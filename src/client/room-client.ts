/** A member's connection to a room: signs statements, checks receipts, opens what is sealed to the member. */
import { randomBytes } from 'node:crypto';
import { ed25519Verifier, formatVkey, verifyReceipt } from '@reinraum/audit';
import {
  Accepted,
  Catalogue,
  type Charter,
  Claims,
  digestOf,
  type Founding,
  FrameReader,
  formatInstant,
  fromBase64,
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
  unpadded,
  utf8,
} from '@reinraum/protocol';
import type { MemberKeys } from './key-file.ts';

/** The room said no, in its own words. */
export class RoomProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  /** Bytes of an upload that have arrived, for code `offset-mismatch`. */
  readonly offset: number | undefined;

  constructor(
    status: number,
    problem: { code?: string; field?: string; offset?: number; detail?: { de: string; en: string } },
  ) {
    const code = problem.code ?? 'unreadable-answer';
    const field = problem.field === undefined ? '' : ` (${problem.field})`;
    super(`${code}${field}: ${problem.detail?.de ?? ''} / ${problem.detail?.en ?? ''}`);
    this.name = 'RoomProblem';
    this.status = status;
    this.code = code;
    this.field = problem.field;
    this.offset = problem.offset;
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

  /** One request to the room; throws {@link RoomProblem} on every answer that is not one of success. */
  async fetch(path: string, init?: RequestInit): Promise<Response> {
    const answer = await fetch(`${this.#base}${path}`, init);
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
    return ed25519Verifier(formatVkey(`reinraum/${this.roomId}`, fromBase64(this.charter.enclave.signingKey)));
  }

  /** Signs an act, submits it and checks the receipt that comes back. Throws {@link RoomProblem}. */
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

  /** Submits a signed statement. */
  async submit(submission: { envelope: unknown; object?: unknown; opening?: Opening }): Promise<Done> {
    const init = { method: 'POST', headers: json, body: JSON.stringify(submission) };
    const answer = await this.public.fetch('/statements', init);
    const [frame] = new FrameReader().push(new Uint8Array(await answer.arrayBuffer()));
    if (!frame) throw new RoomProblem(502, {});
    const accepted = Accepted.parse(frame.head);
    const { checkpoint } = await verifyReceipt(utf8(accepted.entry), accepted.proof, this.logVerifier);
    this.#seen = checkpoint.note;
    return { accepted, body: await this.#opened(frame.body) };
  }

  /** A fresh session for log and catalogue. */
  async session(): Promise<string> {
    const { accepted } = await this.act('session.open', { scope: 'log' });
    if (!accepted.session) throw new RoomProblem(502, {});
    return accepted.session.token;
  }

  async catalogue(): Promise<Catalogue> {
    const headers = { 'x-reinraum-session': await this.session() };
    return Catalogue.parse(await (await this.public.fetch('/catalogue', { headers })).json());
  }

  /** What a run would cost and how exact it would be; nothing is charged. Throws {@link RoomProblem}. */
  async preview(preview: PreviewRequest): Promise<Preview> {
    const headers = { ...json, 'x-reinraum-session': await this.session() };
    const init = { method: 'POST', headers, body: JSON.stringify(preview) };
    return Preview.parse(await (await this.public.fetch('/preview', init)).json());
  }

  async #opened(sealed: Uint8Array): Promise<Uint8Array> {
    if (sealed.length === 0) return sealed;
    const room = this.roomId;
    const expect = (header: unknown) => {
      if ((header as { room?: string }).room !== room) throw new Error('a sealed answer is for another room');
    };
    const padded = await openBytes({ recipientSecretKey: this.keys.readingSecret, expect }, sealed);
    const pieces: Uint8Array[] = [];
    for await (const piece of unpadded([padded])) pieces.push(piece);
    return new Uint8Array(Buffer.concat(pieces));
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
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.trunc(nowMs), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The claims of an enclave that is not founded yet, under the key they themselves name: founders compare and sign it. */
export async function verifiedClaims(room: RoomPublic): Promise<Claims> {
  const { claims } = await room.status();
  const untrusted = Claims.parse(JSON.parse(atob(claims.payload)));
  return openDocument('claims', fromBase64(untrusted.signingKey), claims);
}

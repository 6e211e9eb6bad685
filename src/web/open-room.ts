/** A room somebody has opened with a key: client, charter, schemas and one reading session, all in memory only. */
import {
  Instance,
  logEvidence,
  type MemberKeys,
  parseKeyFile,
  RoomClient,
  type RoomEvidence,
  RoomProblem,
  roomNames,
} from '@reinraum/client';
import {
  AggregateQuery,
  among,
  askedSchema,
  type Catalogue,
  type DatasetSchema,
  digestOf,
  fromBase64,
  openDocument,
  type Parameters,
  type Preview,
  price,
  type Schemas,
  type Status,
} from '@reinraum/protocol';
import { roomStatus } from './status.ts';

/** Why a key and a charter do not open a room; names of texts. */
export type KeyFault =
  | 'key.fault.unreadable'
  | 'key.fault.noKey'
  | 'key.fault.noCharter'
  | 'key.fault.schema'
  | 'key.fault.notFounded'
  | 'key.fault.otherRoom'
  | 'key.fault.enclave'
  | 'key.fault.browser'
  | 'key.fault.notMember';

/** The files do not open the room. */
export class KeyProblem extends Error {
  readonly fault: KeyFault;

  constructor(fault: KeyFault) {
    super(fault);
    this.name = 'KeyProblem';
    this.fault = fault;
  }
}

/** Sessions are given up this long before they end. */
const sessionMarginMs = 60_000;

/** An open room. */
export class OpenRoom {
  readonly name: string;
  readonly client: RoomClient;
  readonly schemas: Schemas;
  /** What the room says of itself, as far as charter and signed claims bear it out. */
  readonly status: Status;
  #session: { token: string; untilMs: number } | undefined;

  private constructor(name: string, client: RoomClient, schemas: readonly DatasetSchema[], status: Status) {
    this.name = name;
    this.client = client;
    this.status = status;
    this.schemas = among(schemas);
  }

  /**
   * Opens a room with the texts of a key file and a charter instance. Schemas, room and enclave must be those of the
   * charter, the key a member's; the room itself says so too, by opening a session. Throws {@link KeyProblem} or
   * `RoomProblem`.
   */
  static async open(name: string, keyText: string, charterText: string): Promise<OpenRoom> {
    if (!(await canSign())) throw new KeyProblem('key.fault.browser');
    const keys = keysOf(keyText);
    const { charter, schemas } = instanceOf(charterText);
    for (const { id, schema } of charter.datasets) {
      const own = schemas.find((candidate) => candidate.id === id);
      if (!own || digestOf(own) !== schema) throw new KeyProblem('key.fault.schema');
    }
    // Unit and roles are the charter's, whatever the key file says; whether the keys are still the member's, the room knows.
    const enrolled = charter.members.find(({ ref }) => ref === keys.member.ref);
    if (!enrolled) throw new KeyProblem('key.fault.notMember');
    const { signingKey, readingKey } = keys.member;
    const member = { ...enrolled, signingKey, readingKey };
    const client = new RoomClient({ url: location.origin, room: name }, charter, { ...keys, member });
    const status = await statusOf(client);
    const room = new OpenRoom(name, client, schemas, status);
    await room.#renew();
    return room;
  }

  /** The catalogue, with prices worked out here: they follow from questions and charter, whatever the server says. */
  async catalogue(): Promise<Catalogue> {
    const catalogue = await this.#inSession((token) => this.client.catalogue(token));
    const queries = catalogue.queries.map((listed) => {
      const query = AggregateQuery.parse(listed.query);
      return { ...listed, charges: price(query, askedSchema(query, this.schemas), this.client.charter) };
    });
    return { ...catalogue, queries };
  }

  /** What a run would cost and give; nothing is charged and nobody's data are asked. */
  async preview(query: string, parameters: Parameters): Promise<Preview> {
    return this.#inSession((token) => this.client.preview({ query, parameters, unitsPerCell: null }, token));
  }

  /** The log as of now, for a verification. */
  async log(): Promise<RoomEvidence> {
    return this.#inSession((token) => logEvidence(this.client, token));
  }

  async #inSession<Value>(use: (token: string) => Promise<Value>): Promise<Value> {
    const before = this.#session;
    if (!before || before.untilMs - sessionMarginMs < Date.now()) await this.#renew();
    try {
      return await use(this.#session?.token ?? '');
    } catch (error) {
      // Sessions end with the enclave's process, which may have been started again.
      if (!(error instanceof RoomProblem) || error.code !== 'session-invalid') throw error;
      await this.#renew();
      return use(this.#session?.token ?? '');
    }
  }

  async #renew(): Promise<void> {
    const { token, until } = await this.client.openSession();
    this.#session = { token, untilMs: Date.parse(until) };
  }
}

/**
 * The room's status, believed only where it must be: notice, title and witnesses are the charter's, the assurance is what
 * the enclave of the charter signed. That the room is stopped, the server may hide; every act will tell.
 */
async function statusOf({ charter, roomId, public: room }: RoomClient): Promise<Status> {
  const untrusted = await room.status();
  if (untrusted.room === null) throw new KeyProblem('key.fault.notFounded');
  if (untrusted.room !== roomId) throw new KeyProblem('key.fault.otherRoom');
  const claims = await openDocument('claims', fromBase64(charter.enclave.signingKey), untrusted.claims).catch(() => {
    throw new KeyProblem('key.fault.enclave');
  });
  if (!charter.enclave.measurements.includes(claims.measurement)) throw new KeyProblem('key.fault.enclave');
  const { title, notice, witnesses } = charter;
  return { ...untrusted, title, notice, witnesses: witnesses.length, assurance: claims.assurance };
}

/** Whether this browser, at this address, can sign: Ed25519 is in all of them since 2025, on secure addresses only. */
async function canSign(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    return true;
  } catch {
    return false;
  }
}

/** The rooms of this installation that are founded, with what they say of themselves; undefined where one does not answer. */
export async function foundedRooms(): Promise<
  readonly { readonly name: string; readonly status: Status | undefined }[]
> {
  const names = await roomNames(location.origin);
  const rooms = await Promise.all(names.map(async (name) => ({ name, status: await roomStatus(name) })));
  return rooms.filter(({ status }) => status === undefined || status.founded);
}

function keysOf(text: string): MemberKeys {
  try {
    return parseKeyFile(text);
  } catch (error) {
    throw new KeyProblem(error instanceof SyntaxError ? 'key.fault.unreadable' : 'key.fault.noKey');
  }
}

function instanceOf(text: string): Instance {
  try {
    return Instance.parse(JSON.parse(text));
  } catch {
    throw new KeyProblem('key.fault.noCharter');
  }
}

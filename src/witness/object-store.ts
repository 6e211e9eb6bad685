/**
 * The state of a witness on Workers: one Durable Object for each log, which holds the last checkpoint cosigned. Requests to an
 * object reach one instance in the world, one after another as far as its storage is concerned.
 *
 *     GET             → 200 with the text of the checkpoint, or 204 where there is none
 *     PUT previous next → 200 once it is durable, or 409 where the last one is not `previous`
 *
 * Only the Worker of the same deployment reaches an object; none of this is open to anybody else.
 */
import { type Checkpoint, formatCheckpoint, parseCheckpoint, type WitnessStore } from '@reinraum/audit/verifier';
import { mayReplace } from './replace-head.ts';

/** As much of an object's storage as is used. */
interface HeadStorage {
  get(key: string): Promise<unknown>;
  put(key: string, value: string): Promise<void>;
  transaction<T>(work: (inside: Pick<HeadStorage, 'get' | 'put'>) => Promise<T>): Promise<T>;
  /** Resolves once everything written is durable. */
  sync(): Promise<void>;
}

/** The binding of the objects. */
export interface HeadObjects {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string, init?: { method: string; body: string }): Promise<Response> };
}

const entry = 'head';
/** Objects have no address; a request needs one all the same. */
const nowhere = 'https://head.invalid/';

/** The object of a log. */
export class WitnessedLog {
  readonly #storage: HeadStorage;

  constructor({ storage }: { readonly storage: HeadStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    if (request.method === 'PUT') return await this.#replace(await request.json());
    const text = await this.#storage.get(entry);
    return text === undefined ? new Response(null, { status: 204 }) : new Response(String(text));
  }

  async #replace(swap: unknown): Promise<Response> {
    const { previous, next } = swap as Swap;
    const replaced = await this.#storage.transaction(async (inside) => {
      const text = await inside.get(entry);
      const last = text === undefined ? undefined : parseCheckpoint(String(text));
      if (!mayReplace(last, previous === null ? undefined : parseCheckpoint(previous), parseCheckpoint(next)))
        return false;
      await inside.put(entry, next);
      return true;
    });
    // The platform holds answers back until writes are durable; this says it where it is read.
    await this.#storage.sync();
    return new Response(null, { status: replaced ? 200 : 409 });
  }
}

/** Texts of checkpoints. */
interface Swap {
  readonly previous: string | null;
  readonly next: string;
}

/**
 * A store over the objects. They are named by the witness's key too, so that a new key starts with nothing and an old one
 * cannot be used with what another has seen. Rejects with an `Error` where an object does not answer as it should.
 */
export function objectStore(objects: HeadObjects, vkey: string): WitnessStore {
  const of = (origin: string) => objects.get(objects.idFromName(`${vkey} ${origin}`));
  return {
    async get(origin) {
      const answer = await of(origin).fetch(nowhere);
      const text = await answer.text();
      if (answer.status === 204) return undefined;
      const head = answer.status === 200 ? parseCheckpoint(text) : undefined;
      if (head?.origin !== origin) throw new Error('witness: an object did not say its head');
      return head;
    },
    async set(origin, previous: Checkpoint | undefined, next) {
      const swap: Swap = { previous: previous ? formatCheckpoint(previous) : null, next: formatCheckpoint(next) };
      const answer = await of(origin).fetch(nowhere, { method: 'PUT', body: JSON.stringify(swap) });
      await answer.text();
      if (answer.status !== 200 && answer.status !== 409) throw new Error('witness: an object did not store its head');
      return answer.status === 200;
    },
  };
}

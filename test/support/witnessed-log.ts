/** Logs for witnesses: histories of entries, signed at any size, that may share a beginning and then fork. */
import {
  type Checkpoint,
  consistencyProof,
  ed25519Signer,
  ed25519Verifier,
  formatAddCheckpoint,
  formatVkey,
  type HashReader,
  type LogVerifier,
  leafHash,
  type NoteSigner,
  rootOf,
  signCheckpoint,
  type WitnessStore,
} from '@reinraum/audit';
import { equalBytes, type SigningKey, signingKey, utf8 } from '@reinraum/protocol';

/** A signing key from one byte. */
export const keyOf = (fill: number): SigningKey => signingKey(new Uint8Array(32).fill(fill));

interface HistoryOptions {
  readonly origin?: string;
  /** Of the log's key. */
  readonly fill?: number;
  readonly entries?: number;
  /** The first entry that is another one than in the history without it. */
  readonly forkedAt?: number;
  readonly word?: string;
}

/** A history; two with the same key and other words are a fork from entry `forkedAt` on. */
export class History {
  readonly origin: string;
  readonly key: LogVerifier;
  readonly vkey: string;
  readonly #signer: NoteSigner;
  readonly #leaves: readonly Uint8Array[];

  constructor({ origin = 'example.com/log', fill = 1, entries = 64, forkedAt, word = 'fork' }: HistoryOptions = {}) {
    this.origin = origin;
    this.vkey = formatVkey(origin, keyOf(fill).publicKey);
    this.key = ed25519Verifier(this.vkey);
    this.#signer = ed25519Signer(origin, keyOf(fill));
    this.#leaves = Array.from({ length: entries }, (_, at) =>
      leafHash(utf8(at < (forkedAt ?? entries) ? `${at}` : `${word} ${at}`)),
    );
  }

  head(size: number): Checkpoint {
    return { origin: this.origin, size, root: rootOf(this.#leaves.slice(0, size)) };
  }

  note(size: number, others: readonly NoteSigner[] = []): Promise<string> {
    return signCheckpoint(this.head(size), [this.#signer, ...others]);
  }

  proof(from: number, to: number): Promise<Uint8Array[]> {
    const read: HashReader = (level, index) => rootOf(this.#leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
    return consistencyProof(from, to, read);
  }

  /** A request that hands over the checkpoint of a size, with the proof from an older one. */
  async request(from: number, to: number): Promise<Uint8Array> {
    return utf8(
      formatAddCheckpoint({
        oldSize: from,
        proof: await this.proof(Math.min(from, to), to),
        note: await this.note(to),
      }),
    );
  }
}

/** A store in memory. Every step takes a turn, so that requests come in between; `done` tells what was done, in order. */
export class MemoryStore implements WitnessStore {
  readonly heads = new Map<string, Checkpoint>();
  readonly done: string[] = [];

  async get(origin: string): Promise<Checkpoint | undefined> {
    await turn();
    return this.heads.get(origin);
  }

  async set(origin: string, previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean> {
    await turn();
    const last = this.heads.get(origin);
    const same =
      last && previous ? last.size === previous.size && equalBytes(last.root, previous.root) : last === previous;
    if (!same) return false;
    this.heads.set(origin, next);
    this.done.push(`begun ${next.size}`);
    await turn();
    this.done.push(`stored ${next.size}`);
    return true;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

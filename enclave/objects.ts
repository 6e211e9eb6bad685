/** Objects of the log by digest: charter, schemas, queries, public statement payloads, signed documents. */

import { sha256 } from '@noble/hashes/sha2.js';
import { DurableDirectory } from '@reinraum/audit';
import { toHex } from '@reinraum/protocol';

const digestPattern = /^[0-9a-f]{64}$/;

/** A directory of immutable files named by the SHA-256 of their bytes. */
export class ObjectStore {
  readonly #directory: DurableDirectory;

  constructor(path: string) {
    this.#directory = new DurableDirectory(path);
  }

  /** Stores bytes durably and returns their digest; storing the same again changes nothing. */
  async put(bytes: Uint8Array): Promise<string> {
    const digest = toHex(sha256(bytes));
    if (!(await this.#directory.read(digest))) await this.#directory.write([{ path: digest, bytes }]);
    return digest;
  }

  /** Removes every object but these. Durable on return. */
  async keepOnly(digests: ReadonlySet<string>): Promise<void> {
    await this.#directory.remove((await this.#directory.names('')).filter((name) => !digests.has(name)));
  }

  /** The bytes of a digest, undefined where they are not kept. The caller checks them against the digest. */
  async get(digest: string): Promise<Uint8Array | undefined> {
    return digestPattern.test(digest) ? this.#directory.read(digest) : undefined;
  }
}

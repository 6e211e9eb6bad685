/**
 * What opens the log's commitments, by scope: each under a key of its own, which is wrapped like every secret. Who destroys the key
 * has destroyed every copy of what it opens.
 */
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '@reinraum/protocol';
import type { FillRandom } from '../privacy/bits.ts';
import { SecretStore } from './secrets.ts';

const keyBytes = 32;

/** Details of one state directory: `details/<name>` under the keys in `detail-keys/<name>`. */
export class DetailStore {
  readonly #keys: SecretStore;
  readonly #path: string;
  readonly #fill: FillRandom;

  /** `wrappingKey` is the operator's, 32 bytes. */
  constructor(state: string, wrappingKey: Uint8Array, fill: FillRandom) {
    this.#keys = new SecretStore(join(state, 'detail-keys'), wrappingKey, fill);
    this.#path = join(state, 'details');
    this.#fill = fill;
  }

  /** Keeps a text, in place of what was kept of the scope before. Durable on return. */
  async put(scope: string, text: string): Promise<void> {
    await this.erase(scope);
    const key = new Uint8Array(keyBytes);
    this.#fill(key);
    await this.#keys.put(nameOf(scope), key);
    await this.#under(key).put(nameOf(scope), utf8(text));
  }

  /** The text of a scope; undefined where nothing is kept. */
  async get(scope: string): Promise<string | undefined> {
    const key = await this.#keys.get(nameOf(scope));
    const bytes = key && (await this.#under(key).get(nameOf(scope)));
    return bytes && new TextDecoder().decode(bytes);
  }

  /** Destroys the key, then what it opened. Durable on return; also where one of the two was gone already. */
  async erase(scope: string): Promise<void> {
    await this.#keys.destroy(nameOf(scope));
    await this.#under(new Uint8Array(keyBytes)).destroy(nameOf(scope));
  }

  #under(key: Uint8Array): SecretStore {
    return new SecretStore(this.#path, key, this.#fill);
  }
}

/** A file name that says nothing of the scope to who cannot guess it. */
function nameOf(scope: string): string {
  return toHex(sha256(utf8(`reinraum/details/v1 ${scope}`)));
}

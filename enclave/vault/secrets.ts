/**
 * Secrets at rest: each in a file of its own, wrapped by the key from the operator's secret store. Whoever holds that key
 * and the state directory holds the secrets – with `software` evidence that is the operator (docs/threat-model.md).
 */
import { open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DurableDirectory } from '@reinraum/audit';
import { concat, utf8 } from '@reinraum/protocol';
import type { FillRandom } from '../privacy/bits.ts';

const algorithm = 'AES-GCM';
const nonceBytes = 12;
/** Of a file that is being destroyed: no secret any more. */
const doomedSuffix = '.doomed';

/** A directory of wrapped secrets. */
export class SecretStore {
  readonly #path: string;
  readonly #directory: DurableDirectory;
  readonly #key: Uint8Array;
  readonly #fill: FillRandom;

  /** `key` is 32 bytes; `fill` overwrites bytes from a cryptographic source. */
  constructor(path: string, key: Uint8Array, fill: FillRandom) {
    this.#path = path;
    this.#directory = new DurableDirectory(path);
    this.#key = key;
    this.#fill = fill;
  }

  /** Stores a secret durably under a name; the name is bound to it. */
  async put(name: string, secret: Uint8Array): Promise<void> {
    const nonce = new Uint8Array(nonceBytes);
    this.#fill(nonce);
    const key = await this.#import('encrypt');
    const sealed = await crypto.subtle.encrypt({ name: algorithm, iv: nonce, additionalData: utf8(name) }, key, secret);
    await this.#directory.write([{ path: name, bytes: concat(nonce, new Uint8Array(sealed)) }]);
  }

  /** The secret of a name, undefined where there is none. Throws where key or file are not the right ones. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const file = await this.#directory.read(name);
    if (!file) return undefined;
    const key = await this.#import('decrypt');
    const options = { name: algorithm, iv: file.slice(0, nonceBytes), additionalData: utf8(name) };
    return new Uint8Array(await crypto.subtle.decrypt(options, key, file.slice(nonceBytes)));
  }

  /** Names of all secrets, in no order; also of those whose destruction was interrupted, of which there is nothing to get. */
  async names(): Promise<readonly string[]> {
    try {
      const files = (await readdir(this.#path)).filter((name) => !name.endsWith('.tmp'));
      return [...new Set(files.map((name) => name.replace(doomedSuffix, '')))];
    } catch {
      return [];
    }
  }

  /**
   * Overwrites and removes a secret: what was sealed to it cannot be opened any more. Durable on return. Whatever interrupts it, no
   * half of it keeps the secret's name, and it can be done again.
   */
  async destroy(name: string): Promise<void> {
    const doomed = `${name}${doomedSuffix}`;
    // What an interrupted write or destruction left of this name goes, too.
    for (const rest of [doomed, `${name}.tmp`]) await this.#wipe(rest);
    // Gone already is fine; that it cannot be opened is not: what is called erased has to be.
    if (!(await this.#directory.read(name))) return;
    await rename(join(this.#path, name), join(this.#path, doomed));
    await this.#directory.settle([doomed]);
    await this.#wipe(doomed);
  }

  async #wipe(name: string): Promise<void> {
    if (!(await this.#directory.read(name))) return;
    const path = join(this.#path, name);
    const file = await open(path, 'r+');
    try {
      const noise = new Uint8Array((await file.stat()).size);
      this.#fill(noise);
      await file.write(noise, 0, noise.length, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#directory.remove([name]);
  }

  #import(usage: 'encrypt' | 'decrypt') {
    return crypto.subtle.importKey('raw', this.#key, algorithm, false, [usage]);
  }
}

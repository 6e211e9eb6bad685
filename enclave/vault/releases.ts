/** Releases as they were stored: what a repeat and a crash deliver again, byte for byte. Wrapped like every secret. */
import { canonicalBytes, parseCanonical, SignedDocument } from '@reinraum/protocol';
import { z } from 'zod';
import type { SecretStore } from './secrets.ts';

const StoredRelease = z.strictObject({
  /** Index of the charge it was computed for. */
  charged: z.int().min(0),
  /** Keyed name of plan, parameters and dataset versions. */
  releaseKey: z.string(),
  document: SignedDocument,
  /** Salt of the commitment in the log, 32 bytes in base64. */
  salt: z.string(),
});
/** A signed release with what it needs to be found and proved again. */
export type StoredRelease = z.infer<typeof StoredRelease>;

/** All stored releases of a room, in memory and on disk. */
export class ReleaseStore {
  readonly #secrets: SecretStore;
  readonly #byCharge = new Map<number, StoredRelease>();
  readonly #byKey = new Map<string, readonly StoredRelease[]>();

  private constructor(secrets: SecretStore) {
    this.#secrets = secrets;
  }

  /** Reads everything that is stored. */
  static async open(secrets: SecretStore): Promise<ReleaseStore> {
    const store = new ReleaseStore(secrets);
    for (const name of await secrets.names()) {
      const bytes = await secrets.get(name);
      if (bytes) store.#keep(StoredRelease.parse(parseCanonical(bytes)));
    }
    return store;
  }

  /** Stores a release durably. */
  async put(release: StoredRelease): Promise<void> {
    await this.#secrets.put(String(release.charged), canonicalBytes(release));
    this.#keep(release);
  }

  /** Destroys the release of a charge; also where none is stored. Durable on return. */
  async destroy(charged: number): Promise<void> {
    const release = this.#byCharge.get(charged);
    this.#byCharge.delete(charged);
    if (release) {
      const others = this.byKey(release.releaseKey).filter((one) => one !== release);
      this.#byKey.set(release.releaseKey, others);
    }
    await this.#secrets.destroy(String(charged));
  }

  byCharge(charged: number): StoredRelease | undefined {
    return this.#byCharge.get(charged);
  }

  /** The latest first: the same question asked twice at once has two. */
  byKey(releaseKey: string): readonly StoredRelease[] {
    return this.#byKey.get(releaseKey) ?? [];
  }

  #keep(release: StoredRelease): void {
    this.#byCharge.set(release.charged, release);
    const all = [...this.byKey(release.releaseKey), release].sort((one, other) => other.charged - one.charged);
    this.#byKey.set(release.releaseKey, all);
  }
}

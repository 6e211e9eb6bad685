/** A file that is there as a whole or not at all, and takes the place of another one only on request. */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bytes collected before they are written. */
const pieceBytes = 1 << 20;

/** An open file beside its place. Writes wait for nothing: it is filled while a log is verified, entry by entry. */
export class NewFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #replaces: boolean;
  readonly #descriptor: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** Throws an error that names the path where something is there already, unless it `replaces` it. */
  constructor(path: string, replaces: boolean) {
    if (!replaces && existsSync(path)) throw occupied(path);
    this.#path = path;
    this.#replaces = replaces;
    this.#temporary = `${path}.${process.pid}.tmp`;
    // What a killed process of the same number left: in a container every one has the same.
    rmSync(this.#temporary, { force: true });
    this.#descriptor = openSync(this.#temporary, 'wx', 0o600);
  }

  /** Adds a text, or bytes as they are. */
  write(content: string | Uint8Array): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= pieceBytes) this.#flush();
  }

  /** Brings what was added to the disk. */
  settle(): void {
    this.#flush();
    fsyncSync(this.#descriptor);
  }

  /** Puts the file in its place, durably. Throws where something has come there meanwhile; then nothing is left behind. */
  commit(): void {
    this.settle();
    closeSync(this.#descriptor);
    try {
      if (this.#replaces) renameSync(this.#temporary, this.#path);
      else linkSync(this.#temporary, this.#path);
    } catch (error) {
      throw error instanceof Error && 'code' in error && error.code === 'EEXIST' ? occupied(this.#path) : error;
    } finally {
      rmSync(this.#temporary, { force: true });
    }
    syncDirectory(dirname(this.#path));
  }

  /** Leaves no trace of it. */
  discard(): void {
    closeSync(this.#descriptor);
    rmSync(this.#temporary, { force: true });
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}

/** Makes the names in a directory durable. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** What is said of a place that is taken. */
export function occupied(path: string): Error {
  return new Error(`${path}: gibt es schon, mit --force wird es ersetzt / is there already, --force replaces it`);
}

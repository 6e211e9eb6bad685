/**
 * Files that survive a crash. Everything the log writes goes through {@link FileLayer}, so that a test can stand in for
 * the disk and lose whatever was not synced.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** An open file. Every method rejects on the first error of the file system; none retries. */
export interface OpenFile {
  size(): Promise<number>;
  /** Up to `length` bytes from `position`; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(length: number): Promise<void>;
  /** fsync: content and metadata are durable. */
  sync(): Promise<void>;
  /** fdatasync: content and the metadata needed to read it are durable. */
  dataSync(): Promise<void>;
  close(): Promise<void>;
}

/** The file operations the log uses. */
export interface FileLayer {
  /** `create`: a new file, an existing one emptied; `update`: an existing file, undefined where there is none. */
  open(path: string, mode: 'create' | 'update'): Promise<OpenFile | undefined>;
  /** The whole file; undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Replaces `to` atomically. */
  rename(from: string, to: string): Promise<void>;
  /** Makes one directory; its parent must be there. False where the directory was there already. */
  makeDirectory(path: string): Promise<boolean>;
  /** Names in a directory; empty where there is none. */
  list(path: string): Promise<readonly string[]>;
  /** Removes a file that may be gone already. */
  remove(path: string): Promise<void>;
  /** Removes an empty directory. */
  removeDirectory(path: string): Promise<void>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** The disk, through Node. */
export const nodeFiles: FileLayer = {
  async open(path, mode) {
    const handle = await unlessAbsent(open(path, mode === 'create' ? 'w+' : 'r+', 0o600));
    return handle && nodeFile(handle);
  },
  async read(path) {
    const bytes = await unlessAbsent(readFile(path));
    // A plain array: `slice` of a Buffer shares memory where that of an array copies.
    return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  },
  rename: (from, to) => rename(from, to),
  async makeDirectory(path) {
    try {
      await mkdir(path, { mode: 0o700 });
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
  },
  list: async (path) => (await unlessAbsent(readdir(path))) ?? [],
  remove: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rmdir(path),
  async syncDirectory(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

function nodeFile(handle: FileHandle): OpenFile {
  return {
    size: async () => (await handle.stat()).size,
    async read(position, length) {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    },
    async write(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    },
    truncate: (length) => handle.truncate(length),
    sync: () => handle.sync(),
    dataSync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

async function unlessAbsent<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** A file to be written: path below the directory, and its whole content. */
export interface NewFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A directory of which every written file is durable, and either wholly there or not at all. */
export class DurableDirectory {
  readonly #root: string;
  readonly #files: FileLayer;
  readonly #ensured = new Set<string>();

  /** Nothing is touched yet; `root`, normalised, must exist or have an existing parent. */
  constructor(root: string, files: FileLayer = nodeFiles) {
    this.#root = root;
    this.#files = files;
  }

  /** The whole file at `path` below the directory; undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.read(join(this.#root, path));
  }

  /** An existing file, open for reading and writing; undefined where there is none. */
  open(path: string): Promise<OpenFile | undefined> {
    return this.#files.open(join(this.#root, path), 'update');
  }

  /**
   * Makes files that are there durable, their contents and every name from the directory down: the process that wrote
   * them may have been killed before they were, or been none that syncs.
   */
  async settle(paths: readonly string[]): Promise<void> {
    const directories = new Set([this.#root]);
    for (const path of paths) {
      const full = join(this.#root, path);
      const file = await this.#files.open(full, 'update');
      if (!file) throw new Error('durable: a file to be settled is gone');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      for (let at = dirname(full); at !== this.#root; at = dirname(at)) directories.add(at);
    }
    for (const directory of directories) await this.#files.syncDirectory(directory);
  }

  /**
   * Writes the files in order, each by a temporary file in the same directory, fsync and rename, then an fsync of every
   * directory touched. On return all are durable; after a crash each is old or new, never half.
   */
  async write(files: readonly NewFile[]): Promise<void> {
    for (const { path, bytes } of files) {
      await this.#ensure(dirname(join(this.#root, path)));
      await this.#writeTemporary(`${join(this.#root, path)}.tmp`, bytes);
    }
    for (const { path } of files) await this.#files.rename(`${join(this.#root, path)}.tmp`, join(this.#root, path));
    for (const directory of new Set(files.map(({ path }) => dirname(join(this.#root, path))))) {
      await this.#files.syncDirectory(directory);
    }
  }

  /** Names in a directory below; empty where there is none. */
  names(path: string): Promise<readonly string[]> {
    return this.#files.list(join(this.#root, path));
  }

  /** Removes files in order; any may be gone already. Durable on return. */
  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#files.remove(join(this.#root, path));
    for (const directory of new Set(paths.map((path) => dirname(join(this.#root, path))))) {
      await this.#files.syncDirectory(directory);
    }
  }

  /** Removes a directory of plain files, if it is there. Not synced: what comes back after a crash must be harmless. */
  async discard(path: string): Promise<void> {
    const directory = join(this.#root, path);
    const names = await this.#files.list(directory);
    if (names.length === 0) return;
    for (const name of names) await this.#files.remove(join(directory, name));
    await this.#files.removeDirectory(directory);
    this.#ensured.delete(directory);
  }

  async #writeTemporary(path: string, bytes: Uint8Array): Promise<void> {
    const file = await this.#files.open(path, 'create');
    if (!file) throw new Error('durable: the directory of a new file is gone');
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #ensure(directory: string): Promise<void> {
    if (this.#ensured.has(directory)) return;
    const parent = dirname(directory);
    const isRoot = directory === this.#root;
    if (!isRoot) await this.#ensure(parent);
    const made = await this.#files.makeDirectory(directory);
    // Also when it was there: a process killed after mkdir leaves a name no fsync has covered yet. Such a root is empty,
    // as nothing is written before its name is durable; of any other root the parent may be out of reach.
    const isCovered = !made && isRoot && (await this.#files.list(directory)).length > 0;
    if (!isCovered) await this.#files.syncDirectory(parent);
    this.#ensured.add(directory);
  }
}

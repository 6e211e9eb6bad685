/**
 * A disk for tests: it keeps apart what was written and what an fsync has made durable, loses the rest on demand – all of
 * it, or as much as a power loss may happen to take – and breaks at a chosen operation.
 */
import { dirname } from 'node:path';
import type { FileLayer, OpenFile } from '@reinraum/audit';

type Names = Map<string, Inode | Directory>;

interface Inode {
  current: Uint8Array;
  durable: Uint8Array;
  /** What was done since the last sync, in order. */
  unsynced: Change[];
}

type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly length: number };

interface Directory {
  readonly current: Names;
  durable: Names;
  /** What was done since the last sync, in order; each is done wholly or not at all. */
  unsynced: ((names: Names) => void)[];
}

const emptyDirectory = (): Directory => ({ current: new Map(), durable: new Map(), unsynced: [] });
const isDirectory = (node: Inode | Directory): node is Directory => node.current instanceof Map;

/** What a disk writes wholly or not at all, in bytes. */
const sectorBytes = 512;

/** What an injected fault does: `error` fails one operation, `halt` it and all that follow, like a killed process. */
export interface Fault {
  readonly at: number;
  readonly kind: 'error' | 'halt';
}

/** A file layer in memory with the durability rules of POSIX: file content and directory names are synced apart. */
export class MemoryDisk implements FileLayer {
  #root = emptyDirectory();
  /** Changing operations so far: writes, truncations, syncs, renames, removals, new names. */
  operations = 0;
  fault: Fault | undefined;
  #halted = false;

  /**
   * The disk after a power loss: what was synced, and of the rest whatever `reached` says when it is asked, in any order
   * – every sector of a write, every length, every new, replaced or removed name. Bytes that did not reach a place no
   * file had before are zero, as file systems that journal their metadata in order have it.
   */
  afterPowerLoss(reached: () => boolean = () => false): MemoryDisk {
    const disk = new MemoryDisk();
    disk.#root = survivingDirectory(this.#root, reached);
    return disk;
  }

  /** The disk after the process was killed: everything that was written. */
  afterKill(): MemoryDisk {
    const disk = new MemoryDisk();
    disk.#root = this.#root;
    return disk;
  }

  /** Replaces a file's bytes behind the log's back, durably. */
  tamper(path: string, change: (bytes: Uint8Array) => Uint8Array | undefined): void {
    const parent = this.#parent(path);
    const node = parent.current.get(path);
    const bytes = change(node && !isDirectory(node) ? node.current.slice() : new Uint8Array(0));
    if (bytes === undefined) parent.current.delete(path);
    else parent.current.set(path, { current: bytes, durable: bytes.slice(), unsynced: [] });
    parent.durable = new Map(parent.current);
    parent.unsynced = [];
  }

  /** Paths of all files there are. */
  paths(): string[] {
    const walk = (directory: Directory): string[] =>
      [...directory.current].flatMap(([path, node]) => (isDirectory(node) ? walk(node) : [path]));
    return walk(this.#root).sort();
  }

  open(path: string, mode: 'create' | 'update'): Promise<OpenFile | undefined> {
    return this.#guard(mode === 'create', () => {
      const present = this.#directory(dirname(path))?.current.get(path);
      if (mode === 'update' && !present) return undefined;
      if (present && isDirectory(present)) throw new Error('EISDIR');
      const file: Inode = present ?? { current: none, durable: none, unsynced: [] };
      if (mode === 'create') change(file, { length: 0 });
      if (!present) rename(this.#parent(path), (names) => names.set(path, file));
      return this.#openFile(file);
    });
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#guard(false, () => {
      const node = this.#directory(dirname(path))?.current.get(path);
      return node && !isDirectory(node) ? node.current.slice() : undefined;
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#guard(true, () => {
      const parent = this.#parent(from);
      const node = parent.current.get(from);
      if (!node) throw new Error('ENOENT');
      if (dirname(from) !== dirname(to)) throw new Error('EXDEV');
      rename(parent, (names) => names.delete(from) && names.set(to, node));
    });
  }

  makeDirectory(path: string): Promise<boolean> {
    return this.#guard(true, () => {
      const parent = this.#parent(path);
      if (parent.current.has(path)) return false;
      const directory = emptyDirectory();
      rename(parent, (names) => names.set(path, directory));
      return true;
    });
  }

  list(path: string): Promise<readonly string[]> {
    return this.#guard(false, () =>
      [...(this.#directory(path)?.current.keys() ?? [])].map((name) => name.slice(path.length + 1)),
    );
  }

  remove(path: string): Promise<void> {
    return this.#guard(true, () => rename(this.#parent(path), (names) => names.delete(path)));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#guard(true, () => {
      if (this.#directory(path)?.current.size !== 0) throw new Error('ENOTEMPTY');
      rename(this.#parent(path), (names) => names.delete(path));
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#guard(true, () => {
      const directory = this.#directory(path);
      if (!directory) throw new Error('ENOENT');
      directory.durable = new Map(directory.current);
      directory.unsynced = [];
    });
  }

  #openFile(file: Inode): OpenFile {
    const sync = (): Promise<void> =>
      this.#guard(true, () => {
        file.durable = file.current.slice();
        file.unsynced = [];
      });
    return {
      size: () => this.#guard(false, () => file.current.length),
      read: (position, length) => this.#guard(false, () => file.current.slice(position, position + length)),
      write: (bytes, position) => this.#guard(true, () => change(file, { at: position, bytes: bytes.slice() })),
      truncate: (length) => this.#guard(true, () => change(file, { length })),
      sync,
      dataSync: sync,
      close: () => Promise.resolve(),
    };
  }

  async #guard<T>(changes: boolean, work: () => T): Promise<T> {
    await Promise.resolve();
    if (changes) this.operations += 1;
    if (changes && this.operations === this.fault?.at) {
      this.#halted = this.fault.kind === 'halt';
      throw new Error('EIO');
    }
    if (this.#halted) throw new Error('halted');
    return work();
  }

  #parent(path: string): Directory {
    const directory = this.#directory(dirname(path));
    if (!directory) throw new Error(`ENOENT ${path}`);
    return directory;
  }

  #directory(path: string): Directory | undefined {
    if (path === '/') return this.#root;
    const node = this.#directory(dirname(path))?.current.get(path);
    return node && isDirectory(node) ? node : undefined;
  }
}

const none = new Uint8Array(0);

function change(file: Inode, done: Change): void {
  file.unsynced.push(done);
  file.current = changed(file.current, done);
}

function rename(directory: Directory, done: (names: Names) => unknown): void {
  directory.unsynced.push(done);
  done(directory.current);
}

function changed(content: Uint8Array, done: Change): Uint8Array<ArrayBuffer> {
  const length = 'length' in done ? done.length : Math.max(content.length, done.at + done.bytes.length);
  const result = new Uint8Array(length);
  result.set(content.subarray(0, length));
  if ('bytes' in done) result.set(done.bytes, done.at);
  return result;
}

function survivingDirectory(directory: Directory, reached: () => boolean): Directory {
  const left: Names = new Map(directory.durable);
  for (const done of directory.unsynced) if (reached()) done(left);
  const names: Names = new Map(
    [...left].map(([name, node]) => [
      name,
      isDirectory(node) ? survivingDirectory(node, reached) : survivingFile(node, reached),
    ]),
  );
  return { current: names, durable: new Map(names), unsynced: [] };
}

function survivingFile({ durable, unsynced }: Inode, reached: () => boolean): Inode {
  let content = durable.slice();
  for (const done of unsynced.flatMap(parts)) if (reached()) content = changed(content, done);
  return { current: content, durable: content.slice(), unsynced: [] };
}

/** What a power loss may part: a file grown to its new length, and each sector of its content. */
function parts(done: Change): Change[] {
  if ('length' in done) return [done];
  const end = done.at + done.bytes.length;
  const cuts = [done.at];
  for (let at = done.at + sectorBytes - (done.at % sectorBytes); at < end; at += sectorBytes) cuts.push(at);
  const sectors = cuts.map((at, number) => ({
    at,
    bytes: done.bytes.subarray(at - done.at, (cuts[number + 1] ?? end) - done.at),
  }));
  // No bytes at the end: only the length reaches the disk.
  return [{ at: end, bytes: none }, ...sectors];
}

/**
 * A disk for tests: it keeps apart what was written and what an fsync has made durable, loses the rest on demand, and
 * breaks at a chosen operation.
 */
import { dirname } from 'node:path';
import type { FileLayer, OpenFile } from '@reinraum/audit';

interface Inode {
  current: Uint8Array;
  durable: Uint8Array;
}

interface Directory {
  readonly current: Map<string, Inode | Directory>;
  durable: Map<string, Inode | Directory>;
}

const emptyDirectory = (): Directory => ({ current: new Map(), durable: new Map() });
const isDirectory = (node: Inode | Directory): node is Directory => node.current instanceof Map;

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

  /** The disk after a power loss: only what was synced. */
  afterPowerLoss(): MemoryDisk {
    const disk = new MemoryDisk();
    disk.#root = survive(this.#root);
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
    else parent.current.set(path, { current: bytes, durable: bytes.slice() });
    parent.durable = new Map(parent.current);
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
      const names = this.#parent(path).current;
      const file = present && !isDirectory(present) ? present : { current: none, durable: none };
      if (mode === 'create') file.current = none;
      names.set(path, file);
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
      const names = this.#parent(from).current;
      const node = names.get(from);
      if (!node) throw new Error('ENOENT');
      names.delete(from);
      this.#parent(to).current.set(to, node);
    });
  }

  makeDirectory(path: string): Promise<boolean> {
    return this.#guard(true, () => {
      const names = this.#parent(path).current;
      if (names.has(path)) return false;
      names.set(path, emptyDirectory());
      return true;
    });
  }

  list(path: string): Promise<readonly string[]> {
    return this.#guard(false, () =>
      [...(this.#directory(path)?.current.keys() ?? [])].map((name) => name.slice(path.length + 1)),
    );
  }

  remove(path: string): Promise<void> {
    return this.#guard(true, () => void this.#parent(path).current.delete(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#guard(true, () => {
      if (this.#directory(path)?.current.size !== 0) throw new Error('ENOTEMPTY');
      this.#parent(path).current.delete(path);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#guard(true, () => {
      const directory = this.#directory(path);
      if (!directory) throw new Error('ENOENT');
      directory.durable = new Map(directory.current);
    });
  }

  #openFile(file: Inode): OpenFile {
    const sync = (): Promise<void> => this.#guard(true, () => void (file.durable = file.current.slice()));
    return {
      size: () => this.#guard(false, () => file.current.length),
      read: (position, length) => this.#guard(false, () => file.current.slice(position, position + length)),
      write: (bytes, position) =>
        this.#guard(true, () => {
          const grown = new Uint8Array(Math.max(file.current.length, position + bytes.length));
          grown.set(file.current);
          grown.set(bytes, position);
          file.current = grown;
        }),
      truncate: (length) => this.#guard(true, () => void (file.current = file.current.slice(0, length))),
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

function survive(directory: Directory): Directory {
  const names = new Map(
    [...directory.durable].map(([name, node]): [string, Inode | Directory] => [
      name,
      isDirectory(node) ? survive(node) : { current: node.durable.slice(), durable: node.durable.slice() },
    ]),
  );
  return { current: names, durable: new Map(names) };
}

/**
 * The state of a witness on Node: one file, replaced as a whole and durable before anything is answered.
 *
 *     reinraum-witness/1\n
 *     <vkey of the witness>\n
 *     <origin>\n<size>\n<root, base64>\n        the last checkpoint cosigned, for each log that has one
 *     sha256 <hexadecimal, over everything above>\n
 *
 * It is made together with the key and never made anew: a witness that lost its state does not know what it has signed, and a
 * fresh state under the old key would sign a second history.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  type Checkpoint,
  DurableDirectory,
  EvidenceError,
  type FileLayer,
  formatCheckpoint,
  parseCheckpoint,
  type WitnessStore,
} from '@reinraum/audit';
import { equalBytes, toHex, utf8 } from '@reinraum/protocol';
import { mayReplace } from './replace-head.ts';

const formatLine = 'reinraum-witness/1';
const path = 'state';

/** Why a witness does not start. */
export type WitnessStateCode = 'state-missing' | 'state-damaged' | 'state-foreign' | 'state-exists' | 'state-in-use';

const texts: Readonly<Record<WitnessStateCode, readonly [de: string, en: string]>> = {
  'state-missing': [
    'In diesem Verzeichnis liegt kein Zustand eines Zeugen. Ist er verloren, weiß der Zeuge nicht mehr, was er bezeugt hat: einen neuen Schlüssel machen (witness keygen), den alten nie wieder benutzen.',
    'There is no state of a witness in this directory. If it is lost, the witness does not know any more what it has cosigned: make a new key (witness keygen) and never use the old one again.',
  ],
  'state-damaged': [
    'Der Zustand des Zeugen ist beschädigt. Nicht reparieren und keine Sicherung einspielen: die Datei aufheben, einen neuen Schlüssel machen (witness keygen), den alten nie wieder benutzen.',
    'The state of the witness is damaged. Do not mend it and do not restore a backup: keep the file, make a new key (witness keygen) and never use the old one again.',
  ],
  'state-foreign': ['Dieser Zustand gehört zu einem anderen Schlüssel.', 'This state belongs to another key.'],
  'state-exists': [
    'In diesem Verzeichnis liegt schon der Zustand eines Zeugen.',
    'There is the state of a witness in this directory already.',
  ],
  'state-in-use': ['Ein anderer Prozess arbeitet mit diesem Zustand.', 'Another process is running on this state.'],
};

/** A witness does not start: nothing of this is mended silently. The message is German, then English. */
export class WitnessStateError extends Error {
  readonly code: WitnessStateCode;

  constructor(code: WitnessStateCode) {
    super(`${code}: ${texts[code].join(' / ')}`);
    this.name = 'WitnessStateError';
    this.code = code;
  }
}

/** Where the state is. */
export interface FileStoreOptions {
  /** Of the witness alone; it, or its parent, must exist. */
  readonly directory: string;
  /** The key the state belongs to. */
  readonly vkey: string;
  /** The disk; another one in tests. */
  readonly files?: FileLayer;
  /** Told once when a write has failed, so that the process can raise the alarm and end. Must not throw. */
  readonly onFailure?: (cause: unknown) => void;
}

/** Makes the state of a new key, durably. Throws {@link WitnessStateError} `state-exists`. */
export async function createFileStore({ directory, vkey, files }: FileStoreOptions): Promise<void> {
  const place = new DurableDirectory(directory, files);
  if (await place.read(path)) throw new WitnessStateError('state-exists');
  await place.write([{ path, bytes: formatState(vkey, new Map()) }]);
}

/** The opened state. One for a directory at a time: whoever opens it holds the lock. */
export class FileStore implements WitnessStore {
  readonly #directory: DurableDirectory;
  readonly #options: FileStoreOptions;
  readonly #heads: Map<string, Checkpoint>;
  /** Reads and writes, one after another: what is read is durable. */
  #turn: Promise<unknown> = Promise.resolve();
  #failure: { readonly cause: unknown } | undefined;

  private constructor(directory: DurableDirectory, options: FileStoreOptions, heads: Map<string, Checkpoint>) {
    this.#directory = directory;
    this.#options = options;
    this.#heads = heads;
  }

  /** Reads the state. Throws {@link WitnessStateError} `state-missing`, `state-damaged` or `state-foreign`. */
  static async open(options: FileStoreOptions): Promise<FileStore> {
    const directory = new DurableDirectory(options.directory, options.files);
    const bytes = await directory.read(path);
    if (!bytes) throw new WitnessStateError('state-missing');
    const { vkey, heads } = parseState(bytes);
    if (vkey !== options.vkey) throw new WitnessStateError('state-foreign');
    // What a process that was killed left may be visible and yet not durable.
    await directory.write([{ path, bytes }]);
    return new FileStore(directory, options, heads);
  }

  get(origin: string): Promise<Checkpoint | undefined> {
    return this.#inTurn(() => Promise.resolve(this.#heads.get(origin)));
  }

  /** As {@link WitnessStore}; rejects also with `RangeError` for a head that goes back, which no caller may ask for. */
  set(origin: string, previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!mayReplace(this.#heads.get(origin), previous, next)) return false;
      const heads = new Map(this.#heads).set(origin, next);
      await this.#write(formatState(this.#options.vkey, heads));
      this.#heads.set(origin, next);
      return true;
    });
  }

  /** Takes nothing any more and resolves once no write is under way: only then may somebody else have the lock. */
  async close(): Promise<void> {
    this.#failure ??= { cause: new Error('witness: the state is closed') };
    await this.#turn;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#directory.write([{ path, bytes }]);
    } catch (cause) {
      // What is on the disk now may be the old or the new: only a new start can tell.
      this.#failure = { cause };
      this.#options.onFailure?.(cause);
      throw cause;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      if (this.#failure) throw this.#failure.cause;
      return await work();
    });
    this.#turn = turn.catch(() => undefined);
    return await turn;
  }
}

function formatState(vkey: string, heads: ReadonlyMap<string, Checkpoint>): Uint8Array {
  const text = `${formatLine}\n${vkey}\n${[...heads.values()].map(formatCheckpoint).join('')}`;
  return utf8(`${text}sha256 ${toHex(sha256(utf8(text)))}\n`);
}

/** Reads {@link formatState}, in no other spelling. */
function parseState(bytes: Uint8Array): { readonly vkey: string; readonly heads: Map<string, Checkpoint> } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const [format, vkey = '', ...lines] = text.split('\n');
    const heads = new Map<string, Checkpoint>();
    for (let at = 0; at + 3 <= lines.length - 2; at += 3) {
      const head = parseCheckpoint(`${lines.slice(at, at + 3).join('\n')}\n`);
      heads.set(head.origin, head);
    }
    if (format === formatLine && equalBytes(formatState(vkey, heads), bytes)) return { vkey, heads };
  } catch (error) {
    if (!(error instanceof EvidenceError || error instanceof TypeError)) throw error;
  }
  throw new WitnessStateError('state-damaged');
}

/** A log on a disk in memory, and what is written to it. */
import { Log, type LogOptions } from '@reinraum/audit';
import { signingKey, utf8 } from '@reinraum/protocol';
import type { MemoryDisk } from '../unit/audit-memory-disk.ts';

/** Name of the log. */
export const origin = 'example.com/log';
/** Its key. */
export const key = signingKey(new Uint8Array(32).fill(1));

/** Opens it, or makes it. */
export const open = (files: MemoryDisk, more: Partial<LogOptions> = {}): Promise<Log> =>
  Log.open({ directory: '/log', origin, signingKey: key, files, ...more });

/** Entry number `at`. */
export const text = (at: number): Uint8Array => utf8(`entry ${at}`);
/** So many entries, from number `from` on. */
export const texts = (count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => text(from + at));

/**
 * What is wrong with an evidence bundle beside its log: files that are missing, strange or changed, and copies – key, charter,
 * policy, receipts – that do not say what the verified log says (docs/spec/audit-tools.md §5).
 */
import { createHash } from 'node:crypto';
import { access, readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ed25519Verifier, parseReceipt, type Room, verifyReceipt } from '@reinraum/audit';
import { Instance, roomOf } from '@reinraum/client';
import { equalBytes } from '@reinraum/protocol';
import { policyFile } from '../export/policy-file.ts';
import { type RoomLogReader, readerOf, type StateSource } from './state-source.ts';

/** Names of the files beside `log` and `objects`. */
export const bundleNames = {
  sums: 'SHA256SUMS',
  page: 'VERIFY.md',
  vkey: 'keys/log.vkey',
  charter: 'keys/charter.json',
  policy: 'log.policy',
  receipts: 'receipts',
  foreign: 'foreign',
} as const;

const marks = [
  bundleNames.sums,
  bundleNames.page,
  'keys',
  bundleNames.policy,
  bundleNames.receipts,
  bundleNames.foreign,
];

/** A file that is not what it must be, by its path in the bundle. */
export interface BundleFault {
  readonly path: string;
}

/** Whether a directory is a bundle, whole or not: without its list of files it is a broken one, not a state directory. */
export async function isBundle(directory: string): Promise<boolean> {
  const found = await Promise.all(marks.map((name) => isThere(join(directory, name))));
  return found.includes(true);
}

/** Whether a directory is a bundle of which every file is on its list, and nothing else: what may be replaced. */
export async function isWholeBundle(directory: string): Promise<boolean> {
  return (await isThere(join(directory, bundleNames.sums))) && (await sumsFault(directory)) === undefined;
}

/** The first fault of a bundle whose log was verified; undefined where there is none. Never throws on bad evidence. */
export async function bundleFault(source: StateSource, { id, charter }: Room): Promise<BundleFault | undefined> {
  const { directory } = source;
  const strange = await sumsFault(directory);
  if (strange !== undefined) return { path: strange };
  const reader = await readerOf(source, id);
  const says: readonly (readonly [string, (bytes: Uint8Array) => boolean])[] = [
    [bundleNames.vkey, (bytes) => textOf(bytes) === `${reader.vkey}\n`],
    [bundleNames.policy, (bytes) => textOf(bytes) === policyFile(id, reader.vkey, charter)],
    [bundleNames.charter, (bytes) => roomOf(Instance.parse(JSON.parse(textOf(bytes)))) === id],
  ];
  for (const [path, isRight] of says) {
    if (!(await holds(async () => isRight(await readFile(join(directory, path)))))) return { path };
  }
  for (const name of await readdir(join(directory, bundleNames.receipts)).catch(() => [])) {
    const path = `${bundleNames.receipts}/${name}`;
    if (!(await holds(async () => await isReceipt(await readFile(join(directory, path)), name, reader))))
      return { path };
  }
  return undefined;
}

/** Digest and path of every file but the list itself, as `sha256sum` writes and checks them. */
export async function sumsOf(directory: string): Promise<string> {
  const paths = (await filesBelow(directory)).filter((path) => path !== bundleNames.sums);
  const lines: string[] = [];
  // One after another: a long log has more files than a process may have open.
  for (const path of paths) lines.push(`${digestOf(await readFile(join(directory, path)))}  ${path}\n`);
  return lines.join('');
}

/** Whether the list is what the files are; else the first path that is only in one of them, or has another digest. */
async function sumsFault(directory: string): Promise<string | undefined> {
  const listed = await readFile(join(directory, bundleNames.sums), 'utf8').catch(() => '');
  const actual = await sumsOf(directory);
  if (listed === actual) return undefined;
  const [left, right] = [new Set(listed.split('\n')), new Set(actual.split('\n'))];
  const line = [...right].find((one) => !left.has(one)) ?? [...left].find((one) => !right.has(one)) ?? '';
  return line.slice(66) || bundleNames.sums;
}

async function isReceipt(bytes: Uint8Array, name: string, { vkey, proved }: RoomLogReader): Promise<boolean> {
  const { untrustedExtra, index } = parseReceipt(bytes);
  if (!untrustedExtra || name !== `${index}.tlog-proof`) return false;
  await verifyReceipt(untrustedExtra, bytes, ed25519Verifier(vkey));
  return equalBytes((await proved(index)).entry, untrustedExtra);
}

/** All files, sorted as bytes; whatever is no plain file counts as one that cannot be there. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/')).sort();
}

/** What is thrown on the way – no file, no JSON, no receipt – is a fault of the evidence, too. */
async function holds(check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch {
    return false;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

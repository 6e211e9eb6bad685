/**
 * An evidence bundle: the log at one head with everything it takes to verify it, and nothing that is secret – only what the
 * verification has read goes in, and files made from it (docs/spec/audit-tools.md §5).
 */
import { createHash } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  bundleOf,
  bundlesAt,
  DurableDirectory,
  fetchTile,
  type NewFile,
  tilePath,
  tilesAt,
  tileWidth,
} from '@reinraum/audit';
import { Instance } from '@reinraum/client';
import { Charter, DatasetSchema, decodeEntry, parseCanonical, toBase64, utf8 } from '@reinraum/protocol';
import { occupied, syncDirectory } from '../export/new-file.ts';
import { policyFile } from '../export/policy-file.ts';
import { verifyPage } from '../export/verify-page.ts';
import { verifyState } from './audit.ts';
import { receiptOf } from './audit-receipt.ts';
import { bundleNames, isWholeBundle, sumsOf } from './bundle-fault.ts';
import { repositoryRoot } from './root.ts';
import { openState, type RoomLogReader, readerOf, type StateSource } from './state-source.ts';

/** Which entries get a receipt of their own. The first entry that is kept always has one: `VERIFY.md` walks through it. */
export type ReceiptChoice = 'releases' | 'all' | readonly number[];

/** What is wanted. */
export interface BundleWish {
  readonly directory: string;
  readonly receipts: ReceiptChoice;
  readonly force?: boolean | undefined;
  readonly room?: string | undefined;
  /** Folder with programs of others that verify; the repository's own where it has one. */
  readonly foreign?: string | undefined;
}

/** Files written at once. */
const filesAtOnce = 256;

/** What `--receipts` says. Throws an error that says how to write it. */
export function receiptsOf(text = 'releases'): ReceiptChoice {
  if (text === 'releases' || text === 'all') return text;
  if (/^[0-9]{1,15}(?:,[0-9]{1,15})*$/.test(text)) return text.split(',').map(Number);
  throw new Error('--receipts: "releases", "all", oder Nummern / or numbers: 3,17');
}

/**
 * Verifies the log, makes the bundle beside its place, verifies that, and puts it there. Returns the digest of its list of
 * files, to be told on another way. Throws where the log breaks a rule or the place is taken by something else.
 */
export async function exportBundle(
  source: StateSource,
  { directory, receipts, force, room, foreign = foreignFolder() }: BundleWish,
): Promise<{ readonly sums: string; readonly files: number }> {
  const target = resolve(directory);
  if (existsSync(target) && !(force && (await isWholeBundle(target)))) throw occupied(directory);
  const read = new Map<string, Uint8Array>();
  const releases: number[] = [];
  const verdict = await verifyState(source, room, {
    object: (digest, bytes) => void read.set(digest, bytes),
    entry(index, bytes) {
      if (decodeEntry(bytes).type === 'query.released') releases.push(index);
    },
  });
  if (!verdict.verified) throw new Error(`NOT verified, nothing is exported: ${verdict.rule}: ${verdict.message}`);
  const reader = await readerOf(source, verdict.room);
  const first = bundleOf(verdict.from) * tileWidth;
  const chosen = numbersOf(receipts, releases, { first, size: verdict.size });
  const making = `${target}.${process.pid}.tmp`;
  try {
    const folder = new DurableDirectory(making);
    let batch: NewFile[] = [];
    for await (const file of filesOf(source, { room: verdict.room, reader, read, first, chosen, foreign })) {
      batch.push(file);
      if (batch.length === filesAtOnce) await folder.write(batch.splice(0));
    }
    await folder.write(batch);
    batch = [{ path: bundleNames.sums, bytes: utf8(await sumsOf(making)) }];
    await folder.write(batch);
    const made = await verifyState(await openState(making), verdict.room);
    if (!made.verified || made.size !== verdict.size) throw new Error('bundle: does not verify; nothing was exported');
    if (force) await rm(target, { recursive: true, force: true });
    renameSync(making, target);
    syncDirectory(dirname(target));
    const sums = await readFile(join(target, bundleNames.sums));
    const files = sums.filter((byte) => byte === 0x0a).length + 1;
    return { sums: createHash('sha256').update(sums).digest('hex'), files };
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

interface Contents {
  readonly room: string;
  readonly reader: RoomLogReader;
  readonly read: ReadonlyMap<string, Uint8Array>;
  /** First entry whose bundle is kept. */
  readonly first: number;
  readonly chosen: readonly number[];
  readonly foreign: string | undefined;
}

async function* filesOf(source: StateSource, contents: Contents): AsyncGenerator<NewFile> {
  const { room, reader, read, first, chosen, foreign } = contents;
  const { head, vkey } = reader;
  yield { path: 'log/checkpoint', bytes: utf8(head.note) };
  for (const tiles of [bundlesAt(head.size), tilesAt(head.size)]) {
    for (const tile of tiles) {
      if (tile.level === 'entries' && tile.index < bundleOf(first)) continue;
      yield { path: `log/${tilePath(tile)}`, bytes: await fetchTile(source.fetch, tile) };
    }
  }
  for (const [digest, bytes] of read) yield { path: `objects/${digest}`, bytes };
  const instance = instanceIn(room, read);
  yield { path: bundleNames.vkey, bytes: utf8(`${vkey}\n`) };
  yield { path: bundleNames.charter, bytes: utf8(`${JSON.stringify(instance, null, 2)}\n`) };
  yield { path: bundleNames.policy, bytes: utf8(policyFile(room, vkey, instance.charter)) };
  for (const index of chosen) {
    yield { path: `${bundleNames.receipts}/${index}.tlog-proof`, bytes: utf8(await receiptOf(reader, index)) };
  }
  if (foreign !== undefined) yield* copied(foreign);
  const facts = { room, size: head.size, root: toBase64(head.root), vkey, first, hasForeign: foreign !== undefined };
  yield { path: bundleNames.page, bytes: utf8(verifyPage(facts)) };
}

/** The charter with its schemas, in the form members keep it in. */
function instanceIn(room: string, read: ReadonlyMap<string, Uint8Array>): Instance {
  const parsed = (digest: string) => parseCanonical(read.get(digest) ?? new Uint8Array());
  const charter = Charter.parse(parsed(room));
  return Instance.parse({
    charter,
    schemas: charter.datasets.map(({ schema }) => DatasetSchema.parse(parsed(schema))),
  });
}

function numbersOf(
  receipts: ReceiptChoice,
  releases: readonly number[],
  { first, size }: { readonly first: number; readonly size: number },
): number[] {
  if (receipts === 'all') return Array.from({ length: size - first }, (_, at) => first + at);
  const chosen = receipts === 'releases' ? releases : receipts;
  if (chosen.some((index) => index < first || index >= size)) {
    throw new Error(`--receipts: Einträge von ${first} bis ${size - 1} / entries from ${first} to ${size - 1}`);
  }
  return [...new Set([first, ...chosen])].sort((a, b) => a - b);
}

/** The folder of programs others can verify with, where this installation has one. */
function foreignFolder(): string | undefined {
  return ['audit/foreign', 'test/foreign'].map((path) => join(repositoryRoot, path)).find((path) => existsSync(path));
}

async function* copied(folder: string): AsyncGenerator<NewFile> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    yield { path: `${bundleNames.foreign}/${path}`, bytes: await readFile(join(entry.parentPath, entry.name)) };
  }
}

/**
 * The writing side: `npm run bench -- append [entries]` measures durable appends, what an entry takes on the disk, and
 * receipts from a log of a million entries that is written without waiting for the disk.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  ed25519Signer,
  ed25519Verifier,
  formatCheckpoint,
  Log,
  RightEdge,
  signCheckpoint,
  verifyReceipt,
} from '@reinraum/audit';
import { concat, signingKey, utf8 } from '@reinraum/protocol';
import { longLog } from '../support/long-log.ts';
import { print } from './timed.ts';

const origin = 'bench.example/log';
const key = signingKey(new Uint8Array(32).fill(1));
/** Appends of one writer after another, and receipts drawn. */
const singles = 300;
/** Writers that each wait for their append before the next: a full batch. */
const writers = 256;
/** Size of the log receipts are taken from. */
const longSize = 1_000_000;

/** Measures all of it, `entries` appended in batches, and prints the figures. */
export async function benchAppend(entries: number): Promise<void> {
  // Opaque to the log: what matters is that they are as long as those of a room.
  const { entries: real } = await longLog(300);
  const entry = (index: number) => concat(real[index % real.length] ?? new Uint8Array(), utf8(`${index}`));
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-bench-'));
  try {
    const log = await Log.open({ directory: join(directory, 'log'), origin, signingKey: key });
    await timedEach('one durable append after another', singles, (n) => log.append(entry(n)));
    await timedEach('one published append after another', singles, (n) => log.appendPublished(entry(n)));
    await batched(log, entries, entry);
    // As it does by itself while a log grows, only to the end.
    await log.cutJournal();
    await log.close();
    await storage(join(directory, 'log'), log.size);
    await receipts(join(directory, 'long'), entry);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs some work again and again, each after the one before, and prints how long each took. */
async function timedEach(what: string, runs: number, work: (n: number) => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let n = 0; n < runs; n++) {
    const begun = performance.now();
    await work(n);
    times.push(performance.now() - begun);
  }
  print(`${what.padEnd(46)} ${percentiles(times)}`);
}

function percentiles(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`;
}

async function batched(log: Log, entries: number, entry: (index: number) => Uint8Array): Promise<void> {
  const times: number[] = [];
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < entries) {
      const due = entry(next++);
      const begun = performance.now();
      await log.append(due);
      times.push(performance.now() - begun);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: writers }, write));
  const appendedMs = performance.now() - begun;
  await log.publish();
  const publishedMs = performance.now() - begun;
  const rate = (ms: number) => `${Math.round((1000 * entries) / ms)}/s`;
  print(`${`${entries} durable appends of ${writers} writers`.padEnd(46)} ${rate(appendedMs)}, ${percentiles(times)}`);
  print(`${'  until all of them were published'.padEnd(46)} ${rate(publishedMs)}`);
}

/** What lies in the directory of a log, a share for each entry: bytes of the files, and bytes they take on the disk. */
async function storage(directory: string, size: number): Promise<void> {
  const sums = new Map<string, readonly [bytes: number, taken: number]>();
  for (const file of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name).slice(directory.length + 1);
    const kind = path.startsWith('tile/entries') ? 'bundles' : path.startsWith('tile') ? 'tiles' : path;
    const { size: bytes, blocks } = await stat(join(directory, path));
    const [before, taken] = sums.get(kind) ?? [0, 0];
    sums.set(kind, [before + bytes, taken + 512 * blocks]);
  }
  const total = [...sums.values()].reduce(([a, b], [bytes, taken]) => [a + bytes, b + taken], [0, 0] as const);
  for (const [kind, [bytes, taken]] of [...sums, ['together', total] as const]) {
    const each = (sum: number) => `${(sum / size).toFixed(1)} B`;
    print(`${`on the disk for each entry: ${kind}`.padEnd(46)} ${each(bytes)}, taken ${each(taken)}`);
  }
}

/** Receipts of entries all over a long log, made as the room makes them, and how long such a log takes to open. */
async function receipts(directory: string, entry: (index: number) => Uint8Array): Promise<void> {
  let begun = performance.now();
  await writeLong(directory, entry);
  print(
    `${`a log of ${longSize} entries, written unsynced`.padEnd(46)} ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
  begun = performance.now();
  await (await Log.open({ directory, origin, signingKey: key })).close();
  print(
    `${'  opened: journal read, bundles compared, cut'.padEnd(46)} ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
  begun = performance.now();
  const log = await Log.open({ directory, origin, signingKey: key });
  print(`${'  opened again, with the cut journal'.padEnd(46)} ${((performance.now() - begun) / 1000).toFixed(3)} s`);
  const verifier = ed25519Verifier(log.vkey);
  // Spread over the log by a multiplier that has no factor in common with its size.
  const indexOf = (n: number) => (n * 700_001) % longSize;
  await timedEach('  receipt of any entry', singles, async (n) => log.receipt(indexOf(n)));
  const index = indexOf(7);
  await verifyReceipt(entry(index), await log.receipt(index), verifier);
  await log.close();
}

/** Writes the files a log of {@link longSize} entries has, in one go: nothing of it is synced. */
async function writeLong(directory: string, entry: (index: number) => Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true });
  const journal = createWriteStream(join(directory, 'journal'));
  journal.write('RRJRNL1\n');
  const edge = new RightEdge();
  const due: { readonly path: string; readonly bytes: Uint8Array }[] = [];
  const flush = async (): Promise<void> => {
    for (const { path, bytes } of due.splice(0)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), bytes);
    }
  };
  for (let index = 0; index < longSize; index++) {
    const bytes = entry(index);
    edge.append(bytes, (tile) => due.push(tile));
    if (!journal.write(frame(index, bytes))) await once(journal, 'drain');
    if (due.length > 0) await flush();
  }
  journal.end();
  await once(journal, 'finish');
  due.push(...edge.partials());
  const head = { origin, size: edge.size, root: edge.root() };
  due.push({ path: 'signed', bytes: utf8(formatCheckpoint(head)) });
  due.push({ path: 'checkpoint', bytes: utf8(await signCheckpoint(head, [ed25519Signer(origin, key)])) });
  await flush();
}

/** A frame of the journal (docs/spec/log.md §5). */
function frame(index: number, entry: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(20));
  head.setUint32(0, entry.length);
  head.setBigUint64(12, BigInt(index));
  const numbered = concat(new Uint8Array(head.buffer).subarray(12), entry);
  const checksum = createHash('sha256').update(numbered).digest().subarray(0, 8);
  return concat(new Uint8Array(head.buffer).subarray(0, 4), checksum, numbered);
}

/**
 * Searching the index of a log of 1,000,000 entries, and receipts out of a directory with as many. The rows of the index are
 * made up by SQL in the layout of the index; the entries of the log are made-up texts in real bundles, tiles and a signed
 * checkpoint, since replaying a million signed statements would measure signatures and not the search.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  bundlesAt,
  directoryFetch,
  ed25519Signer,
  ed25519Verifier,
  encodeBundle,
  encodeReceipt,
  Frontier,
  formatVkey,
  LogReader,
  leafHash,
  signCheckpoint,
  tileHeight,
  tilePath,
  tilesAt,
  verifyReceipt,
} from '@reinraum/audit';
import { concat, signingKey, utf8 } from '@reinraum/protocol';
import { EntryIndex } from '../../src/index/entry-index.ts';
import type { Filter } from '../../src/index/filter.ts';
import { print, type Times, timed } from './timed.ts';

const searchAllowedMs = 500;
const receiptAllowedMs = 20;

/** Prints what both take, against what is allowed. */
export async function benchLogIndex(entries: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-bench-log-'));
  try {
    await benchSearch(directory, entries);
    await benchReceipts(join(directory, 'log'), entries);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function line(name: string, { min, median, max }: Times, allowedMs: number): string {
  const figures = [min, median, max].map((ms) => ms.toFixed(1).padStart(9)).join('');
  return `${name.padEnd(52)} ${figures}  ms (min, median, max); allowed ${allowedMs} ms`;
}

async function benchSearch(directory: string, entries: number): Promise<void> {
  const file = join(directory, 'index');
  const empty = await EntryIndex.open(file);
  await empty.begin(true);
  await empty.commit({ room: '00'.repeat(32), size: entries, root: '00'.repeat(32) });
  empty.close();
  await makeRows(file, entries);
  const index = await EntryIndex.open(file);
  const searches: Record<string, Filter> = {
    'everything, latest 50': {},
    'one member’s refusals': { actor: 'm-0000000000000007', outcome: 'refused' },
    'releases of one question to a unit in a month': {
      query: 'question-17',
      unit: 'city/unit-7',
      outcome: 'released',
      from: '2030-01-01T00:00:00Z',
      to: '2030-01-31T23:59:59Z',
    },
    'a version of a dataset': { dataset: 'dataset-4@3' },
    'what is not there': { actor: 'm-ffffffffffffffff' },
  };
  for (const [name, filter] of Object.entries(searches)) {
    const { total } = await index.search(filter, 50);
    print(
      line(`search, ${entries} rows: ${name} (${total})`, await timed(() => index.search(filter, 50)), searchAllowedMs),
    );
  }
  index.close();
}

/** Rows of charges, releases and refusals over years, ten members, forty questions: the mix of a busy room. */
async function makeRows(file: string, entries: number): Promise<void> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run(`
    INSERT INTO question SELECT lpad(to_hex(n), 64, '0'), 'AggregateQuery', 'question-' || n, 'Frage ' || n, 'Question ' || n
    FROM range(40) AS made(n)`);
  await connection.run(
    `INSERT INTO entry SELECT n,
       strftime(TIMESTAMP '2026-01-01' + to_seconds(n * 200), '%Y-%m-%dT%H:%M:%SZ'),
       ['query.charged', 'query.released', 'statement.refused'][1 + n % 3], 'abfragen',
       ['charged', 'released', 'refused'][1 + n % 3], CASE WHEN n % 3 = 2 THEN 'budget-exhausted' END,
       CASE WHEN n % 3 <> 1 THEN 'm-' || lpad(to_hex(n % 10), 16, '0') END,
       CASE WHEN n % 3 <> 1 THEN 'city/unit-' || (n % 10) END, CASE WHEN n % 3 <> 1 THEN 'city' END,
       'planning', 'dsgvo-6-1-e', ['dataset-' || (n % 5) || '@' || (n % 4)],
       ['dataset-' || (n % 5), 'dataset-' || (n % 5) || '@' || (n % 4)],
       lpad(to_hex(n % 40), 64, '0'), 'city/unit-' || (n % 10), ['person'], ['1/32'], ['1/100000000'],
       CASE WHEN n % 3 = 1 THEN n - 1 END
     FROM range(CAST($entries AS BIGINT)) AS made(n)`,
    { entries: BigInt(entries) },
  );
  connection.closeSync();
  instance.closeSync();
}

async function benchReceipts(directory: string, entries: number): Promise<void> {
  const key = signingKey(new Uint8Array(32).fill(7));
  const origin = 'example.com/bench';
  const begun = performance.now();
  const { note, entryAt } = await writeLog(directory, entries, async (root) =>
    signCheckpoint({ origin, size: entries, root }, [ed25519Signer(origin, key)]),
  );
  print(`${`log of ${entries} entries written`.padEnd(52)} ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  const verifier = ed25519Verifier(formatVkey(origin, key.publicKey));
  let run = 0;
  const receipt = async () => {
    // A fresh reader each time: nothing is remembered from the receipt before.
    const reader = new LogReader(directoryFetch(directory), verifier);
    const index = (run++ * 611_953) % entries;
    const proof = await reader.inclusion(index, await reader.checkpoint());
    await verifyReceipt(entryAt(index), encodeReceipt({ index, proof, checkpoint: note }), verifier);
  };
  print(line(`receipt out of ${entries} entries, made and verified`, await timed(receipt), receiptAllowedMs));
}

async function writeLog(
  directory: string,
  entries: number,
  sign: (root: Uint8Array) => Promise<string>,
): Promise<{ readonly note: string; readonly entryAt: (index: number) => Uint8Array }> {
  const entryAt = (index: number) => utf8(`made-up entry ${index}`);
  const put = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
  };
  const frontier = new Frontier();
  const levels: Uint8Array[][] = [];
  for (const bundle of bundlesAt(entries)) {
    const texts = Array.from({ length: bundle.width }, (_, at) => entryAt(bundle.index * 256 + at));
    for (const text of texts) {
      frontier.append(leafHash(text), (height, _index, hash) => {
        if (height % tileHeight === 0) (levels[height / tileHeight] ??= []).push(hash);
      });
    }
    await put(tilePath(bundle), encodeBundle(texts));
  }
  for (const tile of tilesAt(entries)) {
    const first = tile.index * 256;
    await put(tilePath(tile), concat(...(levels[tile.level] ?? []).slice(first, first + tile.width)));
  }
  const note = await sign(frontier.root());
  await put('checkpoint', utf8(note));
  return { note, entryAt };
}

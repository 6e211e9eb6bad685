/**
 * Our own vectors, for other implementations and for our future selves: `log-golden.json` holds every file of a small
 * log, one receipt, and roots of a larger one. `REINRAUM_GOLDEN=write` writes the file anew; a change in it is a change
 * of the format.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ed25519Verifier, Frontier, Log, LogReader, leafHash, verifyReceipt } from '@reinraum/audit';
import { fromHex, signingKey, toHex, utf8 } from '@reinraum/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { MemoryDisk } from '../unit/audit-memory-disk.ts';

interface Golden {
  readonly about: string;
  readonly origin: string;
  readonly seed: string;
  readonly vkey: string;
  /** Entries in hexadecimal. */
  readonly entries: readonly string[];
  /** Root of the first n entries, n from 0. */
  readonly roots: readonly string[];
  /** Every file of the log's directory after one append at a time: path → hexadecimal. */
  readonly files: Readonly<Record<string, string>>;
  readonly checkpoint: string;
  readonly receipt: { readonly index: number; readonly text: string };
  /** Roots of the log whose entry i is the text `entry i`: size → root. */
  readonly textLogRoots: Readonly<Record<string, string>>;
}

const path = fileURLToPath(new URL('log-golden.json', import.meta.url));
const seed = Uint8Array.from({ length: 32 }, (_, at) => at);
const origin = 'reinraum.example/golden';
const entries = [
  utf8(''),
  utf8('{}'),
  utf8('{"type":"room founded"}'),
  Uint8Array.of(0, 1, 2, 255),
  utf8('größer als ASCII'),
  new Uint8Array(300).fill(7),
  utf8('{}'),
];

async function generate(): Promise<Golden> {
  const disk = new MemoryDisk();
  const log = await Log.open({ directory: '/log', origin, signingKey: signingKey(seed), files: disk });
  const roots = [toHex(await log.rootAt(0))];
  for (const entry of entries) {
    const { head } = await log.appendPublished(entry);
    roots.push(toHex(head.root));
  }
  const receipt = { index: 3, text: await log.receipt(3) };
  const checkpoint = log.checkpoint();
  const { vkey } = log;
  await log.close();
  const files: Record<string, string> = {};
  for (const file of disk.paths())
    files[file.slice('/log/'.length)] = toHex((await disk.read(file)) ?? new Uint8Array());
  return {
    about: 'Golden vectors of the audit log, docs/spec/log.md. Bytes in lower-case hexadecimal.',
    origin,
    seed: toHex(seed),
    vkey,
    entries: entries.map(toHex),
    roots,
    files,
    checkpoint,
    receipt,
    textLogRoots: textLogRoots([1, 2, 255, 256, 257, 65_536, 70_000]),
  };
}

function textLogRoots(sizes: readonly number[]): Record<string, string> {
  const frontier = new Frontier();
  const roots: Record<string, string> = {};
  for (const size of sizes) {
    while (frontier.size < size) frontier.append(leafHash(utf8(`entry ${frontier.size}`)));
    roots[size] = toHex(frontier.root());
  }
  return roots;
}

describe('log-golden.json', () => {
  let golden: Golden;

  beforeAll(async () => {
    if (process.env['REINRAUM_GOLDEN'] === 'write') {
      writeFileSync(path, `${JSON.stringify(await generate(), null, 2)}\n`);
    }
    golden = JSON.parse(readFileSync(path, 'utf8')) as Golden;
  });

  it('is what the code writes', async () => {
    expect(await generate()).toEqual(golden);
  });

  it('is read from its files alone', async () => {
    const fetch = (file: string): Promise<Uint8Array | undefined> =>
      Promise.resolve(golden.files[file] === undefined ? undefined : fromHex(golden.files[file]));
    const reader = new LogReader(fetch, ed25519Verifier(golden.vkey));
    const head = await reader.checkpoint();
    expect(head.note).toBe(golden.checkpoint);
    expect(toHex(head.root)).toBe(golden.roots.at(-1));
    const read: string[] = [];
    for await (const { entry } of reader.entries(head)) read.push(toHex(entry));
    expect(read).toEqual(golden.entries);
  });

  it('has a receipt that proves its entry and no other', async () => {
    const { index, text } = golden.receipt;
    const logKey = ed25519Verifier(golden.vkey);
    const verified = await verifyReceipt(fromHex(golden.entries[index] ?? ''), text, logKey);
    expect(verified.index).toBe(index);
    await expect(verifyReceipt(utf8('{}'), text, logKey)).rejects.toMatchObject({ code: 'inclusion-invalid' });
  });

  it('opens as a directory', async () => {
    const disk = new MemoryDisk();
    for (const directory of ['/log', '/log/tile', '/log/tile/0', '/log/tile/0/000.p'])
      await disk.makeDirectory(directory);
    for (const directory of ['/log/tile/entries', '/log/tile/entries/000.p']) await disk.makeDirectory(directory);
    for (const [file, hex] of Object.entries(golden.files)) disk.tamper(`/log/${file}`, () => fromHex(hex));
    const key = signingKey(fromHex(golden.seed));
    const log = await Log.open({ directory: '/log', origin: golden.origin, signingKey: key, files: disk });
    expect(log.checkpoint()).toBe(golden.checkpoint);
    await log.close();
  });
});

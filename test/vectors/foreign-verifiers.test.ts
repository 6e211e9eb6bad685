/**
 * Logs and tampered copies of them before three verifiers: ours, a Go program on golang.org/x/mod, and OpenSSL for the
 * signature of the checkpoint. The last two know nothing of our code (`test/foreign`).
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  directoryFetch,
  EvidenceError,
  ed25519Signer,
  ed25519Verifier,
  encodeBundle,
  formatVkey,
  Log,
  LogReader,
  leafHash,
  parseNote,
  RightEdge,
  signNote,
  TrustError,
  verifyCheckpoint,
  verifyConsistency,
  verifyReceipt,
} from '@reinraum/audit';
import { Charter, fromBase64, type SigningKey, signingKey, toBase64, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  type Available,
  buildGo,
  findOpenssl,
  type Given,
  type RunGo,
  type RunOpenssl,
} from '../support/foreign-verifiers.ts';

const origin = 'example.com/foreign';
const key = signingKey(new Uint8Array(32).fill(5));
const vkey = formatVkey(origin, key.publicKey);
const logKey = ed25519Verifier(vkey);
/** Sizes with a checkpoint: before, at and behind the edge of a bundle; two full ones and a partial at the end. */
const sizes = [0, 1, 200, 256, 300, 700] as const;
const size = 700;

let folder: string;
const path = (name: string): string => join(folder, name);
const entryOf = (index: number, story = ''): Uint8Array => utf8(`${story}entry ${index} `.repeat((index + 1) % 41));

/** Writes a log with a checkpoint of every size beside it; proofs and receipts of the log at the end. */
async function write(name: string, signer: SigningKey, story?: string): Promise<void> {
  const log = await Log.open({ directory: path(name), origin, signingKey: signer });
  for (const to of sizes) {
    const from = log.size;
    await Promise.all(Array.from({ length: to - from }, (_, at) => log.append(entryOf(from + at, story))));
    await log.publish();
    await writeFile(path(`${name}.${to}`), log.checkpoint());
    if (to > 0) await writeFile(path(`${name}.${to}.tlog-proof`), await log.receipt(to - 1));
  }
  for (const from of sizes) {
    const proof = await log.consistency(from);
    await writeFile(path(`${name}.${from}.proof`), proof.map((hash) => `${toBase64(hash)}\n`).join(''));
  }
  await log.close();
}

/** What our verifier says of a log and of what is given with it. */
async function ours(directory: string, { checkpoint, consistency, receipt }: Given = {}): Promise<string> {
  try {
    const reader = new LogReader(directoryFetch(directory), logKey);
    const head = await reader.checkpoint();
    const entries: Uint8Array[] = [];
    for await (const { entry } of reader.entries(head)) entries.push(entry);
    if (checkpoint !== undefined) {
      const older = await verifyCheckpoint(new Uint8Array(await readFile(checkpoint)), logKey);
      await reader.consistency(older, head);
      if (consistency !== undefined && older.size > 0) {
        const lines = (await readFile(consistency, 'utf8')).split('\n').slice(0, -1);
        const proof = lines.map((line) => Uint8Array.from(Buffer.from(line, 'base64')));
        const claim = { size1: older.size, root1: older.root, size2: head.size, root2: head.root };
        if (!verifyConsistency(claim, proof)) return 'consistency-invalid';
      }
    }
    if (receipt !== undefined) {
      const text = await readFile(receipt, 'utf8');
      const index = Number(/^index (\d+)$/m.exec(text)?.[1]);
      await verifyReceipt(entries[index] ?? new Uint8Array(0), text, logKey);
    }
    return 'verified';
  } catch (error) {
    if (error instanceof EvidenceError || error instanceof TrustError) return error.code;
    throw error;
  }
}

/** A copy of the log, changed. */
async function copy(name: string, change: (directory: string) => Promise<void>): Promise<string> {
  const directory = path(`copy-${name}`);
  await cp(path('log'), directory, { recursive: true });
  onTestFinished(() => rm(directory, { recursive: true }));
  await change(directory);
  return directory;
}

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await writeFile(file, bytes);
}

/** Another entry 300, and bundle and tiles as they would be if it had always been so – but no key. */
async function rewrite(directory: string): Promise<void> {
  const edge = new RightEdge();
  const entries = Array.from({ length: size }, (_, index) => entryOf(index, index === 300 ? 'another ' : ''));
  const put = (file: string, bytes: Uint8Array) => writeFile(join(directory, file), bytes);
  const full: Promise<void>[] = [];
  for (const entry of entries) edge.append(entry, (tile) => full.push(put(tile.path, tile.bytes)));
  await Promise.all([...full, ...edge.partials().map((tile) => put(tile.path, tile.bytes))]);
}

async function sign(file: string, text: string, name: string, signer: SigningKey): Promise<void> {
  await writeFile(file, await signNote(text, [ed25519Signer(name, signer)]));
}

const textOf = async (file: string): Promise<string> => parseNote(await readFile(file, 'utf8')).text;

/** The log of a room that an earlier build kept, and its key out of the charter. */
const golden = join(import.meta.dirname, '../golden/state-1/state');

async function goldenKey(): Promise<string> {
  const room = (await readFile(join(golden, 'room'), 'utf8')).trim();
  const charter = Charter.parse(JSON.parse(await readFile(join(golden, 'objects', room), 'utf8')));
  return formatVkey(`reinraum/${room}`, fromBase64(charter.enclave.signingKey));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-foreign-'));
  await write('log', key);
  // The same key, another history.
  await write('fork', key, 'other ');
});
afterAll(() => rm(folder, { recursive: true }));

interface Tampering {
  readonly what: string;
  readonly change: (directory: string) => Promise<void>;
  readonly ours: string;
  readonly go: string;
  /** What OpenSSL says of the checkpoint's signature alone. */
  readonly openssl: string;
  /** A checkpoint somebody kept, which alone tells the copy from an honest log. */
  readonly kept?: string;
}

const stranger = signingKey(new Uint8Array(32).fill(6));
const signed = { openssl: 'verified' } as const;
const everybody = (reason: string) => ({ ours: reason, go: reason, openssl: reason });

const tamperings: readonly Tampering[] = [
  {
    what: 'a bit in a bundle',
    change: (log) => flip(join(log, 'tile/entries/001'), 400),
    ours: 'entry-mismatch',
    go: 'root-mismatch',
    ...signed,
  },
  { what: 'a bit in a full tile', change: (log) => flip(join(log, 'tile/0/001'), 400), ...both('tile-mismatch') },
  {
    what: 'a bit in a partial tile',
    change: (log) => flip(join(log, 'tile/0/002.p/188'), 40),
    ...both('tile-mismatch'),
  },
  { what: 'a bit above the leaves', change: (log) => flip(join(log, 'tile/1/000.p/2'), 0), ...both('tile-mismatch') },
  { what: 'a bundle and its tiles, consistently', change: rewrite, ...both('root-mismatch') },
  {
    what: 'a truncated tail',
    change: async (log) => {
      for (const level of ['0', 'entries']) await rm(join(log, `tile/${level}/002.p`), { recursive: true });
    },
    ours: 'tile-missing',
    go: 'bundle-missing',
    ...signed,
  },
  {
    what: 'a bundle cut in its last entry',
    change: async (log) => {
      const file = join(log, 'tile/entries/002.p/188');
      await writeFile(file, (await readFile(file)).subarray(0, -1));
    },
    ...both('bundle-malformed'),
  },
  {
    what: 'bytes behind the last entry',
    change: async (log) => {
      const file = join(log, 'tile/entries/002.p/188');
      await writeFile(file, Buffer.concat([await readFile(file), encodeBundle([utf8('more')])]));
    },
    ...both('bundle-malformed'),
  },
  {
    what: 'the checkpoint of another key under the same name',
    change: async (log) => sign(join(log, 'checkpoint'), await textOf(join(log, 'checkpoint')), origin, stranger),
    ...everybody('signature-unknown'),
  },
  {
    what: 'the checkpoint of another log',
    change: async (log) => {
      const text = (await textOf(join(log, 'checkpoint'))).replace(origin, 'example.com/else');
      await sign(join(log, 'checkpoint'), text, 'example.com/else', key);
    },
    ...everybody('signature-unknown'),
    openssl: 'origin-unknown',
  },
  {
    what: 'another origin in a text the log signed',
    change: async (log) => {
      const text = (await textOf(join(log, 'checkpoint'))).replace(origin, 'example.com/else');
      await sign(join(log, 'checkpoint'), text, origin, key);
    },
    ...everybody('origin-unknown'),
  },
  {
    what: 'a bit of the signature',
    change: async (log) => {
      const note = await readFile(join(log, 'checkpoint'), 'utf8');
      await writeFile(
        join(log, 'checkpoint'),
        note.replace(/(.)(.{9}\n)$/, (_, a, b) => `${a === 'A' ? 'B' : 'A'}${b}`),
      );
    },
    ...everybody('signature-invalid'),
  },
  {
    what: 'another size under the old signature',
    change: async (log) => {
      const note = await readFile(join(log, 'checkpoint'), 'utf8');
      await writeFile(join(log, 'checkpoint'), note.replace('\n700\n', '\n699\n'));
    },
    ...everybody('signature-invalid'),
  },
  {
    what: 'an older checkpoint put back',
    change: async (log) => cp(path('log.300'), join(log, 'checkpoint')),
    ...both('consistency-invalid'),
    kept: 'log.700',
  },
  {
    what: 'a split view: the same size, another root, the same key',
    change: async (log) => {
      await rm(log, { recursive: true });
      await cp(path('fork'), log, { recursive: true });
    },
    ...both('consistency-invalid'),
    kept: 'log.700',
  },
  {
    what: 'a split view that was parted earlier',
    change: async (log) => {
      await rm(log, { recursive: true });
      await cp(path('fork'), log, { recursive: true });
    },
    ...both('consistency-invalid'),
    kept: 'log.200',
  },
];

function both(reason: string) {
  return { ours: reason, go: reason, ...signed };
}

describe('our verifier', () => {
  test.each(sizes)('accepts the log at %i', async (at) => {
    const log = await copy('good', (directory) => cp(path(`log.${at}`), join(directory, 'checkpoint')));
    expect(await ours(log, { checkpoint: path(`log.${Math.min(at, 200)}`) })).toBe('verified');
  });

  test.each(tamperings)('rejects $what: $ours', async ({ change, ours: reason, kept }) => {
    const log = await copy('bad', change);
    if (kept !== undefined) expect(await ours(log)).toBe('verified');
    expect(await ours(log, kept === undefined ? {} : { checkpoint: path(kept) })).toBe(reason);
  });

  test('the copies are told apart by entries that differ', () => {
    expect(leafHash(entryOf(300, 'another '))).not.toEqual(leafHash(entryOf(300)));
  });
});

describe.each(['modules', 'debian'] as const)('the Go program with x/mod of: %s', (from) => {
  let go: Available<RunGo>;
  beforeAll(() => {
    go = buildGo(from);
  });
  afterAll(() => {
    if ('close' in go) go.close();
  });

  test.for(sizes)('accepts the log at %i, and older checkpoints', async (at, context) => {
    const run = 'run' in go ? go.run : context.skip(go.reason);
    const log = await copy('good', (directory) => cp(path(`log.${at}`), join(directory, 'checkpoint')));
    for (const older of sizes.filter((other) => other <= at)) {
      expect(run(vkey, log, { checkpoint: path(`log.${older}`) })).toBe('verified');
    }
  });

  test('accepts the log of a room', async (context) => {
    const run = 'run' in go ? go.run : context.skip(go.reason);
    expect(run(await goldenKey(), join(golden, 'log'))).toBe('verified');
    expect(run(vkey, join(golden, 'log'))).toBe('signature-unknown');
  });

  test.for(tamperings)('rejects $what: $go', async ({ change, go: reason, kept }, context) => {
    const run = 'run' in go ? go.run : context.skip(go.reason);
    const log = await copy('bad', change);
    if (kept !== undefined) expect(run(vkey, log)).toBe('verified');
    expect(run(vkey, log, kept === undefined ? {} : { checkpoint: path(kept) })).toBe(reason);
  });

  test.for(sizes)('takes our proof from %i, and no other', async (at, context) => {
    const run = 'run' in go ? go.run : context.skip(go.reason);
    const given = { checkpoint: path(`log.${at}`), consistency: path(`log.${at}.proof`) };
    expect(run(vkey, path('log'), given)).toBe('verified');
    const proof = await readFile(given.consistency, 'utf8');
    const consistency = path('wrong.proof');
    await writeFile(consistency, `${toBase64(new Uint8Array(32))}\n${proof.slice(45)}`);
    expect(run(vkey, path('log'), { ...given, consistency })).toBe('consistency-invalid');
    if (at > 0) expect(await ours(path('log'), { ...given, consistency })).toBe('consistency-invalid');
  });

  test.for(sizes.slice(1))('takes our receipt at %i, and no other', async (at, context) => {
    const run = 'run' in go ? go.run : context.skip(go.reason);
    const receipt = path(`log.${at}.tlog-proof`);
    const verdicts = async (file: string) => [
      await ours(path('log'), { receipt: file }),
      run(vkey, path('log'), { receipt: file }),
    ];
    expect(await verdicts(receipt)).toEqual(['verified', 'verified']);
    const text = await readFile(receipt, 'utf8');
    const wrong = path('wrong.tlog-proof');
    await writeFile(wrong, text.replace(/^index \d+\n/m, `$&${toBase64(new Uint8Array(32))}\n`));
    expect(await verdicts(wrong)).toEqual(['inclusion-invalid', 'inclusion-invalid']);
    await writeFile(wrong, text.replace(/^index \d+$/m, `index ${at}`));
    expect(await verdicts(wrong)).toEqual(['inclusion-invalid', 'inclusion-invalid']);
    await writeFile(wrong, text.replace(/^index /m, 'index 0'));
    expect(await verdicts(wrong)).toEqual(['receipt-malformed', 'receipt-malformed']);
    // Of the other history: signed, but neither its entry nor its checkpoint is this log's.
    expect(await verdicts(path(`fork.${at}.tlog-proof`))).toEqual(['inclusion-invalid', 'consistency-invalid']);
  });
});

describe('OpenSSL', () => {
  let openssl: Available<RunOpenssl>;
  beforeAll(() => {
    openssl = findOpenssl();
  });

  test.for(sizes)('accepts the checkpoint of %i', (at, context) => {
    const run = 'run' in openssl ? openssl.run : context.skip(openssl.reason);
    expect(run(vkey, path(`log.${at}`))).toBe('verified');
  });

  test('accepts the checkpoint of a room', async (context) => {
    const run = 'run' in openssl ? openssl.run : context.skip(openssl.reason);
    expect(run(await goldenKey(), join(golden, 'log/checkpoint'))).toBe('verified');
  });

  test.for(tamperings)('of $what: $openssl', async ({ change, openssl: reason }, context) => {
    const run = 'run' in openssl ? openssl.run : context.skip(openssl.reason);
    expect(run(vkey, join(await copy('bad', change), 'checkpoint'))).toBe(reason);
  });

  test('refuses a key that does not hold together', (context) => {
    const run = 'run' in openssl ? openssl.run : context.skip(openssl.reason);
    const wrong = [vkey.replace('+', '+0'), vkey.slice(0, -4), `x${vkey}`, vkey.replace(/\+A/, '+B')];
    for (const bad of wrong) expect(run(bad, path('log.700'))).toBe('vkey-malformed');
  });
});

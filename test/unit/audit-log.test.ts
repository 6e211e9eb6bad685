import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  directoryFetch,
  ed25519Signer,
  ed25519Verifier,
  Log,
  LogReader,
  leafHash,
  nodeFiles,
  parseNote,
  rootOf,
  signNote,
  verifyConsistency,
  verifyReceipt,
} from '@reinraum/audit';
import { signingKey, toHex } from '@reinraum/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { key, open, origin, text, texts } from '../support/memory-log.ts';
import { MemoryDisk } from './audit-memory-disk.ts';

const appendAll = (log: Log, list: readonly Uint8Array[]) => Promise.all(list.map((entry) => log.append(entry)));

/** A disk with a closed log of so many entries, one checkpoint for each size given. */
async function written(...sizes: number[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await open(disk);
  for (const size of sizes) {
    await appendAll(log, texts(size - log.size, log.size));
    await log.publish();
  }
  await log.close();
  return disk;
}

async function read(disk: MemoryDisk, log: Log): Promise<string[]> {
  const reader = new LogReader(directoryFetch('/log', disk), ed25519Verifier(log.vkey));
  const entries: string[] = [];
  for await (const { entry } of reader.entries(await reader.checkpoint()))
    entries.push(new TextDecoder().decode(entry));
  return entries;
}

describe('log', () => {
  it('begins with a checkpoint of size 0', async () => {
    const disk = new MemoryDisk();
    const log = await open(disk);
    expect(log.size).toBe(0);
    expect(log.checkpoint()).toMatch(/^example\.com\/log\n0\n47DEQpj8HBSa/);
    expect(await read(disk, log)).toEqual([]);
    expect(disk.paths()).toEqual(['/log/checkpoint', '/log/journal', '/log/signed']);
    await log.close();
  });

  it('publishes by itself, and at once on demand', async () => {
    const disk = new MemoryDisk();
    const log = await open(disk);
    expect(await log.append(text(0))).toEqual({ index: 0 });
    const { index, head } = await log.appendPublished(text(1));
    expect(index).toBe(1);
    expect(head.size).toBe(2);
    expect(toHex(head.root)).toBe(toHex(rootOf(texts(2).map(leafHash))));
    await appendAll(log, texts(600, 2));
    await log.publish();
    expect(log.published.size).toBe(602);
    expect(await read(disk, log)).toHaveLength(602);
    await log.close();
  });

  it('keeps partial tiles of every checkpoint until the full one is there', async () => {
    const disk = await written(3, 5, 255);
    const partial = (prefix: string): string[] => disk.paths().filter((path) => path.startsWith(`/log/tile/${prefix}`));
    expect(partial('0/')).toEqual(['/log/tile/0/000.p/255', '/log/tile/0/000.p/3', '/log/tile/0/000.p/5']);
    expect(partial('entries/')).toHaveLength(3);
    const log = await open(disk);
    await log.appendPublished(text(255));
    expect(partial('')).toEqual(['/log/tile/0/000', '/log/tile/1/000.p/1', '/log/tile/entries/000']);
    // A reader that still holds the checkpoint of size 5 cuts the full tile.
    const reader = new LogReader(directoryFetch('/log', disk), ed25519Verifier(log.vkey));
    const older = { origin, size: 5, root: await log.rootAt(5) };
    const seen: number[] = [];
    for await (const { index } of reader.entries(older)) seen.push(index);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    await log.close();
  });

  it('answers for every entry and size, published or not', async () => {
    const disk = await written(300);
    const log = await open(disk);
    const roots = texts(300).map((_, at) => rootOf(texts(at + 1).map(leafHash)));
    const logKey = ed25519Verifier(log.vkey);
    for (const index of [0, 1, 127, 255, 256, 299]) {
      expect(await log.entry(index)).toEqual(text(index));
      expect((await verifyReceipt(text(index), await log.receipt(index), logKey)).index).toBe(index);
    }
    for (const size of [1, 2, 255, 256, 257, 300]) {
      const root = roots[size - 1] ?? new Uint8Array(0);
      expect(await log.rootAt(size)).toEqual(root);
      const claim = { size1: size, size2: 300, root1: root, root2: log.published.root };
      expect(verifyConsistency(claim, await log.consistency(size))).toBe(true);
    }
    expect(await log.consistency(0)).toEqual([]);
    const appended = log.append(text(300));
    await appended;
    expect(await log.entry(300)).toEqual(text(300));
    for (const index of [-1, 0.5, 301, Number.NaN]) await expect(log.entry(index)).rejects.toThrow(RangeError);
    await expect(log.rootAt(10_000)).rejects.toThrow(RangeError);
    await expect(log.consistency(10_000, 10_001)).rejects.toThrow(RangeError);
    await log.close();
    await expect(log.append(text(9))).rejects.toThrow();
  });

  it('answers every entry rightly while it is publishing', async () => {
    const disk = new MemoryDisk();
    const log = await open(disk);
    for (let round = 0; round < 40; round++) {
      await log.append(text(log.size));
      for (let at = 0; at < log.size; at++) expect(await log.entry(at)).toEqual(text(at));
    }
    await log.close();
  });

  it('adds cosignatures to the checkpoint of their size only', async () => {
    const disk = await written(1);
    const log = await open(disk);
    const witness = ed25519Signer('example.com/w', signingKey(new Uint8Array(32).fill(2)));
    const cosigned = parseNote(await signNote(parseNote(log.checkpoint()).text, [witness])).signatures;
    expect(await log.attach(1, cosigned)).toBe(true);
    expect(parseNote(log.checkpoint()).signatures).toHaveLength(2);
    await log.appendPublished(text(1));
    expect(await log.attach(1, cosigned)).toBe(false);
    await log.close();
  });

  it('is open once in a process', async () => {
    const disk = new MemoryDisk();
    const log = await open(disk);
    await expect(open(disk)).rejects.toMatchObject({ code: 'directory-in-use' });
    await log.close();
    await (await open(disk)).close();
  });

  it('works on a real disk', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'audit-log-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const options = { directory: join(directory, 'log'), origin, signingKey: key };
    const log = await Log.open(options);
    await appendAll(log, texts(1000));
    await log.close();
    const again = await Log.open(options);
    expect(again.published.size).toBe(1000);
    expect(await again.entry(999)).toEqual(text(999));
    const reader = new LogReader(directoryFetch(options.directory), ed25519Verifier(again.vkey));
    let count = 0;
    for await (const { index, entry } of reader.entries(await reader.checkpoint())) {
      expect(entry).toEqual(text(index));
      count += 1;
    }
    expect(count).toBe(1000);
    expect((await readdir(options.directory)).sort()).toEqual(['checkpoint', 'journal', 'signed', 'tile']);
    await again.close();
    await expect(nodeFiles.open(join(directory, 'absent'), 'update')).resolves.toBeUndefined();
    await expect(directoryFetch(options.directory)('../etc/passwd')).rejects.toMatchObject({
      code: 'tile-path-malformed',
    });
  });
});

describe('log failure', () => {
  it('is final, told once, and stops later appends', async () => {
    const disk = await written(2);
    const causes: unknown[] = [];
    const log = await open(disk, { onFailure: (cause) => causes.push(cause) });
    // The journal takes 2 operations; the third is the first of the publication.
    disk.fault = { at: disk.operations + 3, kind: 'error' };
    await expect(log.appendPublished(text(2))).rejects.toThrow('EIO');
    await expect(log.append(text(3))).rejects.toMatchObject({ name: 'JournalFailed' });
    await expect(log.publish()).rejects.toThrow('EIO');
    expect(causes).toHaveLength(1);
    await log.close();
    // What was durable before the failure is there again.
    const again = await open(disk);
    expect(await read(disk, again)).toEqual(['entry 0', 'entry 1', 'entry 2']);
    await again.close();
  });

  it('follows from the journal as well', async () => {
    const disk = await written(2);
    const causes: unknown[] = [];
    const log = await open(disk, { onFailure: (cause) => causes.push(cause) });
    disk.fault = { at: disk.operations + 2, kind: 'error' };
    await expect(log.append(text(2))).rejects.toMatchObject({ name: 'JournalFailed' });
    await expect(log.publish()).rejects.toThrow();
    expect(causes).toHaveLength(1);
    await log.close();
  });

  it('never signs over a record somebody else changed', async () => {
    const disk = await written(2);
    const other = await written(5);
    const log = await open(disk);
    const foreign = (await other.read('/log/signed')) ?? new Uint8Array(0);
    disk.tamper('/log/signed', () => foreign);
    await expect(log.appendPublished(text(2))).rejects.toMatchObject({ code: 'signed-changed' });
    expect(new TextDecoder().decode(await disk.read('/log/checkpoint'))).toContain('\n2\n');
    await log.close();
  });

  it('never overwrites a tile with other bytes', async () => {
    const disk = await written(256);
    const log = await open(disk);
    await disk.makeDirectory('/log/tile/0/001.p');
    disk.tamper('/log/tile/0/001.p/1', () => new Uint8Array(32));
    await expect(log.appendPublished(text(256))).rejects.toMatchObject({ code: 'tile-diverges', entryIndex: 256 });
    expect(await disk.read('/log/tile/0/001.p/1')).toEqual(new Uint8Array(32));
    await log.close();
  });

  it('never signs over tiles that did not reach the disk as they were', async () => {
    class FaultyDisk extends MemoryDisk {
      override async rename(from: string, to: string): Promise<void> {
        await super.rename(from, to);
        if (to === '/log/tile/0/000.p/3') this.tamper(to, (bytes) => bytes.with(70, (bytes[70] ?? 0) ^ 1));
      }
    }
    const disk = new FaultyDisk();
    const log = await open(disk);
    await appendAll(log, texts(2));
    await log.publish();
    await expect(log.appendPublished(text(2))).rejects.toMatchObject({ code: 'signed-diverges' });
    expect(new TextDecoder().decode(await disk.read('/log/signed'))).toContain('\n2\n');
    expect(new TextDecoder().decode(await disk.read('/log/checkpoint'))).toContain('\n2\n');
    await log.close();
  });
});

describe('log recovery', () => {
  const flip = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
  const drop = (): undefined => undefined;

  it('rebuilds what is derived', async () => {
    for (const sizes of [[3], [256], [300], [255, 257]]) {
      const disk = await written(...sizes);
      const files = new Map<string, Uint8Array | undefined>();
      for (const path of disk.paths()) files.set(path, await disk.read(path));
      for (const path of disk.paths().filter((path) => path !== '/log/journal')) disk.tamper(path, drop);
      await (await open(disk)).close();
      for (const path of disk.paths()) expect(await disk.read(path), path).toEqual(files.get(path));
    }
  });

  it('publishes what was journalled and not published', async () => {
    for (const [before, after] of [
      [0, 1],
      [3, 5],
      [250, 700],
      [256, 512],
    ] as const) {
      const disk = await written(before);
      const ahead = await written(before, after);
      const journal = (await ahead.read('/log/journal')) ?? new Uint8Array(0);
      disk.tamper('/log/journal', () => journal);
      const log = await open(disk);
      expect(log.published.size).toBe(after);
      expect(await read(disk, log)).toHaveLength(after);
      await log.close();
    }
  });

  it('restores a missing tile of the right edge', async () => {
    const disk = await written(256, 300);
    for (const path of [
      'tile/0/000',
      'tile/0/001.p/44',
      'tile/1/000.p/1',
      'tile/entries/001.p/44',
      'tile/entries/000',
    ]) {
      const bytes = await disk.read(`/log/${path}`);
      disk.tamper(`/log/${path}`, drop);
      await (await open(disk)).close();
      expect(await disk.read(`/log/${path}`)).toEqual(bytes);
    }
  });

  it('publishes the head that was signed and did not get out', async () => {
    const disk = await written(2);
    const ahead = await written(2, 3);
    for (const file of ['journal', 'signed']) {
      const bytes = (await ahead.read(`/log/${file}`)) ?? new Uint8Array(0);
      disk.tamper(`/log/${file}`, () => bytes);
    }
    const log = await open(disk);
    expect(log.published.size).toBe(3);
    await log.close();
    disk.tamper('/log/checkpoint', drop);
    const again = await open(disk);
    expect(again.published.size).toBe(3);
    await again.close();
  });

  it('makes the name of its directory durable that a killed process had made', async () => {
    const disk = new MemoryDisk();
    disk.fault = { at: 2, kind: 'halt' };
    await expect(open(disk)).rejects.toThrow('EIO');
    const killed = disk.afterKill();
    expect(await killed.makeDirectory('/log')).toBe(false);
    const log = await open(killed);
    await log.append(text(0));
    const again = await open(killed.afterPowerLoss());
    expect(again.size).toBe(1);
    await again.close();
  });

  it('cuts off a torn frame that nobody was promised', async () => {
    const disk = await written(2);
    disk.tamper('/log/journal', (bytes) => Uint8Array.of(...bytes, 0, 0, 0, 9, 1, 2, 3));
    const log = await open(disk);
    expect(log.size).toBe(2);
    expect((await log.appendPublished(text(2))).index).toBe(2);
    await log.close();
  });

  const stops: readonly (readonly [string, string, (disk: MemoryDisk, other: (path: string) => Uint8Array) => void])[] =
    [
      ['journal lost', 'journal-missing', (disk) => disk.tamper('/log/journal', drop)],
      ['last frame cut', 'journal-behind', (disk) => disk.tamper('/log/journal', (bytes) => bytes.slice(0, -1))],
      ['last frame damaged', 'journal-behind', (disk) => disk.tamper('/log/journal', flip)],
      ['another journal', 'signed-diverges', (disk, other) => disk.tamper('/log/journal', () => other('journal'))],
      ['record damaged', 'signed-unreadable', (disk) => disk.tamper('/log/signed', flip)],
      ['record lost', 'checkpoint-ahead', (disk) => disk.tamper('/log/signed', drop)],
      [
        'checkpoint damaged',
        'checkpoint-foreign',
        (disk) => disk.tamper('/log/checkpoint', (bytes) => bytes.with(bytes.length - 9, 48)),
      ],
      ['partial tile damaged', 'tile-diverges', (disk) => disk.tamper('/log/tile/0/001.p/44', flip)],
      ['level 1 damaged', 'tile-diverges', (disk) => disk.tamper('/log/tile/1/000.p/1', flip)],
      ['last full tile damaged', 'tile-diverges', (disk) => disk.tamper('/log/tile/0/000', flip)],
      ['bundle damaged', 'tile-diverges', (disk) => disk.tamper('/log/tile/entries/001.p/44', flip)],
      [
        'checkpoint of another history',
        'checkpoint-inconsistent',
        (disk, other) => disk.tamper('/log/checkpoint', () => other('checkpoint')),
      ],
      [
        'journal and record of another history',
        'checkpoint-inconsistent',
        (disk, other) => {
          for (const file of ['journal', 'signed']) disk.tamper(`/log/${file}`, () => other(file));
        },
      ],
    ];

  it.each(stops)('stops: %s → %s', async (_what, code, damage) => {
    const disk = await written(256, 300);
    const other = new MemoryDisk();
    const log = await open(other);
    await appendAll(log, texts(300, 1000));
    await log.close();
    const files = new Map<string, Uint8Array>();
    for (const file of ['journal', 'signed', 'checkpoint']) {
      files.set(file, (await other.read(`/log/${file}`)) ?? new Uint8Array(0));
    }
    damage(disk, (path) => files.get(path) ?? new Uint8Array(0));
    const before = await Promise.all(disk.paths().map((path) => disk.read(path)));
    await expect(open(disk)).rejects.toMatchObject({ name: 'LogStopped', code });
    // A stop leaves everything as it was found.
    expect(await Promise.all(disk.paths().map((path) => disk.read(path)))).toEqual(before);
  });

  it('stops for a foreign key and for another log’s record', async () => {
    const disk = await written(1);
    const stranger = signingKey(new Uint8Array(32).fill(3));
    await expect(open(disk, { signingKey: stranger })).rejects.toMatchObject({ code: 'checkpoint-foreign' });
    await expect(open(disk, { origin: 'example.com/else' })).rejects.toMatchObject({ code: 'signed-unreadable' });
  });
});

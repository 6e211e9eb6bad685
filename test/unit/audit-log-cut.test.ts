import {
  cutEntriesMin,
  DurableDirectory,
  directoryFetch,
  ed25519Verifier,
  JournalComparison,
  Log,
  LogReader,
  RightEdge,
  verifyReceipt,
} from '@reinraum/audit';
import { concat, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';
import { TileStore } from '../../audit/tile-store.ts';
import { open, text, texts } from '../support/memory-log.ts';
import { MemoryDisk } from './audit-memory-disk.ts';

const none = new Uint8Array(0);
const fileOf = async (disk: MemoryDisk, name: string): Promise<Uint8Array> => (await disk.read(`/log/${name}`)) ?? none;
const flip = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);

/** The log is appended to up to this size, and published. */
async function grow(log: Log, size: number): Promise<void> {
  await Promise.all(texts(size - log.size, log.size).map((entry) => log.append(entry)));
  await log.publish();
}

/** A disk with a closed log of so many entries; its journal is cut at the end, or not at all. */
async function written(size: number, ending: 'cut' | 'whole', of = text): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await open(disk);
  await Promise.all(texts(size).map((_, at) => log.append(of(at))));
  await log.publish();
  if (ending === 'cut') await log.cutJournal();
  await log.close();
  return disk;
}

/** Number in the first frame of the journal, and how many frames of these entries it has. */
async function journalOf(disk: MemoryDisk): Promise<{ readonly base: number; readonly entries: number }> {
  const bytes = await fileOf(disk, 'journal');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let entries = 0;
  for (let at = 8; at < bytes.length; at += 20 + view.getUint32(at)) entries += 1;
  return { base: entries === 0 ? 0 : Number(view.getBigUint64(20)), entries };
}

/** Whether a stranger finds every entry of the log, and the journal in agreement with them. */
async function expectWhole(disk: MemoryDisk, log: Log): Promise<void> {
  const reader = new LogReader(directoryFetch('/log', disk), ed25519Verifier(log.vkey));
  const journal = new JournalComparison(await fileOf(disk, 'journal'));
  let next = 0;
  for await (const { index, entry } of reader.entries(await reader.checkpoint())) {
    expect(entry).toEqual(text(next++));
    expect(journal.holds(index, entry, log.size)).toBe(true);
  }
  expect(next).toBe(log.size);
  const at = Math.floor(next / 3);
  const receipt = await verifyReceipt(text(at), await log.receipt(at), ed25519Verifier(log.vkey));
  expect(receipt.index).toBe(at);
}

describe('cutting the journal', () => {
  it('keeps the last bundle of what is published, full or not', async () => {
    for (const [size, base] of [
      [0, 0],
      [1, 0],
      [256, 0],
      [257, 256],
      [512, 256],
      [513, 512],
      [700, 512],
    ] as const) {
      const disk = await written(size, 'cut');
      expect(await journalOf(disk), `${size}`).toEqual({ base, entries: size - base });
      const log = await open(disk);
      expect(log.size).toBe(size);
      if (size > 0) await expectWhole(disk, log);
      await log.close();
    }
  });

  it('is done again and again, and the log goes on as ever', async () => {
    const disk = new MemoryDisk();
    let log = await open(disk);
    for (const size of [300, 304, 600, 768, 772, 1500]) {
      await grow(log, size);
      await log.cutJournal();
      await log.cutJournal();
      expect((await journalOf(disk)).base).toBe(256 * Math.floor((size - 1) / 256));
      expect(await log.entry(0)).toEqual(text(0));
      await expectWhole(disk, log);
      await grow(log, log.size + 3);
      await log.close();
      log = await open(disk);
      expect(log.size).toBe(size + 3);
      await expectWhole(disk, log);
    }
    await log.close();
  });

  it('is done by itself once 16 full bundles can go, after publishing and when a log is opened', async () => {
    expect(cutEntriesMin).toBe(4096);
    const disk = new MemoryDisk();
    const log = await open(disk);
    await grow(log, 4096);
    expect(await journalOf(disk)).toEqual({ base: 0, entries: 4096 });
    await grow(log, 4097);
    expect(await journalOf(disk)).toEqual({ base: 4096, entries: 1 });
    await grow(log, 8192);
    expect(await journalOf(disk)).toEqual({ base: 4096, entries: 4096 });
    await expectWhole(disk, log);
    await log.close();
    const old = await written(700, 'whole');
    const again = await open(old, { cutEntries: 512 });
    expect(await journalOf(old)).toEqual({ base: 512, entries: 188 });
    await again.close();
  });

  it('leaves old journals as they are until enough can go', async () => {
    const disk = await written(700, 'whole');
    const before = await fileOf(disk, 'journal');
    const log = await open(disk);
    await grow(log, 701);
    await expectWhole(disk, log);
    await log.close();
    const after = await fileOf(disk, 'journal');
    expect(after.subarray(0, before.length)).toEqual(before);
    expect(await journalOf(disk)).toEqual({ base: 0, entries: 701 });
  });

  it('takes appends while it goes on', async () => {
    const disk = await written(1000, 'whole');
    const log = await open(disk);
    const cut = log.cutJournal();
    const appended = await Promise.all(texts(700, 1000).map((entry) => log.appendPublished(entry)));
    await cut;
    expect(appended.map(({ index }) => index)).toEqual(texts(700).map((_, at) => 1000 + at));
    expect((await journalOf(disk)).base).toBe(768);
    await expectWhole(disk, log);
    await log.close();
  });

  it('writes over what an interrupted cut has left', async () => {
    const disk = await written(600, 'whole');
    disk.tamper('/log/journal.tmp', () => utf8('RRJRNL1\nhalf a journal'));
    const log = await open(disk);
    await expectWhole(disk, log);
    await log.cutJournal();
    expect(disk.paths()).not.toContain('/log/journal.tmp');
    await log.close();
  });

  it('stops where the disk does not hold what would go, and leaves the journal', async () => {
    for (const [path, change, code] of [
      ['tile/entries/000', flip, 'tile-diverges'],
      ['tile/entries/001', () => undefined, 'tile-diverges'],
      ['tile/1/000.p/2', flip, 'signed-diverges'],
      ['tile/1/000.p/2', (bytes: Uint8Array) => bytes.slice(1), 'tile-diverges'],
      ['tile/1/000.p/2', () => undefined, 'tile-missing'],
    ] as const) {
      const disk = await written(700, 'whole');
      const causes: unknown[] = [];
      const log = await open(disk, { onFailure: (cause) => causes.push(cause) });
      const journal = await fileOf(disk, 'journal');
      disk.tamper(`/log/${path}`, change);
      await expect(log.cutJournal(), path).rejects.toMatchObject({ name: 'LogStopped', code });
      await expect(log.append(text(700))).rejects.toMatchObject({ name: 'JournalFailed' });
      expect(causes).toHaveLength(1);
      expect(await fileOf(disk, 'journal')).toEqual(journal);
      await log.close();
    }
  });

  it('survives an error and a kill at each of its operations', async () => {
    const before = await written(300, 'whole');
    const whole = before.afterPowerLoss();
    const log = await open(whole);
    const start = whole.operations;
    await log.cutJournal();
    const operations = whole.operations - start;
    await log.close();
    for (let at = 1; at <= operations; at++) {
      for (const kind of ['error', 'halt'] as const) {
        const disk = before.afterPowerLoss();
        const broken = await open(disk);
        disk.fault = { at: disk.operations + at, kind };
        await expect(broken.cutJournal()).rejects.toThrow();
        await expect(broken.append(text(300))).rejects.toThrow();
        for (const left of [disk.afterPowerLoss(), disk.afterPowerLoss(() => true), disk.afterKill()]) {
          const again = await open(left, { cutEntries: 256 });
          await again.appendPublished(text(300));
          expect((await journalOf(left)).base).toBe(256);
          await expectWhole(left, again);
          await again.close();
        }
      }
    }
  });

  it('makes sure of bundles that were copied here and never synced', async () => {
    const source = await written(700, 'whole');
    const copy = new MemoryDisk();
    for (const path of source.paths()) {
      const names = path.split('/');
      for (let depth = 2; depth < names.length; depth++) await copy.makeDirectory(names.slice(0, depth).join('/'));
      await (await copy.open(path, 'create'))?.write((await source.read(path)) ?? none, 0);
    }
    await copy.syncDirectory('/');
    await (await open(copy, { cutEntries: 256 })).close();
    const left = copy.afterPowerLoss();
    const log = await open(left);
    expect((await journalOf(left)).base).toBe(512);
    for (const at of [0, 255, 256, 511, 512, 699]) expect(await log.entry(at)).toEqual(text(at));
    await log.close();
  });
});

describe('opening a log with a cut journal', () => {
  it('publishes what was journalled and not published', async () => {
    for (const [before, after] of [
      [257, 258],
      [300, 512],
      [512, 513],
      [700, 1300],
    ] as const) {
      const disk = await written(before, 'cut');
      const ahead = await written(before, 'cut');
      const more = await open(ahead);
      await grow(more, after);
      await more.close();
      const journal = await fileOf(ahead, 'journal');
      for (const keepsCheckpoint of [true, false]) {
        disk.tamper('/log/journal', () => journal);
        if (!keepsCheckpoint) disk.tamper('/log/checkpoint', () => undefined);
        const log = await open(disk);
        expect(log.published.size).toBe(after);
        expect(log.published.root).toEqual(more.published.root);
        await expectWhole(disk, log);
        await log.close();
      }
    }
  });

  it('cuts off a torn last frame', async () => {
    const disk = await written(700, 'cut');
    const whole = await fileOf(disk, 'journal');
    disk.tamper('/log/journal', (bytes) => Uint8Array.of(...bytes, 0, 0, 0, 9, 1, 2, 3));
    const log = await open(disk);
    expect(log.size).toBe(700);
    expect(await fileOf(disk, 'journal')).toEqual(whole);
    await grow(log, 701);
    await expectWhole(disk, log);
    await log.close();
  });

  const drop = (): undefined => undefined;
  const stops: readonly (readonly [string, string, (disk: MemoryDisk, longer: MemoryDisk) => Promise<void> | void])[] =
    [
      ['journal lost', 'journal-missing', (disk) => disk.tamper('/log/journal', drop)],
      ['last frame cut', 'journal-behind', (disk) => disk.tamper('/log/journal', (bytes) => bytes.slice(0, -1))],
      ['all frames lost', 'journal-behind', (disk) => disk.tamper('/log/journal', (bytes) => bytes.slice(0, 8))],
      [
        'journal of a longer log',
        'journal-ahead',
        async (disk, longer) => {
          const journal = await fileOf(longer, 'journal');
          disk.tamper('/log/journal', () => journal);
        },
      ],
      ['record lost', 'journal-ahead', (disk) => disk.tamper('/log/signed', drop)],
      [
        'an older checkpoint put back',
        'journal-ahead',
        async (disk) => {
          const older = await fileOf(await written(300, 'whole'), 'checkpoint');
          disk.tamper('/log/checkpoint', () => older);
        },
      ],
      ['tile below the base lost', 'tile-missing', (disk) => disk.tamper('/log/tile/1/000.p/2', drop)],
      ['tile below the base cut', 'tile-diverges', (disk) => disk.tamper('/log/tile/1/000.p/2', (b) => b.slice(1))],
      ['tile below the base damaged', 'signed-diverges', (disk) => disk.tamper('/log/tile/1/000.p/2', flip)],
      ['tile beyond the base damaged', 'tile-diverges', (disk) => disk.tamper('/log/tile/0/002.p/188', flip)],
      [
        'journal of another log',
        'signed-diverges',
        async (disk) => {
          const other = await fileOf(await written(700, 'cut', (at) => utf8(`other ${at}`)), 'journal');
          disk.tamper('/log/journal', () => other);
        },
      ],
    ];

  it.each(stops)('stops: %s → %s', async (_what, code, damage) => {
    const disk = await written(700, 'cut');
    await damage(disk, await written(1100, 'cut'));
    const before = await Promise.all(disk.paths().map((path) => disk.read(path)));
    await expect(open(disk)).rejects.toMatchObject({ name: 'LogStopped', code });
    expect(await Promise.all(disk.paths().map((path) => disk.read(path)))).toEqual(before);
  });

  it('stops at a first frame that is damaged or cannot be one', async () => {
    for (const change of [
      (bytes: Uint8Array): Uint8Array => bytes.with(30, 0),
      (bytes: Uint8Array): Uint8Array => concat(bytes.slice(0, 8), bytes.slice(8 + 20 + text(512).length)),
    ]) {
      const disk = await written(700, 'cut');
      disk.tamper('/log/journal', change);
      await expect(open(disk)).rejects.toMatchObject({ name: 'JournalCorrupt', entryIndex: 0 });
    }
  });
});

describe('a cut journal compared with its log', () => {
  it('is in order from its base on', async () => {
    const bytes = await fileOf(await written(700, 'cut'), 'journal');
    const journal = new JournalComparison(bytes);
    expect(texts(700).every((entry, at) => journal.holds(at, entry, 700))).toBe(true);
    expect(new JournalComparison(bytes).holds(0, utf8('was cut off'), 700)).toBe(true);
    expect(new JournalComparison(bytes).holds(512, utf8('other'), 700)).toBe(false);
    expect(new JournalComparison(bytes.with(30, 0)).holds(0, text(0), 700)).toBe(false);
  });

  it('differs where it begins behind the log, or in the middle of a bundle', async () => {
    const bytes = await fileOf(await written(700, 'cut'), 'journal');
    expect(new JournalComparison(bytes).holds(0, text(0), 512)).toBe(true);
    expect(new JournalComparison(bytes).holds(0, text(0), 511)).toBe(false);
    const middle = concat(bytes.slice(0, 8), bytes.slice(8 + 20 + text(512).length));
    expect(new JournalComparison(middle).holds(0, text(0), 700)).toBe(false);
    expect(new JournalComparison(utf8('RRJRNL2\n')).holds(0, text(0), 700)).toBe(false);
  });
});

describe('the right edge out of tiles', () => {
  it('is the one that was reached entry by entry, at any level', async () => {
    const size = 2 * 65_536 + 700;
    const disk = new MemoryDisk();
    await disk.makeDirectory('/log');
    const directory = new DurableDirectory('/log', disk);
    const edge = new RightEdge();
    const bases = [0, 256, 65_280, 65_536, 65_792, 131_072, 131_584];
    const reached = new Map<number, RightEdge>();
    const due: { readonly path: string; readonly bytes: Uint8Array }[] = [];
    for (let at = 0; at < size; at++) {
      if (bases.includes(at)) reached.set(at, edge.copy());
      edge.append(text(at), (tile) => tile.coordinate.level !== 'entries' && due.push(tile));
    }
    await directory.write([...due, ...edge.partials()]);
    for (const base of bases) {
      const found = await new TileStore(directory).edgeAt(base, size);
      expect(found.size).toBe(base);
      expect(found.root()).toEqual(reached.get(base)?.root());
      const partials = (one: RightEdge | undefined) => one?.partials().map(({ path, bytes }) => [path, bytes]);
      expect(partials(found)).toEqual(partials(reached.get(base)));
      for (let at = base; at < base + 300; at++) found.append(text(at));
      const known = reached.get(base);
      for (let at = base; at < base + 300; at++) known?.append(text(at));
      expect(partials(found)).toEqual(partials(known));
      expect(found.root()).toEqual(known?.root());
    }
  });
});

import {
  batchEntriesMax,
  DurableDirectory,
  Journal,
  JournalBusy,
  JournalCorrupt,
  type JournalEntry,
  JournalFailed,
  type JournalOwner,
  waitingEntriesMax,
} from '@reinraum/audit';
import { concat, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';
import { MemoryDisk } from './audit-memory-disk.ts';

interface Opened {
  readonly journal: Journal;
  readonly found: JournalEntry[];
  readonly batches: number[];
}

async function open(disk: MemoryDisk, settledSize?: number): Promise<Opened> {
  const found: JournalEntry[] = [];
  const batches: number[] = [];
  const owner: JournalOwner = {
    found: (entry) => found.push(entry),
    committed: (_first, entries) => batches.push(entries.length),
  };
  const journal = await Journal.open(new DurableDirectory('/log', disk), 'journal', owner, settledSize);
  return { journal, found, batches };
}

const entries = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => utf8(`entry ${at}`));

/** A disk with a closed journal of these entries. */
async function written(list: readonly Uint8Array[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await open(disk);
  await Promise.all(list.map((entry) => journal.append(entry)));
  await journal.close();
  return disk;
}

describe('journal', () => {
  it('gives every entry its index and finds them again', async () => {
    const list = [...entries(5), utf8(''), new Uint8Array(65_535).fill(1)];
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    expect(await Promise.all(list.map((entry) => journal.append(entry)))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    await journal.close();
    const again = await open(disk);
    expect(again.found.map(({ entry }) => new Uint8Array(entry))).toEqual(list);
    expect(again.journal.size).toBe(7);
    expect(await again.journal.append(utf8('x'))).toBe(7);
    const read: number[] = [];
    for await (const frames of again.journal.entriesFrom(5)) read.push(...frames.map(({ index }) => index));
    expect(read).toEqual([5, 6, 7]);
    await again.journal.close();
  });

  it('finds more entries than one block of the file holds', async () => {
    const list = Array.from({ length: 40 }, (_, at) => new Uint8Array(60_000).fill(at));
    const { found, journal } = await open(await written(list));
    expect(found.map(({ entry }) => new Uint8Array(entry))).toEqual(list);
    await journal.close();
  });

  it('commits waiting entries together, at most 256 with one write and one sync', async () => {
    const disk = new MemoryDisk();
    const { journal, batches } = await open(disk);
    const before = disk.operations;
    await Promise.all(entries(600).map((entry) => journal.append(entry)));
    expect(batches).toEqual([batchEntriesMax, batchEntriesMax, 88]);
    expect(disk.operations - before).toBe(6);
    await journal.close();
  });

  it('acknowledges only what survives a power loss', async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    await journal.append(utf8('a'));
    void journal.append(utf8('b')).catch(() => undefined);
    const { found } = await open(disk.afterPowerLoss());
    expect(found).toHaveLength(1);
    await journal.close();
  });

  it('keeps its own copy of an entry', async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    const entry = utf8('kept');
    const appended = journal.append(entry);
    entry.fill(0);
    await appended;
    await journal.close();
    expect((await open(disk)).found[0]?.entry).toEqual(utf8('kept'));
  });

  it('is failed for ever by the first file error', async () => {
    for (const offset of [1, 2]) {
      const disk = new MemoryDisk();
      const { journal } = await open(disk);
      await journal.append(utf8('a'));
      disk.fault = { at: disk.operations + offset, kind: 'error' };
      const results = await Promise.allSettled(entries(300).map((entry) => journal.append(entry)));
      for (const result of results)
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(JournalFailed) });
      await expect(journal.append(utf8('b'))).rejects.toThrow(JournalFailed);
      expect(journal.size).toBe(1);
    }
  });

  it('notices a second writer', async () => {
    const disk = await written(entries(1));
    const [first, second] = [await open(disk), await open(disk)];
    await first.journal.append(utf8('mine'));
    await expect(second.journal.append(utf8('theirs'))).rejects.toThrow(JournalFailed);
  });

  it('has limits', async () => {
    const { journal } = await open(new MemoryDisk());
    await expect(journal.append(new Uint8Array(65_536))).rejects.toThrow(RangeError);
    const taken = entries(waitingEntriesMax).map((entry) => journal.append(entry));
    await expect(journal.append(utf8('x'))).rejects.toThrow(JournalBusy);
    expect(await Promise.all(taken)).toHaveLength(waitingEntriesMax);
    await journal.close();
    await expect(journal.append(utf8('x'))).rejects.toThrow(JournalFailed);
  });
});

describe('journal recovery', () => {
  it('drops a frame torn at any byte, and nothing else', async () => {
    const disk = await written(entries(4));
    const whole = (await disk.read('/log/journal')) ?? new Uint8Array(0);
    const last = 20 + utf8('entry 3').length;
    for (let cut = 1; cut <= last; cut++) {
      disk.tamper('/log/journal', () => whole.slice(0, whole.length - cut));
      const { journal, found } = await open(disk);
      expect(found, `cut ${cut}`).toHaveLength(3);
      expect(await journal.append(utf8('entry 3'))).toBe(3);
      await journal.close();
      expect(await disk.read('/log/journal')).toEqual(whole);
    }
  });

  it('drops a last frame whose content never reached the disk', async () => {
    const disk = await written(entries(3));
    const whole = (await disk.read('/log/journal')) ?? new Uint8Array(0);
    disk.tamper('/log/journal', () => concat(whole, new Uint8Array(4096)));
    const { journal, found } = await open(disk);
    expect(found).toHaveLength(3);
    await journal.close();
    expect(await disk.read('/log/journal')).toEqual(whole);
  });

  it('drops the rest of the last batch, whichever of its sectors reached the disk', async () => {
    const disk = await written(entries(2));
    const durableBytes = (await disk.read('/log/journal'))?.length ?? 0;
    const batch = Array.from({ length: 8 }, (_, at) => utf8(`${at}`.repeat(300)));
    const { journal } = await open(disk);
    await Promise.all(batch.map((entry) => journal.append(entry)));
    await journal.close();
    const whole = (await disk.read('/log/journal')) ?? new Uint8Array(0);
    for (let sector = 0; sector < whole.length; sector += 512) {
      const torn = whole.slice();
      torn.fill(0, Math.max(sector, durableBytes), sector + 512);
      disk.tamper('/log/journal', () => torn);
      // Of entries a head was signed for nothing can be missing: then it is damage, and left as it is.
      if (sector + 512 <= whole.length - 320) {
        await expect(open(disk, 10), `sector at ${sector}`).rejects.toThrow(JournalCorrupt);
        expect(await disk.read('/log/journal')).toEqual(torn);
      }
      const again = await open(disk);
      const kept = again.found.length;
      expect(again.found.map(({ entry }) => new Uint8Array(entry))).toEqual([...entries(2), ...batch].slice(0, kept));
      expect(kept, `sector at ${sector}`).toBe(Math.floor((Math.max(sector, durableBytes) - durableBytes) / 320) + 2);
      expect(await again.journal.append(utf8('next'))).toBe(kept);
      await again.journal.close();
    }
  });

  it('stops at a lost sector with frames of a later batch behind it', async () => {
    const disk = await written(entries(batchEntriesMax + 4));
    const whole = (await disk.read('/log/journal')) ?? new Uint8Array(0);
    disk.tamper('/log/journal', () => whole.slice().fill(0, 8, 512));
    // The last entry may share a batch with number 4, not with number 0.
    await expect(open(disk)).rejects.toMatchObject({ name: 'JournalCorrupt', entryIndex: 0 });
  });

  it('stops at any flipped bit before the last frame and names the entry', async () => {
    const disk = await written(entries(4));
    const whole = (await disk.read('/log/journal')) ?? new Uint8Array(0);
    const frame = 20 + utf8('entry 0').length;
    for (let bit = 0; bit < 8 * (8 + 3 * frame); bit++) {
      const changed = whole.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      disk.tamper('/log/journal', () => changed);
      const entryIndex = Math.max(0, Math.floor(((bit >> 3) - 8) / frame));
      await expect(open(disk), `bit ${bit}`).rejects.toMatchObject({ name: 'JournalCorrupt', entryIndex });
      expect(await disk.read('/log/journal')).toEqual(changed);
    }
  });

  it('stops at a damage with intact frames only far behind it', async () => {
    const list = Array.from({ length: 60 }, () => new Uint8Array(60_000));
    const disk = await written([utf8('first'), ...list, utf8('last')]);
    const whole = (await disk.read('/log/journal')) ?? new Uint8Array(0);
    const changed = whole.slice();
    changed.fill(1, 8, whole.length - 24);
    disk.tamper('/log/journal', () => changed);
    await expect(open(disk)).rejects.toThrow(JournalCorrupt);
  });

  it('refuses a file that is no journal and frames out of order', async () => {
    const disk = await written(entries(3));
    const whole = (await disk.read('/log/journal')) ?? new Uint8Array(0);
    const frame = 20 + utf8('entry 0').length;
    const [head, a, b, c] = [0, 8, 8 + frame, 8 + 2 * frame].map((at, n) => whole.slice(at, n ? at + frame : 8));
    if (!head || !a || !b || !c) throw new Error('frames');
    for (const swapped of [
      concat(head, b, a, c),
      concat(head, b, c),
      concat(head, a, c),
      concat(utf8('RRJRNL2\n'), a),
    ]) {
      disk.tamper('/log/journal', () => swapped);
      await expect(open(disk)).rejects.toThrow(JournalCorrupt);
    }
  });
});

describe('a cut journal', () => {
  /** A disk with a closed journal of so many entries, cut at `base`. */
  async function cut(count: number, base: number): Promise<MemoryDisk> {
    const disk = await written(entries(count));
    const { journal } = await open(disk);
    await journal.cut(base);
    await journal.close();
    return disk;
  }
  const bytesOf = async (disk: MemoryDisk): Promise<Uint8Array> =>
    (await disk.read('/log/journal')) ?? new Uint8Array(0);

  it('begins with the entry it was cut at, and goes on', async () => {
    const disk = await written(entries(600));
    const { journal } = await open(disk);
    const whole = await bytesOf(disk);
    await journal.cut(256);
    expect([journal.base, journal.size]).toEqual([256, 600]);
    // The same frames from entry 256 on, which says so itself.
    const kept = await bytesOf(disk);
    expect(kept).toEqual(concat(whole.subarray(0, 8), whole.subarray(8 - kept.length)));
    expect(new DataView(kept.buffer).getBigUint64(20)).toBe(256n);
    expect(await journal.append(utf8('entry 600'))).toBe(600);
    await journal.cut(512);
    expect(await journal.append(utf8('entry 601'))).toBe(601);
    await journal.close();
    const again = await open(disk);
    expect([again.journal.base, again.journal.size]).toEqual([512, 602]);
    expect(again.found.map(({ index, entry }) => [index, new Uint8Array(entry)])).toEqual(
      entries(602).flatMap((entry, index) => (index < 512 ? [] : [[index, entry]])),
    );
    const read: number[] = [];
    for await (const some of again.journal.entriesFrom(600)) read.push(...some.map(({ index }) => index));
    expect(read).toEqual([600, 601]);
    await again.journal.close();
  });

  it('is cut while appends wait, and gives them their indexes', async () => {
    const disk = await written(entries(300));
    const { journal } = await open(disk);
    const before = journal.append(utf8('entry 300'));
    const done = journal.cut(256);
    const after = Array.from({ length: 400 }, (_, at) => journal.append(utf8(`entry ${301 + at}`)));
    expect(await before).toBe(300);
    await done;
    expect(await Promise.all(after)).toEqual(after.map((_, at) => 301 + at));
    await journal.close();
    expect((await open(disk)).found.map(({ entry }) => new Uint8Array(entry))).toEqual(entries(701).slice(256));
  });

  it('is the old or the new one after a power loss, and takes nothing after an error', async () => {
    const before = await written(entries(300));
    const { journal } = await open(before);
    const start = before.operations;
    await journal.cut(256);
    const operations = before.operations - start;
    await journal.close();
    for (let at = 1; at <= operations; at++) {
      const disk = await written(entries(300));
      const opened = await open(disk);
      disk.fault = { at: disk.operations + at, kind: 'error' };
      const results = await Promise.allSettled([opened.journal.cut(256), opened.journal.append(utf8('waits'))]);
      for (const result of results) expect(result).toMatchObject({ reason: expect.any(JournalFailed) });
      await expect(opened.journal.append(utf8('x'))).rejects.toThrow(JournalFailed);
      expect(disk.operations).toBe(disk.fault.at);
      for (const left of [disk.afterKill(), disk.afterPowerLoss(), disk.afterPowerLoss(() => true)]) {
        const again = await open(left);
        expect([0, 256]).toContain(again.journal.base);
        expect(again.found.map(({ index }) => index)).toEqual(
          entries(300).flatMap((_, index) => (index < again.journal.base ? [] : [index])),
        );
        await again.journal.cut(256);
        expect(await again.journal.append(utf8('x'))).toBe(300);
      }
    }
  });

  it('begins with a multiple of 256 it holds', async () => {
    const { journal } = await open(await cut(600, 256));
    for (const base of [-256, 0, 1, 300, 768, Number.NaN]) await expect(journal.cut(base)).rejects.toThrow(RangeError);
    await expect(journal.entriesFrom(255).next()).rejects.toThrow(RangeError);
    expect(await journal.append(utf8('x'))).toBe(600);
    await journal.close();
    await expect(journal.cut(512)).rejects.toThrow(JournalFailed);
  });

  it('is not cut where somebody else wrote to it, or a frame that stays is damaged', async () => {
    const disk = await written(entries(600));
    const [first, second] = [await open(disk), await open(disk)];
    await second.journal.append(utf8('theirs'));
    await expect(first.journal.cut(256)).rejects.toThrow(JournalFailed);
    const damaged = await written(entries(600));
    const third = await open(damaged);
    const file = await damaged.open('/log/journal', 'update');
    await file?.write(utf8('bad'), (await file.size()) - 3);
    const changed = await bytesOf(damaged);
    await expect(third.journal.cut(256)).rejects.toMatchObject({ cause: expect.any(JournalCorrupt) });
    expect(await bytesOf(damaged)).toEqual(changed);
  });

  it('loses a torn end as every journal does', async () => {
    const disk = await cut(300, 256);
    const whole = await bytesOf(disk);
    disk.tamper('/log/journal', () => concat(whole.slice(0, -1), new Uint8Array(512)));
    const { journal, found } = await open(disk, 299);
    expect([found.length, journal.size]).toEqual([43, 299]);
    expect(await journal.append(utf8('entry 299'))).toBe(299);
    await journal.close();
    expect(await bytesOf(disk)).toEqual(whole);
  });

  it('stops at a damaged first frame, and leaves the only frame a head was signed for', async () => {
    const several = await cut(300, 256);
    several.tamper('/log/journal', (bytes) => bytes.with(30, 0));
    await expect(open(several)).rejects.toMatchObject({ name: 'JournalCorrupt', entryIndex: 0 });
    const single = await cut(257, 256);
    single.tamper('/log/journal', (bytes) => bytes.with(30, 0));
    const changed = await bytesOf(single);
    const { journal, found } = await open(single, 257);
    expect([found.length, journal.size]).toEqual([0, 0]);
    expect(await bytesOf(single)).toEqual(changed);
    await expect(journal.append(utf8('x'))).rejects.toThrow(JournalFailed);
  });

  it('refuses to begin with any other entry', async () => {
    const disk = await cut(600, 256);
    const frame = 20 + utf8('entry 256').length;
    disk.tamper('/log/journal', (bytes) => concat(bytes.slice(0, 8), bytes.slice(8 + frame)));
    await expect(open(disk)).rejects.toMatchObject({ name: 'JournalCorrupt', entryIndex: 0 });
  });
});

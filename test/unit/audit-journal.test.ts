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
    const from = again.found[5];
    if (!from) throw new Error('no entry 5');
    const read: number[] = [];
    for await (const frames of again.journal.entriesFrom(5, from.position))
      read.push(...frames.map(({ index }) => index));
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

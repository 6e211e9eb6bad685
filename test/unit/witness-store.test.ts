/** The state of a witness: its file under every fault of a disk, its Durable Object, and its key. */
import { type Checkpoint, cosigner, type WitnessStore } from '@reinraum/audit';
import { utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';
import { createFileStore, FileStore } from '../../src/witness/file-store.ts';
import { type HeadObjects, objectStore, WitnessedLog } from '../../src/witness/object-store.ts';
import { formatWitnessKey, parseWitnessKey } from '../../src/witness/witness-key.ts';
import { History, keyOf } from '../support/witnessed-log.ts';
import { MemoryDisk } from './audit-memory-disk.ts';

const log = new History();
const fork = new History({ forkedAt: 3 });
const other = new History({ origin: 'example.com/other', fill: 2 });
const { vkey } = cosigner('w.example/1', keyOf(9), () => 0n);
const place = (files: MemoryDisk) => ({ directory: '/witness', vkey, files });

async function opened(): Promise<{ disk: MemoryDisk; store: FileStore }> {
  const disk = new MemoryDisk();
  await createFileStore(place(disk));
  return { disk, store: await FileStore.open(place(disk)) };
}

/** Objects as the platform has them: one of a name, storage that outlives it. */
function memoryObjects(): HeadObjects & { readonly names: () => readonly string[] } {
  const all = new Map<string, WitnessedLog>();
  const made = (): WitnessedLog => {
    const entries = new Map<string, unknown>();
    let turn: Promise<unknown> = Promise.resolve();
    const storage: ConstructorParameters<typeof WitnessedLog>[0]['storage'] = {
      get: async (key: string) => entries.get(key),
      put: async (key: string, value: string) => void entries.set(key, value),
      // Transactions of an object come one after another.
      transaction: (work) => {
        const result = turn.then(() => work(storage));
        turn = result.catch(() => undefined);
        return result;
      },
      sync: () => Promise.resolve(),
    };
    return new WitnessedLog({ storage });
  };
  return {
    names: () => [...all.keys()],
    idFromName: (name) => name,
    get(id) {
      const name = String(id);
      const object = all.get(name) ?? made();
      all.set(name, object);
      return { fetch: (url, init) => object.fetch(new Request(url, init)) };
    },
  };
}

const stores: readonly (readonly [string, () => Promise<WitnessStore>])[] = [
  ['a file', async () => (await opened()).store],
  ['Durable Objects', async () => objectStore(memoryObjects(), vkey)],
];

describe.each(stores)('a store in %s', (_name, make) => {
  it('compares and swaps', async () => {
    const store = await make();
    expect(await store.get(log.origin)).toBeUndefined();
    expect(await store.set(log.origin, log.head(1), log.head(2))).toBe(false);
    expect(await store.set(log.origin, undefined, log.head(4))).toBe(true);
    expect(await store.get(log.origin)).toEqual(log.head(4));
    expect(await store.get(other.origin)).toBeUndefined();
    for (const previous of [undefined, log.head(3), fork.head(4), log.head(5)]) {
      expect(await store.set(log.origin, previous, log.head(6))).toBe(false);
    }
    expect(await store.set(log.origin, log.head(4), log.head(4))).toBe(true);
    expect(await store.set(other.origin, undefined, other.head(0))).toBe(true);
    expect([await store.get(log.origin), await store.get(other.origin)]).toEqual([log.head(4), other.head(0)]);
  });

  it('never goes back, whoever asks', async () => {
    const store = await make();
    await store.set(log.origin, undefined, log.head(4));
    const before = log.head(4);
    for (const next of [log.head(3), fork.head(4), log.head(0)]) {
      await expect(store.set(log.origin, before, next)).rejects.toThrow();
    }
    expect(await store.get(log.origin)).toEqual(before);
  });

  it('lets one of many win', async () => {
    const store = await make();
    const sets = Array.from({ length: 20 }, (_, at) => store.set(log.origin, undefined, log.head(at + 1)));
    const won = (await Promise.all(sets)).flatMap((isWon, at) => (isWon ? [at + 1] : []));
    expect(won).toHaveLength(1);
    expect((await store.get(log.origin))?.size).toBe(won[0]);
  });
});

describe('the state file', () => {
  it('is read again, with every log', async () => {
    const { disk, store } = await opened();
    await store.set(log.origin, undefined, log.head(4));
    await store.set(other.origin, undefined, other.head(2));
    await store.set(log.origin, log.head(4), log.head(9));
    const again = await FileStore.open(place(disk));
    expect([await again.get(log.origin), await again.get(other.origin)]).toEqual([log.head(9), other.head(2)]);
  });

  it('is one a key, and made once', async () => {
    const { disk } = await opened();
    await expect(createFileStore(place(disk))).rejects.toMatchObject({ code: 'state-exists' });
    const foreign = cosigner('w.example/1', keyOf(8), () => 0n).vkey;
    await expect(FileStore.open({ ...place(disk), vkey: foreign })).rejects.toMatchObject({ code: 'state-foreign' });
    await expect(FileStore.open(place(new MemoryDisk()))).rejects.toMatchObject({ code: 'state-missing' });
  });

  it('is refused with any one byte changed, dropped or added, and says so in both languages', async () => {
    const { disk, store } = await opened();
    await store.set(log.origin, undefined, log.head(4));
    const good = (await disk.read('/witness/state')) ?? new Uint8Array();
    const damaged = [
      new Uint8Array(0),
      utf8('\n'),
      good.slice(0, -1),
      good.slice(1),
      Uint8Array.of(...good, 0x0a),
      ...Array.from(good, (byte, at) => good.with(at, byte ^ 1)),
      ...Array.from(good, (_, at) => Uint8Array.of(...good.slice(0, at), ...good.slice(at + 1))),
    ];
    for (const bytes of damaged) {
      disk.tamper('/witness/state', () => bytes);
      await expect(FileStore.open(place(disk))).rejects.toThrow(
        /^state-damaged: Der Zustand .+ \/ The state of the witness is damaged/,
      );
    }
    disk.tamper('/witness/state', () => good);
    expect(await (await FileStore.open(place(disk))).get(log.origin)).toEqual(log.head(4));
  });

  it('holds every head it said it has, whatever operation a crash or an error of the disk falls on', async () => {
    const sizes = [1, 2, 5, 9];
    let faults = 0;
    for (const kind of ['halt', 'error'] as const) {
      for (let at = 1; ; at++) {
        const { disk, store } = await opened();
        disk.fault = { at: disk.operations + at, kind };
        const said = await advance(store, sizes);
        if (said.length === sizes.length) break;
        faults += 1;
        for (const left of [disk.afterKill(), disk.afterPowerLoss()]) {
          const again = await FileStore.open(place(left));
          const head = await again.get(log.origin);
          // The last one said, or the one that was being written and nobody was told of.
          expect([said.at(-1), sizes[said.length]], `${kind} at ${at}`).toContain(head?.size);
          // And what it says now outlives the next power cut, although nothing new was cosigned.
          const later = await FileStore.open(place(left.afterPowerLoss()));
          expect(await later.get(log.origin), `${kind} at ${at}`).toEqual(head);
        }
        // After an error nothing is taken any more, although the disk works again.
        await expect(store.get(log.origin)).rejects.toThrow();
        await expect(store.set(log.origin, log.head(said.at(-1) ?? 0), log.head(20))).rejects.toThrow();
      }
    }
    // Open, write, sync, rename, sync of the directory: five for each head.
    expect(faults).toBe(2 * 5 * sizes.length);
  });

  it('once closed takes nothing, and no write of it comes after', async () => {
    const { disk, store } = await opened();
    const before = disk.operations;
    const first = store.set(log.origin, undefined, log.head(1));
    const second = store.set(log.origin, log.head(1), log.head(2));
    while (disk.operations === before) await Promise.resolve();
    await store.close();
    const done = disk.operations;
    // The one that had begun was finished, the one behind it never began.
    await expect(second).rejects.toThrow('closed');
    await expect(store.get(log.origin)).rejects.toThrow('closed');
    await new Promise((resolve) => setImmediate(resolve));
    expect(disk.operations).toBe(done);
    expect(await first).toBe(true);
    expect((await (await FileStore.open(place(disk))).get(log.origin))?.size).toBe(1);
  });

  it('tells whoever runs it of the first failure, once', async () => {
    const { disk } = await opened();
    let told = 0;
    const store = await FileStore.open({ ...place(disk), onFailure: () => (told += 1) });
    disk.fault = { at: disk.operations + 3, kind: 'error' };
    await expect(store.set(log.origin, undefined, log.head(1))).rejects.toThrow('EIO');
    await expect(store.set(log.origin, undefined, log.head(1))).rejects.toThrow('EIO');
    expect(told).toBe(1);
  });

  async function advance(store: FileStore, sizes: readonly number[]): Promise<number[]> {
    const said: number[] = [];
    let last: Checkpoint | undefined;
    try {
      for (const size of sizes) {
        if (!(await store.set(log.origin, last, log.head(size)))) throw new Error('not replaced');
        last = log.head(size);
        said.push(size);
      }
    } catch {
      return said;
    }
    return said;
  }
});

describe('Durable Objects', () => {
  it('are one for each key and log', async () => {
    const objects = memoryObjects();
    await objectStore(objects, vkey).set(log.origin, undefined, log.head(4));
    const foreign = cosigner('w.example/1', keyOf(8), () => 0n).vkey;
    expect(await objectStore(objects, foreign).get(log.origin)).toBeUndefined();
    expect(objects.names()).toEqual([`${vkey} ${log.origin}`, `${foreign} ${log.origin}`]);
  });

  it.each([
    ['another log’s head', () => new Response('example.com/other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n')],
    ['no checkpoint', () => new Response('4')],
    ['a failure', () => new Response('', { status: 500 })],
  ])('are not believed with %s', async (_what, answer) => {
    const objects = { idFromName: () => 0, get: () => ({ fetch: () => Promise.resolve(answer()) }) };
    await expect(objectStore(objects, vkey).get(log.origin)).rejects.toThrow();
  });

  it('have stored nothing where they do not say so', async () => {
    const failing = () => Promise.resolve(new Response('', { status: 500 }));
    const objects = { idFromName: () => 0, get: () => ({ fetch: failing }) };
    await expect(objectStore(objects, vkey).set(log.origin, undefined, log.head(1))).rejects.toThrow();
  });
});

describe('the key of a witness', () => {
  const key = { name: 'w.example/1', key: keyOf(9) };
  const text = formatWitnessKey(key);

  it('is one line, read in one spelling', () => {
    expect(text).toMatch(/^PRIVATE\+KEY\+w\.example\/1\+[0-9a-f]{8}\+B[A-Za-z0-9+/]+=*\n$/);
    expect(parseWitnessKey(text)).toEqual(key);
    expect(parseWitnessKey(text.trimEnd())).toEqual(key);
    for (const name of ['', 'a b', 'a+b']) expect(() => formatWitnessKey({ ...key, name })).toThrow(RangeError);
  });

  it.each([
    '',
    'PRIVATE+KEY+',
    `${text}\n`,
    ` ${text}`,
    text.replace('PRIVATE', 'private'),
    text.replace('w.example/1', 'w.example/2'),
    text.replace('w.example/1', 'w example'),
    text.replace(/\+B/, '+A'),
    text.slice(0, -3),
    text.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
    vkey,
  ])('is nothing else: %#', (wrong) => {
    expect(parseWitnessKey(wrong)).toBeUndefined();
  });
});

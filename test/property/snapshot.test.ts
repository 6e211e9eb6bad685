/** A snapshot is the room: whoever folds on from it comes to the same as whoever read every entry before. */
import {
  encodeSnapshot,
  Frontier,
  firstKept,
  frontierAt,
  leafHash,
  Replay,
  type Room,
  tileWidth,
} from '@reinraum/audit';
import { canonicalBytes, formatInstant, type LogEntry } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { agedLog } from '../support/aged-log.ts';
import { honest } from '../support/forgeries.ts';
import type { HeldLog } from '../support/honest-log.ts';
import { linkedLog } from '../support/linked-log.ts';

let logs: readonly HeldLog[];
beforeAll(async () => {
  logs = [await honest(), await linkedLog(), await agedLog()];
});

/** A fold of the first `size` entries. */
async function foldOf({ scribe, entries }: HeldLog, size: number): Promise<Replay> {
  const replay = new Replay(async (digest) => scribe.objects.get(digest));
  for (const entry of entries.slice(0, size)) await replay.apply(canonicalBytes(entry));
  return replay;
}

/** A fold that begins behind a snapshot at entry `size`. */
async function behind({ scribe, entries }: HeldLog, whole: Replay): Promise<Replay> {
  const { bytes, digest } = encodeSnapshot(whole.snapshot());
  const kept = new Map([...scribe.objects, [digest, bytes]]);
  const nowMs = Date.parse(entries[whole.size - 1]?.at ?? '');
  const entry = scribe.entry(nowMs, await scribe.detail(nowMs, 'log.snapshot', { detail: { state: digest } }));
  const replay = await Replay.behind(whole.size, canonicalBytes(entry), async (named) => kept.get(named));
  if (!replay) throw new Error('snapshot: no fold');
  return replay;
}

/** Statements that have expired are forgotten: time refuses them. */
function remembered({ used, ...room }: Room, at: string) {
  return { ...room, used: new Map([...used].filter(([, expiresAt]) => expiresAt >= at)) };
}

test('after every entry of every log, whatever follows', async () => {
  for (const log of logs) {
    for (let size = 1; size <= log.entries.length; size++) {
      const whole = await foldOf(log, size);
      const resumed = await behind(log, whole);
      const at = log.entries[size - 1]?.at ?? '';
      if (!whole.room || !resumed.room) throw new Error('snapshot: no room');
      expect(resumed.size).toBe(size);
      expect(remembered(resumed.room, at)).toEqual(remembered(whole.room, at));
      for (const entry of log.entries.slice(size)) {
        await whole.apply(canonicalBytes(entry));
        await resumed.apply(canonicalBytes(entry));
      }
      expect(encodeSnapshot(resumed.snapshot()).digest).toBe(encodeSnapshot(whole.snapshot()).digest);
    }
  }
}, 60_000);

test('of other entries, altered, or without what it names it begins nothing', async () => {
  const [log] = logs;
  if (!log) throw new Error('snapshot: no log');
  const { scribe } = log;
  const whole = await foldOf(log, log.entries.length);
  const { bytes, digest } = encodeSnapshot(whole.snapshot());
  const nowMs = Date.parse(log.entries.at(-1)?.at ?? '');
  const draft = await scribe.detail(nowMs, 'log.snapshot', { detail: { state: digest } });
  const entry = canonicalBytes(scribe.entry(nowMs, draft));
  const kept = new Map([...scribe.objects, [digest, bytes]]);
  const begun = (index: number, objects: ReadonlyMap<string, Uint8Array>) =>
    Replay.behind(index, entry, async (named) => objects.get(named));
  await expect(begun(whole.size, kept)).resolves.toBeDefined();
  await expect(begun(whole.size + 1, kept)).rejects.toMatchObject({ rule: 'retention' });
  const altered = bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte));
  await expect(begun(whole.size, new Map([...kept, [digest, altered]]))).rejects.toMatchObject({ rule: 'object' });
  for (const named of [digest, scribe.room, whole.snapshot().queries[0]?.digest ?? '']) {
    const objects = new Map([...kept].filter(([name]) => name !== named));
    await expect(begun(whole.size, objects)).rejects.toThrow();
  }
  const other = log.entries.find(({ type }) => type === 'session.opened') as LogEntry;
  await expect(Replay.behind(3, canonicalBytes(other), async () => undefined)).resolves.toBeUndefined();
  expect(formatInstant(nowMs)).toBe(whole.snapshot().at);
});

test('the first bundle that is kept is found with few looks, and the tree before it from hashes alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 40 * tileWidth }), async (gone, size) => {
      const bundles = Math.ceil(size / tileWidth);
      let looks = 0;
      const first = await firstKept(size, async (bundle) => {
        looks += 1;
        return bundle >= gone;
      });
      expect(first).toBe(gone < bundles ? gone * tileWidth : 0);
      expect(looks).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(bundles)));
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(600), fc.nat(300), async (size, more) => {
      const leaves = Array.from({ length: size + more }, (_, at) => leafHash(canonicalBytes({ at })));
      const whole = new Frontier();
      const nodes = new Map<string, Uint8Array>();
      for (const leaf of leaves) whole.append(leaf, (level, index, hash) => nodes.set(`${level} ${index}`, hash));
      const from = await frontierAt(size, (level, index) => nodes.get(`${level} ${index}`) ?? new Uint8Array());
      expect(from.size).toBe(size);
      for (const leaf of leaves.slice(size)) from.append(leaf);
      expect(from.root()).toEqual(whole.root());
    }),
    { numRuns: 50 },
  );
});

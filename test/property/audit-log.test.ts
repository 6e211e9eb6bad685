import {
  type Checkpoint,
  directoryFetch,
  ed25519Verifier,
  formatVkey,
  Log,
  LogReader,
  leafHash,
  rootOf,
  verifyCheckpoint,
} from '@reinraum/audit';
import { signingKey, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryDisk } from '../unit/audit-memory-disk.ts';

const origin = 'example.com/log';
const key = signingKey(new Uint8Array(32).fill(1));
const logKey = ed25519Verifier(formatVkey(origin, key.publicKey));
const open = (files: MemoryDisk): Promise<Log> => Log.open({ directory: '/log', origin, signingKey: key, files });

/** Everything a stranger finds on the disk, verified from the bundles up. */
async function readAll(disk: MemoryDisk): Promise<Uint8Array[]> {
  const reader = new LogReader(directoryFetch('/log', disk), logKey);
  const entries: Uint8Array[] = [];
  for await (const { entry } of reader.entries(await reader.checkpoint())) entries.push(entry);
  return entries;
}

describe('append, close, reopen', () => {
  it('gives back what was appended, in any grouping', async () => {
    const entryArb = fc.uint8Array({ maxLength: 40 });
    const groups = fc.array(fc.array(entryArb, { maxLength: 90 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(groups, async (sessions) => {
        const disk = new MemoryDisk();
        for (const entries of sessions) {
          const log = await open(disk);
          await Promise.all(entries.map((entry) => log.append(entry)));
          await log.close();
        }
        const all = sessions.flat();
        expect(await readAll(disk)).toEqual(all.map((entry) => new Uint8Array(entry)));
        const log = await open(disk);
        expect(log.size).toBe(all.length);
        expect(log.published.root).toEqual(rootOf(all.map(leafHash)));
        await log.close();
      }),
      { numRuns: 40 },
    );
  });
});

/** What a run was promised before the fault. */
interface Promised {
  readonly acknowledged: number;
  readonly heads: readonly Checkpoint[];
}

/** Appends 1, 2, 4, 255 entries and more, each group waited for, until it ends or the disk breaks. */
async function run(disk: MemoryDisk): Promise<Promised> {
  const heads: Checkpoint[] = [];
  let acknowledged = 0;
  try {
    const log = await open(disk);
    heads.push(log.published);
    for (const count of [1, 2, 252, 3, 1]) {
      const from = acknowledged;
      const done = await Promise.all(
        Array.from({ length: count }, (_, at) => log.appendPublished(utf8(`entry ${from + at}`))),
      );
      acknowledged += count;
      for (const { head } of done) if (head.size !== heads.at(-1)?.size) heads.push(head);
    }
    await log.close();
  } catch {
    // The fault; what was promised until then is what counts.
  }
  return { acknowledged, heads };
}

/** Opens what is left and checks it against every promise made. */
async function checkRecovered(disk: MemoryDisk, { acknowledged, heads }: Promised, what: string): Promise<void> {
  const untrusted = await disk.read('/log/checkpoint');
  const left = untrusted && (await verifyCheckpoint(untrusted, logKey));
  const log = await open(disk);
  expect(log.size, what).toBeGreaterThanOrEqual(acknowledged);
  const { head: next } = await log.appendPublished(utf8(`entry ${log.size}`));
  expect(next.size, what).toBe(log.size);
  const entries = await readAll(disk);
  expect(entries, what).toEqual(entries.map((_, at) => utf8(`entry ${at}`)));
  const reader = new LogReader(directoryFetch('/log', disk), logKey);
  const now = await reader.checkpoint();
  // Every head that ever left the process is a prefix of what is there now.
  for (const head of left ? [...heads, left] : heads) await reader.consistency(head, now);
  await log.close();
}

describe('a crash at every operation', () => {
  it('loses nothing acknowledged and never forks the history', async () => {
    const whole = new MemoryDisk();
    await run(whole);
    expect(whole.operations).toBeGreaterThan(150);
    for (let at = 1; at <= whole.operations; at++) {
      for (const kind of ['error', 'halt'] as const) {
        const disk = new MemoryDisk();
        disk.fault = { at, kind };
        const promised = await run(disk);
        await checkRecovered(disk.afterPowerLoss(), promised, `power loss after ${kind} at ${at}`);
        await checkRecovered(disk.afterKill(), promised, `killed after ${kind} at ${at}`);
      }
    }
  });

  it('also when the recovery itself is cut off', async () => {
    const whole = new MemoryDisk();
    await run(whole);
    const cuts = fc.record({
      first: fc.integer({ min: 1, max: whole.operations }),
      second: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(cuts, fc.boolean(), async ({ first, second }, killed) => {
        const disk = new MemoryDisk();
        disk.fault = { at: first, kind: 'halt' };
        const promised = await run(disk);
        const again = killed ? disk.afterKill() : disk.afterPowerLoss();
        again.fault = { at: second, kind: 'halt' };
        await open(again).catch(() => undefined);
        await checkRecovered(again.afterPowerLoss(), promised, `second power loss at ${first}, ${second}`);
      }),
      { numRuns: 100 },
    );
  });
});

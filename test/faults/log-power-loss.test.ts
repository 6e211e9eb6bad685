/**
 * Power loss at any moment, of everything no fsync has covered and in any mixture: sectors of a write, lengths and names
 * reach the disk or not, each for itself. Between losses the process is killed, which loses nothing yet and leaves the
 * next one with files and names that are there and not durable. Whatever came before, a log that opens has kept every
 * promise it ever gave, and it opens.
 */
import {
  type Checkpoint,
  directoryFetch,
  ed25519Verifier,
  formatVkey,
  JournalComparison,
  Log,
  LogReader,
  verifyCheckpoint,
} from '@reinraum/audit';
import { signingKey, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededBits } from '../support/seeded-bits.ts';
import { MemoryDisk } from '../unit/audit-memory-disk.ts';

const isNightly = process.env['REINRAUM_NIGHTLY'] === '1';
const runs = isNightly ? 6_000 : 400;
const origin = 'example.com/power';
const key = signingKey(new Uint8Array(32).fill(3));
const logKey = ed25519Verifier(formatVkey(origin, key.publicKey));
/** The journal is cut as soon as one bundle can go. */
const open = (files: MemoryDisk): Promise<Log> =>
  Log.open({ directory: '/log', origin, signingKey: key, files, cutEntries: 256 });

/** Entry `index`: from a few bytes to some sectors. */
const entryAt = (index: number): Uint8Array => utf8(`entry ${index} `.repeat(1 + ((index * 7) % 150)));

/** All that was promised so far: this many entries, and these checkpoints. */
interface Promised {
  acknowledged: number;
  readonly heads: Checkpoint[];
}

/** One process: appends groups of entries, each group at once, until it has done so or its disk stops. */
interface Session {
  readonly groups: readonly number[];
  /** Operation of the disk at which it stops or fails; a later one than there are: it ends by itself. */
  readonly at: number;
  readonly kind: 'halt' | 'error';
  readonly end: 'kill' | 'power loss';
  readonly seed: number;
}

async function run(disk: MemoryDisk, { groups }: Session, promised: Promised): Promise<void> {
  const log = await open(disk);
  promised.heads.push(log.published);
  for (const count of groups) {
    const from = log.size;
    const appended = Array.from({ length: count }, (_, at) => log.append(entryAt(from + at)));
    for (const { index } of await Promise.all(appended))
      promised.acknowledged = Math.max(promised.acknowledged, index + 1);
    await log.publish();
    promised.heads.push(log.published);
  }
  await log.close();
}

/** What is on the disk after the session ended in the way it says. */
async function afterSession(disk: MemoryDisk, session: Session, promised: Promised): Promise<MemoryDisk> {
  const { at, kind, end, seed } = session;
  disk.fault = { at, kind };
  await run(disk, session, promised).catch((error: unknown) => {
    // Only what the disk did: a log that does not open is the very thing looked for.
    if (!isOfDisk(error)) throw error;
  });
  if (end === 'kill') return disk.afterKill();
  const bits = seededBits(`power ${seed}`);
  // Mostly lost, mostly kept, or evenly mixed.
  const kept = 1 + bits.below(7);
  return disk.afterPowerLoss(() => bits.below(8) < kept);
}

function isOfDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.message === 'EIO' || error.message === 'halted' || isOfDisk(error.cause);
}

async function checkPromises(disk: MemoryDisk, { acknowledged, heads }: Promised): Promise<void> {
  const reader = new LogReader(directoryFetch('/log', disk), logKey);
  const readThrough = async (head: Checkpoint): Promise<void> => {
    let next = 0;
    for await (const { entry } of reader.entries(head)) expect(entry).toEqual(entryAt(next++));
    expect(next).toBe(head.size);
  };
  const untrusted = await disk.read('/log/checkpoint');
  const left = untrusted ? [await verifyCheckpoint(untrusted, logKey)] : [];
  // Bundles and tiles are durable before the checkpoint: a reader needs no recovery.
  for (const head of left) await readThrough(head);
  const log = await open(disk);
  expect(log.size).toBeGreaterThanOrEqual(acknowledged);
  await log.appendPublished(entryAt(log.size));
  const now = await reader.checkpoint();
  expect(now.size).toBe(log.size);
  await readThrough(now);
  const journal = new JournalComparison((await disk.read('/log/journal')) ?? new Uint8Array(0));
  for (let at = 0; at < now.size; at++) expect(journal.holds(at, entryAt(at), now.size)).toBe(true);
  for (const head of [...heads, ...left]) await reader.consistency(head, now);
  await log.close();
}

const sessionArb: fc.Arbitrary<Session> = fc.record({
  groups: fc.array(fc.constantFrom(1, 2, 3, 30, 250), { maxLength: 4 }),
  at: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 150 })),
  kind: fc.constantFrom('halt', 'error'),
  end: fc.constantFrom('kill', 'power loss'),
  seed: fc.nat(),
});

describe('a power loss at any moment', () => {
  it('loses nothing that was promised, and the log goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sessionArb, { minLength: 1, maxLength: 4 }), async (sessions) => {
        let disk = new MemoryDisk();
        const promised: Promised = { acknowledged: 0, heads: [] };
        for (const session of sessions) disk = await afterSession(disk, session, promised);
        await checkPromises(disk, promised);
      }),
      { numRuns: runs },
    );
  }, 600_000);

  const never = Number.POSITIVE_INFINITY;
  const lost = { kind: 'halt', end: 'power loss' } as const;
  const killed = { kind: 'halt', end: 'kill' } as const;

  /** Operations of a session nothing befalls. */
  async function operationsOf(disk: MemoryDisk, groups: readonly number[]): Promise<number> {
    await run(disk, { groups, at: never, seed: 0, ...killed }, { acknowledged: 0, heads: [] });
    return disk.operations;
  }

  it.each([
    { what: 'a founding', groups: [], mixtures: isNightly ? 40 : 6 },
    { what: 'a founding and an append', groups: [1], mixtures: isNightly ? 5 : 1 },
  ])(
    'at every operation of $what, after a kill at every operation of the first try',
    async ({ groups, mixtures }) => {
      const most = await operationsOf(new MemoryDisk(), groups);
      for (let at = 0; at < most * most * mixtures; at++) {
        const promised: Promised = { acknowledged: 0, heads: [] };
        const first = { groups, seed: at, at: 1 + (at % most), ...killed };
        const second = { groups, seed: at, at: 1 + (Math.floor(at / most) % most), ...lost };
        const left = await afterSession(new MemoryDisk(), first, promised);
        await checkPromises(await afterSession(left, second, promised), promised);
      }
    },
    600_000,
  );

  it('after a tile was filled by a process killed at any operation and outgrown by the next', async () => {
    const before = new MemoryDisk();
    await operationsOf(before, [254]);
    const most = await operationsOf(before.afterPowerLoss(), [1, 1]);
    for (let first = 1; first <= most; first++) {
      const promised: Promised = { acknowledged: 254, heads: [] };
      const session = { groups: [1, 1], at: first, seed: first };
      const left = await afterSession(before.afterPowerLoss(), { ...session, ...killed }, promised);
      const grown = await afterSession(left, { groups: [256, 3], at: never, seed: first, ...lost }, promised);
      await checkPromises(grown, promised);
    }
  }, 600_000);

  it('at every operation of an append that cuts the journal, after a kill at every operation of the first try', async () => {
    const before = new MemoryDisk();
    await operationsOf(before, [256]);
    const most = await operationsOf(before.afterPowerLoss(), [1]);
    // Of all pairs every so many; which ones differs from row to row.
    const stride = isNightly ? 3 : 13;
    for (let first = 1; first <= most; first++) {
      for (let second = 1 + (first % stride); second <= most; second += stride) {
        const promised: Promised = { acknowledged: 256, heads: [] };
        const session = { groups: [1], seed: first * most + second };
        const left = await afterSession(before.afterPowerLoss(), { ...session, at: first, ...killed }, promised);
        await checkPromises(await afterSession(left, { ...session, at: second, ...lost }, promised), promised);
      }
    }
  }, 600_000);
});

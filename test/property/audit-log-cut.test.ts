import { directoryFetch, ed25519Verifier, formatVkey, JournalComparison, Log, LogReader } from '@reinraum/audit';
import { signingKey, utf8 } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryDisk } from '../unit/audit-memory-disk.ts';

const origin = 'example.com/log';
const key = signingKey(new Uint8Array(32).fill(1));
const logKey = ed25519Verifier(formatVkey(origin, key.publicKey));
const never = Number.POSITIVE_INFINITY;

type Step =
  | { readonly appends: number; readonly bytes: number; readonly isWaitedFor: boolean }
  | 'publish'
  | 'cut'
  | 'reopen';

/** A log that is opened, used and opened again on one disk. */
class Kept {
  readonly disk = new MemoryDisk();
  readonly #cutEntries: number;
  readonly #pending: Promise<unknown>[] = [];
  #log: Log | undefined;
  /** Entries handed to the log. */
  readonly given: Uint8Array[] = [];

  constructor(cutEntries: number) {
    this.#cutEntries = cutEntries;
  }

  async log(): Promise<Log> {
    const [files, cutEntries] = [this.disk, this.#cutEntries];
    this.#log ??= await Log.open({ directory: '/log', origin, signingKey: key, files, cutEntries });
    return this.#log;
  }

  /** Does a step. A log that never cuts its journal leaves out `cut`. */
  async take(step: Step): Promise<void> {
    const log = await this.log();
    if (step === 'publish') await log.publish();
    else if (step === 'cut') await (this.#cutEntries === never ? undefined : log.cutJournal());
    else if (step === 'reopen') await this.close();
    else {
      const { appends, bytes, isWaitedFor } = step;
      const entries = Array.from({ length: appends }, (_, at) => utf8(`${this.given.length + at} `.repeat(bytes)));
      this.given.push(...entries);
      const appended = Promise.all(entries.map((entry) => log.append(entry)));
      if (isWaitedFor) await appended;
      else this.#pending.push(appended);
    }
  }

  async close(): Promise<void> {
    await this.#log?.close();
    await Promise.all(this.#pending.splice(0));
    this.#log = undefined;
  }
}

/** Everything a stranger finds in a log, verified from the bundles up and held against its journal. */
async function readAll(disk: MemoryDisk): Promise<Uint8Array[]> {
  const reader = new LogReader(directoryFetch('/log', disk), logKey);
  const journal = new JournalComparison((await disk.read('/log/journal')) ?? new Uint8Array(0));
  const head = await reader.checkpoint();
  const entries: Uint8Array[] = [];
  for await (const { index, entry } of reader.entries(head)) {
    expect(journal.holds(index, entry, head.size)).toBe(true);
    entries.push(entry);
  }
  return entries;
}

const stepArb: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    appends: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.constantFrom(1, 255, 256, 257)),
    bytes: fc.integer({ min: 0, max: 20 }),
    isWaitedFor: fc.boolean(),
  }),
  fc.constantFrom('publish', 'cut', 'reopen'),
);

it('a log that cuts its journal, and when, is in all else one that never does', async () => {
  const steps = fc.array(stepArb, { minLength: 1, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(256, 512, 1024), async (taken, cutEntries) => {
      const [cutting, plain] = [new Kept(cutEntries), new Kept(never)];
      for (const one of [cutting, plain]) {
        for (const step of taken) await one.take(step);
        await one.close();
      }
      const [log, other] = [await cutting.log(), await plain.log()];
      expect(log.size).toBe(other.size);
      expect(log.checkpoint()).toBe(other.checkpoint());
      expect(await readAll(cutting.disk)).toEqual(cutting.given);
      expect(await readAll(plain.disk)).toEqual(cutting.given);
      for (let index = 0; index < log.size; index += 1 + Math.floor(log.size / 9)) {
        expect(await log.entry(index)).toEqual(await other.entry(index));
        expect(await log.receipt(index)).toBe(await other.receipt(index));
      }
      await log.cutJournal();
      expect((await cutting.disk.read('/log/journal'))?.length).toBeLessThanOrEqual(
        (await plain.disk.read('/log/journal'))?.length ?? 0,
      );
      await Promise.all([cutting.close(), plain.close()]);
    }),
    { numRuns: 40 },
  );
}, 120_000);

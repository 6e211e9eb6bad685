/** The verifier that examines ahead says of every log what one says that looks at one entry after another. */
import { Broken, EvidenceError, LogReader, logKeyOf, Replay, verifyLog } from '@reinraum/audit';
import { canonicalBytes, decodeEntry, type Json, parseCanonical } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { fixedCharter } from '../support/fixed-room.ts';
import { forgeries, honest } from '../support/forgeries.ts';
import type { NamedForgery } from '../support/forgery.ts';
import { type LongLog, longLog } from '../support/long-log.ts';
import { filesOf } from '../support/signed-files.ts';

/** What was said: rule and entry, or that it verifies. */
type Said = readonly [rule: string, entry: number | null] | 'verified';
type Log = Pick<LongLog, 'room' | 'fetch' | 'readObject'>;

let long: LongLog;
beforeAll(async () => {
  // Five bundles: more than are examined ahead.
  long = await longLog(850);
  expect(long.size).toBeGreaterThan(4 * 256);
});

/** One entry after another, nothing ahead: what the rules of the specification say word for word. */
async function plain({ room, fetch, readObject }: Log): Promise<Said> {
  let index: number | null = null;
  try {
    const reader = new LogReader(fetch, logKeyOf(fixedCharter(), room));
    const replay = new Replay(readObject);
    for await (const { index: at, entry } of reader.entries(await reader.checkpoint())) {
      index = at;
      await replay.apply(entry);
    }
    return 'verified';
  } catch (error) {
    if (error instanceof Broken) return [error.rule, index];
    if (error instanceof EvidenceError) return [error.code, error.entryIndex ?? null];
    return ['unreadable', index];
  }
}

async function ofVerifier(log: Log): Promise<Said> {
  const verdict = await verifyLog(log);
  return verdict.verified ? 'verified' : [verdict.rule, verdict.entry];
}

test('of the honest log and of every forgery', async () => {
  const unforged: NamedForgery = { name: 'honest', rule: '', entry: null, of: honest, forge: ({ entries }) => entries };
  let compared = 0;
  for (const { name, of, forge, objects, note, journal } of [unforged, ...forgeries]) {
    // What stands beside the log or around its checkpoint no fold sees.
    if (note ?? journal) continue;
    const held = await of();
    const { room } = held.scribe;
    const files = await filesOf(room, (await forge(held)).map(canonicalBytes));
    const given = objects?.(held) ?? held.scribe.objects;
    const log = {
      room,
      readObject: async (digest: string) => given.get(digest),
      fetch: async (path: string) => files.get(path),
    };
    const said = await ofVerifier(log);
    // Without its charter a log has no key a plain reader knows.
    if (said !== 'verified' && said[1] === null) continue;
    expect([name, said]).toEqual([name, await plain(log)]);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(120);
});

test('reads many objects at once, and never more than it may', async () => {
  let [under, most, reads] = [0, 0, 0];
  const readObject = async (digest: string) => {
    under += 1;
    most = Math.max(most, under);
    await new Promise(setImmediate);
    under -= 1;
    reads += 1;
    return long.objects.get(digest);
  };
  expect(await verifyLog({ ...long, readObject })).toMatchObject({ verified: true, size: long.size });
  expect(reads).toBeGreaterThan(long.signed);
  expect(most).toBe(32);
});

/** Ways to spoil one entry, or an object of it, or a file it lies in. */
const faults = ['form', 'time', 'signature', 'again', 'object', 'missing', 'unreadable', 'bundle', 'tile'] as const;
type Fault = { readonly kind: (typeof faults)[number]; readonly index: number };

async function spoiled(spoils: readonly Fault[], delays: readonly number[]): Promise<Log> {
  const entries = [...long.entries];
  const objects = new Map(long.objects);
  const unreadable = new Set<string>();
  for (const { kind, index: drawn } of spoils) {
    const index = signedFrom(drawn);
    const entry = decodeEntry(long.entries[index] ?? new Uint8Array());
    const digest = entry.statements[0]?.digest ?? '';
    const json = parseCanonical(long.entries[index] ?? new Uint8Array()) as Record<string, Json>;
    const write = (change: Record<string, Json>) => void (entries[index] = canonicalBytes({ ...json, ...change }));
    if (kind === 'form') write({ remark: 'x' });
    if (kind === 'time') write({ at: '2026-03-01T00:00:00Z' });
    if (kind === 'again') write({ statements: signedAt(index - 20) });
    if (kind === 'signature' && digest)
      write({ statements: [{ digest, signature: signedAt(index - 20)[0]?.signature ?? '' }] });
    if (kind === 'object') objects.set(digest, new Uint8Array([1]));
    if (kind === 'missing') objects.delete(digest);
    if (kind === 'unreadable') unreadable.add(digest);
  }
  const files = await filesOf(long.room, entries);
  for (const { kind, index } of spoils) {
    const level = kind === 'bundle' ? 'entries' : '0';
    const path = `tile/${level}/${String(Math.floor(index / 256)).padStart(3, '0')}`;
    const bytes = Uint8Array.from(files.get(path) ?? []);
    if ((kind !== 'bundle' && kind !== 'tile') || bytes.length === 0) continue;
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    files.set(path, bytes);
  }
  let reads = 0;
  const late = async () => {
    for (let turns = delays[reads++ % delays.length] ?? 0; turns > 0; turns--) await new Promise(setImmediate);
  };
  return {
    room: long.room,
    fetch: async (path) => late().then(() => files.get(path)),
    async readObject(digest) {
      await late();
      if (unreadable.has(digest)) throw new Error('the network is gone');
      return objects.get(digest);
    },
  };
}

/** The first entry from `index` on that carries a statement: most faults need one. */
function signedFrom(index: number): number {
  return decodeEntry(long.entries[index] ?? new Uint8Array()).statements.length > 0 ? index : signedFrom(index + 1);
}

/** Statements of the last signed entry at or before an index. */
function signedAt(index: number): { digest: string; signature: string }[] {
  for (let at = Math.max(index, 0); at > 0; at--) {
    const { statements } = decodeEntry(long.entries[at] ?? new Uint8Array());
    if (statements.length > 0) return statements;
  }
  return [];
}

test('of logs that are spoiled in several places, whatever comes late', async () => {
  const spoil = fc.record({ kind: fc.constantFrom(...faults), index: fc.integer({ min: 30, max: long.size - 3 }) });
  const spoils = fc.array(spoil, { minLength: 1, maxLength: 3 });
  const delays = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 7 });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(spoils, delays, async (some, turns) => {
      const said = await ofVerifier(await spoiled(some, turns));
      expect(said).toEqual(await plain(await spoiled(some, [0])));
      seen.add(said === 'verified' ? said : said[0]);
    }),
    {
      numRuns: 40,
      seed: 7,
      // Each fault once alone, and a later one that is found sooner.
      examples: faults.flatMap((kind): [Fault[], number[]][] => [
        [[{ kind, index: 700 }], [0, 2, 1]],
        [
          [
            { kind, index: 500 },
            { kind: 'bundle', index: 600 },
          ],
          [3, 0, 1],
        ],
      ]),
    },
  );
  for (const rule of [
    'entry',
    'time',
    'signature',
    'object',
    'statement',
    'single-use',
    'unreadable',
    'entry-mismatch',
  ]) {
    expect(seen).toContain(rule);
  }
});

/** A watch tells what is new once, and warns: of contradicted evidence, and of what a log that verifies gives reason to. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBundle, encodeBundle, formatNote, parseNote } from '@reinraum/audit';
import { type RoomClient, RoomProblem } from '@reinraum/client';
import { type LogEntry, utf8 } from '@reinraum/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { Unreachable, type WatchedLog } from '../../src/watch/follower.ts';
import { sentenceOf } from '../../src/watch/sentence.ts';
import { watchedAddress, watchedDirectory, watchedRoom } from '../../src/watch/watched-log.ts';
import { asked, insteadAt } from '../support/forgery.ts';
import { at, entryCount, type HeldLog, honestLog, momentMs } from '../support/honest-log.ts';
import { released } from '../support/scribe.ts';
import { passingFolder, plainRefusals, type StateFolder } from '../support/state-folder.ts';
import { type Between, freshHead, headFolder, hourMs, limits, switching, watched } from '../support/watched.ts';

let honest: HeldLog;

beforeAll(async () => {
  honest = await honestLog();
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
const otherwise = (index: number, count = 1) => plainRefusals(honest, index, count);
const directory = async (entries?: readonly LogEntry[]) =>
  watchedDirectory((await passingFolder(honest, entries)).directory);

describe('a watch', () => {
  test('tells every entry once, in order, as the log grows, and keeps the head', async () => {
    const folder = await passingFolder(honest, honest.entries.slice(0, 12));
    const head = freshHead();
    const seen: string[] = [];
    let nowMs = momentMs(11);
    const growTo = (from: number, to: number) => () => {
      nowMs = momentMs(to - 1);
      return folder.grow(honest.entries.slice(from, to));
    };
    const result = await watched(watchedDirectory(folder.directory), {
      head,
      clock: () => nowMs,
      between: [async () => seen.push(await readFile(head, 'utf8')), growTo(12, 20), growTo(20, entryCount)],
    });
    expect(result).toEqual({ code: 0, told: range(0, entryCount), alerts: [], unreachable: 0 });
    expect(seen[0]).toContain('\n12\n');
    expect(await readFile(head, 'utf8')).toBe(await readFile(join(folder.directory, 'log', 'checkpoint'), 'utf8'));
  });

  test('that is started again tells only what came meanwhile', async () => {
    const folder = await passingFolder(honest, honest.entries.slice(0, 20));
    const head = freshHead();
    await watched(watchedDirectory(folder.directory), { head });
    await folder.grow(honest.entries.slice(20));
    expect((await watched(watchedDirectory(folder.directory), { head })).told).toEqual(range(20, entryCount));
    expect((await watched(watchedDirectory(folder.directory), { head })).told).toEqual([]);
  });

  test('goes over full tiles', async () => {
    const folder = await passingFolder(honest);
    const result = await watched(watchedDirectory(folder.directory), {
      between: [() => folder.grow(otherwise(entryCount, 500)), () => folder.grow(otherwise(1000, 300))],
      clock: () => momentMs(entryCount),
      limits: { ...limits, refusals: 10_000 },
    });
    expect(result.told).toEqual(range(0, entryCount + 800));
    expect(result.alerts.map(({ alert }) => alert)).not.toContain('verification');
  });

  test('says an entry in German and English', async () => {
    const sentences: string[] = [];
    await watched(await directory(), {
      entry: (entry) => void (entry.row.index === at.released && sentences.push(...Object.values(sentenceOf(entry)))),
    });
    expect(sentences).toEqual([
      'Eintrag 10 vom 2026-03-02, 08:01:40 Uhr (UTC): Antwort erteilt Frage „Nach Bezirk“ (by-district), für city/planning, Zweck planning, Daten residents@1.',
      'Entry 10 of 2026-03-02, 08:01:40 (UTC): answer released question “Nach Bezirk” (by-district), for city/planning, purpose planning, data residents@1.',
    ]);
  });

  test('goes on where the log does not answer for a while, and loses nothing', async () => {
    const folder = await passingFolder(honest, honest.entries.slice(0, 12));
    const inner = watchedDirectory(folder.directory);
    let calls = 0;
    // Every 23rd read fails, wherever in a look that is.
    const flaky = async <T>(read: Promise<T>): Promise<T> => {
      if (++calls % 23 === 0) throw new Unreachable('away');
      return await read;
    };
    const log: WatchedLog = {
      fetch: (path) => flaky(inner.fetch(path)),
      readObject: (digest) => flaky(inner.readObject(digest)),
    };
    let nowMs = momentMs(11);
    const grown = () => {
      nowMs = momentMs(entryCount - 1);
      return folder.grow(honest.entries.slice(12));
    };
    const idle: Between[] = Array.from({ length: 40 }, () => () => {});
    const result = await watched(log, { clock: () => nowMs, between: [...idle, grown, ...idle] });
    expect(result).toMatchObject({ code: 0, told: range(0, entryCount), alerts: [] });
    expect(result.unreachable).toBeGreaterThan(3);
  });

  test('reads a copy on a web server, and takes its errors for no answer', async () => {
    const folder = await passingFolder(honest);
    let failures = 2;
    const asked: string[] = [];
    const request = (async (url: string) => {
      asked.push(url);
      if (failures-- > 0) return new Response('down', { status: failures === 1 ? 503 : 302 });
      const path = join(folder.directory, new URL(url).pathname.replace('/room/', ''));
      return await readFile(path).then(
        (bytes) => new Response(new Uint8Array(bytes)),
        () => new Response(null, { status: 404 }),
      );
    }) as unknown as typeof fetch;
    const log = watchedAddress('https://dpo.example/room/', request);
    expect(await watched(log, { between: [() => {}, () => {}] })).toMatchObject({
      code: 0,
      told: range(0, entryCount),
      unreachable: 2,
    });
    expect(asked[0]).toBe('https://dpo.example/room/log/checkpoint');
  });
});

test('an answer that is held back for ever does not keep a watch from warning', async () => {
  let nowMs = momentMs(entryCount);
  const { log, to } = switching(await directory());
  const silent = watchedAddress('https://dpo.example', () => new Promise<Response>(() => {}), 20);
  const later = () => {
    to(silent);
    nowMs += 25 * hourMs;
  };
  const result = await watched(log, { clock: () => nowMs, between: [later] });
  expect(result).toMatchObject({ code: 2, unreachable: 1, alerts: [{ alert: 'stale-checkpoint' }] });
});

describe('a room of an installation', () => {
  /** A member's connection that answers out of a directory; its sessions end after so many reads. */
  function clientOf({ directory }: StateFolder, readsPerSession: number) {
    const opened: string[] = [];
    const reads = new Map<string, number>();
    const client = {
      session: async () => `s${opened.push(`s${opened.length}`) - 1}`,
      public: {
        logFetch: (session: string) => async (path: string) => {
          const count = (reads.get(session) ?? 0) + 1;
          reads.set(session, count);
          if (count > readsPerSession) throw new RoomProblem(401, { code: 'session-invalid' });
          const file = path.startsWith('objects/') ? join(directory, path) : join(directory, 'log', path);
          return await readFile(file).then(
            (bytes) => new Uint8Array(bytes),
            () => undefined,
          );
        },
        fetch: async (path: string) => new Response(new Uint8Array(await readFile(join(directory, path.slice(1))))),
      },
    };
    return { opened, log: watchedRoom(client as unknown as RoomClient) };
  }

  test('is read in a session that is opened when it is needed, and anew when it has ended', async () => {
    const folder = await passingFolder(honest);
    const { opened, log } = clientOf(folder, 10);
    const idle: Between[] = [() => {}, () => {}];
    expect(await watched(log, { between: idle })).toMatchObject({
      code: 0,
      told: range(0, entryCount),
      unreachable: 0,
    });
    expect(opened.length).toBeGreaterThan(2);
    // Nothing new, nothing to read: an idle room is not filled with sessions.
    const lasting = clientOf(folder, 1000);
    await watched(lasting.log, { between: idle });
    expect(lasting.opened).toEqual(['s0']);
  });
});

describe('contradicted evidence ends a watch', () => {
  const shorter = () => directory(honest.entries.slice(0, 12));
  const sameSize = () => directory([...honest.entries.slice(0, entryCount - 1), ...otherwise(entryCount - 1)]);
  const longer = () => directory([...honest.entries.slice(0, 12), ...otherwise(12, 40)]);

  test.each([
    ['rolled back', 'rollback', shorter],
    ['of the same size and another root', 'split-view', sameSize],
    ['longer, with another past', 'split-view', longer],
  ] as const)('a log %s: while it is watched, and after a restart', async (_name, kind, other) => {
    const head = freshHead();
    const { log, to } = switching(await directory());
    const next = await other();
    const live = await watched(log, { head, between: [() => to(next)] });
    expect(live).toMatchObject({ code: 1, told: range(0, entryCount), alerts: [{ alert: kind }] });
    // The head that was verified stays, and the other one is kept beside it: together they are the proof.
    const kept = await readFile(head, 'utf8');
    expect(kept).toContain(`\n${entryCount}\n`);
    const theirs = new TextDecoder().decode(await next.fetch('checkpoint'));
    expect(await readFile(`${head}.conflict`, 'utf8')).toBe(theirs);
    const again = await watched(next, { head });
    expect(again).toMatchObject({ code: 1, told: [], alerts: [{ alert: kind }] });
    expect(await readFile(head, 'utf8')).toBe(kept);
  });

  test('a log that goes back and forth is noticed at the first step back', async () => {
    const { log, to } = switching(await directory());
    const [back, forth] = [await shorter(), await directory()];
    const result = await watched(log, { between: [() => to(back), () => to(forth)] });
    expect(result.alerts.map(({ alert }) => alert)).toEqual(['rollback']);
  });

  test('a step back from a head whose entries could not all be read yet', async () => {
    const inner = await directory();
    let reads = 0;
    const halting: WatchedLog = {
      ...inner,
      async readObject(digest) {
        if (++reads > 12) throw new Unreachable('away');
        return await inner.readObject(digest);
      },
    };
    const { log, to } = switching(halting);
    const back = await shorter();
    const result = await watched(log, { between: [() => to(back)] });
    expect(result).toMatchObject({ code: 1, unreachable: 1, alerts: [{ alert: 'rollback' }] });
    expect(result.told.length).toBeLessThan(12);
  });

  test('a charter that is not the one the room is named after', async () => {
    const inner = await directory();
    const log: WatchedLog = {
      ...inner,
      async readObject(digest) {
        const bytes = await inner.readObject(digest);
        const text = new TextDecoder().decode(bytes);
        return bytes && digest === honest.scribe.room ? utf8(text.replace('Kleiner Raum', 'Anderer Raum')) : bytes;
      },
    };
    const result = await watched(log);
    expect(result).toMatchObject({ code: 1, told: [], alerts: [{ subject: 'object', entry: 0 }] });
    // It is not even taken for the charter that has the key.
    expect(result.alerts[0]?.words.en).toContain(`object ${honest.scribe.room} is altered`);
  });

  test.each([
    [
      'a second release',
      'single-release',
      entryCount,
      () => [...honest.entries, honest.scribe.entry(momentMs(entryCount), released(at.charged))],
    ],
    [
      'an answer to a question nobody approved',
      'approval',
      at.approved,
      () => insteadAt(at.approved, (held, nowMs) => held.scribe.charged(nowMs, asked(held)))(honest),
    ],
  ] as const)('%s breaks rule %s at entry %i, which is not told', async (_name, rule, entry, forge) => {
    const result = await watched(await directory(await forge()));
    expect(result).toMatchObject({
      code: 1,
      told: range(0, entry),
      alerts: [{ alert: 'verification', subject: rule, entry }],
    });
    expect(result.alerts[0]?.words.de).toContain(`Regel ${rule}`);
  });

  test('entries that are not those of the signed root, though head and tiles are', async () => {
    const folder = await passingFolder(honest, honest.entries.slice(0, 20));
    const result = await watched(watchedDirectory(folder.directory), {
      between: [
        async () => {
          await folder.grow(honest.entries.slice(20));
          const path = join(folder.directory, 'log', 'tile', 'entries', '000.p', `${entryCount}`);
          const entries = decodeBundle(new Uint8Array(await readFile(path)), entryCount);
          await writeFile(path, encodeBundle(entries.map((bytes, n) => (n === 25 ? (entries[20] ?? bytes) : bytes))));
        },
      ],
    });
    expect(result).toMatchObject({
      code: 1,
      told: range(0, 20),
      alerts: [{ alert: 'verification', subject: 'root-mismatch' }],
    });
  });

  test('entries that are read as two things', async () => {
    const inner = await directory();
    let reads = 0;
    const log: WatchedLog = {
      ...inner,
      async fetch(path) {
        const bytes = await inner.fetch(path);
        if (!path.startsWith('tile/entries') || !bytes || ++reads === 1) return bytes;
        const entries = decodeBundle(bytes, entryCount);
        return encodeBundle(entries.map((entry, n) => (n === 3 ? (entries[2] ?? entry) : entry)));
      },
    };
    const result = await watched(log);
    expect(result).toMatchObject({ code: 1, told: [0, 1, 2], alerts: [{ subject: 'entry-mismatch', entry: 3 }] });
  });

  test.each([
    [
      'a signature that is wrong',
      'signature-invalid',
      (bytes: Uint8Array) => {
        const { text, signatures } = parseNote(bytes);
        return utf8(
          formatNote({ text, signatures: signatures.map((one) => ({ ...one, signature: new Uint8Array(64) })) }),
        );
      },
    ],
    [
      'no signature of the log',
      'signature-unknown',
      (bytes: Uint8Array) => {
        const { text, signatures } = parseNote(bytes);
        return utf8(formatNote({ text, signatures: signatures.map((one) => ({ ...one, name: 'else' })) }));
      },
    ],
    ['no note at all', 'note-malformed', () => utf8('hello')],
  ])('%s', async (_name, code, change) => {
    const inner = await directory();
    const log: WatchedLog = {
      ...inner,
      fetch: async (path) =>
        path === 'checkpoint' ? change((await inner.fetch(path)) ?? new Uint8Array()) : inner.fetch(path),
    };
    expect(await watched(log)).toMatchObject({ code: 1, told: [], alerts: [{ alert: 'verification', subject: code }] });
  });

  test('the log of another room than the one that was asked for', async () => {
    const result = await watched(await directory(), { room: '0'.repeat(64) });
    expect(result).toMatchObject({ code: 1, told: [], alerts: [{ subject: 'origin-unknown' }] });
  });

  test('a kept head that somebody damaged is no reason to forget it', async () => {
    const head = freshHead();
    await watched(await directory(), { head });
    const note = await readFile(head, 'utf8');
    await writeFile(head, note.replace(`\n${entryCount}\n`, '\n12\n'));
    await expect(watched(await directory(), { head })).rejects.toThrow(/signature-invalid/);
    expect(await readFile(head, 'utf8')).toContain('\n12\n');
    expect((await readdir(headFolder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

/** What a watch warns of in a log that verifies: holes, silence, clocks, refusals, balances. */
import { type CharterTemplate, formatInstant, type LogEntry } from '@reinraum/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Draft } from '../../enclave/ledger.ts';
import { Unreachable, type WatchedLog } from '../../src/watch/follower.ts';
import { watchedDirectory } from '../../src/watch/watched-log.ts';
import { agedAt, agedLog, agedMs } from '../support/aged-log.ts';
import { people } from '../support/fixed-room.ts';
import { at, entryCount, type HeldLog, honestLog, momentMs } from '../support/honest-log.ts';
import { template } from '../support/small-room.ts';
import { passingFolder, plainRefusals } from '../support/state-folder.ts';
import { freshHead, hourMs, switching, type Watched, watched } from '../support/watched.ts';

let honest: HeldLog;

beforeAll(async () => {
  honest = await honestLog();
});

const directory = async (entries?: readonly LogEntry[]) =>
  watchedDirectory((await passingFolder(honest, entries)).directory);

/** A refusal of somebody’s session, signed: an entry any room may log. */
async function refusal(held: HeldLog, index: number, nowMs: number): Promise<LogEntry> {
  const { member } = people.steward;
  const signed = await held.scribe.sign(people.steward, { type: 'session.open', body: { scope: 'log' }, nowMs });
  const detail = { statement: 'session.open', code: 'role-missing' };
  const actor = { ref: member.ref, unit: member.unit };
  const draft = { type: 'statement.refused', activity: 'verwalten', actor, statements: [signed], detail } as Draft;
  for (const [digest, bytes] of held.scribe.objects) held.objects.set(digest, bytes);
  expect(index).toBeGreaterThan(0);
  return held.scribe.entry(nowMs, draft);
}

/** Entries of any room, dated as they are wanted. */
const dated = (nowMs: number) => ({ ...plainRefusals(honest, entryCount, 1)[0], at: formatInstant(nowMs) }) as LogEntry;

describe('a warning of', () => {
  const kinds = ({ alerts }: Watched) => alerts.map(({ alert, entry }) => [alert, entry]);

  test('a hole between two entries', async () => {
    const lastMs = momentMs(entryCount - 1);
    const result = await watched(
      await directory([...honest.entries, dated(lastMs + 24 * hourMs), dated(lastMs + 49 * hourMs)]),
      {
        clock: () => lastMs + 49 * hourMs,
      },
    );
    expect(result.code).toBe(2);
    expect(kinds(result)).toEqual([['gap', entryCount + 1]]);
    expect(result.alerts[0]?.words.de).toContain('25 Stunden');
  });

  test('what is kept past its term, once, until it is held or gone', async () => {
    let nowMs = agedMs(agedAt.pruned);
    const later = () => void (nowMs += hourMs);
    const overdue = async (entries: number) => {
      const { alerts } = await watched(
        watchedDirectory((await passingFolder(aged, aged.entries.slice(0, entries))).directory),
        {
          clock: () => nowMs,
          between: [later],
        },
      );
      return alerts.filter(({ alert }) => alert === 'retention-overdue').map(({ subject }) => subject);
    };
    const aged = await agedLog();
    const [first, second] = [`log/${agedAt.snapshot}`, `log/${agedAt.later}`];
    expect(await overdue(agedAt.held)).toEqual([first, second]);
    expect(await overdue(agedAt.held + 1)).toEqual([]);
    expect(await overdue(agedAt.heldNoMore + 1)).toEqual([first, second]);
    expect(await overdue(agedAt.pruned + 1)).toEqual([second]);
    nowMs = agedMs(agedAt.later);
    expect(await overdue(agedAt.held)).toEqual([]);
    const old = await watched(await directory(honest.entries.slice(0, at.admitted + 1)), {
      clock: () => Date.parse('2036-01-01T00:00:00Z'),
    });
    expect(old.alerts.map(({ subject }) => subject)).toContain('residents@1');
  });

  test('nothing new for too long, once, and again after something came', async () => {
    const folder = await passingFolder(honest);
    let nowMs = momentMs(entryCount - 1) + 24 * hourMs;
    const on = (hours: number) => () => void (nowMs += hours * hourMs);
    const result = await watched(watchedDirectory(folder.directory), {
      clock: () => nowMs,
      between: [on(1), on(1), async () => folder.grow([dated(nowMs)]), on(25), on(1)],
    });
    expect(kinds(result)).toEqual([
      ['heartbeat-missing', entryCount - 1],
      ['gap', entryCount],
      ['heartbeat-missing', entryCount],
    ]);
    expect(result.alerts[0]?.words.en).toContain(
      `entry ${entryCount - 1} of ${formatInstant(momentMs(entryCount - 1))}`,
    );
    expect(result.alerts[0]?.words.de).toContain('spätestens nach 6 Stunden');
    const lost = switching(await directory());
    nowMs = momentMs(entryCount);
    const away: WatchedLog = {
      fetch: () => Promise.reject(new Unreachable('away')),
      readObject: () => Promise.reject(new Unreachable('away')),
    };
    const unanswered = await watched(lost.log, { clock: () => nowMs, between: [() => lost.to(away), on(30)] });
    expect(kinds(unanswered)).toEqual([['stale-checkpoint', null]]);
  });

  test.each([
    ['ahead', 10_000, [['clock-skew', entryCount]]],
    ['a little ahead', 2000, []],
    ['behind', -70_000, [['clock-skew', entryCount]]],
    ['on time', 0, []],
  ])('a clock that is %s, of an entry that came just now', async (_name, offMs, expected) => {
    const folder = await passingFolder(honest);
    let nowMs = momentMs(40);
    const result = await watched(watchedDirectory(folder.directory), {
      clock: () => nowMs,
      between: [
        () => {
          nowMs += 60_000;
          // It came right before the second look.
          return folder.grow([dated(nowMs + offMs)]);
        },
      ],
    });
    expect(kinds(result)).toEqual(expected);
  });

  test('no clock is judged by entries that may have come long ago, unless they are still to come', async () => {
    expect(await watched(await directory(), { clock: () => momentMs(entryCount) + hourMs })).toMatchObject({ code: 0 });
    const ahead = await watched(await directory(), {
      clock: () => momentMs(entryCount) - hourMs,
      between: [() => undefined],
    });
    expect(kinds(ahead)).toEqual([['clock-skew', entryCount - 1]]);
  });

  test('one member who is refused again and again, not one now and then', async () => {
    const startMs = momentMs(entryCount);
    const times = [0, 61, 70, 80, 81, 82, 83].map((minute) => startMs + minute * 60_000);
    const entries = [...honest.entries];
    for (const ms of times) entries.push(await refusal(honest, entries.length, ms));
    const result = await watched(await directory(entries), { clock: () => startMs + 90 * 60_000 });
    // Within an hour: 61, 70, 80 are three; then the count starts anew with 81, 82, 83.
    expect(kinds(result)).toEqual([
      ['refusals', entryCount + 3],
      ['refusals', entryCount + 6],
    ]);
    expect(result.alerts[0]).toMatchObject({ subject: people.steward.member.ref });
  });

  test.each([
    ['of ρ', template('1/4'), 'person ρ', '1/4'],
    ['of δ', template('1', '1/50000000'), 'person δ', '1/50000000'],
  ])(
    'a balance %s at four fifths, and again to whoever starts a watch',
    async (_name, from: CharterTemplate, account, cap) => {
      const held = await honestLog(from);
      const folder = await passingFolder(held);
      const head = freshHead();
      const first = await watched(watchedDirectory(folder.directory), { head });
      expect(kinds(first)).toEqual([['balance', at.chargedAgain]]);
      expect(first.alerts[0]).toMatchObject({ subject: account });
      expect(first.alerts[0]?.words.de).toContain(`von ${cap}`);
      const again = await watched(watchedDirectory(folder.directory), { head });
      expect(kinds(again)).toEqual([['balance', null]]);
    },
  );

  test('a balance below four fifths is none', async () => {
    const held = await honestLog(template('1/3'));
    // 1/4 of 1/3 is three quarters.
    expect((await watched(watchedDirectory((await passingFolder(held)).directory))).alerts).toEqual([]);
  });
});

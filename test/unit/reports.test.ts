/** Reports say what the log says: every number is counted again from raw entries, and every text is there in both languages. */
import {
  add,
  compare,
  formatInstant,
  formatRational,
  type LogEntry,
  lossOf,
  parseRational,
  type ReportName,
  subtract,
  zero,
} from '@reinraum/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { accountSums, finalSums } from '../../src/reports/balances.ts';
import { caseEntries } from '../../src/reports/case.ts';
import type { Cell, ReportDocument, Table } from '../../src/reports/document.ts';
import { privilegedTypes } from '../../src/reports/privileged.ts';
import { rangeOf, reportNames, reportOf } from '../../src/reports/reports.ts';
import type { VerifiedLog } from '../../src/reports/subject.ts';
import { at, type HeldLog, momentMs } from '../support/honest-log.ts';
import { everythingSaid, madeAt, momentOf, reported } from '../support/reported.ts';
import { template } from '../support/small-room.ts';

let held: HeldLog;
let log: VerifiedLog;
beforeAll(async () => {
  ({ held, log } = await reported());
});

const wish = { madeAt, entry: at.released };
const made = (name: ReportName, more: object = {}) => reportOf(name, log, { ...wish, ...more });
const tables = (document: ReportDocument) => document.sections.flatMap((section) => section.tables);
const tableOf = (document: ReportDocument, caption: string): Table => {
  const found = tables(document).find((one) => one.caption.de === caption);
  if (!found) throw new Error(`no table "${caption}"`);
  return found;
};
/** Indices of raw entries that fit. */
const raw = (fits: (entry: LogEntry, index: number) => boolean) =>
  held.entries.flatMap((entry, index) => (fits(entry, index) ? [index] : []));
const ofTypes = (...types: readonly string[]) => raw(({ type }) => types.includes(type));
const rowsOf = ({ rows }: Table) => rows.map(({ cells }) => cells.map(({ value, text }) => value ?? text.de));
const column = (table: Table, at: number): (Cell | undefined)[] => table.rows.map(({ cells }) => cells[at]);
const listed = (table: Table) => table.rows.map(({ entries }) => entries[0]);

describe.each(reportNames)('the report %s', (name) => {
  test('has every text in both languages, and a title, facts and sections', () => {
    const document = made(name);
    const texts: unknown[] = [];
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('de' in value || 'en' in value) texts.push(value);
      else for (const inner of Object.values(value)) walk(inner);
    };
    walk(document);
    expect(texts.length).toBeGreaterThan(20);
    for (const text of texts) {
      expect(text).toEqual({ de: expect.stringMatching(/\S/), en: expect.stringMatching(/\S/) });
      // A forgotten value would show so.
      expect(JSON.stringify(text)).not.toMatch(/undefined|NaN|\[object|\bnull\b/);
    }
    expect(document.sections.length).toBeGreaterThan(1);
    for (const table of tables(document)) {
      for (const { cells } of table.rows) expect(cells).toHaveLength(table.head.length);
    }
  });

  test('says room, notice, period, size, root, witnesses, and how to check', () => {
    const facts = made(name).facts.map(({ said }) => said.text.de);
    const { charter } = held.scribe;
    expect(facts).toEqual([
      expect.stringContaining(charter.title.de),
      held.scribe.room,
      charter.notice.de,
      expect.stringContaining(`${held.entries.length} Einträge`),
      expect.stringContaining(`${held.entries.length} Einträge, Wurzel ${log.root} `),
      expect.stringContaining('Keine'),
      expect.stringContaining('01.04.2026, 12:00:00 UTC'),
      expect.stringContaining(`reinraum audit verify <Protokoll> --room ${held.scribe.room}`),
    ]);
  });

  test('rests on entries that are in the log, in rising order', () => {
    for (const { entries } of everythingSaid(made(name))) {
      expect(entries).toEqual([...new Set(entries)].sort((a, b) => a - b));
      expect(entries.every((index) => Number.isInteger(index) && index >= 0 && index < held.entries.length)).toBe(true);
    }
  });

  test('is the same for the same log and clock', () => {
    expect(JSON.stringify(made(name))).toBe(JSON.stringify(made(name)));
  });

  test('says what the log does not show', () => {
    const last = made(name).sections.at(-1);
    expect(last?.title.de).toBe('Was das Protokoll nicht zeigt');
    expect(last?.sentences.length).toBeGreaterThan(0);
  });
});

describe('numbers, counted again from raw entries', () => {
  test('integrity: entries by kind, by build, signatures of the founding', () => {
    const document = made('integrity');
    const kinds = tableOf(document, 'Einträge nach Art');
    const types = [...new Set(held.entries.map(({ type }) => type))].sort();
    expect(column(kinds, 1).map((one) => one?.text.de)).toEqual(types);
    expect(column(kinds, 3)).toEqual(
      types.map((type) => expect.objectContaining({ value: ofTypes(type).length, entries: ofTypes(type) })),
    );
    const builds = tableOf(document, 'Programmfassungen, die geschrieben haben');
    expect(rowsOf(builds)).toEqual([['11'.repeat(32), held.entries.length]]);
    expect(column(tableOf(document, 'Gründung'), 2)[0]?.value).toBe(held.entries[0]?.statements.length);
  });

  test('overview: by party and purpose, by acting party', () => {
    const document = made('overview');
    const [row] = tableOf(document, 'Nach Beteiligten und Zweck').rows;
    const types = ['query.charged', 'query.released', 'query.repeated', 'query.failed', 'release.retracted'];
    expect(row?.cells.slice(2).map(({ value, entries }) => [value, entries])).toEqual(
      types.map((type) => [ofTypes(type).length, ofTypes(type)]),
    );
    const acts = tableOf(document, 'Nach handelnder Partei und Vorgang');
    const sum = column(acts, 2).reduce((total, one) => total + Number(one?.value), 0);
    expect(sum).toBe(held.entries.length);
    const city = raw(({ actor, type }) => actor?.unit.startsWith('city/') === true && type === 'query.approved');
    const found = acts.rows.find(
      ({ cells }) => cells[0]?.text.de.includes('(city)') && cells[1]?.text.de === 'Frage freigegeben',
    );
    expect(found?.cells[2]).toMatchObject({ value: city.length, entries: city });
    expect(city.length).toBe(2);
  });

  test('disclosures: each, by recipient, and in the sentence', () => {
    const document = made('disclosures');
    const given = ofTypes('query.released', 'query.repeated');
    expect(given).toEqual([at.released, at.repeated]);
    expect(listed(tableOf(document, 'Jede Offenlegung'))).toEqual(given);
    expect(document.sections[0]?.sentences[0]).toMatchObject({
      entries: given,
      text: { de: expect.stringContaining(` ${given.length} Antworten`) },
    });
    const [row, ...others] = tableOf(document, 'Nach Empfänger').rows;
    expect(others).toEqual([]);
    expect(row?.cells.slice(3).map(({ value }) => value)).toEqual([1, 1]);
    // Both are the same answer, and it was taken back.
    const retracted = column(tableOf(document, 'Jede Offenlegung'), 8).map((one) => one?.entries);
    expect(retracted).toEqual([[at.retracted], [at.retracted]]);
  });

  test('denied: by code, each, failures with their clearance, revocations, rejections', () => {
    const document = made('denied');
    expect(rowsOf(tableOf(document, 'Nach Grund')).map(([code, , count]) => [code, count])).toEqual([
      ['role-missing', 1],
    ]);
    expect(listed(tableOf(document, 'Jede Ablehnung'))).toEqual(ofTypes('statement.refused'));
    const failures = tableOf(document, 'Gescheiterte Antworten');
    expect(listed(failures)).toEqual(ofTypes('query.failed'));
    expect(column(failures, 3)[0]?.entries).toEqual([at.cleared]);
    expect(listed(tableOf(document, 'Widerrufene Fragen'))).toEqual([at.revoked]);
    expect(listed(tableOf(document, 'Abgelehnte Datensätze'))).toEqual([at.rejected]);
  });

  test('privileged: each and by member', () => {
    const document = made('privileged');
    const acts = ofTypes(...privilegedTypes);
    expect(listed(tableOf(document, 'Jede Handlung'))).toEqual(acts);
    const byMember = tableOf(document, 'Nach Mitglied und Vorgang');
    for (const { cells, entries } of byMember.rows) {
      const first = held.entries[entries[0] ?? -1];
      const own = raw(({ type, actor }) => type === first?.type && actor?.ref === first.actor?.ref);
      expect(cells[4]).toMatchObject({ value: own.length, entries: own });
    }
    expect(column(byMember, 4).reduce((sum, one) => sum + Number(one?.value), 0)).toBe(acts.length);
  });

  test('rights: changes, members and questions', () => {
    const document = made('rights');
    const changes = ofTypes(
      'room.founded',
      'query.proposed',
      'query.approved',
      'query.revoked',
      'member.recovery-approved',
      'member.recovered',
    );
    expect(listed(tableOf(document, 'Änderungen'))).toEqual(changes);
    const members = tableOf(document, 'Mitglieder');
    expect(members.rows).toHaveLength(held.scribe.charter.members.length);
    const replaced = members.rows.filter(({ cells }) => cells[3]?.value !== 0);
    expect(replaced.map(({ entries }) => entries)).toEqual([[0, at.recovered]]);
    const [question] = tableOf(document, 'Fragen und Tabellen').rows;
    const approvals = ofTypes('query.approved');
    expect(question?.cells[1]?.text.de).toBe('widerrufen');
    expect(question?.cells[3]).toMatchObject({ value: approvals.length, entries: approvals });
  });

  test('ledger: sums, what is left, and every charge', () => {
    const document = made('ledger');
    const charges = ofTypes('query.charged');
    let [loss, delta] = [zero, zero];
    for (const entry of held.entries) {
      if (entry.type !== 'query.charged') continue;
      for (const one of entry.detail.charges) {
        loss = add(loss, lossOf(one));
        delta = add(delta, parseRational(one.delta));
      }
    }
    expect(compare(loss, zero)).toBeGreaterThan(0);
    const [budget] = held.scribe.charter.populations.map((one) => one.budget);
    if (!budget) throw new Error('no population');
    const [account] = tableOf(document, 'Konten am Ende des Zeitraums').rows;
    expect(account?.cells.slice(1, 5).map(({ value }) => value)).toEqual([
      formatRational(lossOf(budget)),
      formatRational(loss),
      formatRational(loss),
      formatRational(subtract(lossOf(budget), loss)),
    ]);
    expect(account?.cells[7]).toMatchObject({ value: formatRational(delta), entries: charges });
    expect(listed(tableOf(document, 'Jede Abbuchung'))).toEqual(charges);
    expect(column(tableOf(document, 'Jede Abbuchung'), 6).map((one) => one?.entries)).toEqual([
      [at.released],
      [at.failed],
    ]);
  });

  test('deletions: withdrawals, retractions, versions', () => {
    const document = made('deletions');
    expect(listed(tableOf(document, 'Zurückgezogene Datensätze'))).toEqual([at.withdrawn]);
    expect(tables(document)[1]?.rows.map(({ entries }) => entries[0])).toEqual(
      ofTypes('detail.held', 'detail.erasure-requested', 'detail.erased'),
    );
    expect(tables(document)[2]?.rows).toEqual([]);
    expect(tables(document)[3]?.rows.map(({ entries }) => entries[0])).toEqual([at.retracted]);
    const versions = tableOf(document, 'Fassungen am Ende des Protokolls');
    expect(versions.rows.map(({ entries, cells }) => [cells[0]?.text.de, entries])).toEqual([
      ['residents@1', [at.declared, at.admitted]],
      ['residents@2', [at.declaredNext, at.rejected, at.declaredOnce, at.admittedNext, at.withdrawn]],
    ]);
    const late = tableOf(made('deletions', { madeAt: '2036-01-01T00:00:00Z' }), 'Fassungen am Ende des Protokolls');
    // Only what is still there can be overdue.
    expect(column(late, 5).map((one) => one?.text.en)).toEqual(['yes: withdraw it', 'no']);
    expect(column(versions, 5).map((one) => one?.text.en)).toEqual(['no', 'no']);
  });

  test('health: starts with their walls, no gaps in a busy log', () => {
    const document = made('health');
    expect(listed(tableOf(document, 'Starts'))).toEqual([at.started]);
    const signed = tableOf(document, 'Abgeschlossene Prüfungen und gesehene Warnungen');
    expect(listed(signed)).toEqual([at.reviewed, at.acknowledged]);
    const review = held.entries[at.reviewed];
    if (review?.type !== 'review.completed') throw new Error('no review');
    expect(column(signed, 3)[0]?.text.en).toContain(`entries ${review.detail.from} to ${review.detail.to}, `);
    expect(tableOf(document, 'Lücken von mehr als 7 Stunden').rows).toEqual([]);
    const hours = Math.floor((Date.parse(madeAt) - Date.parse(held.entries.at(-1)?.at ?? '')) / 3_600_000);
    const [, beats, last] = document.sections[0]?.sentences ?? [];
    expect(beats).toMatchObject({ entries: [at.heartbeat], text: { de: expect.stringContaining('im Zeitraum: 1.') } });
    expect(last?.text.de).toContain(` ${hours} volle Stunden`);
    expect(last?.text.de).toContain('fehlt das Lebenszeichen');
    const soon = made('health', { madeAt: formatInstant(momentMs(at.heartbeat) + 7 * 3_600_000) });
    expect(soon.sections[0]?.sentences[2]?.text.en).toContain('No sign of life is missing.');
  });

  test('health: a gap is found between an entry and the one before it', () => {
    const later = log.entries.map((read) => {
      const moment = new Date(Date.parse(read.row.at) + (read.row.index >= at.session ? 30 * 3_600_000 : 0));
      return { ...read, row: { ...read.row, at: `${moment.toISOString().slice(0, 19)}Z` } };
    });
    const gaps = tableOf(reportOf('health', { ...log, entries: later }, wish), 'Lücken von mehr als 7 Stunden');
    expect(gaps.rows.map(({ entries, cells }) => [entries, cells[3]?.value])).toEqual([
      [[at.lastApproval, at.session], 30],
    ]);
  });

  test('breach: signs, populations, recipients, and gaps for people', () => {
    const document = made('breach');
    const signs = ofTypes(
      'query.failed',
      'release.retracted',
      'member.recovery-approved',
      'member.recovered',
      'statement.refused',
      'detail.opened',
      'alert.acknowledged',
    );
    expect(listed(tableOf(document, 'Vorgänge, die ein Anzeichen sein können'))).toEqual(signs);
    expect(
      tables(document)
        .slice(1)
        .flatMap((table) => table.rows.map(({ cells }) => cells[1])),
    ).toMatchObject([
      { value: 2, entries: ofTypes('query.charged') },
      { value: 2, entries: ofTypes('query.released', 'query.repeated') },
    ]);
    const gaps = document.sections[0]?.sentences.filter((one) => one.gap);
    expect(gaps).toHaveLength(7);
    for (const one of gaps ?? []) expect(one.text.de).toMatch(/^auszufüllen: /);
  });

  test('access: sessions, each and by member', () => {
    const document = made('access');
    const sessions = ofTypes('session.opened');
    expect(sessions).toEqual([at.session, at.sessionAnew]);
    expect(listed(tableOf(document, 'Jede Sitzung'))).toEqual(sessions);
    expect(listed(tableOf(document, 'Jede Einsicht'))).toEqual([at.opened]);
    expect(column(tableOf(document, 'Nach Mitglied'), 2)).toMatchObject([{ value: 2, entries: sessions }]);
    const recorded = tableOf(document, 'Jeder aufgezeichnete Bericht');
    expect(listed(recorded)).toEqual([at.recorded]);
    expect(rowsOf(recorded)[0]?.slice(2, 4)).toEqual(['„access“, Einträge 0 bis 34', '7a'.repeat(32)]);
  });

  test('case: all that is connected with an entry, from wherever one begins', () => {
    const expected = [
      ...[at.declared, at.admitted, at.proposed, 5, 6, at.lastApproval],
      ...[at.charged, at.released, at.repeated, at.revoked, at.retracted],
    ];
    for (const index of [at.charged, at.released, at.repeated, at.retracted]) {
      expect(caseEntries(log, index).map(({ row }) => row.index)).toEqual(expected);
    }
    expect(listed(tableOf(made('case'), 'Einträge des Vorgangs'))).toEqual(expected);
    expect(caseEntries(log, at.recovered).map(({ row }) => row.index)).toEqual([at.lastRecoveryApproval, at.recovered]);
    // What was read of the run's own details belongs to it; what was read of a member's does not.
    const opened = log.entries[at.opened];
    if (opened?.entry.type !== 'detail.opened') throw new Error('no details were opened');
    const entry = { ...opened.entry, detail: { scope: `run/${at.charged}` } };
    const bent = log.entries.with(at.opened, { ...opened, entry });
    const found = caseEntries({ ...log, entries: bent }, at.charged).map(({ row }) => row.index);
    expect(found).toEqual([...expected, at.opened]);
    expect(() => made('case', { entry: held.entries.length })).toThrow(RangeError);
  });
});

describe('a period', () => {
  const period = { from: momentOf(at.released), to: momentOf(at.failed) };

  test('has both its moments, and nothing else', () => {
    const document = made('overview', period);
    const within = raw((_, index) => index >= at.released && index <= at.failed);
    expect(document.facts[3]?.said.entries).toEqual(within);
    const [row] = tableOf(document, 'Nach Beteiligten und Zweck').rows;
    expect(row?.cells.slice(2).map(({ value }) => value)).toEqual([1, 1, 1, 1, 0]);
    expect(listed(tableOf(made('disclosures', period), 'Jede Offenlegung'))).toEqual([at.released, at.repeated]);
  });

  test('ends a balance where it ends, and says what is of the period', () => {
    const first = held.entries[at.charged];
    const one = first?.type === 'query.charged' ? first.detail.charges[0] : undefined;
    if (!one) throw new Error('no charge');
    const early = tableOf(made('ledger', { to: momentOf(at.repeated) }), 'Konten am Ende des Zeitraums').rows[0];
    expect(early?.cells[3]).toMatchObject({ value: formatRational(lossOf(one)), entries: [at.charged] });
    const later = tableOf(made('ledger', { from: momentOf(at.repeated) }), 'Konten am Ende des Zeitraums').rows[0];
    expect(later?.cells[2]).toMatchObject({ value: formatRational(lossOf(one)), entries: [at.chargedAgain] });
    expect(later?.cells[3]?.entries).toEqual([at.charged, at.chargedAgain]);
  });

  test('is the range of entries a report is recorded with; the whole log, one entry, or none where it is not', () => {
    const whole = { from: 0, to: held.entries.length - 1 };
    expect(rangeOf('overview', log, wish)).toEqual(whole);
    expect(rangeOf('overview', log, { ...wish, ...period })).toEqual({ from: at.released, to: at.failed });
    expect(rangeOf('integrity', log, { ...wish, ...period })).toEqual(whole);
    expect(rangeOf('case', log, { ...wish, ...period })).toEqual({ from: at.released, to: at.released });
    expect(rangeOf('overview', log, { ...wish, from: '2026-03-31T00:00:00Z' })).toBeUndefined();
  });

  test('does not change what is about the whole log', () => {
    expect(made('integrity', period).sections).toEqual(made('integrity').sections);
  });
});

describe('balances', () => {
  test('differ from verified ones only in a report that is not made', () => {
    const forged = { ...log, entries: log.entries.filter(({ row }) => row.index !== at.charged) };
    expect(() => finalSums(forged)).toThrow('a balance is not the one that was verified');
    expect(() => reportOf('ledger', forged, wish)).toThrow('a balance is not the one that was verified');
    expect(finalSums(log)).toHaveLength(held.scribe.charter.populations.length);
  });

  test('of allotments are those of who they are for', async () => {
    const usual = template();
    const [population] = usual.populations;
    if (!population || !('rho' in population.budget)) throw new Error('no population');
    const { rho, delta } = population.budget;
    const allotments = [
      { for: { party: 'city' }, rho, delta },
      { for: { party: 'bureau' }, rho, delta },
    ];
    const divided = await reported({ ...usual, populations: [{ ...population, allotments }] });
    const sums = accountSums(divided.log, divided.log.entries);
    expect(sums.map(({ account, entries }) => [account.name, entries])).toEqual([
      ['person', [at.charged, at.chargedAgain]],
      ['person party/city', [at.charged, at.chargedAgain]],
      ['person party/bureau', []],
    ]);
    expect(() => finalSums(divided.log)).not.toThrow();
  });
});

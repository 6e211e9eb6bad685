/** Every export, read back by a reader of its own and held against the log. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalBytes, decodeEntry, type Json, LogEntry, toHex } from '@reinraum/protocol';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { type ExportWish, exportFile } from '../../src/cli/audit-export.ts';
import { openState } from '../../src/cli/state-source.ts';
import { cef } from '../../src/export/cef.ts';
import { csv } from '../../src/export/csv.ts';
import { NewFile } from '../../src/export/new-file.ts';
import type { FoldedEntry } from '../../src/index/fold.ts';
import { rowOf } from '../../src/index/row.ts';
import { agedLog } from '../support/aged-log.ts';
import { goldenFolder } from '../support/golden-state.ts';
import { at, entryCount, type HeldLog, honestLog, momentMs } from '../support/honest-log.ts';
import { released } from '../support/scribe.ts';
import { type StateFolder, stateFolder } from '../support/state-folder.ts';

const golden = join(goldenFolder, 'state-1', 'state');
let honest: HeldLog;
let folder: StateFolder;
let aged: StateFolder;
let scratch: string;
/** Bytes of every entry of the log, by its directory. */
const logged = new Map<string, Uint8Array[]>();

beforeAll(async () => {
  honest = await honestLog();
  folder = await stateFolder(honest);
  aged = await stateFolder(await agedLog());
  scratch = await mkdtemp(join(tmpdir(), 'reinraum-export-'));
  for (const state of states()) {
    const entries: Uint8Array[] = [];
    await verifyState(state, undefined, { entry: (_, bytes) => void entries.push(bytes.slice()) });
    logged.set(state, entries);
  }
});
afterAll(async () => {
  await folder.remove();
  await aged.remove();
  await rm(scratch, { recursive: true, force: true });
});

let files = 0;
async function exported(state: string, wish: Omit<ExportWish, 'out'>): Promise<string> {
  const out = join(scratch, `export-${files++}`);
  const count = await exportFile(await openState(state), { ...wish, out });
  const text = await readFile(out, 'utf8');
  // Every format but CSV has one line an entry; CSV has a heading, and no field of these logs has a line end.
  expect(text.split('\n').length - 1).toBe(count + (wish.format === 'csv' ? 1 : 0));
  return text;
}

const states = () => [folder.directory, aged.directory, golden];
const leafOf = (bytes: Uint8Array) => createHash('sha256').update(Uint8Array.of(0)).update(bytes).digest('hex');
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, never>);

/** What is the same in every format: the entry, its number and the hash of its leaf. */
function expectLogged(state: string, told: readonly { index: unknown; leaf: unknown; entry: unknown }[]): void {
  const entries = logged.get(state) ?? [];
  expect(told.length).toBe(entries.length);
  for (const [index, bytes] of entries.entries()) {
    expect(told[index]?.index).toBe(index);
    expect(told[index]?.leaf).toBe(leafOf(bytes));
    expect(toHex(canonicalBytes(told[index]?.entry as Json))).toBe(toHex(bytes));
  }
}

/** The charge an entry follows from. */
function chargeOf(entries: readonly LogEntry[], entry: LogEntry): LogEntry | undefined {
  if (entry.type === 'query.charged') return entry;
  const cause = entry.caused === null ? undefined : entries[entry.caused];
  return cause && chargeOf(entries, cause);
}

test('JSON Lines', async () => {
  for (const state of states()) {
    const lines = linesOf(await exported(state, { format: 'jsonl' }));
    expectLogged(
      state,
      lines.map(({ index, leaf, entry }) => ({ index, leaf, entry })),
    );
    const told = lines as unknown as { question: { digest: string } | null; entry: { detail: { query?: string } } }[];
    for (const { question, entry } of told) expect(question?.digest).toBe(entry.detail.query);
    const named = told.find(({ question }) => question !== null);
    // Nothing was asked in the room that only grew old.
    if (state === aged.directory) expect(named).toBeUndefined();
    else expect(named?.question).toMatchObject({ title: { de: 'Nach Bezirk' } });
  }
});

test('CloudEvents 1.0: the required attributes, unique ids, allowed names', async () => {
  for (const state of states()) {
    const events = linesOf(await exported(state, { format: 'cloudevents' })) as unknown as (Record<string, string> & {
      data: { entry: LogEntry; purpose: string | null };
    })[];
    expectLogged(
      state,
      events.map(({ id, leafhash, data }) => ({ index: Number(id), leaf: leafhash, entry: data.entry })),
    );
    expect(new Set(events.map(({ source, id }) => `${source} ${id}`)).size).toBe(events.length);
    const entries = events.map(({ data }) => data.entry);
    for (const event of events) {
      const { entry } = event.data;
      expect(event).toMatchObject({ specversion: '1.0', type: `reinraum.${entry.type}`, time: entry.at });
      expect(event['source']).toBe(`reinraum/${entry.room}`);
      expect(Object.keys(event).every((name) => /^[a-z0-9]{1,20}$/.test(name))).toBe(true);
      expect(event['datacontenttype']).toBe('application/json');
      const charge = chargeOf(entries, entry);
      expect(event.data.purpose).toBe(charge?.type === 'query.charged' ? charge.detail.purpose : null);
    }
    const sequence = events.map((event) => event['sequence'] ?? '');
    expect(sequence).toEqual(sequence.toSorted());
  }
});

test('OCSF 1.3.0 Entity Management: every attribute the class requires, of its type, and its sums right', async () => {
  const seen = new Set<string>();
  for (const state of states()) {
    const events = linesOf(await exported(state, { format: 'ocsf' })) as unknown as {
      [name: string]: unknown;
      unmapped: { entry: LogEntry };
      metadata: { sequence: number; uid: string };
    }[];
    expectLogged(
      state,
      events.map(({ metadata, unmapped }) => ({ index: metadata.sequence, leaf: metadata.uid, entry: unmapped.entry })),
    );
    for (const event of events) {
      const { entry } = event.unmapped;
      seen.add(entry.type);
      // Required: activity_id, category_uid, class_uid, entity, metadata (product, version), severity_id, time, type_uid.
      expect(event).toMatchObject({ category_uid: 3, class_uid: 3004, time: Date.parse(entry.at) });
      expect([1, 2, 3, 4, 99]).toContain(event['activity_id']);
      expect(event['type_uid']).toBe(300_400 + (event['activity_id'] as number));
      expect([1, 2, 3]).toContain(event['severity_id']);
      expect(event.metadata).toMatchObject({
        version: '1.3.0',
        product: { name: 'Reinraum', vendor_name: 'Reinraum' },
      });
      expect(event['entity']).toMatchObject({
        type: expect.stringMatching(/^[a-z]+$/),
        uid: expect.stringMatching(/./),
      });
      // An actor has at least one of user and app_name; a user has a uid, an organisation a name.
      const user = { uid: entry.actor?.ref, org: { name: entry.actor?.unit.split('/')[0] } };
      expect(event['actor']).toMatchObject(entry.actor ? { user } : { app_uid: entry.recorder });
      const failed = ['statement.refused', 'query.failed', 'dataset.rejected'].includes(entry.type);
      expect(event['status_id']).toBe(failed ? 2 : 1);
    }
  }
  expect(seen.size).toBe(LogEntry.options.length);
});

test('CSV: opens in Excel, one line an entry, exact costs that are no dates', async () => {
  for (const state of states()) {
    const text = await exported(state, { format: 'csv' });
    expect(text.startsWith('\uFEFFEintrag / entry;Zeit (UTC) / time (UTC);')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    const rows = parse(text, { bom: true, delimiter: ';', columns: true }) as Record<string, string>[];
    const entries = (logged.get(state) ?? []).map(decodeEntry);
    expect(rows.length).toBe(entries.length);
    for (const [index, entry] of entries.entries()) {
      const row = rows[index] ?? {};
      const detail = entry.detail as Record<string, unknown>;
      expect(row).toMatchObject({
        'Eintrag / entry': String(index),
        'Zeit (UTC) / time (UTC)': entry.at,
        'Art / type': entry.type,
        'Mitglied / member': entry.actor?.ref ?? '',
        'Stelle / unit': entry.actor?.unit ?? '',
        'Empfänger / recipient': detail['recipient'] ?? '',
        'Prüfsumme der Frage / digest of the question': detail['query'] ?? '',
        'Grund / reason': detail['code'] ?? detail['reason'] ?? '',
        'Folgt aus Eintrag / follows from entry': entry.caused === null ? '' : String(entry.caused),
        'Blatt (SHA-256) / leaf': leafOf(logged.get(state)?.[index] ?? new Uint8Array()),
      });
      if (entry.type === 'query.charged') {
        expect(row['Kosten / cost']).toMatch(/^person: ρ 1\/8, δ [13]\/100000000$/);
      } else expect(row['Kosten / cost']).toBe('');
    }
  }
});

/** A CEF line, taken apart by the rules of the format. */
function cefOf(line: string): { header: string[]; fields: Record<string, string> } {
  const parts = [...line.matchAll(/((?:[^|\\]|\\[\\|])*)\|/g)].slice(0, 7);
  const header = parts.map(([, text = '']) => text.replaceAll(/\\([\\|])/g, '$1'));
  const extension = line.slice(parts.reduce((length, [whole]) => length + whole.length, 0)).trimEnd();
  const keys = [...extension.matchAll(/(?:^| )([A-Za-z0-9]+)=/g)];
  const fields = keys.map((match, n) => {
    const raw = extension.slice(match.index + match[0].length, keys[n + 1]?.index);
    return [match[1], raw.replaceAll(/\\([\\=nr])/g, (_, sign: string) => ({ n: '\n', r: '\r' })[sign] ?? sign)];
  });
  return { header, fields: Object.fromEntries(fields) as Record<string, string> };
}

test('CEF: seven fields of the header, and what the entry says', async () => {
  for (const state of states()) {
    const lines = (await exported(state, { format: 'cef' })).trimEnd().split('\n').map(cefOf);
    const entries = (logged.get(state) ?? []).map(decodeEntry);
    expect(lines.length).toBe(entries.length);
    for (const [index, entry] of entries.entries()) {
      const { header, fields } = lines[index] ?? { header: [], fields: {} };
      expect(header.slice(0, 5)).toEqual(['CEF:0', 'Reinraum', 'Reinraum', 'log 1', entry.type]);
      expect(Number(header[6])).toBeGreaterThanOrEqual(1);
      const detail = entry.detail as Record<string, unknown>;
      expect(fields).toMatchObject({
        externalId: String(index),
        rt: String(Date.parse(entry.at)),
        act: entry.activity,
      });
      expect(fields['cs1']).toBe(leafOf(logged.get(state)?.[index] ?? new Uint8Array()));
      expect(fields['suid']).toBe(entry.actor?.ref);
      expect(fields['cs3']).toBe(detail['query']);
      expect(fields['reason']).toBe(detail['code'] ?? detail['reason']);
      for (const key of ['cs1', 'cs2', 'cs3', 'cs4', 'cs5', 'cs6', 'flexString1', 'flexString2']) {
        expect(fields[`${key}Label`] === undefined, key).toBe(fields[key] === undefined);
      }
    }
  }
});

/** A charge somebody filled with whatever texts the log lets people choose. */
function chosen(de: string, legalBasis: string): FoldedEntry {
  const charge = honest.entries[at.charged];
  if (charge?.type !== 'query.charged') throw new Error('the honest log has no charge there');
  const entry = { ...charge, detail: { ...charge.detail, legalBasis } };
  const question = { digest: charge.detail.query, kind: 'AggregateQuery', id: 'q', title: { de, en: de } } as const;
  return { entry, question, row: rowOf(at.charged, entry, null), bytes: new Uint8Array(), leaf: new Uint8Array(32) };
}

describe('texts that people choose', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', ';', '"', "'", '|', '\\', ' ', 'a'),
      maxLength: 12,
    }),
    fc.constantFrom('=HYPERLINK("http://x";"y")', '@SUM(1+1)', '-2+3', '\tx', 'a=b cs1=c', String.raw`\n`, '\\', 'x|y'),
  );

  test('become no formula, and come back out of a CSV file as they were', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, basis) => {
        const [row = []] = parse(csv.record(chosen(title, basis)), {
          delimiter: ';',
          recordDelimiter: '\r\n',
        });
        expect(row.length).toBe(21);
        for (const field of row) expect(field).not.toMatch(/^[=+\-@\t\r]/);
        const guarded = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
        expect([row[14], row[15], row[11]]).toEqual([title, title, basis].map(guarded));
      }),
      { numRuns: 2000 },
    );
  });

  test('stay in their field of a CEF line', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, basis) => {
        const line = cef.record(chosen(title, basis));
        expect(line.slice(0, -1)).not.toMatch(/\p{Cc}/u);
        const { header, fields } = cefOf(line);
        expect(header[4]).toBe('query.charged');
        expect(fields['externalId']).toBe(String(at.charged));
        // Whoever reads it takes values without the blanks around them; other control characters became U+FFFD.
        const written = (text: string) => text.replaceAll(/(?![\n\r])\p{Cc}/gu, '\uFFFD');
        if (basis !== '') expect((fields['cs5'] ?? '').trim()).toBe(written(basis).trim());
        expect((fields['msg'] ?? '').trim()).toBe(written(`${title} / ${title}`).trim());
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an export', () => {
  test('holds the entries of the time that was asked for, both ends included', async () => {
    const [from, to] = [honest.entries[5]?.at ?? '', honest.entries[9]?.at ?? ''];
    const lines = linesOf(await exported(folder.directory, { format: 'jsonl', from, to }));
    expect(lines.map(({ index }) => index)).toEqual([5, 6, 7, 8, 9]);
    expect(
      linesOf(await exported(folder.directory, { format: 'jsonl', from: '2026-03-02', to: '2026-03-02' })).length,
    ).toBe(entryCount);
    expect(await exported(folder.directory, { format: 'jsonl', from: '2026-03-03' })).toBe('');
  });

  test('of a log that breaks a rule leaves nothing behind', async () => {
    const forged = await stateFolder(honest, [
      ...honest.entries,
      honest.scribe.entry(momentMs(entryCount), released(at.charged)),
    ]);
    const place = await mkdtemp(join(scratch, 'forged-'));
    const out = join(place, 'log.jsonl');
    await expect(exportFile(await openState(forged.directory), { format: 'jsonl', out })).rejects.toThrow(
      /single-release/,
    );
    await writeFile(out, 'earlier');
    const replacing = exportFile(await openState(forged.directory), { format: 'jsonl', out, force: true });
    await expect(replacing).rejects.toThrow(/single-release/);
    expect(await readdir(place)).toEqual(['log.jsonl']);
    expect(await readFile(out, 'utf8')).toBe('earlier');
    await forged.remove();
  });

  test('replaces a file only when it is told to', async () => {
    const place = await mkdtemp(join(scratch, 'there-'));
    const out = join(place, 'log.csv');
    await writeFile(out, 'earlier');
    const source = await openState(folder.directory);
    await expect(exportFile(source, { format: 'csv', out })).rejects.toThrow(/--force/);
    expect(await readFile(out, 'utf8')).toBe('earlier');
    await exportFile(source, { format: 'csv', out, force: true });
    expect(await readFile(out, 'utf8')).toContain('Eintrag / entry');
    expect(await readdir(place)).toEqual(['log.csv']);
  });

  test('loses to whoever took the place while it was written', async () => {
    const place = await mkdtemp(join(scratch, 'raced-'));
    const file = new NewFile(join(place, 'x'), false);
    file.write('ours');
    await writeFile(join(place, 'x'), 'theirs');
    expect(() => file.commit()).toThrow(/--force/);
    expect(await readdir(place)).toEqual(['x']);
    expect(await readFile(join(place, 'x'), 'utf8')).toBe('theirs');
  });
});

/** Reports as files: nothing of a charter becomes markup, nothing is written from a log that does not verify. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCanonical, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RecordReport, type ReportsWish, writeReports } from '../../src/cli/audit-report.ts';
import { readVerified } from '../../src/cli/audit-subject.ts';
import { type ReportDocument, said } from '../../src/reports/document.ts';
import { toHtml } from '../../src/reports/html.ts';
import { toJson } from '../../src/reports/json.ts';
import { chromiumMissing, dated } from '../../src/reports/pdf.ts';
import { reportNames, reportOf } from '../../src/reports/reports.ts';
import { type Language, spoken } from '../../src/reports/spoken.ts';
import type { VerifiedLog } from '../../src/reports/subject.ts';
import { at, honestLog } from '../support/honest-log.ts';
import { madeAt, reported } from '../support/reported.ts';
import { template } from '../support/small-room.ts';
import { stateFolder } from '../support/state-folder.ts';

const languages: readonly Language[] = ['de', 'en'];
/** What a charter could be given to turn a page into something else; the last turns the direction of text. */
const hostile = `</title><script>alert(1)</script><img src=x onerror='a("b")'> & \u202Egpj.exe\u2069 \u0007`;
let scratch: string;
let log: VerifiedLog;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reinraum-reports-'));
  const usual = template();
  const text = { de: hostile, en: hostile };
  const parties = usual.parties.map((party) => ({ ...party, title: text }));
  const purposes = usual.purposes.map((purpose) => ({ ...purpose, title: text }));
  ({ log } = await reported({ ...usual, title: text, notice: text, parties, purposes }));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const pages = () =>
  reportNames.flatMap((name) =>
    languages.map((language) => spoken(reportOf(name, log, { madeAt, entry: at.released }), language)),
  );

/** Every tag a page may have, with every attribute: what is not one of these did not come from this code. */
const tags = new RegExp(
  [
    '^<(?:!doctype html|html lang="(?:de|en)"|/?(?:html|head|body|title|style|main|h1|h2|dl|dt|dd|section|p|table|thead|tbody|tr|td|strong|mark|sup|ol)',
    '/?(?:data|span|th|li|a|div|caption)|div class="wide" role="region" tabindex="0" aria-labelledby="t\\d+"|caption id="t\\d+"|meta charset="utf-8"|meta name="viewport" content="width=device-width, initial-scale=1"',
    'meta name="referrer" content="no-referrer"|meta http-equiv="Content-Security-Policy" content="[^"<>&]*"',
    'th scope="(?:col|row)"|data value="[0-9/.]+"|span class="entries"|p class="empty"|section class="sources"|li id="s\\d+"|a href="#s\\d+")>$',
  ].join('|'),
);

describe('a page', () => {
  test('has only markup of this code, whatever the charter says', () => {
    for (const page of pages()) {
      const html = toHtml(page);
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect((html.match(/<[^>]*>/g) ?? []).filter((tag) => !tags.test(tag))).toEqual([]);
      // Tags are what begins with "<": without stray ones the list above was complete.
      expect(html.split('<').length - 1).toBe((html.match(/<[^<>]*>/g) ?? []).length);
      expect(html).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;)/);
    }
  });

  test('escapes every text there is, also those that are our own today', () => {
    const poisoned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(poisoned);
      if (typeof value !== 'object' || value === null) return value;
      if ('de' in value && 'en' in value) return { de: hostile, en: hostile };
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poisoned(inner)]));
    };
    for (const name of reportNames) {
      const document = poisoned(reportOf(name, log, { madeAt, entry: at.released })) as ReportDocument;
      const html = toHtml(spoken({ ...document, id: name }, 'de'));
      expect((html.match(/<[^>]*>/g) ?? []).filter((tag) => !tags.test(tag))).toEqual([]);
      expect(html).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/u);
    }
  });

  test('and its JSON have no character that steers or turns text', () => {
    for (const page of pages()) {
      for (const text of [toHtml(page), JSON.stringify(parseCanonical(utf8(toJson(page).trimEnd())))]) {
        expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B-\u200F]/u);
        expect(text).not.toMatch(/[^\P{Cc}\n]/u);
        expect(text).toContain('\uFFFDgpj.exe\uFFFD');
      }
    }
  });

  test('allows itself its own style and nothing else', () => {
    for (const page of pages()) {
      const html = toHtml(page);
      const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? [];
      const digest = createHash('sha256').update(style).digest('base64');
      expect(html).toContain(
        `content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'"`,
      );
      expect(style).not.toMatch(/url|@import|https?:/);
      expect(html).toContain(`<html lang="${page.language}">`);
    }
  });

  test('marks gaps and names sources once, in their order', () => {
    const sources = [{ file: 'charter.yaml', place: 'retention "<b>"' }];
    const sentences = [
      { ...said('Eins', 'One'), sources },
      { ...said('Zwei', 'Two', [1, 2, 3, 7]), sources: [{ file: 'a.yaml', place: 'x' }, ...sources] },
    ];
    const gap = { ...said('auszufüllen: Name', 'to be filled in: name'), gap: true } as const;
    const title = { de: 'T', en: 'T' };
    const document = { id: 'x', title, facts: [], sections: [{ title, sentences: [...sentences, gap], tables: [] }] };
    const html = toHtml(spoken(document, 'de'));
    expect(html).toContain('<p>Eins <sup>(<a href="#s1">1</a>)</sup></p>');
    expect(html).toContain(
      '<p>Zwei <span class="entries">[Einträge 1–3, 7]</span> <sup>(<a href="#s2">2</a>, <a href="#s1">1</a>)</sup></p>',
    );
    expect(html).toContain(
      '<li id="s1">charter.yaml: retention &quot;&lt;b&gt;&quot;</li>\n<li id="s2">a.yaml: x</li>',
    );
    expect(html).toContain('<p><mark>auszufüllen: Name</mark></p>');
  });

  test('says of very many entries how many it leaves out; the JSON form has all', () => {
    const entries = Array.from({ length: 40 }, (_, n) => 2 * n);
    const title = { de: 'T', en: 'T' };
    const sections = [{ title, sentences: [said('Viele', 'Many', entries)], tables: [] }];
    const page = spoken({ id: 'x', title, facts: [], sections }, 'en');
    expect(toHtml(page)).toContain(', 56, 58, 10 more, all in the JSON form]');
    expect(JSON.parse(toJson(page))).toMatchObject({ sections: [{ sentences: [{ entries }] }] });
  });
});

describe('writing', () => {
  const wish = (more: Partial<ReportsWish>): ReportsWish => ({
    report: 'all',
    language: 'de',
    format: 'html',
    out: join(scratch, 'out'),
    madeAt,
    searchPath: '',
    ...more,
  });

  test('gives twelve files a language, the same bytes for the same log and clock', async () => {
    const [first, second] = [join(scratch, 'first'), join(scratch, 'second')];
    for (const out of [first, second]) {
      for (const language of languages) {
        for (const format of ['html', 'json'] as const)
          await writeReports(log, wish({ out, language, format, entry: 3 }));
      }
    }
    const names = await readdir(first);
    expect(names).toHaveLength(reportNames.length * 4);
    expect(reportNames).toHaveLength(12);
    for (const name of names) expect(await readFile(join(first, name))).toEqual(await readFile(join(second, name)));
  });

  test('replaces nothing unless told to', async () => {
    const out = join(scratch, 'kept');
    await writeReports(log, wish({ out, report: 'access' }));
    await expect(writeReports(log, wish({ out, report: 'access' }))).rejects.toThrow('--force');
    await writeReports(log, wish({ out, report: 'access', force: true }));
  });

  test('leaves out the case without its entry, and says so where it was asked for', async () => {
    const paths = await writeReports(log, wish({ out: join(scratch, 'eleven') }));
    expect(paths).toHaveLength(11);
    await expect(writeReports(log, wish({ report: 'case' }))).rejects.toThrow('--entry');
  });

  test('records each report once all files could be written and before its own are in their place, with the digest of its JSON form, which is then written too', async () => {
    const out = join(scratch, 'recorded');
    const bodies: Parameters<RecordReport>[0][] = [];
    const record: RecordReport = async (body) => {
      const there = (await readdir(out)).filter((name) => !name.endsWith('.tmp'));
      expect(there).toHaveLength(2 * bodies.length);
      expect(there.some((name) => name.startsWith(`${body.report}.`))).toBe(false);
      bodies.push(body);
    };
    const paths = await writeReports(log, wish({ out, language: 'en', entry: 3 }), record);
    expect(paths).toHaveLength(2 * reportNames.length);
    expect(bodies.map(({ report }) => report)).toEqual(reportNames);
    for (const { report, digest } of bodies) {
      const json = await readFile(join(out, `${report}.en.json`));
      expect(digest).toBe(createHash('sha256').update(json).digest('hex'));
      expect(await readFile(join(out, `${report}.en.html`), 'utf8')).toContain('<html lang="en">');
    }
    expect(bodies.at(-1)).toMatchObject({ report: 'case', from: 3, to: 3 });
  });

  test('records nothing that is not written, and writes nothing that is not recorded', async () => {
    const out = join(scratch, 'unrecorded');
    let records = 0;
    const record: RecordReport = async () => {
      records += 1;
      throw new Error('refused');
    };
    await expect(writeReports(log, wish({ out, report: 'access' }), record)).rejects.toThrow('refused');
    expect(await readdir(out)).toEqual([]);
    await writeReports(log, wish({ out, report: 'access', format: 'json' }));
    await expect(writeReports(log, wish({ out, report: 'access' }), record)).rejects.toThrow('--force');
    const late = wish({ out: join(scratch, 'late'), report: 'access', from: '2026-03-31' });
    await expect(writeReports(log, late, record)).rejects.toThrow('no entry in the period');
    await expect(writeReports(log, wish({ out, report: 'access', format: 'pdf' }), record)).rejects.toThrow();
    expect(records).toBe(1);
  });

  test('refuses a period that ends before it begins', async () => {
    await expect(writeReports(log, wish({ from: '2026-03-03', to: '2026-03-02' }))).rejects.toThrow('--from');
  });

  test('without Chromium says what is missing and how to go on, and writes nothing', async () => {
    const out = join(scratch, 'no-pdf');
    await expect(writeReports(log, wish({ out, format: 'pdf' }))).rejects.toThrow(chromiumMissing);
    expect(chromiumMissing).toMatch(/apt install chromium.*--format html/);
    await expect(readdir(out)).rejects.toThrow('ENOENT');
  });
});

describe('a log that does not verify', () => {
  test('is refused with the name of the rule and the entry', async () => {
    const held = await honestLog();
    // The operator holds the log's key, leaves an approval out, and signs again.
    const folder = await stateFolder(
      held,
      held.entries.filter((_, index) => index !== at.lastApproval),
    );
    try {
      await expect(readVerified(folder.directory)).rejects.toThrow(
        /Eintrag 8, Regel approval.*entry 8, rule approval/s,
      );
    } finally {
      await folder.remove();
    }
  });

  test('of another room than asked for is refused', async () => {
    const folder = await stateFolder(await honestLog());
    try {
      await expect(readVerified(folder.directory, '00'.repeat(32))).rejects.toThrow('origin-unknown');
    } finally {
      await folder.remove();
    }
  });
});

test('dates of a PDF become the clock reading, at the same places', () => {
  const info = `%PDF-1.4\n<</CreationDate (D:20300102030405+00'00')\n/ModDate (D:20300102030405+00'00')>>\n\u00ff`;
  const bytes = new Uint8Array(Buffer.from(info, 'latin1'));
  const changed = Buffer.from(dated(bytes, madeAt)).toString('latin1');
  expect(changed).toBe(info.replaceAll('20300102030405', '20260401120000'));
});

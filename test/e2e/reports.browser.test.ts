/** Reports on paper: Chromium prints them, the same bytes for the same log, and the pages can be read by everybody. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeReports } from '../../src/cli/audit-report.ts';
import { folderOf } from '../../src/dpo/folder.ts';
import { folderBasis } from '../../src/dpo/folder-basis.ts';
import { toHtml } from '../../src/reports/html.ts';
import { reportNames, reportOf } from '../../src/reports/reports.ts';
import { spoken } from '../../src/reports/spoken.ts';
import type { VerifiedLog } from '../../src/reports/subject.ts';
import { barriers, chromiumPath, needsChromium, startChromium } from '../support/browser.ts';
import { at } from '../support/honest-log.ts';
import { madeAt, reported, smallPolicies } from '../support/reported.ts';

let scratch: string;
let log: VerifiedLog;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reinraum-paper-'));
  ({ log } = await reported());
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('with Chromium', () => {
  test('the twelve reports become PDF files, twice the same', async ({ skip }) => {
    skip(chromiumPath === undefined, needsChromium);
    const searchPath = ['', dirname(chromiumPath ?? '')].join(delimiter);
    const wish = { report: 'all', language: 'de', format: 'pdf', madeAt, searchPath, entry: at.released } as const;
    const paths = await writeReports(log, { ...wish, out: join(scratch, 'first') });
    const again = await writeReports(log, { ...wish, out: join(scratch, 'second') });
    expect(paths).toHaveLength(reportNames.length);
    for (const [index, path] of paths.entries()) {
      const pdf = await readFile(path);
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
      expect(pdf.subarray(-6).toString()).toContain('%%EOF');
      expect(pdf.toString('latin1')).toContain(`/CreationDate (D:20260401120000+00'00')`);
      // Tagged, so that it can be read aloud; with a language.
      expect(pdf.toString('latin1')).toMatch(/\/MarkInfo[\s\S]*\/Lang|\/Lang[\s\S]*\/MarkInfo/);
      expect(await readFile(again[index] ?? '')).toEqual(pdf);
    }
  });

  test('no page has a barrier, in both languages', async ({ skip }) => {
    skip(chromiumPath === undefined, needsChromium);
    const browser = await startChromium();
    try {
      const context = await browser.newContext({ bypassCSP: true, viewport: { width: 1280, height: 900 } });
      const page = await context.newPage();
      const reports = reportNames.map((name) => reportOf(name, log, { madeAt, entry: at.released }));
      const folder = folderOf(folderBasis(log, smallPolicies), { madeAt });
      for (const document of [...reports, ...folder]) {
        for (const language of ['de', 'en'] as const) {
          await page.setContent(toHtml(spoken(document, language)));
          expect(await barriers(page), `${document.id} ${language}`).toEqual([]);
        }
      }
    } finally {
      await browser.close();
    }
  });
});

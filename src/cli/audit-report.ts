/** `reinraum audit report`: what a data protection officer hands in, from a verified log. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatInstant } from '@reinraum/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { NewFile } from '../export/new-file.ts';
import { momentsOf } from '../index/filter.ts';
import type { ReportDocument } from '../reports/document.ts';
import { toHtml } from '../reports/html.ts';
import { toJson } from '../reports/json.ts';
import { chromiumMissing, chromiumOn, type Printer, startPrinter } from '../reports/pdf.ts';
import { type ReportName, reportNames, reportOf } from '../reports/reports.ts';
import { type Language, spoken } from '../reports/spoken.ts';
import type { VerifiedLog } from '../reports/subject.ts';
import { readVerified } from './audit-subject.ts';
import { say } from './output.ts';

/** Forms a document can be written in. */
export const reportFormats = ['html', 'json', 'pdf'] as const;

/** How and where documents are written. `searchPath` is where a Chromium is looked for. */
export interface Writing {
  readonly out: string;
  readonly language: Language;
  readonly format: (typeof reportFormats)[number];
  readonly force?: boolean | undefined;
  readonly madeAt: string;
  readonly searchPath: string;
}

/** What is wanted of the reports. */
export interface ReportsWish extends Writing {
  readonly report: ReportName | 'all';
  readonly entry?: number | undefined;
  /** A day or a moment of UTC, as people write it. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

type Words = Omit<ReportsWish, 'madeAt' | 'searchPath'> & { readonly room?: string };

/** Adds the command. */
export function addAuditReport(audit: Command): void {
  audit
    .command('report')
    .description('write reports for a data protection officer from a verified log')
    .argument('<state>', 'state directory of a room, a copy of it, or an evidence bundle')
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .addOption(new Option('--report <name>', 'which report').choices([...reportNames, 'all']).makeOptionMandatory())
    .option('--entry <number>', 'for the report "case": the entry it is about', numberOf)
    .option('--from <time>', 'the period begins with this day or moment, in UTC')
    .option('--to <time>', 'the period ends with this day or moment, in UTC')
    .addOption(new Option('--language <language>', 'language').choices(['de', 'en']).default('de'))
    .addOption(new Option('--format <format>', 'form of the files').choices(reportFormats).default('html'))
    .requiredOption('--out <directory>', 'directory for the files')
    .option('--force', 'replace files that are there')
    .action(async (state: string, { room, ...words }: Words) => {
      const [madeAt, searchPath] = [formatInstant(Date.now()), process.env['PATH'] ?? ''];
      const files = await writeReports(await readVerified(state, room), { ...words, madeAt, searchPath });
      for (const file of files) say(file);
      if (words.report === 'all' && words.entry === undefined) {
        say('„case“ braucht --entry und fehlt daher / “case” needs --entry and is therefore not among them');
      }
    });
}

/** Makes the reports that are wanted and writes them. Returns the paths. Throws where one is there already. */
export async function writeReports(log: VerifiedLog, wish: ReportsWish): Promise<string[]> {
  const { report, entry, madeAt } = wish;
  if (report === 'case' && entry === undefined) throw new Error('--report case: --entry fehlt / is missing');
  const from = wish.from === undefined ? undefined : momentsOf(wish.from).first;
  const to = wish.to === undefined ? undefined : momentsOf(wish.to).last;
  if (from !== undefined && to !== undefined && from > to) {
    throw new Error('--from liegt nach --to / --from is after --to');
  }
  const names = report === 'all' ? reportNames.filter((name) => name !== 'case' || entry !== undefined) : [report];
  return writeDocuments(
    names.map((name) => reportOf(name, log, { from, to, madeAt, entry })),
    wish,
  );
}

/** Writes documents as files `<id>.<language>.<format>`, each whole or not at all. Returns the paths. */
export async function writeDocuments(documents: readonly ReportDocument[], writing: Writing): Promise<string[]> {
  const { out, language, format, force = false, madeAt } = writing;
  const printer = format === 'pdf' ? await printerOn(writing.searchPath) : undefined;
  try {
    mkdirSync(out, { recursive: true });
    const paths: string[] = [];
    for (const document of documents) {
      const page = spoken(document, language);
      const content = printer
        ? await printer.print(toHtml(page), madeAt)
        : Buffer.from(format === 'json' ? toJson(page) : toHtml(page));
      const path = join(out, `${document.id}.${language}.${format}`);
      const file = new NewFile(path, force);
      file.write(content);
      file.commit();
      paths.push(path);
    }
    return paths;
  } finally {
    await printer?.close();
  }
}

async function printerOn(searchPath: string): Promise<Printer> {
  const program = chromiumOn(searchPath);
  if (program === undefined) throw new Error(chromiumMissing);
  return startPrinter(program, process.getuid?.() === 0);
}

function numberOf(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text))
    throw new InvalidArgumentError('die Nummer eines Eintrags / the number of an entry');
  return Number(text);
}

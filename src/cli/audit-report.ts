/** `reinraum audit report`: what a data protection officer hands in, from a verified log. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RoomClient } from '@reinraum/client';
import { formatInstant, type ReportName, type StatementOf } from '@reinraum/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { NewFile, occupied } from '../export/new-file.ts';
import { momentsOf } from '../index/filter.ts';
import type { ReportDocument } from '../reports/document.ts';
import { toHtml } from '../reports/html.ts';
import { toJson } from '../reports/json.ts';
import { chromiumMissing, chromiumOn, type Printer, startPrinter } from '../reports/pdf.ts';
import { rangeOf, reportNames, reportOf } from '../reports/reports.ts';
import { type Language, spoken } from '../reports/spoken.ts';
import type { VerifiedLog } from '../reports/subject.ts';
import { clientAt, type RoomWords, withRoomWords } from './address.ts';
import { readVerified, readVerifiedRoom } from './audit-subject.ts';
import { say } from './output.ts';

/** Forms a document can be written in. */
export const reportFormats = ['html', 'json', 'pdf'] as const;

/** How and where documents are written. `searchPath` is where a Chromium is looked for; `withJson` adds that form to another. */
export interface Writing {
  readonly out: string;
  readonly language: Language;
  readonly format: (typeof reportFormats)[number];
  readonly withJson?: boolean | undefined;
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

type Words = Omit<ReportsWish, 'madeAt' | 'searchPath'> &
  RoomWords & { readonly room?: string; readonly record?: true };

/** Adds the command. */
export function addAuditReport(audit: Command): void {
  withRoomWords(audit.command('report'))
    .description('write reports for a data protection officer from a verified log')
    .argument(
      '<state>',
      'state directory, a copy of one, or an evidence bundle; with --name the address of an installation',
    )
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .addOption(new Option('--report <name>', 'which report').choices([...reportNames, 'all']).makeOptionMandatory())
    .option('--entry <number>', 'for the report "case": the entry it is about', numberOf)
    .option('--from <time>', 'the period begins with this day or moment, in UTC')
    .option('--to <time>', 'the period ends with this day or moment, in UTC')
    .addOption(new Option('--language <language>', 'language').choices(['de', 'en']).default('de'))
    .addOption(new Option('--format <format>', 'form of the files').choices(reportFormats).default('html'))
    .requiredOption('--out <directory>', 'directory for the files')
    .option('--force', 'replace files that are there')
    .option('--record', 'sign, as a data protection officer of the running room, that they were made: an entry each')
    .action(async (state: string, { room, record, ...words }: Words) => {
      const client = await clientAt(state, words);
      if (record && !client) throw new Error('--record: the address of an installation, --name, --charter and --key');
      const log = client ? await readVerifiedRoom(client, room) : await readVerified(state, room);
      const [madeAt, searchPath] = [formatInstant(Date.now()), process.env['PATH'] ?? ''];
      const recording = record && client && recordIn(client);
      const files = await writeReports(log, { ...words, madeAt, searchPath }, recording);
      for (const file of files) say(file);
      if (words.report === 'all' && words.entry === undefined) {
        say('„case“ braucht --entry und fehlt daher / “case” needs --entry and is therefore not among them');
      }
    });
}

/** Records that a report was made, before it is written. */
export type RecordReport = (body: StatementOf<'report.record'>['body']) => Promise<void>;

function recordIn(client: RoomClient): RecordReport {
  return async (body) => {
    const { index } = (await client.act('report.record', body)).accepted;
    say(`${body.report}: aufgezeichnet mit Eintrag ${index} / recorded by entry ${index}`);
  };
}

/**
 * Makes the reports that are wanted, records them where that is wanted, and writes them. Returns the paths. Throws where one is
 * there already.
 */
export async function writeReports(log: VerifiedLog, wish: ReportsWish, record?: RecordReport): Promise<string[]> {
  const { report, entry, madeAt } = wish;
  if (report === 'case' && entry === undefined) throw new Error('--report case: --entry fehlt / is missing');
  const from = wish.from === undefined ? undefined : momentsOf(wish.from).first;
  const to = wish.to === undefined ? undefined : momentsOf(wish.to).last;
  if (from !== undefined && to !== undefined && from > to) {
    throw new Error('--from liegt nach --to / --from is after --to');
  }
  const names = report === 'all' ? reportNames.filter((name) => name !== 'case' || entry !== undefined) : [report];
  const wanted = { from, to, madeAt, entry };
  const made = names.map((name) => ({
    name,
    document: reportOf(name, log, wanted),
    range: rangeOf(name, log, wanted),
  }));
  const documents = made.map(({ document }) => document);
  if (!record) return writeDocuments(documents, wish);
  const bodies = made.map(({ name, document, range }) => {
    if (!range) throw new Error('--record: im Zeitraum liegt kein Eintrag / there is no entry in the period');
    const json = toJson(spoken(document, wish.language));
    return { report: name, digest: createHash('sha256').update(json).digest('hex'), ...range };
  });
  return writeDocuments(documents, { ...wish, withJson: true }, async (at) => {
    const body = bodies[at];
    if (body) await record(body);
  });
}

/**
 * Writes documents as files `<id>.<language>.<format>`, each whole or not at all. Once all are rendered and on the disk, each is put in its
 * place after `before` has ended for it; where that fails, this one and those after it are not. Returns the paths. Throws where one
 * is there already.
 */
export async function writeDocuments(
  documents: readonly ReportDocument[],
  { out, language, format, withJson = false, force = false, madeAt, searchPath }: Writing,
  before: (at: number) => Promise<void> = async () => {},
): Promise<string[]> {
  const formats = withJson && format !== 'json' ? ([format, 'json'] as const) : [format];
  const printer = format === 'pdf' ? await printerOn(searchPath) : undefined;
  try {
    const files: { readonly path: string; readonly content: Uint8Array }[] = [];
    for (const document of documents) {
      const page = spoken(document, language);
      for (const form of formats) {
        const path = join(out, `${document.id}.${language}.${form}`);
        const text = form === 'json' ? toJson(page) : toHtml(page);
        const isPrinted = printer && form === 'pdf';
        files.push({ path, content: isPrinted ? await printer.print(text, madeAt) : Buffer.from(text) });
      }
    }
    const taken = force ? undefined : files.find(({ path }) => existsSync(path));
    if (taken) throw occupied(taken.path);
    mkdirSync(out, { recursive: true });
    const waiting: NewFile[] = [];
    try {
      for (const { path, content } of files) {
        const file = new NewFile(path, force);
        waiting.push(file);
        file.write(content);
        file.settle();
      }
      for (const at of documents.keys()) {
        await before(at);
        for (let left = formats.length; left > 0; left--) waiting.shift()?.commit();
      }
    } finally {
      for (const file of waiting) file.discard();
    }
    return files.map(({ path }) => path);
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

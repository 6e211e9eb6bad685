/** `reinraum audit export`: a verified log for other tools, or as evidence for somebody who has nothing of this project. */
import { type Command, Option } from 'commander';
import { cef } from '../export/cef.ts';
import { cloudEvents } from '../export/cloud-events.ts';
import { csv } from '../export/csv.ts';
import type { ExportFormat } from '../export/format.ts';
import { jsonLines } from '../export/json-lines.ts';
import { NewFile } from '../export/new-file.ts';
import { ocsf } from '../export/ocsf.ts';
import { momentsOf } from '../index/filter.ts';
import { EntryFold } from '../index/fold.ts';
import { verifyState } from './audit.ts';
import { exportBundle, receiptsOf } from './evidence-bundle.ts';
import { say } from './output.ts';
import { openState, type StateSource } from './state-source.ts';

const formats = { jsonl: jsonLines, csv, cloudevents: cloudEvents, ocsf, cef } as const satisfies Record<
  string,
  ExportFormat
>;

/** What a file is to hold, and where it goes. */
export interface ExportWish {
  readonly format: keyof typeof formats;
  readonly out: string;
  /** First and last moment, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly force?: boolean | undefined;
  readonly room?: string | undefined;
}

interface ExportWords extends Partial<ExportWish> {
  readonly bundle?: string;
  readonly receipts?: string;
}

/** Adds the command. */
export function addAuditExport(audit: Command): void {
  audit
    .command('export')
    .description(
      'hand a verified log on: as a file for other tools, or as a bundle of evidence that verifies on its own',
    )
    .argument('<state>', 'state directory of a room, a copy of it, or an evidence bundle')
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .addOption(new Option('--format <format>', 'format of the file').choices(Object.keys(formats)))
    .option('--out <file>', 'file to write')
    .option('--from <time>', 'no entry before this day or moment, in UTC')
    .option('--to <time>', 'no entry after this day or moment, in UTC')
    .option('--bundle <directory>', 'directory to make: log, objects, keys, policy, receipts and VERIFY.md')
    .option(
      '--receipts <which>',
      'receipts in the bundle: "releases", "all", or numbers of entries as 3,17 (default: releases)',
    )
    .option('--force', 'replace what is there')
    .action(async (state: string, { format, out, bundle, receipts, ...words }: ExportWords) => {
      const source = await openState(state);
      if (bundle !== undefined && format === undefined && out === undefined) {
        if (words.from ?? words.to) throw new Error('--bundle: holds the whole log; leave out --from and --to');
        const { sums, files } = await exportBundle(source, {
          ...words,
          directory: bundle,
          receipts: receiptsOf(receipts),
        });
        say(`${bundle}: ${files} Dateien / files; Prüfsumme von SHA256SUMS / digest of SHA256SUMS: ${sums}`);
      } else if (bundle === undefined && format !== undefined && out !== undefined && receipts === undefined) {
        say(`${out}: ${await exportFile(source, { ...words, format, out })} Einträge / entries`);
      } else throw new Error('give --format and --out, or --bundle');
    });
}

/** Writes the file, and only if the whole log verifies. Returns the number of entries in it. */
export async function exportFile(
  source: StateSource,
  { format, out, force, room, ...times }: ExportWish,
): Promise<number> {
  const from = times.from === undefined ? '' : momentsOf(times.from).first;
  const to = times.to === undefined ? undefined : momentsOf(times.to).last;
  const { head, record } = formats[format];
  const file = new NewFile(out, force ?? false);
  let count = 0;
  try {
    file.write(head);
    const fold = new EntryFold((folded) => {
      if (folded.row.at < from || (to !== undefined && folded.row.at > to)) return;
      file.write(record(folded));
      count += 1;
    });
    const verdict = await verifyState(source, room, {
      resumed: (start) => fold.resumed(start),
      object: (digest, bytes) => fold.object(digest, bytes),
      entry: (index, bytes) => fold.entry(index, bytes),
    });
    if (!verdict.verified) {
      throw new Error(`NOT verified, nothing is exported: ${verdict.rule}: ${verdict.message}`);
    }
  } catch (error) {
    file.discard();
    throw error;
  }
  file.commit();
  return count;
}

/** `reinraum review complete|acknowledge`: what a data protection officer signs after reading the log. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AlertKind, ReviewFinding } from '@reinraum/protocol';
import { type Command, Option } from 'commander';
import { clientOf, type MemberOptions, withMember } from './address.ts';
import { print } from './output.ts';

/** Adds the commands. */
export function addReview(program: Command): void {
  const review = program.command('review').description('sign what was read in the log');
  withMember(review.command('complete'))
    .description('sign that you have reviewed entries of the log, as a data protection officer')
    .requiredOption('--from <entry>', 'first entry')
    .requiredOption('--to <entry>', 'last entry')
    .addOption(
      new Option('--finding <finding>', 'what came of it').choices(ReviewFinding.options).makeOptionMandatory(),
    )
    .option('--report <file>', 'your report: the log names it by its digest, and holds nothing of it')
    .action(async (options: MemberOptions & { from: string; to: string; finding: ReviewFinding; report?: string }) => {
      const { finding, report } = options;
      const [from, to] = [entryOf(options.from, '--from'), entryOf(options.to, '--to')];
      const digest =
        report === undefined
          ? null
          : createHash('sha256')
              .update(await readFile(report))
              .digest('hex');
      const { accepted } = await (await clientOf(options)).act('review.complete', {
        from,
        to,
        finding,
        report: digest,
      });
      print(accepted.proof);
    });
  withMember(review.command('acknowledge'))
    .description('sign that you have seen a warning, as a data protection officer')
    .addOption(new Option('--alert <kind>', 'which').choices(AlertKind.options).makeOptionMandatory())
    .option('--entry <entry>', 'the entry it is about, where it is about one')
    .action(async (options: MemberOptions & { alert: AlertKind; entry?: string }) => {
      const entry = options.entry === undefined ? null : entryOf(options.entry, '--entry');
      print((await (await clientOf(options)).act('alert.acknowledge', { alert: options.alert, entry })).accepted.proof);
    });
}

function entryOf(text: string, option: string): number {
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text)) throw new Error(`${option}: give the number of a log entry`);
  return Number(text);
}

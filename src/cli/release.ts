/** `reinraum release retract`: taking back a wrong answer. */
import { retractRelease } from '@reinraum/client';
import { RetractionReason } from '@reinraum/protocol';
import { type Command, Option } from 'commander';
import { clientOf, type MemberOptions, withMember } from './address.ts';
import { print } from './output.ts';

/** Adds the commands. */
export function addRelease(program: Command): void {
  const release = program.command('release').description('take back answers');
  withMember(release.command('retract'))
    .description('retract an answer: its readers are told, it is not delivered again, its price is not given back')
    .argument('<charge>', 'log entry that paid for it: "charged" of the release')
    .addOption(new Option('--reason <reason>', 'why').choices(RetractionReason.options).makeOptionMandatory())
    .action(async (charge: string, options: MemberOptions & { reason: RetractionReason }) => {
      if (!/^[0-9]+$/.test(charge)) throw new Error('<charge>: give the number of a log entry');
      print((await retractRelease(await clientOf(options), Number(charge), options.reason)).proof);
    });
}

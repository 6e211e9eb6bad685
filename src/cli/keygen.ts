/** `reinraum keygen`: keys of one member, made and kept on the member's own machine. */
import { writeFile } from 'node:fs/promises';
import { Role, UnitPath } from '@reinraum/protocol';
import type { Command } from 'commander';
import { newMember, readKeyFile, writeKeyFile } from '../client/key-file.ts';
import { print } from './output.ts';

/** Adds the command. */
export function addKeygen(program: Command): void {
  program
    .command('keygen')
    .description('make the keys of a member; prints the public card that goes into the charter')
    .requiredOption('--unit <party/unit>', 'unit the member belongs to')
    .requiredOption('--role <role...>', 'owner, analyst or dpo; may be given several times')
    .requiredOption('--out <file>', 'key file to write (mode 0600, never replaced)')
    .option('--pseudonyms-of <file>', 'key file of a colleague in the same unit, whose pseudonyms are to be continued')
    .option('--card <file>', 'also write the public card to a file')
    .action(async (options: { unit: string; role: string[]; out: string; pseudonymsOf?: string; card?: string }) => {
      const keys = newMember(
        UnitPath.parse(options.unit),
        options.role.map((role) => Role.parse(role)),
      );
      const colleague = options.pseudonymsOf === undefined ? undefined : await readKeyFile(options.pseudonymsOf);
      if (colleague && colleague.member.unit !== keys.member.unit)
        throw new Error('--pseudonyms-of: not the same unit');
      await writeKeyFile(options.out, { ...keys, pseudonymKey: colleague?.pseudonymKey ?? keys.pseudonymKey });
      const card = JSON.stringify(keys.member, null, 2);
      if (options.card) await writeFile(options.card, `${card}\n`, { flag: 'wx' });
      print(card);
    });
}

/** `reinraum keygen`: keys of one member, made and kept on the member's own machine. */

import { writeFile } from 'node:fs/promises';
import { type MemberKeys, newMember, replacementFor } from '@reinraum/client';
import { Role, UnitPath } from '@reinraum/protocol';
import type { Command } from 'commander';
import { readInstance } from './address.ts';
import { readKeyFile, writeKeyFile } from './key-store.ts';
import { print } from './output.ts';

interface KeygenOptions {
  readonly unit?: string;
  readonly role?: readonly string[];
  readonly replaces?: string;
  readonly charter?: string;
  readonly out: string;
  readonly pseudonymsOf?: string;
  readonly card?: string;
}

/** Adds the command. */
export function addKeygen(program: Command): void {
  program
    .command('keygen')
    .description('make the keys of a member; prints the public card that goes into the charter')
    .option('--unit <party/unit>', 'unit the member belongs to')
    .option('--role <role...>', 'owner, analyst or dpo; may be given several times')
    .option(
      '--replaces <member>',
      'reference of a member whose keys are lost; needs --charter, which says unit and roles',
    )
    .option('--charter <file>', 'the charter instance that names the member, with --replaces')
    .requiredOption('--out <file>', 'key file to write (mode 0600, never replaced)')
    .option('--pseudonyms-of <file>', 'key file of a colleague in the same unit, whose pseudonyms are to be continued')
    .option('--card <file>', 'also write the public card to a file')
    .action(async (options: KeygenOptions) => {
      const keys = await freshKeys(options);
      const colleague = options.pseudonymsOf === undefined ? undefined : await readKeyFile(options.pseudonymsOf);
      if (colleague && colleague.member.unit !== keys.member.unit)
        throw new Error('--pseudonyms-of: not the same unit');
      await writeKeyFile(options.out, { ...keys, pseudonymKey: colleague?.pseudonymKey ?? keys.pseudonymKey });
      const card = JSON.stringify(keys.member, null, 2);
      if (options.card) await writeFile(options.card, `${card}\n`, { flag: 'wx' });
      print(card);
    });
}

/** A new member, or new keys for one of a charter. */
async function freshKeys({ unit, role, replaces, charter }: KeygenOptions): Promise<MemberKeys> {
  if (replaces === undefined) {
    if (unit === undefined || role === undefined) throw new Error('keygen: say --unit and --role, or --replaces');
    return newMember(
      UnitPath.parse(unit),
      role.map((name) => Role.parse(name)),
    );
  }
  if (charter === undefined || unit !== undefined || role !== undefined) {
    throw new Error('--replaces: takes unit and roles from --charter; give that, and neither --unit nor --role');
  }
  return replacementFor((await readInstance(charter)).charter, replaces);
}

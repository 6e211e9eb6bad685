/** `reinraum found`: hands an instance with all signatures to its enclave; from then on the room exists. */

import { readFile } from 'node:fs/promises';
import { formatVkey, logKeyOf } from '@reinraum/audit';
import { foundingOf, RoomPublic, roomOf } from '@reinraum/client';
import type { Command } from 'commander';
import { readInstance } from './address.ts';
import { print, say } from './output.ts';

/** Adds the command. */
export function addFound(program: Command): void {
  program
    .command('found')
    .description('found a room: every owner and data protection officer has signed the instance')
    .argument('<instance>', 'charter instance')
    .requiredOption('--signature <file...>', 'signatures of all founders')
    .requiredOption('--url <url>', 'address of the installation')
    .requiredOption('--room <name>', 'name of the room there')
    .action(async (path: string, options: { signature: string[]; url: string; room: string }) => {
      const instance = await readInstance(path);
      const signatures = new Map<string, unknown>();
      for (const file of options.signature) {
        const { ref, envelope } = JSON.parse(await readFile(file, 'utf8')) as { ref: string; envelope: unknown };
        signatures.set(ref, envelope);
      }
      await new RoomPublic(options).found(foundingOf(instance, signatures));
      print(roomOf(instance));
      if (instance.charter.witnesses.length > 0) {
        // What the witnesses' `--logs` file needs: until they know the log, nothing is answered.
        const { name, publicKey } = logKeyOf(instance.charter, roomOf(instance));
        say(`log ${formatVkey(name, publicKey)}`);
      }
    });
}

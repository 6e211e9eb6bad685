/** `reinraum member list|recover|approve`: who is in the room, and new keys for a member who lost the old ones. */

import { readFile, writeFile } from 'node:fs/promises';
import { approveRecovery, RecoveryRequest, recoveryRequest, requestedKeys } from '@reinraum/client';
import { digestOf } from '@reinraum/protocol';
import type { Command } from 'commander';
import { clientOf, type MemberOptions, readInstance, withMember } from './address.ts';
import { readKeyFile } from './key-store.ts';
import { print, say } from './output.ts';

/** Adds the commands. */
export function addMember(program: Command): void {
  const member = program.command('member').description('see members, replace lost keys');
  withMember(member.command('list'))
    .description('members with the keys they have now, and approvals of new keys that wait for others')
    .option('--json', 'print the list as JSON')
    .action(async (options: MemberOptions & { json?: boolean }) => {
      const { members, recoveries } = await (await clientOf(options)).catalogue();
      if (options.json) return print(JSON.stringify({ members, recoveries }, null, 2));
      for (const { ref, unit, roles } of members) print(`${ref} ${unit}: ${roles.join(', ')}`);
      for (const { member: ref, approver, expiresAt } of recoveries) {
        print(`new keys for ${ref}: approved by ${approver}, counts until ${expiresAt}`);
      }
    });
  member
    .command('recover')
    .description('ask for new keys to take the place of your lost ones; prints the fingerprint others compare with you')
    .requiredOption('--key <file>', 'your new key file, made with "keygen --replaces"')
    .requiredOption('--charter <file>', 'the charter instance of the room')
    .requiredOption('--out <file>', 'request to write; hand it to those who approve, within 7 days')
    .action(async (options: { key: string; charter: string; out: string }) => {
      const { charter } = await readInstance(options.charter);
      const request = await recoveryRequest(await readKeyFile(options.key), digestOf(charter), Date.now());
      await writeFile(options.out, `${JSON.stringify(request, null, 2)}\n`, { flag: 'wx' });
      print(digestOf(await requestedKeys(request)));
    });
  withMember(member.command('approve'))
    .description(
      'approve a request, as an owner or data protection officer, once you know the person and the fingerprint',
    )
    .argument('<request>', 'request of "member recover"')
    .requiredOption(
      '--fingerprint <digest>',
      'what "member recover" printed, as the member told you: not from the file',
    )
    .action(async (path: string, options: MemberOptions & { fingerprint: string }) => {
      const request = await readRequest(path);
      const keys = await requestedKeys(request);
      if (digestOf(keys) !== options.fingerprint) {
        throw new Error('--fingerprint: the request asks for other keys than the member told you; do not approve it');
      }
      const { accepted, isRecovered } = await approveRecovery(await clientOf(options), request);
      say(
        isRecovered
          ? `${keys.member}: the new keys are in force, the old ones are nobody’s any more`
          : `${keys.member}: approved; others of the charter’s number have to approve as well`,
      );
      print(accepted.proof);
    });
}

async function readRequest(path: string): Promise<RecoveryRequest> {
  const content: unknown = await readFile(path, 'utf8')
    .then((text) => JSON.parse(text) as unknown)
    .catch(() => undefined);
  const parsed = RecoveryRequest.safeParse(content);
  if (!parsed.success) throw new Error(`${path}: not a request of "reinraum member recover"`);
  return parsed.data;
}

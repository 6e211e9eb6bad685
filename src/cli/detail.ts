/** `reinraum detail describe|open|hold|erase|show`: what is known beside the log, and that it is gone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryFetch, type ProofState, proofStateOf, verifyLog } from '@reinraum/audit';
import { describeMember, eraseDetails, holdDetails, openDetails } from '@reinraum/client';
import { type DetailName, decodeEntry, ErasureReason, KeptDetails, utf8 } from '@reinraum/protocol';
import { type Command, Option } from 'commander';
import { readRoomLog } from '../steward/room-log.ts';
import { clientOf, type MemberOptions, withMember } from './address.ts';
import { print, printable, say } from './output.ts';

/** Adds the commands. */
export function addDetail(program: Command): void {
  const detail = program.command('detail').description('names of members and parameters of runs, kept beside the log');
  withMember(detail.command('describe'))
    .description('say who a member is: yourself, or as data protection officer a member of your party')
    .option('--member <ref>', 'whom; yourself by default')
    .option('--name <text>', 'name')
    .option('--function <text>', 'function')
    .option('--contact <text>', 'how to reach them')
    .action(async (options: MemberOptions & { member?: string } & Partial<Record<DetailName, string>>) => {
      const client = await clientOf(options);
      const { member = client.keys.member.ref, name, function: role, contact } = options;
      const values = { ...(name && { name }), ...(role && { function: role }), ...(contact && { contact }) };
      if (Object.keys(values).length === 0) throw new Error('give at least one of --name, --function and --contact');
      print((await describeMember(client, member, values)).proof);
    });
  withMember(detail.command('open'))
    .description('read details as a data protection officer; the log says that you did')
    .argument('<scope>', 'member/<reference>, or run/<entry> of a charge or repeat')
    .option('--json', 'print what opens the commitments as JSON, for "detail show"')
    .action(async (scope: string, options: MemberOptions & { json?: boolean }) => {
      const client = await clientOf(options);
      const kept = await openDetails(client, scope);
      const { room } = await readRoomLog(client);
      const state = proofStateOf(room, scope, kept.openings);
      if (state?.state !== 'open') throw new Error(`${scope}: ${wordsOf(state)}`);
      if (options.json) return print(JSON.stringify(kept));
      say(wordsOf(state));
      for (const [name, value] of Object.entries(state.values)) print(`${name}: ${printable(value)}`);
    });
  withMember(detail.command('hold'))
    .description('hold details against erasure, as a data protection officer: a dispute or a duty to keep them')
    .argument('<scope>', 'member/<reference> or run/<entry>')
    .option('--lift', 'lift the hold')
    .action(async (scope: string, options: MemberOptions & { lift?: boolean }) => {
      print((await holdDetails(await clientOf(options), scope, options.lift !== true)).proof);
    });
  withMember(detail.command('erase'))
    .description('ask for an erasure; a second person, a data protection officer, runs the same command within 7 days')
    .argument('<scope>', 'member/<reference> or run/<entry>')
    .addOption(new Option('--reason <reason>', 'why').choices(ErasureReason.options).makeOptionMandatory())
    .action(async (scope: string, options: MemberOptions & { reason: ErasureReason }) => {
      const accepted = await eraseDetails(await clientOf(options), scope, options.reason);
      const isErased = decodeEntry(utf8(accepted.entry)).type === 'detail.erased';
      say(
        isErased
          ? `gelöscht unter Eintrag ${accepted.index} / erased under entry ${accepted.index}`
          : 'beantragt; eine zweite Person muss zustimmen / requested; a second person has to approve',
      );
      print(accepted.proof);
    });
  detail
    .command('show')
    .description('what a log proves of details, offline: open, sealed, erased, or wrong')
    .argument('<state>', 'state directory of a room, or a copy of it')
    .option('--openings <file>', 'what "detail open --json" printed')
    .action(async (state: string, options: { openings?: string }) => show(state, options.openings));
}

async function show(state: string, openings?: string): Promise<void> {
  const verdict = await verifyLog({
    fetch: directoryFetch(join(state, 'log')),
    readObject: (digest) => readFile(join(state, 'objects', digest)).catch(() => undefined),
  });
  if (!verdict.verified) throw new Error(`${state}: the log does not verify: ${verdict.rule}`);
  const kept = openings === undefined ? undefined : KeptDetails.parse(JSON.parse(await readFile(openings, 'utf8')));
  for (const scope of verdict.room.details.keys()) {
    const found = proofStateOf(verdict.room, scope, kept?.scope === scope ? kept.openings : undefined);
    print(`${scope}: ${wordsOf(found)}`);
    if (found?.state === 'failed') process.exitCode = 1;
  }
}

/** The four states in words. */
function wordsOf(state: ProofState | undefined): string {
  if (!state) return 'dem Protokoll unbekannt / unknown to the log';
  switch (state.state) {
    case 'open':
      return `bewiesen und offen (Eintrag ${state.entry}) / proved and open (entry ${state.entry})`;
    case 'sealed':
      return `bewiesen und versiegelt (Eintrag ${state.entry}) / proved and sealed (entry ${state.entry})`;
    case 'erased':
      return `bewiesen und gelöscht unter Eintrag ${state.entry} / proved and erased under entry ${state.entry}`;
    case 'failed':
      return `FALSCH: ${state.field} ist nicht, was festgeschrieben wurde / FAILED: ${state.field} is not what was committed`;
    default:
      return state satisfies never;
  }
}

/** `reinraum log snapshot|hold|release|prune`: giving up old entries, by data protection officers of two parties. */
import { holdLog, pruneLog, takeSnapshot } from '@reinraum/client';
import type { Command } from 'commander';
import { readRoomLog } from '../steward/room-log.ts';
import { clientOf, type MemberOptions, withMember } from './address.ts';
import { print, say } from './output.ts';

/** Adds the commands. */
export function addRetention(program: Command): void {
  const log = program.command('log').description('keep, hold and prune the log, as a data protection officer');
  withMember(log.command('snapshot'))
    .description(
      'have kept what all entries so far add up to: what is older can be pruned once the charter’s years are over',
    )
    .action(async (options: MemberOptions) => print((await takeSnapshot(await clientOf(options))).proof));
  withMember(log.command('hold'))
    .description('hold the log: nothing of it is pruned')
    .action(async (options: MemberOptions) => print((await holdLog(await clientOf(options), true)).proof));
  withMember(log.command('release'))
    .description('lift the hold')
    .action(async (options: MemberOptions) => print((await holdLog(await clientOf(options), false)).proof));
  withMember(log.command('prune'))
    .description(
      'replay the log, then ask for everything before a snapshot to be removed, or approve it as the other party',
    )
    .requiredOption('--before <entry>', 'number of the entry with the snapshot')
    .action(async (options: MemberOptions & { before: string }) => {
      if (!/^(?:0|[1-9][0-9]{0,14})$/.test(options.before)) throw new Error('--before: give the number of a log entry');
      const before = Number(options.before);
      const client = await clientOf(options);
      // Replayed as a whole: the digest is one this officer has found, not one they were told.
      const { room } = await readRoomLog(client);
      const taken = room.retention.snapshots.get(before);
      if (!taken) {
        const known = [...room.retention.snapshots.keys()].join(', ') || '–';
        throw new Error(
          `--before: Eintrag ${before} ist kein Schnappschuss / entry ${before} is no snapshot; ${known}`,
        );
      }
      say(`Schnappschuss nachgerechnet / snapshot recomputed: ${taken.state}`);
      print((await pruneLog(client, before, taken.state)).proof);
    });
}

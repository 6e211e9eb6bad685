/** `reinraum audit watch`: follows a log, tells what is new in plain sentences, and warns. */
import { setTimeout } from 'node:timers/promises';
import { canonicalText, type Json, silenceMaxMs } from '@reinraum/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { questionJson, rowJson } from '../export/json-lines.ts';
import type { FoldedEntry } from '../index/fold.ts';
import type { Alert } from '../watch/alert.ts';
import type { WatchedLog } from '../watch/follower.ts';
import { seenHeads } from '../watch/seen-head.ts';
import { sentenceOf } from '../watch/sentence.ts';
import { watch } from '../watch/watch.ts';
import { watchedAddress, watchedDirectory, watchedRoom } from '../watch/watched-log.ts';
import { clientAt, type RoomWords, withRoomWords } from './address.ts';
import { print, printable, say } from './output.ts';
import { interrupted } from './serve.ts';

interface WatchWords extends RoomWords {
  readonly room?: string;
  readonly head: string;
  readonly interval: number;
  readonly silence: number;
  readonly refusals: number;
  readonly refusalsWithin: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

const hourMs = 3_600_000;

/** Adds the command. */
export function addAuditWatch(audit: Command): void {
  withRoomWords(audit.command('watch'))
    .description(
      'follow a log, verify what is new, tell it, and warn; ends with 1 when the log is contradicted, 2 after other warnings',
    )
    .argument('<log>', 'state directory, or the address of a copy of one; with --name the address of an installation')
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .option('--head <file>', 'file of yours that keeps the last verified head', 'reinraum-watch.head')
    .option('--interval <seconds>', 'time between two looks', positive, 30)
    .option('--silence <hours>', 'warn when no entry has come for longer than this', positive, silenceMaxMs / hourMs)
    .option('--refusals <number>', 'warn when a member is refused so often', positive, 5)
    .option('--refusals-within <minutes>', 'within so long', positive, 60)
    .option('--once', 'look once and end')
    .option('--json', 'print entries and warnings as JSON, one a line')
    .action(async (address: string, words: WatchWords) => {
      const { log, room } = await watched(address, words);
      const ending = new AbortController();
      void interrupted().then(() => ending.abort());
      process.exitCode = await watch({
        log,
        room,
        heads: seenHeads(words.head),
        limits: {
          silenceMs: words.silence * hourMs,
          refusals: words.refusals,
          refusalsWithinMs: words.refusalsWithin * 60_000,
        },
        clock: Date.now,
        wait: async () => words.once !== true && (await waited(words.interval * 1000, ending.signal)),
        entry: (entry) => tellEntry(entry, words.json ?? false),
        alert: (alert) => tellAlert(alert, words.json ?? false),
        unreachable: () =>
          say('Das Protokoll antwortet nicht; der nächste Blick folgt / the log does not answer; looking again'),
      });
    });
}

async function watched(
  address: string,
  { room, ...words }: WatchWords,
): Promise<{ readonly log: WatchedLog; readonly room: string | undefined }> {
  const client = await clientAt(address, words);
  if (client) return { log: watchedRoom(client), room: room ?? client.roomId };
  const isUrl = /^https?:\/\//.test(address);
  return { log: isUrl ? watchedAddress(address, fetch) : watchedDirectory(address), room };
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  return await setTimeout(ms, true, { signal }).catch(() => false);
}

function positive(text: string): number {
  const value = /^[0-9]{1,6}(?:\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (value <= 0) throw new InvalidArgumentError('a number above 0');
  return value;
}

function tellEntry(entry: FoldedEntry, asJson: boolean): void {
  const { de, en } = sentenceOf(entry);
  if (!asJson) return print(`${printable(de)}\n  ${printable(en)}`);
  const { index, at, type, activity, actor, unit, caused } = entry.row;
  const row: Json = { index, at, type, activity, actor, unit, caused, ...rowJson(entry) };
  print(canonicalText({ kind: 'entry', ...row, question: questionJson(entry.question), words: { de, en } }));
}

function tellAlert({ alert, entry, subject, words }: Alert, asJson: boolean): void {
  if (asJson) print(canonicalText({ kind: 'alert', alert, entry, subject, words: { ...words } }));
  else print(`WARNUNG / ALERT ${alert}: ${printable(words.de)}\n  ${printable(words.en)}`);
}

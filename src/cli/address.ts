/** How a command finds its room and its member. */

import { readFile } from 'node:fs/promises';
import { Instance, RoomClient } from '@reinraum/client';
import type { Command } from 'commander';
import { readKeyFile } from './key-store.ts';

/** Options every member's command has. */
export interface MemberOptions {
  readonly url: string;
  readonly room: string;
  readonly key: string;
  readonly charter: string;
}

/** Adds them to a command. */
export function withMember(command: Command): Command {
  return command
    .requiredOption('--url <url>', 'address of the installation')
    .requiredOption('--room <name>', 'name of the room there')
    .requiredOption('--charter <file>', 'the charter instance you signed or were handed')
    .requiredOption('--key <file>', 'your key file');
}

/** Words that name a room of an installation where otherwise a directory is given. */
export interface RoomWords {
  readonly name?: string | undefined;
  readonly charter?: string | undefined;
  readonly key?: string | undefined;
}

/** Adds them to a command whose argument is a log. */
export function withRoomWords(command: Command): Command {
  return command
    .option('--name <room>', 'name of the room at the installation; then --charter and --key as for other commands')
    .option('--charter <file>', 'the charter instance you signed or were handed')
    .option('--key <file>', 'your key file; reading the log is an entry of the log');
}

/** The member's connection where the argument is the address of an installation; undefined where it is not. Throws where a word is missing. */
export async function clientAt(log: string, { name, charter, key }: RoomWords): Promise<RoomClient | undefined> {
  if (name === undefined && charter === undefined && key === undefined) return undefined;
  if (!/^https?:\/\//.test(log) || name === undefined || charter === undefined || key === undefined) {
    throw new Error('the address of an installation needs --name, --charter and --key');
  }
  return clientOf({ url: log, room: name, charter, key });
}

/** The member's connection. */
export async function clientOf({ url, room, key, charter }: MemberOptions): Promise<RoomClient> {
  return new RoomClient({ url, room }, (await readInstance(charter)).charter, await readKeyFile(key));
}

/** A charter instance from a file. Throws an error that names the first field that is wrong. */
export async function readInstance(path: string): Promise<Instance> {
  const parsed = Instance.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not a charter instance'}`);
}

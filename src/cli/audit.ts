/** `reinraum audit verify`: the log of a room, checked by anyone, without the room. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  Broken,
  JournalComparison,
  type LeftoverFault,
  leftoverFault,
  parseCheckpoint,
  parseNote,
  type Resumption,
  type Room,
  type Verdict,
  verifyLog,
} from '@reinraum/audit';
import { formatRational, toHex } from '@reinraum/protocol';
import type { Command } from 'commander';
import { bundleFault, isBundle } from './bundle-fault.ts';
import { print, progressBar, say } from './output.ts';
import { type LogSource, openState, type StateSource } from './state-source.ts';

/** Adds the command `audit` with `verify`, and returns it for those that build on it. */
export function addAudit(program: Command): Command {
  const audit = program.command('audit').description('verify, search and follow what a room remembers');
  audit
    .command('verify')
    .description('verify a room’s log: signatures, root, every tile, every statement, approval, charge and balance')
    .argument('<state>', 'state directory of a room, a copy of it, or an evidence bundle')
    .option('--room <digest>', 'the room it must be: the digest of the charter you signed')
    .option('--json', 'print the verdict as JSON')
    .action(async (state: string, options: { room?: string; json?: boolean }) => {
      const verdict = await verifyState(state, options.room);
      if (options.json) print(JSON.stringify(verdict));
      else if (verdict.verified) say(`verified: room ${verdict.room}, ${verdict.size} entries${sinceOf(verdict.from)}`);
      else
        say(
          `NOT verified: ${verdict.entry === null ? '' : `entry ${verdict.entry}: `}${verdict.rule}: ${verdict.message}`,
        );
      if (!verdict.verified) process.exitCode = 1;
    });
  return audit;
}

/** Where a pruned log begins. Its older entries are hashes and the snapshot's sums. */
function sinceOf(from: number): string {
  return from === 0
    ? ''
    : `; those before entry ${from} were pruned, their hashes and the snapshot of entry ${from} stand for them`;
}

/** A verdict as plain JSON. */
export type StateVerdict =
  | {
      readonly verified: true;
      readonly room: string;
      readonly size: number;
      /** First entry that was replayed: 0, or the snapshot before which everything was pruned. */
      readonly from: number;
      /** Σρ or Σε, and Σδ, by population. */
      readonly spent: Record<string, { loss: string; delta: string }>;
    }
  | { readonly verified: false; readonly entry: number | null; readonly rule: string; readonly message: string };

/** Who is told what verification has read and accepted, in order. What it throws ends the verification. */
export interface LogObserver {
  /** An object the rules have read. A wrong one ends the verification before the next entry. */
  readonly object?: (digest: string, bytes: Uint8Array) => void;
  /** Verification began behind a pruning; told before any entry. */
  readonly resumed?: (start: Resumption) => void;
  /** An entry every rule has accepted. */
  readonly entry?: (index: number, bytes: Uint8Array) => void;
  /** The room the rules made of it, once everything has been accepted; not called otherwise. */
  readonly room?: (room: Room) => void;
}

/** Verifies log and objects of any source; `holds` is asked of each entry whether a journal beside it has the same. */
export function verifySource(
  { fetch, readObject, readsAtOnce }: LogSource,
  room: string | undefined,
  observer: LogObserver,
  holds: (index: number, entry: Uint8Array, size: number) => boolean = () => true,
): Promise<Verdict> {
  const progress = progressBar('verify');
  return verifyLog({
    fetch,
    async readObject(digest) {
      const object = await readObject(digest);
      if (object) observer.object?.(digest, object);
      return object;
    },
    ...(readsAtOnce === undefined ? {} : { readsAtOnce }),
    ...(room === undefined ? {} : { room }),
    resumed: (start) => observer.resumed?.(start),
    each(index, entry, size) {
      if (!holds(index, entry, size)) throw new Broken('journal', 'the journal differs from the log');
      observer.entry?.(index, entry);
      progress(index + 1, size);
    },
  });
}

/** Verifies the log and objects of a state directory or evidence bundle, and its journal where there is one. */
export async function verifyState(
  state: string | StateSource,
  room?: string,
  observer: LogObserver = {},
): Promise<StateVerdict> {
  const source = typeof state === 'string' ? await openState(state) : state;
  const { log, fetch } = source;
  const bytes = await readFile(join(log, 'journal')).catch(() => undefined);
  const journal = bytes && new JournalComparison(bytes);
  const verdict = await verifySource(
    source,
    room,
    observer,
    (index, entry, size) => journal?.holds(index, entry, size) ?? true,
  );
  if (!verdict.verified) return verdict;
  const fault = (await leftoverFault(await tilePaths(log), verdict.size, fetch)) ?? (await signedFault(log, verdict));
  if (fault) {
    const message = `${fault.path} is not what the verified log says`;
    return { verified: false, entry: fault.entryIndex, rule: 'file', message };
  }
  const wrong = (await isBundle(source.directory)) ? await bundleFault(source, verdict.room) : undefined;
  if (wrong) {
    const message = `${wrong.path} is missing, changed, or not what the verified log says`;
    return { verified: false, entry: null, rule: 'bundle', message };
  }
  observer.room?.(verdict.room);
  const spent = [...verdict.room.spent].map(([id, { loss, delta }]) => [
    id,
    { loss: formatRational(loss), delta: formatRational(delta) },
  ]);
  return {
    verified: true,
    room: verdict.room.id,
    size: verdict.size,
    from: verdict.from,
    spent: Object.fromEntries(spent),
  };
}

/** Paths of all tiles, below the log; files still being written are none yet. */
async function tilePaths(log: string): Promise<string[]> {
  const entries = await readdir(join(log, 'tile'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'));
  return files.map((entry) => relative(log, join(entry.parentPath, entry.name)));
}

/** The record of the last signed head: the head verified, or a later one of the same log. */
async function signedFault(
  log: string,
  { size, room }: { size: number; room: Room },
): Promise<LeftoverFault | undefined> {
  const wrong = { path: 'signed', entryIndex: size };
  const text = await readFile(join(log, 'signed'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const head = parseCheckpoint(text);
    const published = parseCheckpoint(parseNote(await readFile(join(log, 'checkpoint'))).text);
    const isSame = head.size > size || toHex(head.root) === toHex(published.root);
    return head.origin === `reinraum/${room.id}` && head.size >= size && isSame ? undefined : wrong;
  } catch {
    return wrong;
  }
}

/**
 * The corpus of forged logs (docs/spec/replay.md): what an operator who holds the log's key can write, hash and sign
 * correctly, each with the rule that catches it and the entry it is caught at.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Log, verifyLog } from '@reinraum/audit';
import { canonicalBytes, type LogEntry, parseStatement, utf8 } from '@reinraum/protocol';
import { verifyState } from '../../src/cli/audit.ts';
import { analystAnew, enclaveKey } from './fixed-room.ts';
import { forgedAnswers } from './forged-answers.ts';
import { forgedDetails } from './forged-details.ts';
import { forgedLifecycles } from './forged-lifecycles.ts';
import { forgedRetention } from './forged-retention.ts';
import { forgedBudgets, forgedEvidence, forgedLinks, forgedWitnesses } from './forged-rooms.ts';
import { forgedStatements } from './forged-statements.ts';
import type { Forgery, NamedForgery } from './forgery.ts';
import { type HeldLog, honestLog } from './honest-log.ts';
import { once } from './once.ts';
import { filesOf } from './signed-files.ts';

/** The log most forgeries are made of. */
export const honest = once(honestLog);

const ofHonest = ([name, rule, entry, forge]: Forgery): NamedForgery => ({ name, rule, entry, of: honest, forge });

/** All of them. */
export const forgeries: readonly NamedForgery[] = [
  ...[...forgedStatements, ...forgedAnswers, ...forgedLifecycles, ...forgedDetails].map(ofHonest),
  ...forgedEvidence(honest),
  ...forgedBudgets,
  ...forgedLinks,
  ...forgedWitnesses,
  ...forgedRetention,
];

/** What a verifier says. */
export interface Said {
  readonly verified: boolean;
  readonly rule?: string;
  readonly entry?: number | null;
  readonly message?: string;
}

/** What a verifier says of a forgery. */
export async function verdictOf({ of, forge, objects, note, journal }: Omit<NamedForgery, 'name'>): Promise<Said> {
  const log = await of();
  const { room } = log.scribe;
  const files = await filesOf(room, (await forge(log)).map(canonicalBytes));
  const given = objects?.(log) ?? log.scribe.objects;
  if (note) files.set('checkpoint', utf8(await note(new TextDecoder().decode(files.get('checkpoint')))));
  if (journal) return verdictOnState(log, { files, given, journal: await journal(log) });
  return verifyLog({ room, fetch: async (path) => files.get(path), readObject: async (digest) => given.get(digest) });
}

interface Stored {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly given: ReadonlyMap<string, Uint8Array>;
  readonly journal: readonly LogEntry[];
}

/** As `audit verify` sees it: in a state directory, with a journal that a log of its own wrote. */
async function verdictOnState({ scribe }: HeldLog, { files, given, journal }: Stored): Promise<Said> {
  const state = await mkdtemp(join(tmpdir(), 'reinraum-forged-'));
  try {
    const log = await Log.open({
      directory: join(state, 'log'),
      origin: `reinraum/${scribe.room}`,
      signingKey: enclaveKey,
    });
    for (const entry of journal) await log.append(canonicalBytes(entry));
    await log.close();
    await rm(join(state, 'log', 'tile'), { recursive: true });
    await rm(join(state, 'log', 'signed'));
    const named = [...given].map(([digest, bytes]) => [`objects/${digest}`, bytes] as const);
    for (const [path, bytes] of [...[...files].map(([path, bytes]) => [`log/${path}`, bytes] as const), ...named]) {
      await mkdir(dirname(join(state, path)), { recursive: true });
      await writeFile(join(state, path), bytes);
    }
    return await verifyState(state, scribe.room);
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

/**
 * What a forgery takes beside the log's key, which the operator of a `software` enclave has: nothing, or the hand of a
 * member, whose key signed a statement the honest room was never given.
 */
export async function neededFor({ of, forge }: Omit<NamedForgery, 'name'>): Promise<'nothing' | 'a member’s hand'> {
  const log = await of();
  const keys = new Set([...log.scribe.charter.members, analystAnew.member].map(({ signingKey }) => signingKey));
  const forged = (await forge(log)).flatMap(({ statements }) => statements);
  const isMembers = forged.some(({ digest }) => {
    const payload = log.objects.has(digest) ? undefined : log.scribe.objects.get(digest);
    return payload !== undefined && keys.has(parseStatement(payload).key);
  });
  return isMembers ? 'a member’s hand' : 'nothing';
}

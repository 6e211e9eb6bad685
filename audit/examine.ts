/**
 * What can be said of an entry without the room: its form, its objects, the signatures of its statements. It depends on
 * the entry and its objects alone, so a verifier does it for many entries at once and ahead of the fold; the fold takes
 * the outcomes one after another in the order of its rules (docs/spec/log.md §7).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  type DocumentKind,
  type DocumentOf,
  decodeEntry,
  type LogEntry,
  openDocument,
  parseCanonical,
  SignedDocument,
  type Statement,
  toHex,
} from '@reinraum/protocol';
import { Broken, type Rule } from './rule.ts';
import { verified } from './signer.ts';

/** Reads an object by digest; undefined where it is not kept. What comes back is checked against the digest. */
export type ReadObject = (digest: string) => Promise<Uint8Array | undefined>;

declare const examined: unique symbol;

/** An entry in its form, and what came of everything it rests on; only {@link examine} makes one. */
export interface Examined {
  readonly [examined]: true;
  readonly entry: LogEntry;
  /** In the entry's order. A fault is thrown when the fold comes to that statement, and not before. */
  readonly statements: readonly PromiseSettledResult<Statement>[];
  /** Reads further objects; those the entry names outright have been read already, and their faults wait here too. */
  readonly read: ReadObject;
}

/**
 * Examines the bytes of an entry. Throws {@link Broken} `entry`; whatever else is wrong stands in the outcomes. Nothing of
 * it is still under way when this resolves.
 */
export async function examine(bytes: Uint8Array, read: ReadObject): Promise<Examined> {
  const entry = decode(bytes);
  const named = namedBy(entry);
  const [statements, object] = await Promise.all([
    Promise.allSettled(entry.statements.map((signed) => statementOf(read, signed))),
    named === undefined ? undefined : Promise.allSettled([read(named)]),
  ]);
  const [outcome] = object ?? [];
  return {
    entry,
    statements,
    read: outcome ? async (digest: string) => (digest === named ? taken(outcome) : read(digest)) : read,
  } as unknown as Examined;
}

/** The value of an outcome. Throws its fault. */
export function taken<Value>(outcome: PromiseSettledResult<Value>): Value {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

/** The object a rule of this entry will ask for, beside its statements. */
function namedBy(entry: LogEntry): string | undefined {
  if (entry.type === 'room.founded') return entry.detail.charter;
  if (entry.type === 'enclave.started') return entry.detail.claims;
  if (entry.type === 'dataset.declared') return entry.detail.offer;
  return entry.type === 'query.proposed' ? entry.detail.query : undefined;
}

function decode(bytes: Uint8Array): LogEntry {
  try {
    return decodeEntry(bytes);
  } catch {
    throw new Broken('entry', 'an entry is not in the form of docs/spec/log.md');
  }
}

async function statementOf(
  read: ReadObject,
  { digest, signature }: LogEntry['statements'][number],
): Promise<Statement> {
  return await verified(await objectOf(read, digest, 'statement'), signature);
}

/** The bytes of an object. Throws {@link Broken}: `missing` where it is not kept, `object` where it has another digest. */
export async function objectOf(read: ReadObject, digest: string, missing: Rule): Promise<Uint8Array> {
  const bytes = await read(digest);
  if (!bytes) throw new Broken(missing, `object ${digest} is missing`);
  if (toHex(sha256(bytes)) !== digest)
    throw new Broken('object', `object ${digest} is altered: it does not have its digest`);
  return bytes;
}

/** The object of a schema. Throws {@link Broken} `rule` where it is missing or not of it, `object` as {@link objectOf}. */
export async function parsedObject<T>(
  read: ReadObject,
  digest: string,
  { schema, rule }: { readonly schema: { parse(value: unknown): T }; readonly rule: Rule },
): Promise<T> {
  const bytes = await objectOf(read, digest, rule);
  try {
    return schema.parse(parseCanonical(bytes));
  } catch {
    throw new Broken(rule, `object ${digest} is not valid`);
  }
}

/** A document the enclave of `publicKey` signed, kept as an object. Throws {@link Broken} `object` or `signature`. */
export async function documentOf<Kind extends DocumentKind>(
  read: ReadObject,
  digest: string,
  { kind, publicKey }: { readonly kind: Kind; readonly publicKey: Uint8Array },
): Promise<DocumentOf<Kind>> {
  const signed = await parsedObject(read, digest, { schema: SignedDocument, rule: 'object' });
  try {
    return await openDocument(kind, publicKey, signed);
  } catch {
    throw new Broken('signature', `the ${kind} ${digest} was not signed by the room’s enclave`);
  }
}

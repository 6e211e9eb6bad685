/** Which witnesses a room's charter names, and how many of them have to have cosigned (docs/spec/witness.md §6). */
import { Charter, equalBytes, fromBase64, toBase64 } from '@reinraum/protocol';
import { parseCheckpoint } from './checkpoint.ts';
import { cosignatureVerifier } from './cosignature.ts';
import { TrustError } from './evidence-error.ts';
import { parsedObject, type ReadObject } from './examine.ts';
import { ed25519Verifier, formatVkey, type LogVerifier, parseNote } from './note.ts';
import { intersecting, type Policy, type PolicyWitness } from './policy.ts';
import { isEnrollable } from './signer.ts';

/** The key of a room's log. */
export function logKeyOf({ enclave }: Pick<Charter, 'enclave'>, room: string): LogVerifier {
  return ed25519Verifier(formatVkey(`reinraum/${room}`, fromBase64(enclave.signingKey)));
}

/**
 * The charter of the room that a note says it is of: the charter has the digest that is the room's name, so that nothing of the
 * note has to be believed. It is no room's word before the note verifies under {@link logKeyOf}. Throws `EvidenceError`,
 * `TrustError` where it is not the room `expected`, `Broken` where the charter is missing or altered.
 */
export async function charterNamedIn(
  note: Uint8Array,
  read: ReadObject,
  expected?: string,
): Promise<{ readonly charter: Charter; readonly room: string }> {
  const { origin } = parseCheckpoint(parseNote(note).text);
  const room = /^reinraum\/([0-9a-f]{64})$/.exec(origin)?.[1];
  if (room === undefined || (expected !== undefined && room !== expected)) {
    throw new TrustError('origin-unknown', 'the log of another room');
  }
  return { charter: await parsedObject(read, room, { schema: Charter, rule: 'founding' }), room };
}

/** What makes a charter's witnesses no witnesses, with the field; undefined where nothing does. */
export function witnessFault({ witnesses, quorum, enclave }: Pick<Charter, 'witnesses' | 'quorum' | 'enclave'>) {
  const keys: Uint8Array[] = [fromBase64(enclave.signingKey)];
  for (const [at, { key }] of witnesses.entries()) {
    try {
      const { publicKey } = cosignatureVerifier(key);
      // A key that cosigns for two, or the log's own, would make a quorum of fewer than it says; under one of small order
      // anybody cosigns.
      if (keys.some((known) => equalBytes(known, publicKey)) || !isEnrollable(toBase64(publicKey))) {
        return `witnesses.${at}.key`;
      }
      keys.push(publicKey);
    } catch {
      return `witnesses.${at}.key`;
    }
  }
  const isSplit = witnesses.length > 0 && !intersecting(ruleOf(witnesses, quorum));
  return isSplit || quorum > witnesses.length ? 'quorum' : undefined;
}

/** The policy of a charter without {@link witnessFault}. Undefined for a room without witnesses. */
export function policyOf(
  { witnesses, quorum, enclave }: Pick<Charter, 'witnesses' | 'quorum' | 'enclave'>,
  room: string,
): Policy | undefined {
  if (witnesses.length === 0) return undefined;
  return { ...ruleOf(witnesses, quorum), logs: [{ key: logKeyOf({ enclave }, room), url: undefined }] };
}

function ruleOf(witnesses: Charter['witnesses'], quorum: number): Policy {
  const all = witnesses.map(({ key, url }): PolicyWitness => {
    const verifier = cosignatureVerifier(key);
    return { name: verifier.name, key: verifier, url };
  });
  return { logs: [], witnesses: all, quorum: { threshold: quorum, members: all.map((witness) => ({ witness })) } };
}

/** A member's key file: everything secret a member has, as text. Who keeps it where is for the tool around it. */
import {
  Bytes32,
  fromBase64,
  Member,
  type Role,
  type SigningKey,
  signingKey,
  toBase64,
  toHex,
} from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { z } from 'zod';
import { randomBytes } from './random.ts';

const KeyFile = z.strictObject({
  kind: z.literal('reinraum-key'),
  v: z.literal(1),
  member: Member,
  /** Ed25519 seed: signs statements. */
  signingSeed: Bytes32,
  /** X25519 secret: opens results and reports. */
  readingSecret: Bytes32,
  /** HMAC key of the owner unit's pseudonyms; held by this unit only. Null for members who upload nothing. */
  pseudonymKey: Bytes32.nullable(),
});

/** A member with its secrets. */
export interface MemberKeys {
  readonly member: Member;
  readonly signing: SigningKey;
  readonly readingSecret: Uint8Array;
  readonly pseudonymKey: Uint8Array | null;
}

/** A fresh member of a unit, with keys from the operating system's random source. */
export function newMember(unit: string, roles: readonly Role[]): MemberKeys {
  const signing = signingKey(randomBytes(32));
  const reading = nacl.box.keyPair.fromSecretKey(randomBytes(32));
  const member = Member.parse({
    ref: `m-${toHex(randomBytes(8))}`,
    unit,
    roles,
    signingKey: toBase64(signing.publicKey),
    readingKey: toBase64(reading.publicKey),
  });
  const pseudonymKey = roles.includes('owner') ? randomBytes(32) : null;
  return { member, signing, readingSecret: reading.secretKey, pseudonymKey };
}

/** The text of a key file. */
export function formatKeyFile({ member, signing, readingSecret, pseudonymKey }: MemberKeys): string {
  const content = KeyFile.parse({
    kind: 'reinraum-key',
    v: 1,
    member,
    signingSeed: toBase64(signing.seed),
    readingSecret: toBase64(readingSecret),
    pseudonymKey: pseudonymKey && toBase64(pseudonymKey),
  });
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * Reads {@link formatKeyFile}. Throws `SyntaxError` where the text is not JSON and `TypeError` where it is no key file or
 * its public keys are not those of its secrets; neither says what is in it.
 */
export function parseKeyFile(text: string): MemberKeys {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new SyntaxError('key file: not readable');
  }
  const parsed = KeyFile.safeParse(content);
  if (!parsed.success) throw new TypeError('key file: not one of "reinraum keygen"');
  const { member, signingSeed, readingSecret, pseudonymKey } = parsed.data;
  const signing = signingKey(fromBase64(signingSeed));
  const reading = nacl.box.keyPair.fromSecretKey(fromBase64(readingSecret));
  if (toBase64(signing.publicKey) !== member.signingKey || toBase64(reading.publicKey) !== member.readingKey) {
    throw new TypeError('key file: its public keys are not those of its secrets');
  }
  return {
    member,
    signing,
    readingSecret: reading.secretKey,
    pseudonymKey: pseudonymKey === null ? null : fromBase64(pseudonymKey),
  };
}

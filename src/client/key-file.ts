/** A member's key file: everything secret a member has, on the member's own machine only, mode 0600. */
import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { Bytes32, fromBase64, Member, type Role, type SigningKey, signingKey, toBase64 } from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { z } from 'zod';

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
  const signing = signingKey(new Uint8Array(randomBytes(32)));
  const reading = nacl.box.keyPair.fromSecretKey(new Uint8Array(randomBytes(32)));
  const member = Member.parse({
    ref: `m-${randomBytes(8).toString('hex')}`,
    unit,
    roles,
    signingKey: toBase64(signing.publicKey),
    readingKey: toBase64(reading.publicKey),
  });
  const pseudonymKey = roles.includes('owner') ? new Uint8Array(randomBytes(32)) : null;
  return { member, signing, readingSecret: reading.secretKey, pseudonymKey };
}

/** Writes a key file; refuses to replace one. */
export async function writeKeyFile(
  path: string,
  { member, signing, readingSecret, pseudonymKey }: MemberKeys,
): Promise<void> {
  const content = KeyFile.parse({
    kind: 'reinraum-key',
    v: 1,
    member,
    signingSeed: toBase64(signing.seed),
    readingSecret: toBase64(readingSecret),
    pseudonymKey: pseudonymKey && toBase64(pseudonymKey),
  });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(`${JSON.stringify(content, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads a key file. Throws an error that names the path, never what is in it. */
export async function readKeyFile(path: string): Promise<MemberKeys> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    throw new Error(`${path}: no readable key file; make one with "reinraum keygen"`);
  }
  const parsed = KeyFile.safeParse(content);
  if (!parsed.success) throw new Error(`${path}: not a key file of "reinraum keygen"`);
  const { member, signingSeed, readingSecret, pseudonymKey } = parsed.data;
  return {
    member,
    signing: signingKey(fromBase64(signingSeed)),
    readingSecret: fromBase64(readingSecret),
    pseudonymKey: pseudonymKey === null ? null : fromBase64(pseudonymKey),
  };
}

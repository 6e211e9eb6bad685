/** Keys are enrolled with the charter: founding refuses one under which more than its holder could sign. */

import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { isEnrollable, isSealable } from '@reinraum/audit';
import { digestOf, fromBase64, Refusal, signStatement, toBase64 } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { checkFounding } from '../../enclave/founding.ts';
import {
  enclaveKey,
  type FixedMember,
  fixedCharter,
  fixedStatement,
  measurement,
  people,
  seedOf,
} from '../support/fixed-room.ts';
import { brokenKeys, smallOrderKeys, smallOrderReadingKeys } from '../support/small-order.ts';
import { debtors, residents } from '../support/small-room.ts';

const torsion = smallOrderKeys.map((key) => ed25519.Point.fromBytes(key, true));
const mixed = torsion
  .slice(1)
  .map((point) => ed25519.Point.fromBytes(people.analyst.signing.publicKey).add(point).toBytes());

describe('a key', () => {
  test('of a seed may be enrolled', () => {
    for (let n = 0; n < 50; n++) expect(isEnrollable(toBase64(ed25519.getPublicKey(seedOf(`key ${n}`))))).toBe(true);
  });

  test.each(smallOrderKeys.map((key) => [Buffer.from(key).toString('hex'), key] as const))(
    'of small order is refused: %s',
    (_hex, key) => {
      expect(isEnrollable(toBase64(key))).toBe(false);
    },
  );

  test('of mixed order is refused: a good key with any small-order part', () => {
    expect(mixed).toHaveLength(7);
    for (const key of mixed) expect(isEnrollable(toBase64(key))).toBe(false);
  });

  test('that is no point, or not written as points are, is refused', () => {
    for (const key of brokenKeys) expect(isEnrollable(toBase64(key))).toBe(false);
    for (const text of ['', 'AAAA', 'x'.repeat(44), toBase64(new Uint8Array(33))])
      expect(isEnrollable(text)).toBe(false);
  });
});

describe('a reading key', () => {
  test('of a member can be sealed to, one of small order or of another length cannot', () => {
    for (const { member } of Object.values(people)) expect(isSealable(member.readingKey)).toBe(true);
    for (const key of smallOrderReadingKeys) expect(isSealable(toBase64(key))).toBe(false);
    for (const text of ['', 'AAAA', 'x'.repeat(44), toBase64(new Uint8Array(33))]) expect(isSealable(text)).toBe(false);
  });

  test('in another spelling, which X25519 would take for it, is refused: an old key does not come back as a new one', () => {
    const key = fromBase64(people.analyst.member.readingKey);
    const topBit = Uint8Array.from(key, (byte, at) => (at === 31 ? byte | 0x80 : byte));
    const secret = new Uint8Array(32).fill(7);
    expect(x25519.getSharedSecret(secret, topBit)).toEqual(x25519.getSharedSecret(secret, key));
    expect(isSealable(toBase64(topBit))).toBe(false);
    // 9, the base point, and 2^255 - 19 + 9, which is congruent to it.
    const nine = new Uint8Array(32);
    nine[0] = 9;
    const shifted = new Uint8Array(32).fill(0xff);
    shifted[0] = 0xed + 9;
    shifted[31] = 0x7f;
    expect(x25519.getSharedSecret(secret, shifted)).toEqual(x25519.getSharedSecret(secret, nine));
    expect(isSealable(toBase64(nine))).toBe(true);
    expect(isSealable(toBase64(shifted))).toBe(false);
  });
});

describe('founding', () => {
  const nowMs = Date.parse('2026-03-02T08:00:00Z');
  const own = { measurement, signingKey: toBase64(enclaveKey.publicKey) };

  async function founding(
    charter = fixedCharter(),
    signers: readonly FixedMember[] = [people.steward, people.bureauSteward, people.cityDpo, people.bureauDpo],
    signedMs = nowMs,
  ) {
    const digest = digestOf(charter);
    const statements = await Promise.all(
      signers.map((person, serial) =>
        signStatement(
          person.signing,
          fixedStatement(person, digest, { type: 'charter.sign', body: {}, nowMs: signedMs, serial }),
        ),
      ),
    );
    return { charter, schemas: [residents, debtors] as unknown[], statements: statements as unknown[] };
  }

  async function refusal(given: Promise<Awaited<ReturnType<typeof founding>>>, as = own): Promise<string> {
    const error: unknown = await checkFounding(await given, as, nowMs).then(
      () => 'founded',
      (thrown: unknown) => thrown,
    );
    return error instanceof Refusal ? error.message : String(error);
  }

  test('by everyone who must sign is checked and returned', async () => {
    const { digest, statements, schemas } = await checkFounding(await founding(), own, nowMs);
    expect(digest).toBe(digestOf(fixedCharter()));
    expect(statements).toHaveLength(4);
    expect(schemas).toEqual([residents, debtors]);
  });

  test.each([...smallOrderKeys, ...mixed].map((key, n) => [n, key] as const))(
    'with weak key %i for the analyst is refused',
    async (_n, key) => {
      const charter = fixedCharter();
      const members = charter.members.map((member) =>
        member.roles.includes('analyst') ? { ...member, signingKey: toBase64(key) } : member,
      );
      expect(await refusal(founding({ ...charter, members }))).toBe('charter-malformed: members.4.signingKey');
    },
  );

  test.each(smallOrderReadingKeys.map((key, n) => [n, key] as const))(
    'with reading key %i of small order for the analyst is refused',
    async (_n, key) => {
      const charter = fixedCharter();
      const members = charter.members.map((member) =>
        member.roles.includes('analyst') ? { ...member, readingKey: toBase64(key) } : member,
      );
      expect(await refusal(founding({ ...charter, members }))).toBe('charter-malformed: members.4.readingKey');
    },
  );

  test.each<[string, string, () => Promise<Awaited<ReturnType<typeof founding>>>]>([
    [
      'one signature short',
      'charter-unsigned: statements',
      () => founding(fixedCharter(), [people.steward, people.bureauSteward, people.cityDpo]),
    ],
    [
      'one signature twice',
      'charter-unsigned: statements',
      () => founding(fixedCharter(), [people.steward, people.steward, people.cityDpo, people.bureauDpo]),
    ],
    ['one signature too many', 'charter-unsigned: statements', () => founding(fixedCharter(), Object.values(people))],
    [
      'signatures of yesterday',
      'statement-expired: statements',
      () => founding(fixedCharter(), undefined, nowMs - 86_400_000),
    ],
    [
      'signatures of tomorrow',
      'statement-expired: statements',
      () => founding(fixedCharter(), undefined, nowMs + 86_400_000),
    ],
    [
      'signatures under another charter',
      'charter-outdated: statements',
      async () => ({ ...(await founding()), charter: { ...fixedCharter(), id: 'other' } }),
    ],
    [
      'a schema short',
      'charter-malformed: datasets.1.schema',
      async () => ({ ...(await founding()), schemas: [residents] }),
    ],
    [
      'an altered schema',
      'charter-malformed: datasets.0.schema',
      async () => ({ ...(await founding()), schemas: [{ ...residents, owner: 'bureau/data' }, debtors] }),
    ],
    [
      'a field nobody knows',
      'charter-malformed: document',
      async () => ({ ...(await founding()), charter: { ...fixedCharter(), extra: 1 } as never }),
    ],
  ])('with %s is refused', async (_name, message, given) => {
    expect(await refusal(given())).toBe(message);
  });

  test('for another build or another enclave is refused', async () => {
    expect(await refusal(founding(), { ...own, measurement: '12'.repeat(32) })).toBe(
      'measurement-untrusted: enclave.measurements',
    );
    expect(await refusal(founding(), { ...own, signingKey: people.analyst.member.signingKey })).toBe(
      'measurement-untrusted: enclave.signingKey',
    );
  });
});

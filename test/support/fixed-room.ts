/** A room without a process: people from fixed seeds, a charter, and statements under a clock that is given. */

import { sha256 } from '@noble/hashes/sha2.js';
import {
  Charter,
  type CharterTemplate,
  digestOf,
  formatInstant,
  Member,
  type Role,
  type SigningKey,
  type Statement,
  type StatementOf,
  type StatementType,
  signingKey,
  toBase64,
  toHex,
  utf8,
} from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { debtors, residents, template } from './small-room.ts';

/** A member with its signing key. */
export interface FixedMember {
  readonly member: Member;
  readonly signing: SigningKey;
}

/** 32 bytes that depend on a name only. */
export const seedOf = (name: string) => sha256(utf8(`fixed room ${name}`));

/** The member of this name: always the same reference and keys. */
export function fixedMember(name: string, unit: string, roles: readonly Role[]): FixedMember {
  const signing = signingKey(seedOf(name));
  const reading = nacl.box.keyPair.fromSecretKey(seedOf(`${name} reading`));
  const member = Member.parse({
    ref: `m-${toHex(seedOf(name)).slice(0, 16)}`,
    unit,
    roles,
    signingKey: toBase64(signing.publicKey),
    readingKey: toBase64(reading.publicKey),
  });
  return { member, signing };
}

/** Everyone of the fixed room. */
export const people = {
  steward: fixedMember('steward', 'city/statistics', ['owner']),
  bureauSteward: fixedMember('bureau steward', 'bureau/data', ['owner']),
  cityDpo: fixedMember('city dpo', 'city/privacy', ['dpo']),
  bureauDpo: fixedMember('bureau dpo', 'bureau/privacy', ['dpo']),
  analyst: fixedMember('analyst', 'city/planning', ['analyst']),
} as const;

/** The analyst after the keys were lost: the same reference, other keys. */
export const analystAnew: FixedMember = (() => {
  const { member, signing } = fixedMember('analyst anew', 'city/planning', ['analyst']);
  return { signing, member: { ...member, ref: people.analyst.member.ref } };
})();

/** Key and measurement of the fixed enclave. */
export const enclaveKey = signingKey(seedOf('enclave'));
export const measurement = '11'.repeat(32);

/** The instance of a template with everyone in it. */
export function fixedCharter(from: CharterTemplate = template()): Charter {
  return Charter.parse({
    ...from,
    datasets: [residents, debtors].map((schema) => ({ id: schema.id, schema: digestOf(schema) })),
    members: Object.values(people).map(({ member }) => member),
    enclave: { signingKey: toBase64(enclaveKey.publicKey), measurements: [measurement] },
  });
}

/** What a fixed statement can differ in from an ordinary one. */
export type StatementChange = Partial<
  Pick<Statement, 'room' | 'charter' | 'id' | 'issuedAt' | 'expiresAt' | 'actor' | 'key' | 'seen'>
>;

/** A statement of a person, valid for an hour from `nowMs`; `serial` makes its id. */
export function fixedStatement<Type extends StatementType>(
  { member }: FixedMember,
  room: string,
  act: {
    readonly type: Type;
    readonly body: StatementOf<Type>['body'];
    readonly nowMs: number;
    readonly serial: number;
  },
  change: StatementChange = {},
): StatementOf<Type> {
  const hex = Math.trunc(act.nowMs).toString(16).padStart(12, '0');
  const statement = {
    v: 1,
    room,
    charter: room,
    type: act.type,
    id: `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${act.serial.toString(16).padStart(12, '0')}`,
    issuedAt: formatInstant(act.nowMs),
    expiresAt: formatInstant(act.nowMs + 3_600_000),
    actor: member.ref,
    key: member.signingKey,
    seen: null,
    body: act.body,
    ...change,
  };
  return statement as unknown as StatementOf<Type>;
}

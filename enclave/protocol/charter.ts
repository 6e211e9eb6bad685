/** The charter: what the parties of a room agreed on (docs/spec/policy.md §2). */
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import { Allotment, allotmentKey } from './allotment.ts';
import { toHex } from './bytes.ts';
import { canonicalBytes, type Json } from './canonical.ts';
import { accountantOf, lossOf, withLoss } from './loss.ts';
import { Bilingual, Bytes32, Day, Digest, Fraction, MemberRef, Slug, UnitPath } from './name.ts';
import { compare, parseRational, type Rational, rational } from './rational.ts';

const one = rational(1n);

/** What a member may do: owners upload and approve, DPOs approve and review, analysts propose and ask. */
export const Role = z.enum(['owner', 'analyst', 'dpo']);
export type Role = z.infer<typeof Role>;

/** A member of the room: a random reference, a place in a party, roles and public keys. Never a name. */
export const Member = z.strictObject({
  ref: MemberRef,
  unit: UnitPath,
  roles: z.array(Role).min(1).max(3),
  /** Ed25519: statements are verified with it. */
  signingKey: Bytes32,
  /** X25519: results and admission reports are sealed to it. */
  readingKey: Bytes32,
});
export type Member = z.infer<typeof Member>;

const Party = z.strictObject({
  id: Slug,
  title: Bilingual,
  units: z
    .array(z.strictObject({ id: Slug, title: Bilingual }))
    .min(1)
    .max(64),
});

/**
 * A population of privacy units. `covers` says which other populations a release over this one charges too, because
 * one human can be several units, and by which factor of the loss (privacy.md "Unit"): m units are m² in ρ and m in ε.
 */
export const Population = z.strictObject({
  id: Slug,
  title: Bilingual,
  linkage: z.enum(['area-only', 'linked']),
  kFloor: z.int().min(2).max(1000),
  budget: withLoss({ delta: Fraction }),
  covers: z.array(z.strictObject({ population: Slug, lossFactor: Fraction })).max(8),
  /** Parts of the budget for some who ask. Whoever none of them names has the budget alone. */
  allotments: z.array(Allotment).min(1).max(64).exactOptional(),
});
export type Population = z.infer<typeof Population>;

const common = {
  apiVersion: z.literal('reinraum/v1'),
  kind: z.literal('Charter'),
  id: Slug,
  title: Bilingual,
  /** Shown on every screen and in every summary; says so where the data are synthetic. */
  notice: Bilingual,
  parties: z.array(Party).min(2).max(16),
  populations: z.array(Population).min(1).max(8),
  /** The one that governs, with two balances: Σρ or Σε, and Σδ. ε of a zCDP room is displayed at `deltaConversion`. */
  accountant: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('zcdp'), deltaConversion: Fraction, deltaPerDecision: Fraction }),
    z.strictObject({ kind: z.literal('pure'), deltaPerDecision: Fraction }),
  ]),
  purposes: z
    .array(z.strictObject({ id: Slug, title: Bilingual }))
    .min(1)
    .max(64),
  /** Units that may receive results at all; a query narrows this further. */
  recipients: z.array(UnitPath).min(1).max(64),
  retention: z.strictObject({ releasesUntil: Day, logYears: z.int().min(1).max(30) }),
  /** How many of the witnesses must have cosigned before an answer leaves: more than half, so that any two quorums share one. */
  quorum: z.int().min(0).max(16),
  /** How many other owners and DPOs, of at least two parties, give a member who has lost a key new ones. */
  recovery: z.strictObject({ approvals: z.int().min(2).max(16) }),
};

/** What people write and review before anyone has keys: `charter.yaml`. */
export const CharterTemplate = z
  .strictObject({
    ...common,
    datasets: z.array(Slug).min(1).max(64),
    /** Names of the keys of independent witnesses; a room without any says so on every screen. */
    witnesses: z.array(z.string().min(1).max(200)).max(16),
  })
  .superRefine((template, context) => {
    const datasets = template.datasets.map((id) => ({ id }));
    for (const message of charterFaults({ ...template, datasets })) context.addIssue({ code: 'custom', message });
  });
export type CharterTemplate = z.infer<typeof CharterTemplate>;

/** An independent witness of the log (docs/spec/witness.md): its verifier key, and where it is asked. */
export const Witness = z.strictObject({
  key: z
    .string()
    .max(300)
    .regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/, 'write the verifier key that "witness keygen" prints'),
  url: z
    .string()
    .max(300)
    .regex(/^https?:\/\/[!-~]+$/, 'write an address that begins with https://'),
});
export type Witness = z.infer<typeof Witness>;

/** What owners and DPOs sign: the template with schemas, members and the enclave filled in. Its hash names the room. */
export const Charter = z
  .strictObject({
    ...common,
    datasets: z
      .array(z.strictObject({ id: Slug, schema: Digest }))
      .min(1)
      .max(64),
    members: z.array(Member).min(2).max(256),
    witnesses: z.array(Witness).max(16),
    enclave: z.strictObject({
      /** Ed25519: signs checkpoints, offers and releases. */
      signingKey: Bytes32,
      /** Measurements of enclave code the parties trust. */
      measurements: z.array(Digest).min(1).max(8),
    }),
  })
  .superRefine((charter, context) => {
    for (const message of charterFaults(charter)) context.addIssue({ code: 'custom', message });
  });
export type Charter = z.infer<typeof Charter>;

/** References inside a charter that lead nowhere or stand twice, in words that name the field. */
export function charterFaults(
  charter: Omit<Charter, 'datasets' | 'members' | 'enclave' | 'witnesses'> & {
    readonly witnesses: readonly unknown[];
    readonly datasets: readonly { readonly id: string }[];
    readonly members?: readonly Member[];
  },
): string[] {
  const faults: string[] = [];
  const units = new Set(charter.parties.flatMap((party) => party.units.map((unit) => `${party.id}/${unit.id}`)));
  const populations = new Set(charter.populations.map(({ id }) => id));
  const twice = (what: string, values: readonly string[]) => {
    for (const value of new Set(values.filter((value, at) => values.indexOf(value) !== at))) {
      faults.push(`${what}: "${value}" stands twice`);
    }
  };
  twice(
    'parties',
    charter.parties.map(({ id }) => id),
  );
  twice(
    'populations',
    charter.populations.map(({ id }) => id),
  );
  twice(
    'purposes',
    charter.purposes.map(({ id }) => id),
  );
  for (const recipient of charter.recipients) {
    if (!units.has(recipient)) faults.push(`recipients: no unit "${recipient}" in parties`);
  }
  faults.push(...accountantFaults(charter.accountant));
  for (const population of charter.populations) {
    if (accountantOf(population.budget) !== charter.accountant.kind) {
      faults.push(`populations.${population.id}.budget: write "rho" with accountant zcdp and "epsilon" with pure`);
    }
    for (const covered of population.covers) {
      if (!populations.has(covered.population) || covered.population === population.id) {
        faults.push(`populations.${population.id}.covers: "${covered.population}" is not another population`);
      }
      if (compare(parseRational(covered.lossFactor), one) < 0) {
        faults.push(`populations.${population.id}.covers: a lossFactor below 1; one human is at least one unit`);
      }
    }
  }
  for (const population of charter.populations) faults.push(...allotmentFaults(population, charter, units));
  if (charter.quorum > charter.witnesses.length) faults.push('quorum: more than there are witnesses');
  else if (charter.witnesses.length > 0 && 2 * charter.quorum <= charter.witnesses.length) {
    faults.push('quorum: at most half of the witnesses; two quorums could have none in common');
  }
  if (charter.members && charter.members.filter(({ roles }) => roles.some((role) => role !== 'analyst')).length > 16) {
    faults.push('members: more than 16 owners and data protection officers');
  }
  if (charter.members) {
    faults.push(...memberFaults(charter.members, units));
    if (charter.recovery.approvals > founders({ members: charter.members }).length) {
      faults.push('recovery.approvals: more than there are owners and data protection officers');
    }
  }
  if (charter.datasets)
    twice(
      'datasets',
      charter.datasets.map(({ id }) => id),
    );
  return faults;
}

/** Allotments of nobody, for one twice, of another accountant, or of more than there is. */
function allotmentFaults(
  { id, budget, allotments = [] }: Population,
  { parties, purposes }: Pick<Charter, 'parties' | 'purposes'>,
  units: ReadonlySet<string>,
): string[] {
  const known = {
    party: (name: string) => parties.some((party) => party.id === name),
    unit: (name: string) => units.has(name),
    purpose: (name: string) => purposes.some((purpose) => purpose.id === name),
    each: () => true,
  };
  return allotments.flatMap((allotment, at) => {
    const field = `populations.${id}.allotments.${at}`;
    const faults: string[] = [];
    for (const [kind, name] of Object.entries(allotment.for) as [keyof typeof known, string][]) {
      if (!known[kind](name)) faults.push(`${field}.for: no ${kind} "${name}" in the charter`);
    }
    if (allotments.slice(0, at).some((other) => allotmentKey(other) === allotmentKey(allotment))) {
      faults.push(`${field}.for: stands twice`);
    }
    if (accountantOf(allotment) !== accountantOf(budget))
      faults.push(`${field}: of another accountant than its budget`);
    else if (compare(lossOf(allotment), lossOf(budget)) > 0) faults.push(`${field}: more than the budget`);
    if (compare(parseRational(allotment.delta), parseRational(budget.delta)) > 0) {
      faults.push(`${field}.delta: more than that of the budget`);
    }
    return faults;
  });
}

/** Without these bounds no cut and no ε can be computed, and every answer would fail after its charge. */
function accountantFaults(accountant: Charter['accountant']): string[] {
  const faults: string[] = [];
  const isBetween = (value: string, most: Rational) => {
    const delta = parseRational(value);
    return delta.num > 0n && compare(delta, most) < 0;
  };
  if (!isBetween(accountant.deltaPerDecision, rational(1n, 2n))) {
    faults.push('accountant.deltaPerDecision: needs a fraction above 0 and below 1/2');
  }
  if (accountant.kind === 'zcdp' && !isBetween(accountant.deltaConversion, one)) {
    faults.push('accountant.deltaConversion: needs a fraction above 0 and below 1');
  }
  return faults;
}

function memberFaults(members: readonly Member[], units: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  for (const field of ['ref', 'signingKey', 'readingKey'] as const) {
    if (new Set(members.map((member) => member[field])).size < members.length) {
      faults.push(`members: a ${field} stands twice`);
    }
  }
  for (const member of members) {
    if (!units.has(member.unit)) faults.push(`members.${member.ref}: no unit "${member.unit}" in parties`);
  }
  const parties = new Set(members.filter(({ roles }) => roles.includes('dpo')).map(({ unit }) => partyOf(unit)));
  for (const party of new Set([...units].map(partyOf))) {
    if (!parties.has(party)) faults.push(`members: party "${party}" has no data protection officer (role dpo)`);
  }
  return faults;
}

/** The party of `party/unit`. */
export function partyOf(unit: string): string {
  return unit.slice(0, unit.indexOf('/'));
}

/** SHA-256 of the canonical bytes of a policy object, in hexadecimal: what approvals sign. */
export function digestOf(value: Json): string {
  return toHex(sha256(canonicalBytes(value)));
}

/** Members who must sign before a room exists: every owner and every data protection officer. */
export function founders(charter: { readonly members: readonly Member[] }): readonly Member[] {
  return charter.members.filter(({ roles }) => roles.includes('owner') || roles.includes('dpo'));
}

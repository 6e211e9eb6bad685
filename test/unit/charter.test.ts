import { Charter, CharterTemplate, charterFaults, digestOf, founders, partyOf } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { fixedCharter, fixedMember, people } from '../support/fixed-room.ts';
import { template } from '../support/small-room.ts';

type Bend = (charter: Charter) => object;
const charter = fixedCharter();
const [person] = charter.populations;
const [city, bureau] = charter.parties;
if (!person || !city || !bureau) throw new Error('the charter has no population or parties');
const company = { ...person, id: 'company' };

/** What is wrong, as "path: message" of every issue. */
function faults(value: unknown, schema: typeof Charter | typeof CharterTemplate = Charter): string[] {
  return (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) =>
    [path.join('.'), message].filter((part) => part !== '').join(' | '),
  );
}
const member = (index: number, change: object) => ({
  members: charter.members.map((own, n) => (n === index ? { ...own, ...change } : own)),
});

describe('a charter', () => {
  test('of the fixed room is one, and its digest is that of its canonical bytes', () => {
    expect(faults(charter)).toEqual([]);
    expect(faults(template(), CharterTemplate)).toEqual([]);
    expect(digestOf(charter)).toBe(digestOf(JSON.parse(JSON.stringify(charter))));
    expect(digestOf({ ...charter, id: 'other' })).not.toBe(digestOf(charter));
  });

  test.each<[string, Bend, string]>([
    ['a party twice', () => ({ parties: [city, city, bureau] }), 'parties: "city" stands twice'],
    ['a population twice', () => ({ populations: [person, person] }), 'populations: "person" stands twice'],
    [
      'a purpose twice',
      ({ purposes }) => ({ purposes: [...purposes, ...purposes] }),
      'purposes: "planning" stands twice',
    ],
    [
      'a dataset twice',
      ({ datasets }) => ({ datasets: [...datasets, ...datasets] }),
      'datasets: "residents" stands twice',
    ],
    [
      'a recipient who is no unit',
      () => ({ recipients: ['city/press'] }),
      'recipients: no unit "city/press" in parties',
    ],
    [
      'a population that covers an unknown one',
      () => ({ populations: [{ ...person, covers: [{ population: 'company', lossFactor: '4' }] }] }),
      'populations.person.covers: "company" is not another population',
    ],
    [
      'a population that covers itself',
      () => ({ populations: [{ ...person, covers: [{ population: 'person', lossFactor: '4' }] }] }),
      'populations.person.covers: "person" is not another population',
    ],
    [
      'a population that covers another by less than one unit',
      () => ({ populations: [{ ...person, covers: [{ population: 'company', lossFactor: '1/2' }] }, company] }),
      'populations.person.covers: a lossFactor below 1; one human is at least one unit',
    ],
    [
      'no δ for a decision',
      ({ accountant }) => ({ accountant: { ...accountant, deltaPerDecision: '0' } }),
      'accountant.deltaPerDecision: needs a fraction above 0 and below 1/2',
    ],
    [
      'a δ for a decision that decides nothing',
      ({ accountant }) => ({ accountant: { ...accountant, deltaPerDecision: '1/2' } }),
      'accountant.deltaPerDecision: needs a fraction above 0 and below 1/2',
    ],
    [
      'a δ at which no ε is displayed',
      ({ accountant }) => ({ accountant: { ...accountant, deltaConversion: '1' } }),
      'accountant.deltaConversion: needs a fraction above 0 and below 1',
    ],
    ['a quorum of nobody', () => ({ quorum: 1 }), 'quorum: more than there are witnesses'],
    [
      'a recovery by more than there are owners and officers',
      () => ({ recovery: { approvals: 5 } }),
      'recovery.approvals: more than there are owners and data protection officers',
    ],
    [
      'a member’s unit that is none',
      () => member(0, { unit: 'city/press' }),
      `members.${people.steward.member.ref}: no unit "city/press" in parties`,
    ],
    ['a reference twice', () => member(0, { ref: people.analyst.member.ref }), 'members: a ref stands twice'],
    [
      'a signing key twice',
      () => member(0, { signingKey: people.analyst.member.signingKey }),
      'members: a signingKey stands twice',
    ],
    [
      'a reading key twice',
      () => member(0, { readingKey: people.analyst.member.readingKey }),
      'members: a readingKey stands twice',
    ],
    [
      'a party without a data protection officer',
      () => member(3, { roles: ['owner'] }),
      'members: party "bureau" has no data protection officer (role dpo)',
    ],
    [
      '17 owners and officers',
      () => ({
        members: [
          ...charter.members,
          ...Array.from({ length: 13 }, (_, n) => fixedMember(`owner ${n}`, 'city/statistics', ['owner']).member),
        ],
      }),
      'members: more than 16 owners and data protection officers',
    ],
  ])('with %s is refused by the field', (_name, bend, message) => {
    const bent = { ...charter, ...bend(charter) };
    expect(faults(bent)).toContain(message);
  });

  test('may cover another population, and have witnesses up to the quorum', () => {
    const covers = [{ population: 'company', lossFactor: '4' }];
    expect(charterFaults({ ...charter, populations: [{ ...person, covers }, company] })).toEqual([]);
    expect(charterFaults({ ...charter, datasets: [{ id: 'residents' }] })).toEqual([]);
  });

  test.each<[string, Bend, string]>([
    ['one party', () => ({ parties: [city] }), 'parties'],
    ['a party without units', () => ({ parties: [{ ...city, units: [] }, bureau] }), 'parties.0.units'],
    ['no population', () => ({ populations: [] }), 'populations'],
    ['k of one', () => ({ populations: [{ ...person, kFloor: 1 }] }), 'populations.0.kFloor'],
    [
      'a budget as a float',
      () => ({ populations: [{ ...person, budget: { rho: 0.5, delta: '0' } }] }),
      'populations.0.budget',
    ],
    [
      'a budget not in lowest terms',
      () => ({ populations: [{ ...person, budget: { rho: '2/4', delta: '0' } }] }),
      'populations.0.budget.rho',
    ],
    ['no budget', () => ({ populations: [{ ...person, budget: undefined }] }), 'populations.0.budget'],
    ['an unknown linkage', () => ({ populations: [{ ...person, linkage: 'any' }] }), 'populations.0.linkage'],
    ['noise switched off', () => ({ accountant: { kind: 'none' } }), 'accountant.kind'],
    ['no purpose', () => ({ purposes: [] }), 'purposes'],
    ['a recovery by one alone', () => ({ recovery: { approvals: 1 } }), 'recovery.approvals'],
    ['no recovery', () => ({ recovery: undefined }), 'recovery'],
    ['no recipient', () => ({ recipients: [] }), 'recipients'],
    [
      'a retention without end',
      () => ({ retention: { releasesUntil: 'never', logYears: 5 } }),
      'retention.releasesUntil',
    ],
    ['no title', () => ({ title: { de: '', en: 'x' } }), 'title.de'],
    ['another version', () => ({ apiVersion: 'reinraum/v2' }), 'apiVersion'],
    ['a schema that is no digest', () => ({ datasets: [{ id: 'residents', schema: 'x' }] }), 'datasets.0.schema'],
    [
      'no trusted measurement',
      ({ enclave }) => ({ enclave: { ...enclave, measurements: [] } }),
      'enclave.measurements',
    ],
    ['a key that is none', () => member(0, { signingKey: 'AAAA' }), 'members.0.signingKey'],
    ['a role nobody has', () => member(0, { roles: ['root'] }), 'members.0.roles.0'],
    ['no role', () => member(0, { roles: [] }), 'members.0.roles'],
    ['a name in place of a reference', () => member(0, { ref: 'Erika Musterfrau' }), 'members.0.ref'],
  ])('with %s is refused by the field', (_name, bend, path) => {
    const found = Charter.safeParse({ ...charter, ...bend(charter) });
    expect(found.error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });

  test('with a field nobody knows is refused, at every level', () => {
    for (const bent of [
      { ...charter, noise: false },
      { ...charter, ...member(0, { name: 'x' }) },
      { ...charter, populations: [{ ...person, unlimited: true }] },
      { ...charter, accountant: { ...charter.accountant, off: true } },
    ]) {
      expect(Charter.safeParse(bent).error?.issues[0]?.code).toBe('unrecognized_keys');
    }
  });
});

test('founders are the owners and the officers, and an analyst is none', () => {
  expect(founders(charter).map(({ ref }) => ref)).toEqual(
    [people.steward, people.bureauSteward, people.cityDpo, people.bureauDpo].map((one) => one.member.ref),
  );
  expect(partyOf('city/statistics')).toBe('city');
});

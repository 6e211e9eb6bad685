/** Questions that were not agreed on, and balances that are used up: refused before the charge, by their own code. */
import { randomBytes } from 'node:crypto';
import {
  AggregateQuery,
  canonicalText,
  commit,
  digestOf,
  type Json,
  type Opening,
  type StatementOf,
  toBase64,
} from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { expectRefused } from '../support/raw-statement.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { refusedCodes, verifiedLog } from '../support/verified-log.ts';

const marker = 'MARKER-4711';
let room: SmallRoom;
let query: string;

beforeAll(async () => {
  room = await smallRoom({ rho: '1/4' });
  await uploadResidents(room, residentRecords([100, 50, 20]));
  query = await approved(room);
});
afterAll(() => room.close());

const openingOf = (value: string): Opening => ({ salt: toBase64(new Uint8Array(randomBytes(32))), value });

/** A run as the analyst's client signs it, bent. */
async function run(
  parameters: string,
  changes: Partial<StatementOf<'query.run'>['body']> = {},
  opening: Opening | undefined = openingOf(parameters),
) {
  const { member } = room.people.analyst;
  const body = {
    query,
    parameters: commit('parameters', opening),
    purpose: 'planning',
    recipient: member.unit,
    reader: member.readingKey,
    ...changes,
  };
  return { envelope: await room.client('analyst').sign('query.run', body), opening };
}

async function refusedRun(submission: object, code: string, field: string, absent: readonly string[] = [marker]) {
  const before = await verifiedLog(room.state);
  await expectRefused(room, submission, { code, field, absent });
  const after = await verifiedLog(room.state);
  expect(after.spent).toEqual(before.spent);
  expect(refusedCodes(after).at(-1)).toBe(code);
  expect(after.entries.filter(({ type }) => type === 'query.charged')).toHaveLength(
    before.entries.filter(({ type }) => type === 'query.charged').length,
  );
}

describe('a parameter that was not foreseen', () => {
  test.each([
    ['outside its domain', canonicalText({ sex: marker }), 'params.sex'],
    ['of another type', canonicalText({ sex: 1 }), 'params.sex'],
    ['null', canonicalText({ sex: null }), 'params.sex'],
    ['a list', canonicalText({ sex: ['f'] }), 'params.sex'],
    ['missing', '{}', 'params.sex'],
    ['too many', canonicalText({ [marker.toLowerCase()]: marker, sex: 'f' }), 'params'],
    ['inherited', '{"__proto__":{"sex":"f"}}', 'params'],
    ['no object', '["f"]', 'params'],
    ['no JSON', marker, 'params'],
    ['not canonical', '{ "sex":"f"}', 'params'],
    ['twice', '{"sex":"m","sex":"f"}', 'params'],
  ])('%s', async (_name, value, field) => {
    await refusedRun(await run(value), 'parameter-invalid', field, [marker, marker.toLowerCase()]);
  });

  test('that opens another commitment', async () => {
    const { envelope } = await run('{"sex":"f"}');
    await refusedRun({ envelope, opening: openingOf('{"sex":"f"}') }, 'commitment-mismatch', 'opening');
    const missing = await run('{"sex":"f"}');
    await refusedRun({ envelope: missing.envelope }, 'commitment-mismatch', 'opening');
  });
});

describe('a run that was not agreed on', () => {
  test.each([
    ['a query nobody proposed', () => ({ query: 'ab'.repeat(32) }), 'query-unknown', 'query'],
    ['an altered query', () => ({ query: digestOf(altered as Json) }), 'query-unknown', 'query'],
    ['another purpose', () => ({ purpose: 'advertising' }), 'purpose-unknown', 'purpose'],
    ['another recipient', () => ({ recipient: 'bureau/data' }), 'recipient-not-allowed', 'recipient'],
    [
      'another’s reading key',
      () => ({ reader: room.people.bureauDpo.member.readingKey }),
      'reader-not-member',
      'reader',
    ],
  ])('%s', async (_name, changes, code, field) => {
    await refusedRun(await run('{"sex":"f"}', changes()), code, field);
  });
  const altered = { ...byDistrict, privacy: { ...byDistrict.privacy, k: 2 } };

  test('without all approvals', async () => {
    const other = AggregateQuery.parse({ ...byDistrict, id: 'half-approved' });
    const digest = digestOf(other as Json);
    await room.client('analyst').act('query.propose', { query: digest }, { object: other });
    const refused = async () => refusedRun(await run('{"sex":"f"}', { query: digest }), 'query-not-approved', 'query');
    await refused();
    await room.client('steward').act('query.approve', { query: digest });
    await refused();
    await room.client('cityDpo').act('query.approve', { query: digest });
    await refused();
    // The other party’s owner is not the owner of this data.
    await room.client('bureauSteward').act('query.approve', { query: digest });
    await refused();
  });

  test('after it was revoked', async () => {
    const digest = await approved(room, AggregateQuery.parse({ ...byDistrict, id: 'revoked' }));
    await room.client('bureauDpo').act('query.revoke', { query: digest });
    await refusedRun(await run('{"sex":"f"}', { query: digest }), 'query-revoked', 'query');
    const envelope = await room.client('bureauDpo').sign('query.approve', { query: digest });
    await refusedRun({ envelope }, 'query-revoked', 'query');
  });

  test('after it expired', async () => {
    const digest = await approved(room, AggregateQuery.parse({ ...byDistrict, id: 'old', expires: '2020-01-01' }));
    await refusedRun(await run('{"sex":"f"}', { query: digest }), 'query-expired', 'query');
  });

  test('an approval of a query nobody proposed', async () => {
    const envelope = await room.client('cityDpo').sign('query.approve', { query: 'ab'.repeat(32) });
    await refusedRun({ envelope }, 'query-unknown', 'query');
  });
});

describe('a proposal the charter or the schema does not allow', () => {
  const nested = (depth: number): Json => (depth === 0 ? { eq: ['r.sex', 'f'] } : { not: nested(depth - 1) });
  const privacy = byDistrict.privacy as Record<string, Json>;
  const cases: [name: string, changes: Record<string, Json>, code: string, field: string][] = [
    ['k below the floor', { privacy: { ...privacy, k: 4 } }, 'k-below-floor', 'privacy.k'],
    ['no noise at all', { privacy: { ...privacy, rho: '0' } }, 'query-not-compilable', 'privacy.rho'],
    ['another mechanism', { privacy: { ...privacy, mechanism: 'none' } }, 'query-malformed', 'privacy.mechanism'],
    ['a fraction not in lowest terms', { privacy: { ...privacy, rho: '2/16' } }, 'query-malformed', 'privacy.rho'],
    ['an unknown purpose', { purpose: 'advertising' }, 'purpose-unknown', 'purpose'],
    ['a recipient not allowed', { recipients: ['bureau/data'] }, 'recipient-not-allowed', 'recipients.0'],
    ['an unknown dataset', { from: { dataset: 'taxes', as: 'r' } }, 'dataset-unknown', 'from.dataset'],
    ['another population', { population: 'household' }, 'query-not-compilable', 'population'],
    ['a column there is not', { where: { eq: ['r.name', marker] } }, 'query-not-compilable', 'where.eq'],
    ['another alias', { where: { eq: ['x.sex', 'f'] } }, 'query-not-compilable', 'where.eq'],
    ['a code there is not', { where: { eq: ['r.sex', marker] } }, 'query-not-compilable', 'where.eq'],
    ['a parameter there is not', { where: { eq: ['r.sex', '$other'] } }, 'query-not-compilable', 'where.eq'],
    ['an order of codes', { where: { lt: ['r.district', 'beta'] } }, 'query-not-compilable', 'where.lt'],
    ['a number for a code', { where: { eq: ['r.age', 500] } }, 'query-not-compilable', 'where.eq'],
    ['SQL for a column', { where: { eq: [`r.sex' OR 1=1;--${marker}`, 'f'] } }, 'query-malformed', 'where.eq.0'],
    ['a formula', { where: { sql: marker } }, 'query-malformed', 'where'],
    ['a predicate nested too deep', { where: nested(9) }, 'query-malformed', 'where'],
    [
      'a group key twice',
      { groupBy: [{ column: 'r.sex', as: 'a', keys: ['f', 'f'] }] },
      'query-not-compilable',
      'groupBy.0.keys',
    ],
    ['bands that fall', { groupBy: [{ column: 'r.age', as: 'a', edges: [18, 0] }] }, 'query-malformed', 'groupBy'],
    ['a measure there is not', { measures: [{ as: 'x', fn: 'max' }] }, 'query-malformed', 'measures.0.fn'],
    [
      'the identifier as a group',
      { groupBy: [{ column: 'r.person_id', as: 'a' }] },
      'query-not-compilable',
      'groupBy.0.column',
    ],
    ['an unknown field', { [marker]: 1 }, 'query-malformed', 'document'],
  ];

  test.each(cases)('%s', async (_name, changes, code, field) => {
    const object: Record<string, Json> = { ...(byDistrict as Record<string, Json>), id: 'refused', ...changes };
    const envelope = await room.client('analyst').sign('query.propose', { query: digestOf(object) });
    await refusedRun({ envelope, object }, code, field);
  });

  test('another object than the signed digest', async () => {
    const other = { ...byDistrict, id: 'swapped' } as Json;
    const envelope = await room.client('analyst').sign('query.propose', { query: query.replace(/^./, 'f') });
    await refusedRun({ envelope, object: other }, 'query-unknown', 'query');
  });

  test('the same query again', async () => {
    const envelope = await room.client('analyst').sign('query.propose', { query });
    await refusedRun({ envelope, object: byDistrict }, 'query-known', 'query');
  });

  test('no object at all, and one nested deeper than any stack', async () => {
    const sign = () => room.client('analyst').sign('query.propose', { query: 'ab'.repeat(32) });
    await refusedRun({ envelope: await sign() }, 'query-malformed', 'document');
    for (const depth of [300, 2000]) {
      const object = { ...byDistrict, where: nested(depth) } as Json;
      await refusedRun({ envelope: await sign(), object }, 'query-malformed', 'where');
    }
  });
});

describe('a balance that is used up', () => {
  test('ρ: refused before the charge, and repeats go on', async () => {
    const [first] = [await ask(room.client('analyst'), query, 'planning', { sex: 'f' })];
    await ask(room.client('analyst'), query, 'planning', { sex: 'm' });
    expect((await verifiedLog(room.state)).spent.loss).toBe('1/4');
    const third = await approved(room, AggregateQuery.parse({ ...byDistrict, id: 'third' }));
    await refusedRun(await run('{"sex":"f"}', { query: third }), 'budget-exhausted', 'privacy.rho');
    const again = await ask(room.client('analyst'), query, 'planning', { sex: 'f' });
    expect(again).toMatchObject({ isRepeat: true, document: first.document });
    expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: { person: { loss: '1/4' } } });
  });

  test('δ: refused before the charge although there is ρ left', async () => {
    const small = await smallRoom({ rho: '1', delta: '1/100000000' });
    try {
      await uploadResidents(small, residentRecords([50, 50, 50]));
      const digest = await approved(small);
      await ask(small.client('analyst'), digest, 'planning', { sex: 'f' });
      const refused = ask(small.client('analyst'), digest, 'planning', { sex: 'm' });
      await expect(refused).rejects.toMatchObject({ code: 'budget-exhausted', status: 422 });
      const verdict = await verifyState(small.state);
      expect(verdict).toMatchObject({ verified: true, spent: { person: { loss: '1/8', delta: '1/100000000' } } });
    } finally {
      await small.close();
    }
  });
});

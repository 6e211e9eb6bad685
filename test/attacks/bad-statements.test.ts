/** A member's own statements that may not take effect: each is refused by its own code, logged, and costs nothing. */
import { randomBytes } from 'node:crypto';
import { canonicalText, commit, type Json, toBase64 } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { expectRefused, type PlainStatement, plainStatement, signedBy } from '../support/raw-statement.ts';
import { approved, residentRecords, type SmallRoom, smallRoom, uploadResidents } from '../support/small-room.ts';
import { refusedCodes, verifiedLog } from '../support/verified-log.ts';

const marker = 'MARKER-4711-Musterfrau';
const hour = 3_600_000;
let room: SmallRoom;
let query: string;

beforeAll(async () => {
  room = await smallRoom();
  await uploadResidents(room, residentRecords([100, 50, 20]));
  query = await approved(room);
});
afterAll(() => room.close());

const session = () => plainStatement(room, 'steward', 'session.open', { scope: 'log' });
const bent = async (change: (statement: PlainStatement) => Json) =>
  signedBy(room, 'steward', change(await session()) as PlainStatement);
describe('a member’s own statement is refused and the log says so', () => {
  const at = (nowMs: number) => plainStatement(room, 'steward', 'session.open', { scope: 'log' }, nowMs);
  const cases: [name: string, envelope: () => Promise<unknown>, code: string, field: string][] = [
    ['another charter', () => bent((s) => ({ ...s, charter: 'cd'.repeat(32) })), 'charter-outdated', 'charter'],
    [
      'expired',
      async () => signedBy(room, 'steward', await at(Date.now() - 2 * hour)),
      'statement-expired',
      'expiresAt',
    ],
    [
      'from the future',
      async () => signedBy(room, 'steward', await at(Date.now() + hour)),
      'statement-expired',
      'expiresAt',
    ],
    [
      'valid for years',
      () => bent((s) => ({ ...s, expiresAt: '2099-01-01T00:00:00Z' })),
      'statement-expired',
      'expiresAt',
    ],
    ['a checkpoint that is none', () => bent((s) => ({ ...s, seen: marker })), 'checkpoint-invalid', 'seen'],
    [
      'a checkpoint nobody signed',
      async () => {
        const checkpoint = (await room.client('steward').public.status()).checkpoint ?? '';
        const forged = checkpoint.replace(/\n[0-9]+\n/, '\n1000000\n');
        return bent((s) => ({ ...s, seen: forged }));
      },
      'checkpoint-invalid',
      'seen',
    ],
    ['an analyst approving', () => room.client('analyst').sign('query.approve', { query }), 'role-missing', 'actor'],
    ['an analyst revoking', () => room.client('analyst').sign('query.revoke', { query }), 'role-missing', 'actor'],
    [
      'a data protection officer declaring a dataset',
      () => room.client('cityDpo').sign('dataset.declare', declaration),
      'role-missing',
      'actor',
    ],
    ['an owner asking', () => room.client('steward').sign('query.run', run('steward')), 'role-missing', 'actor'],
    ['a second founding', () => room.client('steward').sign('charter.sign', {}), 'room-founded', 'type'],
  ];
  const declaration = {
    dataset: 'residents',
    version: 2,
    predecessor: null,
    schema: 'ab'.repeat(32),
    capacityRows: 1,
    purpose: 'planning',
    legalBasis: 'dsgvo-6-1-e',
    validUntil: '2035-12-31',
  };
  const run = (person: 'steward') => ({
    query,
    parameters: 'ab'.repeat(32),
    purpose: 'planning',
    recipient: room.people[person].member.unit,
    reader: room.people[person].member.readingKey,
  });

  test.each(cases)('%s', async (_name, envelope, code, field) => {
    const before = await verifiedLog(room.state);
    await expectRefused(room, { envelope: await envelope() }, { code, field, absent: [marker] });
    const after = await verifiedLog(room.state);
    expect(refusedCodes(after).slice(refusedCodes(before).length)).toEqual([code]);
    expect(after.entries).toHaveLength(before.entries.length + 1);
    expect(after.spent).toEqual(before.spent);
  });

  test('a statement is taken once, and neither its bytes nor its id again', async () => {
    const statement = await session();
    const envelope = await signedBy(room, 'steward', statement);
    await room.client('steward').submit({ envelope });
    const replayed = { code: 'statement-replayed', field: 'id' };
    await expectRefused(room, { envelope }, replayed);
    const sameId = { ...(await plainStatement(room, 'steward', 'query.revoke', { query })), id: statement['id'] ?? '' };
    await expectRefused(room, { envelope: await signedBy(room, 'steward', sameId) }, replayed);
  });

  test('a run that arrives ten times at once is charged once', async () => {
    const opening = { salt: toBase64(new Uint8Array(randomBytes(32))), value: canonicalText({ sex: 'f' }) };
    const { member } = room.people.analyst;
    const body = {
      query,
      parameters: commit('parameters', opening),
      purpose: 'planning',
      recipient: member.unit,
      reader: member.readingKey,
    };
    const envelope = await room.client('analyst').sign('query.run', body);
    const submission = JSON.stringify({ envelope, opening });
    const url = `${room.installation.url}/rooms/small/statements`;
    const headers = { 'content-type': 'application/json' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => fetch(url, { method: 'POST', headers, body: submission })),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 422),
    ]);
    const { entries, spent } = await verifiedLog(room.state);
    expect(entries.filter(({ type }) => type === 'query.charged')).toHaveLength(1);
    expect(spent.loss).toBe('1/8');
  });

  test('the room goes on answering, and its log verifies', async () => {
    const answered = await ask(room.client('analyst'), query, 'planning', { sex: 'm' });
    expect(answered.isRepeat).toBe(false);
    expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: { person: { loss: '1/4' } } });
  });
});

/** The enclave is killed at every step of an answer: the charge stands, at most one release exists, nothing is lost. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AggregateQuery, commit, type LogEntry } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReleaseStore } from '../../enclave/vault/releases.ts';
import { SecretStore } from '../../enclave/vault/secrets.ts';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { clearQuery } from '../../src/client/lifecycle.ts';
import { type FaultyRoom, faultyRoom } from '../support/faulty-room.ts';
import { approved, byDistrict, residentRecords, type SmallRoom, uploadResidents } from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let faulty: FaultyRoom;
let room: SmallRoom;

beforeAll(async () => {
  faulty = await faultyRoom({ rho: '64', delta: '1/1000' });
  room = faulty.room;
  await uploadResidents(room, residentRecords([300, 100, 40]));
});
afterAll(() => faulty.close());

/** A question of its own for each test: nothing of it is stored yet. */
function question(id: string) {
  return approved(room, AggregateQuery.parse({ ...byDistrict, id, slotMs: 100 }));
}

const client = () => room.client('analyst');
const put = (query: string) => ask(client(), query, 'planning', { sex: 'f' });

/** Log entries about one query since it was approved. */
async function about(query: string): Promise<LogEntry[]> {
  const { entries } = await verifiedLog(room.state);
  return entries.filter(
    ({ type, detail }) =>
      'query' in detail && detail.query === query && !['query.proposed', 'query.approved'].includes(type),
  );
}

async function storedReleases(): Promise<ReleaseStore> {
  const key = new Uint8Array(await readFile(join(room.directory, 'rooms', 'small', 'operator.key')));
  return ReleaseStore.open(new SecretStore(join(room.state, 'releases'), key, () => undefined));
}

/** Asks while the enclave is killed at a moment, and starts it again. */
async function killedAt(moment: string, query: string): Promise<void> {
  await faulty.killAt(moment);
  await expect(put(query)).rejects.toMatchObject({ code: 'enclave-failed', status: 500 });
  await faulty.killed();
}

describe.each(['charged', 'aggregated', 'noised'])('killed when %s', (moment) => {
  test('the charge stands, is closed as failed, and nothing is computed again', async () => {
    const query = await question(`killed-${moment}`);
    const before = await verifiedLog(room.state);
    await killedAt(moment, query);
    expect((await about(query)).map(({ type }) => type)).toEqual(['query.charged']);
    const stored = (await readdir(join(room.state, 'releases')).catch(() => [])).length;

    await room.client('cityDpo').session();
    const [charge, closed, ...more] = await about(query);
    expect(more).toEqual([]);
    expect(charge?.type).toBe('query.charged');
    const { entries, spent } = await verifiedLog(room.state);
    expect(closed?.type).toBe('query.failed');
    expect(entries[closed?.caused ?? -1]).toEqual(charge);
    expect(spent).not.toEqual(before.spent);
    expect((await readdir(join(room.state, 'releases')).catch(() => [])).length).toBe(stored);

    // Asked again, once it is cleared, it is a new question with a new charge and new noise.
    await expect(put(query)).rejects.toMatchObject({ code: 'query-suspended' });
    await clearQuery(room.client('cityDpo'), query);
    const again = await put(query);
    expect(again.isRepeat).toBe(false);
    expect((await about(query)).map(({ type }) => type)).toEqual([
      'query.charged',
      'query.failed',
      'query.cleared',
      'query.charged',
      'query.released',
    ]);
  });
});

test('killed after the release was stored: it is logged and delivered, byte for byte, at no charge', async () => {
  const query = await question('killed-stored');
  await killedAt('stored', query);
  expect((await about(query)).map(({ type }) => type)).toEqual(['query.charged']);
  const charged = (await verifiedLog(room.state)).entries.length - 1;
  const stored = (await storedReleases()).byCharge(charged);
  expect(stored).toBeDefined();

  const delivered = await put(query);
  expect(delivered.isRepeat).toBe(true);
  expect(delivered.document).toEqual(stored?.document);
  const [, released, repeated] = await about(query);
  expect(released).toMatchObject({ type: 'query.released', caused: charged });
  expect(released?.detail).toMatchObject({
    result: commit('release', { salt: stored?.salt ?? '', value: stored?.document.payload ?? '' }),
  });
  expect(repeated?.type).toBe('query.repeated');
  expect((await put(query)).document).toEqual(stored?.document);
});

test('killed after the release was logged and before it was sent: delivered, byte for byte, at no charge', async () => {
  const query = await question('killed-released');
  await killedAt('released', query);
  expect((await about(query)).map(({ type }) => type)).toEqual(['query.charged', 'query.released']);
  const charged = (await verifiedLog(room.state)).entries.length - 2;
  const stored = (await storedReleases()).byCharge(charged);
  const delivered = await put(query);
  expect(delivered.isRepeat).toBe(true);
  expect(delivered.document).toEqual(stored?.document);
  expect((await about(query)).map(({ type }) => type)).toEqual(['query.charged', 'query.released', 'query.repeated']);
});

test('killed before any file it replaces: at most one charge and one release, and nothing in between', async () => {
  const outcomes = new Set<string>();
  for (let number = 1; ; number++) {
    const query = await question(`killed-rename-${number}`);
    await faulty.killAt(`rename ${number}`);
    const answered = await put(query).catch(() => undefined);
    if (answered) {
      // The question did not replace that many files: every moment has been tried.
      expect(number).toBeGreaterThan(8);
      break;
    }
    await faulty.killed();
    await room.client('cityDpo').session();
    const outcome = (await about(query)).map(({ type }) => type).join();
    outcomes.add(outcome);
    if (outcome.endsWith('query.failed')) await clearQuery(room.client('cityDpo'), query);
    expect((await put(query)).isRepeat).toBe(outcome.endsWith('query.released'));
  }
  expect([...outcomes].sort()).toEqual(['', 'query.charged,query.failed', 'query.charged,query.released']);
});

test('the log verifies, and every charge has one outcome', async () => {
  const { entries } = await verifiedLog(room.state);
  const charges = entries.filter(({ type }) => type === 'query.charged').length;
  const outcomes = entries.filter(({ type }) => type === 'query.released' || type === 'query.failed');
  expect(outcomes).toHaveLength(charges);
  expect(new Set(outcomes.map(({ caused }) => caused)).size).toBe(charges);
  expect(await verifyState(room.state)).toMatchObject({
    verified: true,
    spent: { person: { loss: charges % 8 === 0 ? String(charges / 8) : expect.stringContaining('/') } },
  });
});

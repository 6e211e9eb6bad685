/** Two versions of a dataset by the command line, the second as Parquet: charges, repeats, pseudonyms, keys, the list. */
import { randomFillSync } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AggregateQuery, openBytes } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SecretStore } from '../../enclave/vault/secrets.ts';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { countOf } from '../support/count-of.ts';
import { writeParquet } from '../support/parquet.ts';
import { type ServedRoom, servedRoom } from '../support/served-room.ts';
import { approved, byDistrict } from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

let room: ServedRoom;
beforeAll(async () => {
  room = await servedRoom();
});
afterAll(() => room.close());

/** Runs a command to its end and returns what it printed and said. */
async function done(running: ReturnType<ServedRoom['dataset']>): Promise<{ out: string; said: string }> {
  const { code, out, said } = await running.ended;
  expect(code, said).toBe(0);
  return { out, said };
}

const listed = async () => JSON.parse((await done(room.dataset('list', '--json'))).out) as Record<string, unknown>[];

/** Offers of the admitted versions, in order. */
async function offers(): Promise<string[]> {
  const { entries } = await verifiedLog(room.state);
  return entries.flatMap((entry) => (entry.type === 'dataset.declared' ? [entry.detail.offer] : []));
}

/** Pseudonyms of a version, in the order of its rows: what nobody outside this test can open. */
async function pseudonyms(offer: string): Promise<string[]> {
  const operatorKey = new Uint8Array(await readFile(join(room.state, '..', 'operator.key')));
  const keys = new SecretStore(join(room.state, 'upload-keys'), operatorKey, (bytes) => void randomFillSync(bytes));
  const recipientSecretKey = (await keys.get(offer)) ?? new Uint8Array(32);
  const sealed = new Uint8Array(await readFile(join(room.uploads, offer)));
  const text = new TextDecoder().decode(await openBytes({ recipientSecretKey, expect: () => undefined }, sealed));
  return text
    .slice(0, text.indexOf('\0'))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.slice(0, 36));
}

test('a newer version, as Parquet, takes the place of the one before', async () => {
  const people = (count: number) => Array.from({ length: count }, (_, n) => `person-${n}`);
  const lines = people(400).map((id) => `${id};alpha;30;f`);
  await writeFile(join(room.folder, 'first.csv'), `person_id;district;age;sex\n${lines.join('\n')}\n`);
  const first = await done(room.upload('first.csv', '--capacity', '5000'));
  expect(first.said).toContain('version 1 of "residents" is the first');

  const query = await approved(room, AggregateQuery.parse({ ...byDistrict, slotMs: 100 }));
  const put = () => ask(room.client('analyst'), query, 'planning', { sex: 'f' });
  const adults = ({ release }: Awaited<ReturnType<typeof put>>) =>
    countOf(release.cells.find(({ key }) => key.join() === 'alpha,18-64'))?.value ?? 0;
  const spent = async () => (await room.client('cityDpo').catalogue()).balances[0]?.loss.spent;
  const answer = await put();
  expect(Math.abs(adults(answer) - 400)).toBeLessThan(24);
  expect((await put()).document).toEqual(answer.document);
  expect(await spent()).toBe('1/8');

  // The second half of the people again, the other way round, and as many new ones.
  const parquet = join(room.folder, 'second.parquet');
  await writeParquet(
    parquet,
    `SELECT 'person-' || (999 - i) AS person_id, 'alpha' AS district, 30::UTINYINT AS age, 'f' AS sex FROM range(800) r(i)`,
    'COMPRESSION zstd, ROW_GROUP_SIZE 2048',
  );
  const second = await done(room.upload(parquet, '--capacity', '5000'));
  expect(second.said).toMatch(/version 2 of "residents" follows version 1, admitted \(manifest [0-9a-f]{16}…\)/);

  // The engine holds the new rows; the stored answer about the old ones is not delivered again, and a new one is charged.
  const renewed = await put();
  expect(renewed.isRepeat).toBe(false);
  expect(Math.abs(adults(renewed) - 800)).toBeLessThan(24);
  expect(await spent()).toBe('1/4');
  const repeated = await put();
  expect(repeated.isRepeat).toBe(true);
  expect(repeated.document).toEqual(renewed.document);
  expect(await spent()).toBe('1/4');

  // A person keeps the pseudonym from version to version.
  const [one = '', two = ''] = await offers();
  const [before, after] = [await pseudonyms(one), await pseudonyms(two)];
  expect(before).toHaveLength(400);
  expect(after).toHaveLength(800);
  expect(after.toReversed().slice(0, 200)).toEqual(before.slice(200));
  expect(new Set([...before, ...after]).size).toBe(1000);

  const versions = await listed();
  const used = [{ query, id: 'by-district', charged: 1, released: 1 }];
  expect(versions).toMatchObject([
    { dataset: 'residents', version: 1, follows: null, state: 'admitted', asked: false, usedBy: used },
    { dataset: 'residents', version: 2, follows: 1, state: 'admitted', asked: true, usedBy: used },
  ]);

  // Withdrawn, the old version's key is gone; the new one is asked as before.
  await done(room.dataset('withdraw', '--dataset', 'residents', '--dataset-version', '1'));
  expect(await readdir(join(room.state, 'upload-keys'))).toEqual([two]);
  await expect(stat(join(room.state, 'upload-keys', one))).rejects.toThrow();
  expect((await put()).document).toEqual(renewed.document);
  expect(await spent()).toBe('1/4');
  const { out } = await done(room.dataset('list'));
  expect(out).toMatch(/residents version 1: withdrawn\n/);
  expect(out).toMatch(/residents version 2, follows version 1: admitted, asked now\n/);
  expect(out).toContain(`used by by-district: 1 charged, 1 released (query ${query})`);
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});

test('a capacity or a scale that does not fit stops on the steward’s machine', async () => {
  const file = join(room.folder, 'euros.parquet');
  await writeParquet(
    file,
    `SELECT 'p' || i AS person_id, 'alpha' AS district, 30.5 AS age, 'f' AS sex FROM range(3) r(i)`,
  );
  const refused = async (...more: readonly string[]) => {
    const { code, said } = await room.upload(file, ...more).ended;
    expect(code).toBe(1);
    return said;
  };
  const before = await offers();
  expect(await refused('--capacity', '2')).toMatch(/column "age": DECIMAL .*whole "year".*--scale age=1/);
  expect(await refused('--capacity', '2', '--scale', 'age')).toMatch(/--scale age: write column=factor/);
  expect(await refused('--capacity', '9', '--scale', 'age=1')).toMatch(/row 1, column "age": not-an-integer/);
  expect(await refused('--capacity', '2', '--scale', 'age=2')).toMatch(/row 3: the declared capacity is 2 rows/);
  expect(await refused('--capacity', '2', '--piece-bytes', '1')).toMatch(/--piece-bytes: write a whole number/);
  // Nothing was declared, either.
  expect(await offers()).toEqual(before);
  expect((await listed()).map(({ version }) => version)).toEqual([1, 2]);
});

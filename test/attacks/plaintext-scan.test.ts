/** What gateway and host see and keep during upload, question and refusal is searched for every kind of plaintext. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commit, csvHeader, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ask } from '../../src/client/ask.ts';
import { pseudonymiser } from '../../src/steward/pseudonym.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import { declare, forge, handIn } from '../support/dishonest-steward.ts';
import { files, recording, type Sight, scan, spellings } from '../support/plaintext-scan.ts';
import {
  approved,
  residents,
  residentsHandover,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';

const records: SourceRecord[] = Array.from({ length: 60 }, (_, n) => ({
  id: `MARKER-Erika-Musterfrau-${n}`,
  values: ['alpha', '83', 'f'],
}));
const rejected = 'MARKERBeta4711';

let room: SmallRoom;
const seen: Sight[] = [];
/** Never to be seen by anybody but steward and enclave. */
let secrets: string[];
/** Never to be kept: the gateway sees them pass. */
let passing: string[];

beforeAll(async () => {
  vi.stubGlobal('fetch', recording(fetch, seen));
  room = await smallRoom();
  await uploadResidents(room, records);
  const query = await approved(room);
  const { release, document } = await ask(room.client('analyst'), query, 'planning', { sex: 'f' });
  await ask(room.client('analyst'), query, 'planning', { sex: 'f' });
  const { datasets } = await room.client('steward').catalogue();
  const next = await declare(room, residentsHandover(2, datasets[0]?.manifest ?? null));
  const bad = await handIn(room, await forge(room, next, `${csvHeader(residents)}${rejected},${rejected},999,f\n`));
  expect(bad.report.admitted).toBe(false);
  await room.installation.close();

  const { pseudonymKey } = room.people.steward;
  const domain = { room: room.client('steward').roomId, population: 'person', owner: 'city/statistics' };
  const pseudonym = pseudonymiser(pseudonymKey ?? new Uint8Array(), domain);
  secrets = [
    'MARKER-Erika-Musterfrau',
    rejected,
    ...records.slice(0, 20).map(({ id }) => pseudonym(id)),
    ',alpha,83,f',
    csvHeader(residents).trimEnd(),
    '"findings"',
    JSON.stringify(release.cells[0]),
    document.payload.slice(-200),
    Buffer.from(pseudonymKey ?? []).toString('base64'),
    Buffer.from(room.people.steward.readingSecret).toString('base64'),
    Buffer.from(room.people.steward.signing.seed).toString('base64'),
  ];
  passing = ['{"sex":"f"}', '"sex":"f"'];
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await room.close();
});

test('nothing of any record, result, report or key went through gateway and host', () => {
  const bodies = seen.filter(({ bytes }) => bytes.length > 10_000);
  expect(seen.length).toBeGreaterThan(60);
  expect(bodies.length).toBeGreaterThan(4);
  // Both sides of the gateway were recorded.
  expect(new Set(seen.map(({ where }) => new URL(where.split(' ')[2] ?? '').port)).size).toBe(2);
  expect(scan(seen, secrets)).toEqual([]);
});

test('nothing of it is kept in uploads, state, log, objects or anywhere else in the installation', async () => {
  const kept = await files(room.directory);
  for (const part of [
    'uploads/',
    'state/log/',
    'state/objects/',
    'state/secrets/',
    'state/releases/',
    'operator.key',
  ]) {
    expect(kept.some(({ where }) => where.startsWith(`rooms/small/${part}`))).toBe(true);
  }
  expect(scan(kept, [...secrets, ...passing])).toEqual([]);
});

test('nothing of it stands in the access log', () => {
  const log = { where: 'access log', bytes: utf8(room.accessLog.map((line) => JSON.stringify(line)).join('\n')) };
  expect(room.accessLog.length).toBeGreaterThan(10);
  expect(scan([log], [...secrets, ...passing])).toEqual([]);
});

describe('the search finds what is planted', () => {
  const secret = 'MARKER-Erika-Musterfrau-17';
  const uuid = '01234567-89ab-8cde-8f01-23456789abcd';

  test.each([...spellings(secret).keys()])('as %s', (spelling) => {
    const needle = spellings(secret).get(spelling) ?? Buffer.alloc(0);
    expect(needle.length).toBeGreaterThan(secret.length / 2);
    const planted = { where: 'here', bytes: Buffer.concat([Buffer.alloc(1000, 7), needle, Buffer.alloc(1000, 9)]) };
    expect(scan([planted], [secret])).toContainEqual({ where: 'here', secret, spelling });
  });

  test.each([0, 1, 2, 3, 4])('inside base64 after %i bytes', (before) => {
    const bytes = Buffer.concat([Buffer.alloc(before, 0xa5), Buffer.from(secret), Buffer.alloc(5, 0x5a)]);
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      const [found] = scan([{ where: 'here', bytes: Buffer.from(bytes.toString(encoding)) }], [secret]);
      expect(found?.secret).toBe(secret);
    }
  });

  test('as the bytes of a pseudonym', () => {
    const bytes = Buffer.from(`00${uuid.replaceAll('-', '')}ff`, 'hex');
    expect(scan([{ where: 'here', bytes }], [uuid])).toMatchObject([{ spelling: 'uuid as bytes' }]);
  });

  test('in a file of the installation, in its name, and in a request', async () => {
    await writeFile(join(room.state, 'log', 'planted'), Buffer.from(records[3]?.id ?? '').toString('base64'));
    await writeFile(join(room.uploads, 'MARKER-Erika-Musterfrau'), '');
    const found = scan(await files(room.directory), secrets).map(({ where }) => where);
    expect([...new Set(found)].sort()).toEqual([
      'rooms/small/state/log/planted',
      'rooms/small/uploads/MARKER-Erika-Musterfrau',
    ]);
    const planted: Sight[] = [];
    const echo: typeof fetch = async () => new Response(commit('x', { salt: 'A'.repeat(43).concat('='), value: '' }));
    await recording(echo, planted)('http://localhost/', { method: 'POST', body: `x${secrets[2] ?? ''}` });
    expect(scan(planted, secrets)).toMatchObject([{ where: 'request POST http://localhost/', spelling: 'plain' }]);
  });
});

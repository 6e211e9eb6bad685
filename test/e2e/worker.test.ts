/**
 * The whole main job through the gateway as a Worker: built offline, run in workerd, before the real host. Two proxies
 * keep every byte it sees on either side, and nothing among them is plaintext.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvHeader, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { type Answered, ask } from '../../src/client/ask.ts';
import { RoomClient } from '../../src/client/room-client.ts';
import { pseudonymiser } from '../../src/steward/pseudonym.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import { readRoomLog } from '../../src/steward/room-log.ts';
import { buildWorker, type EdgeWorker, startWorker } from '../support/edge-worker.ts';
import { scan } from '../support/plaintext-scan.ts';
import { expectProblem } from '../support/raw-statement.ts';
import { type RecordingProxy, recordingProxy } from '../support/recording-proxy.ts';
import {
  approved,
  residents,
  residentsHandover,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';

const records: SourceRecord[] = Array.from({ length: 400 }, (_, n) => ({
  id: `MARKER-Erika-Musterfrau-${n}`,
  values: ['alpha', '83', 'f'],
}));
/** Padded to more than one piece of 4 MiB. */
const capacityRows = 120_000;
const hostToken = randomBytes(32).toString('hex');

let folder: string;
let room: SmallRoom;
/** The same room, its members' tools pointed at the Worker. */
let edge: SmallRoom;
let worker: EdgeWorker;
let before: RecordingProxy;
let behind: RecordingProxy;
let first: Answered;
let second: Answered;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-edge-'));
  room = await smallRoom({ host: { port: 0, hostname: '127.0.0.1', token: hostToken } });
  behind = await recordingProxy(() => room.installation.hostUrl);
  worker = await startWorker(folder, await buildWorker(folder), { hostUrl: behind.url, hostToken });
  before = await recordingProxy(() => worker.url);
  const address = { url: before.url, room: 'small' };
  edge = {
    ...room,
    installation: { ...room.installation, url: before.url },
    client: (person) => new RoomClient(address, room.instance.charter, room.people[person]),
  };
});
afterAll(async () => {
  await before?.close();
  await worker?.close();
  await behind?.close();
  await room?.close();
  await rm(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

const at = (path: string, init?: RequestInit) => fetch(`${before.url}${path}`, init);

test('a sealed dataset goes in, in pieces', async () => {
  const { report } = await uploadResidents(edge, records, residentsHandover(1, null, capacityRows));
  expect(report).toMatchObject({ admitted: true, total: 0 });
  const pieces = behind.seen.filter(({ where }) => /^request PUT .*\/uploads\//.test(where));
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.reduce((total, { bytes }) => total + bytes.length, 0)).toBeGreaterThan(capacityRows * 40);
});

test('a question is proposed, approved and answered; a repeat costs nothing', async () => {
  const query = await approved(edge);
  first = await ask(edge.client('analyst'), query, 'planning', { sex: 'f' });
  second = await ask(edge.client('analyst'), query, 'planning', { sex: 'f' });
  expect([first.isRepeat, second.isRepeat]).toEqual([false, true]);
  expect(second.document).toEqual(first.document);
  const { balances, queries } = await edge.client('cityDpo').catalogue();
  expect(balances[0]?.loss.spent).toBe('1/8');
  expect(queries).toMatchObject([{ digest: query, releases: 1 }]);
});

test('the log is read through it, and is the one the enclave keeps', async () => {
  const client = edge.client('bureauDpo');
  const headers = { 'x-reinraum-session': await client.session() };
  const checkpoint = await at('/rooms/small/log/checkpoint');
  expect(checkpoint.headers.get('cache-control')).toBe('no-cache');
  const text = await checkpoint.text();
  expect(text).toBe(await readFile(join(room.state, 'log', 'checkpoint'), 'utf8'));
  const size = Number(text.split('\n')[1]);
  for (const path of [`tile/entries/000.p/${size}`, `tile/0/000.p/${size}`]) {
    const file = await at(`/rooms/small/log/${path}`, { headers });
    expect(file.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(Buffer.from(await file.arrayBuffer())).toEqual(await readFile(join(room.state, 'log', path)));
  }
  await expectProblem(await at(`/rooms/small/log/tile/0/000.p/${size}`), { code: 'session-invalid' });
  const seen = behind.seen.length;
  const { entries } = await readRoomLog(client);
  expect(entries.size).toBeGreaterThan(size);
  const asked = behind.seen.slice(seen).filter(({ where }) => /^request \w+ .*\/log\/objects/.test(where));
  expect(asked.map(({ where }) => where.split(' ')[1])).toEqual(asked.map(() => 'POST'));
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.length).toBeLessThan(entries.size / 3);
  expect(await verifyState(room.state)).toMatchObject({ verified: true, spent: { person: { loss: '1/8' } } });
});

test('it limits bodies and refuses what is malformed as it does on Node', async () => {
  const json = { 'content-type': 'application/json' };
  const statement = (body: string | Uint8Array<ArrayBuffer>) =>
    at('/rooms/small/statements', { method: 'POST', headers: json, body });
  const large = JSON.stringify({ envelope: 'x'.repeat(4 * 1024 * 1024) });
  await expectProblem(await statement(large), { code: 'body-too-large' });
  await expectProblem(await statement('{"MARKER'), { code: 'body-malformed', absent: ['MARKER'] });
  await expectProblem(await statement(Uint8Array.of(0x7b, 0xff, 0x7d)), { code: 'body-malformed' });
  const wanted = (objects: readonly string[], more = '') =>
    at('/rooms/small/log/objects', { method: 'POST', headers: json, body: JSON.stringify({ objects }) + more });
  await expectProblem(await wanted(['ab'.repeat(32)]), { code: 'session-invalid' });
  await expectProblem(await wanted(['MARKER']), { code: 'body-malformed', absent: ['MARKER'] });
  await expectProblem(await wanted([], ' '.repeat(32 * 1024)), { code: 'body-too-large' });
  const put = { method: 'PUT', headers: { 'x-reinraum-offset': '0' }, body: new Uint8Array(8 * 1024 * 1024 + 1) };
  await expectProblem(await at(`/rooms/small/uploads/${'ab'.repeat(32)}`, put), { code: 'body-too-large' });
  await expectProblem(await at('/rooms/other/status'), { code: 'room-unknown', field: 'room' });
  await expectProblem(await at('/nowhere'), { code: 'not-found' });
});

test('it describes itself and greets as it does on Node', async () => {
  for (const path of ['/openapi.json', '/api', '/schemas/query.json', '/']) {
    const [there, here] = await Promise.all([at(path), fetch(`${room.installation.url}${path}`)]);
    expect([path, there.status, await there.text()]).toEqual([path, 200, await here.text()]);
    expect(there.headers.get('content-security-policy')).toBe(here.headers.get('content-security-policy'));
  }
});

test('a host that does not know it is a host nobody reaches', async () => {
  const wrong = await startWorker(folder, join(folder, 'worker'), { hostUrl: behind.url, hostToken: 'wrong' });
  try {
    const answer = await fetch(`${wrong.url}/rooms/small/status`);
    await expectProblem(answer, { code: 'host-unreachable', absent: ['wrong', hostToken, behind.url] });
  } finally {
    await wrong.close();
  }
});

describe('what it sees', () => {
  /** Never to be seen by anybody but steward, enclave and the analyst who asked. */
  function secrets(): string[] {
    const { pseudonymKey, readingSecret, signing } = room.people.steward;
    const domain = { room: edge.client('steward').roomId, population: 'person', owner: 'city/statistics' };
    const pseudonym = pseudonymiser(pseudonymKey ?? new Uint8Array(), domain);
    return [
      'MARKER-Erika-Musterfrau',
      ...records.slice(0, 50).map(({ id }) => pseudonym(id)),
      ',alpha,83,f',
      csvHeader(residents).trimEnd(),
      ...first.release.cells.map((cell) => JSON.stringify(cell)),
      JSON.stringify(first.release.cells).slice(0, 60),
      first.document.payload.slice(-200),
      ...[pseudonymKey ?? [], readingSecret, signing.seed].map((key) => Buffer.from(key).toString('base64')),
    ];
  }

  test('is no record, no pseudonym, no answer and no key, on either side', () => {
    expect(before.seen.length).toBeGreaterThan(40);
    expect(behind.seen.length).toBeGreaterThan(40);
    expect(scan([...before.seen, ...behind.seen], secrets())).toEqual([]);
  });

  test('and would be found: the same search finds each of them where it is planted', () => {
    for (const secret of secrets()) {
      const planted = { where: 'here', bytes: utf8(`x${Buffer.from(`y${secret}`).toString('base64')}`) };
      expect(scan([planted], [secret]), secret).not.toEqual([]);
    }
  });

  test('the host’s token goes to the host and nowhere else', () => {
    expect(scan(before.seen, [hostToken])).toEqual([]);
    const requests = behind.seen.filter(({ where }) => where.startsWith('request'));
    expect(requests.length).toBeGreaterThan(20);
    const shown = requests.filter(({ bytes }) => Buffer.from(bytes).includes(hostToken));
    expect(requests.length - shown.length).toBeLessThanOrEqual(1);
  });

  test('is written nowhere: it logs nothing', () => {
    expect(worker.logs()).toEqual([]);
  });
});

test('the configuration sends no metrics, keeps no logs and needs no compatibility with Node', async () => {
  const toml = await readFile(join(repositoryRoot, 'wrangler.toml'), 'utf8');
  expect(toml).toMatch(/^send_metrics = false$/m);
  expect(toml).toMatch(/\[observability\]\nenabled = false/);
  expect(toml).not.toContain('nodejs');
  expect(toml).not.toMatch(/HOST_TOKEN\s*=/);
});

/** The main way through a room, end to end: founding, two owners, a question, a repeat, a withdrawal, the log. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryFetch, LogReader, verifyReceipt } from '@reinraum/audit';
import { formatAnswer, formatReceipt, proveAnswer, proveReceipt } from '@reinraum/client';
import { toBase64, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { foundingOf, instanceOf } from '../../src/client/instance.ts';
import { RoomClient, RoomPublic, verifiedClaims } from '../../src/client/room-client.ts';
import { readRoomLog } from '../../src/steward/room-log.ts';
import { countOf } from '../support/count-of.ts';
import {
  approved,
  debtors,
  people,
  residentRecords,
  residents,
  residentsHandover,
  type SmallRoom,
  signatures,
  smallRoom,
  template,
  uploadResidents,
} from '../support/small-room.ts';

let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom();
});
afterAll(() => room.close());

test('a question is answered with hidden cells and honest ranges, and a repeat costs nothing', async () => {
  const { report, accepted } = await uploadResidents(room, residentRecords([400, 0, 3]));
  expect(report).toMatchObject({ admitted: true, total: 0 });
  await verifyReceipt(utf8(accepted.entry), accepted.proof, room.client('steward').logVerifier);
  const query = await approved(room);
  const analyst = room.client('analyst');
  const first = await ask(analyst, query, 'planning', { sex: 'f' });
  const { cells } = first.release;
  expect(cells).toHaveLength(9);
  const at = (key: string) => countOf(cells.find((cell) => cell.key.join() === key));
  const adults = at('alpha,18-64');
  expect(adults).not.toBeNull();
  // σ = 2: a value 12 σ off would be one in 10^32.
  expect(Math.abs((adults?.value ?? 0) - 400)).toBeLessThan(24);
  expect(adults?.low).toBeLessThanOrEqual(adults?.value ?? 0);
  for (const hidden of ['alpha,0-17', 'beta,18-64', 'gamma,18-64']) expect(at(hidden)).toBeNull();

  const second = await ask(analyst, query, 'planning', { sex: 'f' });
  expect(second.isRepeat).toBe(true);
  expect(second.document).toEqual(first.document);
  const { balances } = await room.client('cityDpo').catalogue();
  expect(balances[0]?.loss).toEqual({ cap: '1', spent: '1/8' });
  expect(balances[0]?.delta.spent).toBe('1/100000000');

  // Both files prove themselves to anyone with the charter; the repeat through the entry it points to.
  const trust = room.client('bureauDpo');
  const reader = new LogReader(directoryFetch(join(room.state, 'log')), trust.logVerifier);
  const entryAt = async (index: number) => reader.entry(index, await reader.checkpoint());
  for (const answered of [first, second]) {
    const file = formatAnswer(answered);
    expect(await proveAnswer(file, trust, entryAt)).toMatchObject({
      release: first.release,
      index: answered.accepted.index,
    });
    expect(await proveReceipt(formatReceipt(answered), trust)).toMatchObject({ index: answered.accepted.index });
    const otherSalt = formatAnswer({ ...answered, salt: toBase64(new Uint8Array(32)) });
    await expect(proveAnswer(otherSalt, trust, entryAt)).rejects.toThrow('commits to another answer');
    const otherEntry = formatAnswer({
      ...answered,
      accepted: { ...answered.accepted, index: 0, entry: report.toString() },
    });
    await expect(proveAnswer(otherEntry, trust, entryAt)).rejects.toMatchObject({ code: 'inclusion-invalid' });
    await expect(proveReceipt(answered.accepted.proof, trust)).rejects.toMatchObject({ code: 'receipt-malformed' });
  }
  const mixed = formatAnswer({ ...first, accepted: second.accepted });
  await expect(proveAnswer(mixed, trust, (index) => entryAt(index - 1))).rejects.toThrow('another answer');

  const other = await ask(analyst, query, 'planning', { sex: 'm' });
  expect(other.isRepeat).toBe(false);
  expect((await room.client('cityDpo').catalogue()).balances[0]?.loss.spent).toBe('1/4');
});

test('the log verifies, and one flipped bit in any file of it is found', async () => {
  const good = await verifyState(room.state);
  expect(good).toMatchObject({ verified: true, spent: { person: { loss: '1/4', delta: '1/50000000' } } });
  const copy = join(room.directory, 'copy');
  await cp(room.state, copy, { recursive: true, filter: (path) => !path.endsWith('/lock') });
  const folders = ['log', 'objects'].map((name) => readdir(join(copy, name), { recursive: true, withFileTypes: true }));
  const files = (await Promise.all(folders)).flat().filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(30);
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    const bytes = await readFile(path);
    const flipped = Buffer.from(bytes);
    const at = Math.floor(bytes.length / 2);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await writeFile(path, flipped);
    expect(await verifyState(copy), path).toMatchObject({ verified: false });
    await writeFile(path, bytes);
  }
  expect(await verifyState(copy)).toMatchObject({ verified: true });
});

test('a withdrawn dataset is not asked any more and its key is gone', async () => {
  const { datasets } = await room.client('steward').catalogue();
  const { queries } = await room.client('steward').catalogue();
  expect(datasets).toMatchObject([{ dataset: 'residents', version: 1, state: 'admitted' }]);
  await room.client('steward').act('dataset.withdraw', { dataset: 'residents', version: 1 });
  const again = ask(room.client('analyst'), queries[0]?.digest ?? '', 'planning', { sex: 'f' });
  await expect(again).rejects.toMatchObject({ code: 'dataset-not-admitted' });
  const next = residentsHandover(2, datasets[0]?.manifest ?? null);
  const { report } = await uploadResidents(room, residentRecords([50, 50, 50]), next);
  expect(report.admitted).toBe(true);
});

test('the checkpoint is public, the rest of the log needs a session', async () => {
  const client = room.client('bureauDpo');
  const checkpoint = await (await client.public.fetch('/log/checkpoint')).text();
  expect(checkpoint).toBe(await readFile(join(room.state, 'log', 'checkpoint'), 'utf8'));
  await expect(client.public.fetch('/log/tile/entries/000')).rejects.toMatchObject({ code: 'session-invalid' });
  const headers = { 'x-reinraum-session': await client.session() };
  const size = Number((await (await client.public.fetch('/log/checkpoint')).text()).split('\n')[1]);
  expect((await client.public.fetch(`/log/tile/entries/000.p/${size}`, { headers })).status).toBe(200);
});

test('a command reads and verifies the whole log with few requests', async () => {
  for (let n = 0; n < 40; n++) await room.client('bureauDpo').session();
  const seen = room.accessLog.length;
  const { entries, object } = await readRoomLog(room.client('bureauDpo'));
  const routes = room.accessLog.slice(seen).map(({ method, route }) => `${method} ${route}`);
  expect([...entries.values()].filter(({ statements }) => statements.length > 0).length).toBeGreaterThan(45);
  expect(routes.filter((route) => route === 'POST /rooms/:room/log/objects').length).toBeLessThanOrEqual(4);
  expect(routes.length).toBeLessThanOrEqual(10);
  // One alone is read as it was before.
  const digest = [...entries.values()].at(-1)?.statements[0]?.digest ?? '';
  const headers = { 'x-reinraum-session': await room.client('bureauDpo').session() };
  const alone = await room.client('bureauDpo').public.fetch(`/log/objects/${digest}`, { headers });
  expect(await object(digest)).toEqual(new Uint8Array(await alone.arrayBuffer()));
  expect(await object('ab'.repeat(32))).toBeUndefined();
});

test('several rooms live in one installation, and a statement for one is none for another', async () => {
  await room.rooms.room('other');
  const { rooms } = (await (await fetch(`${room.installation.url}/rooms`)).json()) as { rooms: string[] };
  expect(rooms).toEqual(expect.arrayContaining(['small', 'other']));
  const address = { url: room.installation.url, room: 'other' };
  const stranger = new RoomClient(address, room.instance.charter, room.people.analyst);
  await expect(stranger.session()).rejects.toMatchObject({ code: 'room-not-founded' });
  const everyone = people();
  const cards = Object.values(everyone).map(({ member }) => member);
  const claims = await verifiedClaims(new RoomPublic(address));
  const instance = instanceOf(template(), [residents, debtors], cards, claims);
  await new RoomPublic(address).found(foundingOf(instance, await signatures(instance, everyone)));
  await expect(stranger.session()).rejects.toMatchObject({ code: 'room-unknown' });
  await expect(new RoomClient(address, instance.charter, everyone.analyst).session()).resolves.toMatch(
    /^[0-9a-f]{64}$/,
  );
  expect(await (await fetch(`${room.installation.url}/`)).text()).toContain('Synthetische Daten');
});

/** HTTP nobody should send: refused with a problem in both languages, and neither answer nor access log repeats it. */
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { decodeObjects } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { hostApi } from '../../src/host/api.ts';
import { declare } from '../support/dishonest-steward.ts';
import { expectProblem, post } from '../support/raw-statement.ts';
import { type SmallRoom, smallRoom } from '../support/small-room.ts';

const marker = 'MARKER-4711';
const offer = 'ab'.repeat(32);
const emptyFounding = JSON.stringify({ charter: {}, schemas: [], statements: [] });
let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom();
});
afterAll(() => room.close());

const at = (path: string, init?: RequestInit) => fetch(`${room.installation.url}${path}`, init);
/** Asks for objects of the log with a body as it stands. */
const wanted = (body: string, session?: string) => {
  const headers = { 'content-type': 'application/json', ...(session ? { 'x-reinraum-session': session } : {}) };
  return at('/rooms/small/log/objects', { method: 'POST', headers, body });
};
const piece = (body: Uint8Array<ArrayBuffer>, headers: { 'x-reinraum-offset'?: string }, name = offer) =>
  at(`/rooms/small/uploads/${name}`, { method: 'PUT', body, headers });

/** A request whose path is sent as it stands; `fetch` would tidy it up. */
function untidied(path: string): Promise<Response> {
  const { hostname, port } = new URL(room.installation.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (part: Buffer) => pieces.push(part));
      answer.on('end', () => {
        const headers = { 'content-type': answer.headers['content-type'] ?? '' };
        resolve(new Response(Buffer.concat(pieces), { status: answer.statusCode ?? 0, headers }));
      });
    });
    sent.once('error', reject);
    sent.end();
  });
}

describe('a body that cannot be read', () => {
  test.each([
    ['empty', ''],
    ['no JSON', `{"envelope": ${marker}`],
    ['null', 'null'],
    ['a list', '[]'],
    ['a field too many', JSON.stringify({ envelope: null, [marker]: marker })],
    ['an opening that is none', JSON.stringify({ envelope: null, opening: { salt: marker, value: marker } })],
    ['a value too long', JSON.stringify({ envelope: null, opening: { salt: '', value: marker.repeat(1000) } })],
    ['nested a million times', `{"envelope":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`],
    [
      'nested a million times in an object',
      `{"envelope":null,"object":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
    ],
  ])('%s', async (_name, body) => {
    await expectProblem(await post(room, body), { code: 'body-malformed', absent: [marker] });
  });

  test('not UTF-8', async () => {
    await expectProblem(await post(room, Uint8Array.of(0x7b, 0xff, 0x7d)), { code: 'body-malformed' });
  });

  test('of another type', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: marker };
    await expectProblem(await at('/rooms/small/statements', init), { code: 'body-malformed', absent: [marker] });
  });

  test('a founding of a room there is, and one that is none', async () => {
    const founding = { charter: {}, schemas: [], statements: [] };
    await expectProblem(await post(room, JSON.stringify(founding), 'founding'), { code: 'room-founded' });
    const broken = await post(room, JSON.stringify({ ...founding, [marker]: 1 }), 'founding');
    await expectProblem(broken, { code: 'body-malformed', absent: [marker] });
  });
});

describe('a list of objects that is none', () => {
  test.each([
    ['empty', ''],
    ['no JSON', `{"objects": [${marker}`],
    ['no object', JSON.stringify([offer])],
    ['without a digest', JSON.stringify({ objects: [] })],
    ['with one too many', JSON.stringify({ objects: Array.from({ length: 257 }, () => offer) })],
    ['with a field too many', JSON.stringify({ objects: [offer], [marker]: marker })],
    ['with what is no digest', JSON.stringify({ objects: [offer, marker] })],
    ['with a path', JSON.stringify({ objects: ['../../secrets/identity'] })],
  ])('%s', async (_name, body) => {
    const session = await room.client('steward').session();
    await expectProblem(await wanted(body, session), { code: 'body-malformed', absent: [marker] });
    // Nor behind the gateway.
    const headers = { authorization: 'Bearer right', 'x-reinraum-session': session };
    const host = hostApi({ rooms: room.rooms, token: 'right' });
    const answer = await host.request('/rooms/small/log/objects', { method: 'POST', headers, body });
    expect([answer.status, await answer.text()]).toEqual([400, '{"failed":"body-malformed"}']);
  });

  test('for nobody: the session is checked as it is for one object', async () => {
    const body = JSON.stringify({ objects: [room.client('steward').roomId, offer] });
    for (const session of [undefined, 'ab'.repeat(32), marker, 'a'.repeat(101)]) {
      await expectProblem(await wanted(body, session), { code: 'session-invalid', absent: [marker] });
    }
    const elsewhere = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const nowhere = await at('/rooms/other/log/objects', elsewhere);
    await expectProblem(nowhere, { code: 'room-unknown', field: 'room' });
    await expectProblem(await at('/rooms/small/log/tile', elsewhere), { code: 'not-found' });
  });

  test('of what is not there: told so in its place, and kept nowhere', async () => {
    const { roomId } = room.client('steward');
    const list = JSON.stringify({
      objects: [offer, roomId, offer.replace(/^./, (digit) => (digit === 'a' ? 'b' : 'a'))],
    });
    const answer = await wanted(list, await room.client('steward').session());
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const charter = await readFile(join(room.state, 'objects', roomId));
    const read = decodeObjects(new Uint8Array(await answer.arrayBuffer()), 3);
    expect(read).toEqual([undefined, new Uint8Array(charter), undefined]);
  });
});

describe('a body too large', () => {
  const statement = 4 * 1024 * 1024 + 1;
  test.each([
    ['statements', statement],
    ['founding', statement],
  ])('for %s', async (act, length) => {
    const body = JSON.stringify({ envelope: 'x'.repeat(length) });
    await expectProblem(await post(room, body, act), { code: 'body-too-large' });
  });

  test('for a list of objects', async () => {
    const body = `${JSON.stringify({ objects: [offer] })}${' '.repeat(32 * 1024)}`;
    await expectProblem(await wanted(body), { code: 'body-too-large' });
  });

  test('for a piece of an upload', async () => {
    const headers = { 'x-reinraum-offset': '0' };
    const answer = await piece(new Uint8Array(8 * 1024 * 1024 + 1), headers);
    await expectProblem(answer, { code: 'body-too-large' });
    expect(await (await at(`/rooms/small/uploads/${offer}`)).json()).toEqual({ offset: 0 });
  });

  test('although it does not say so beforehand', async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (sent > statement) return controller.close();
        sent += 1 << 20;
        controller.enqueue(new Uint8Array(1 << 20).fill(0x20));
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' } as const;
    await expectProblem(await at('/rooms/small/statements', init), { code: 'body-too-large' });
  });
});

describe('an address or a header that is wrong', () => {
  test.each([
    `/${marker}`,
    '/rooms/small',
    '/rooms/small/statements',
    '/rooms/small/secrets/identity',
    '/rooms/small/log',
    '/rooms/../status',
  ])('%s is not there', async (path) => {
    await expectProblem(await untidied(path), { code: 'not-found', absent: [marker] });
  });

  test.each(['DELETE', 'PUT', 'PATCH'])('%s of a room', async (method) => {
    await expectProblem(await at('/rooms/small/status', { method }), { code: 'not-found' });
  });

  test.each(['other', 'MARKER-4711', 'small%2f..%2fsmall', 'small%00'])('the room %s', async (name) => {
    const answer = await untidied(`/rooms/${name}/status`);
    await expectProblem(answer, { code: 'room-unknown', field: 'room', absent: [marker] });
  });

  test.each(['tile/entries/000', 'tile/0/000', `objects/${offer}`])('the log’s %s without a session', async (path) => {
    const invalid = { code: 'session-invalid' };
    await expectProblem(await at(`/rooms/small/log/${path}`), invalid);
    const headers = { 'x-reinraum-session': 'ab'.repeat(32) };
    await expectProblem(await at(`/rooms/small/log/${path}`, { headers }), invalid);
    await expectProblem(await at('/rooms/small/catalogue', { headers }), invalid);
  });

  test.each([
    '..%2fsecrets%2fidentity',
    '%2e%2e/secrets/identity',
    'objects/..%2f..%2fsecrets%2fidentity',
    'signed',
    'journal',
  ])('a session does not open %s', async (path) => {
    const headers = { 'x-reinraum-session': await room.client('steward').session() };
    await expectProblem(await at(`/rooms/small/log/${path}`, { headers }), { code: 'not-found' });
  });

  test('a session and a path longer than the enclave would read do not end it', async () => {
    const headers = { 'x-reinraum-session': 'a'.repeat(101) };
    const long = `/rooms/small/log/tile/${'0'.repeat(200)}`;
    await expectProblem(await at('/rooms/small/catalogue', { headers }), { code: 'session-invalid' });
    await expectProblem(await at('/rooms/small/log/tile/0/000', { headers }), { code: 'session-invalid' });
    await expectProblem(await at(long), { code: 'body-malformed' });
    // Nor behind the gateway, which anybody's may stand in for.
    const host = hostApi({ rooms: room.rooms, token: 'right' });
    const authorization = 'Bearer right';
    expect((await host.request('/rooms/small/catalogue', { headers: { ...headers, authorization } })).status).toBe(400);
    expect((await host.request(long, { headers: { authorization } })).status).toBe(400);
    const { enclave } = await room.rooms.room('small');
    expect(await Promise.race([enclave.exited, at('/rooms/small/status').then(({ status }) => status)])).toBe(200);
  });

  test.each(['catalogue', 'log/tile/0/000', 'status'])('a problem about %s is kept nowhere', async (path) => {
    const answer = await at(`/rooms/${path === 'status' ? 'other' : 'small'}/${path}`);
    expect([answer.ok, answer.headers.get('cache-control')]).toEqual([false, 'no-store']);
  });

  test.each([undefined, '', '-1', '1.5', 'NaN', '1e3', '0x10', '1e9999', marker])('the offset %s', async (offset) => {
    const headers = offset === undefined ? {} : { 'x-reinraum-offset': offset };
    const answer = await piece(new Uint8Array(10), headers);
    await expectProblem(answer, { code: 'body-malformed', absent: [marker] });
  });

  test.each(['short', 'AB'.repeat(32), '..%2f..%2fstate%2froom', `${offer}.tmp`])('the offer %s', async (name) => {
    const answer = await piece(new Uint8Array(10), { 'x-reinraum-offset': '0' }, name);
    await expectProblem(answer, { code: 'body-malformed' });
  });

  test('an offset beyond what has arrived, and beyond all limits', async () => {
    const { digest } = await declare(room);
    const answer = await piece(new Uint8Array(10), { 'x-reinraum-offset': '5' }, digest);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'offset-mismatch', offset: 0 });
    const beyond = await piece(new Uint8Array(10), { 'x-reinraum-offset': String(2 ** 50) }, digest);
    await expectProblem(beyond, { code: 'body-malformed' });
  });
});

test('a file nobody was offered to send, and a founding nobody asked for, leave nothing behind', async () => {
  const answer = await piece(new Uint8Array(10), { 'x-reinraum-offset': '0' });
  await expectProblem(answer, { code: 'dataset-not-declared', field: 'offer' });
  expect(await readdir(room.uploads)).not.toContain(offer);
  const founding = { method: 'POST', headers: { 'content-type': 'application/json' }, body: emptyFounding };
  await expectProblem(await at('/rooms/other/founding', founding), { code: 'room-unknown', field: 'room' });
  expect(await readdir(join(room.directory, 'rooms'))).toEqual(['small']);
});

test('the host answers nobody without the gateway’s token', async () => {
  const host = hostApi({ rooms: room.rooms, token: 'right' });
  for (const authorization of [undefined, '', 'Bearer', 'Bearer wrong', 'bearer right', 'Basic right']) {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await host.request('/rooms', { headers: headers as Record<string, string> });
    expect([answer.status, await answer.text()]).toEqual([401, '{"failed":"unauthorised"}']);
  }
  expect((await host.request('/rooms', { headers: { authorization: 'Bearer right' } })).status).toBe(200);
});

test('the room goes on, and the access log holds shapes only', async () => {
  await room.client('steward').session();
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
  expect(room.accessLog.length).toBeGreaterThan(50);
  for (const line of room.accessLog) {
    expect(Object.keys(line).sort()).toEqual(['durationMs', 'method', 'route', 'status']);
    expect(line.route).toMatch(/^[/a-z:*{}.+]*$/);
    expect(typeof line.durationMs).toBe('number');
  }
  expect(JSON.stringify(room.accessLog)).not.toContain(marker);
});

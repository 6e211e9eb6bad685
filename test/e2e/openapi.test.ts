/** The API is what it says it is: every route is described, and what a running room answers fits the description. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeObjects, FrameReader, fromBase64, parseCanonical } from '@reinraum/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { editorSchema, policyKinds } from '../../src/example/editor-schema.ts';
import { gateway } from '../../src/gateway/app.ts';
import { problem } from '../../src/gateway/problem.ts';
import { type ApiDescription, DescribedApi } from '../support/described-api.ts';
import { declare } from '../support/dishonest-steward.ts';
import {
  approved,
  residentRecords,
  residentsHandover,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';

let room: SmallRoom;
let api: DescribedApi;
let session: string;

beforeAll(async () => {
  room = await smallRoom();
  api = new DescribedApi((await (await at('/openapi.json')).json()) as ApiDescription);
  await uploadResidents(room, residentRecords([50, 50, 50]));
  await approved(room);
  session = await room.client('analyst').session();
});
afterAll(() => room.close());

/** The digest of nothing that is kept. */
const noObject = 'ab'.repeat(32);
const at = (path: string, init?: RequestInit) => fetch(`${room.installation.url}${path}`, init);
const asMember = () => ({ headers: { 'x-reinraum-session': session } });

test('every route of the gateway is described, and nothing else', () => {
  const assets = async () => new Response('');
  const app = gateway({ hostUrl: 'http://127.0.0.1', hostToken: '', fetch, clock: () => 0, log: () => {}, assets });
  const routes = app.routes.filter(({ method }) => method !== 'ALL');
  const registered = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`);
  const described = Object.entries(api.description.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(new Set([...described, 'GET /app/{file}'])).toEqual(new Set(registered));
  expect(described.length).toBeGreaterThanOrEqual(17);
});

test('every resource says what it is in both languages and which problems it has', () => {
  for (const [path, item] of Object.entries(api.description.paths)) {
    for (const [method, resource] of Object.entries(item)) {
      expect(resource['summary'], `${method} ${path}`).toMatch(/^\S.* \/ \S/);
      if (!path.startsWith('/rooms')) continue;
      const problem = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
      expect(resource.responses['502']).toMatchObject(problem);
      for (const name of ['parameters', 'requestBody'] as const) {
        if (path.includes(name === 'parameters' ? '{' : ' ')) expect(resource[name]).toBeDefined();
      }
    }
  }
  expect(api.description.paths['/rooms/{room}/catalogue']?.['get']).toMatchObject({ security: [{ session: [] }] });
  expect(api.description.components.securitySchemes).toMatchObject({
    session: { type: 'apiKey', in: 'header', name: 'x-reinraum-session' },
  });
});

test('every problem code is explained once, and no resource names another', () => {
  const explained = api.description['x-problems'];
  for (const [code, { status, de, en }] of Object.entries(explained)) {
    expect([code, status, { de, en }]).toEqual([code, problem(code).status, problem(code).detail]);
  }
  const named = Object.values(api.description.paths).flatMap((item) =>
    Object.values(item).flatMap(({ responses }) =>
      Object.entries(responses).flatMap(([status, { 'x-codes': codes = [] }]) => codes.map((code) => [code, status])),
    ),
  );
  expect(named.length).toBeGreaterThan(80);
  for (const [code = '', status] of named) expect(`${explained[code]?.status}`).toBe(status);
  expect(new Set(named.map(([code]) => code))).toEqual(new Set(Object.keys(explained)));
});

test('pages of the specification it points to exist', () => {
  const pages = new Set(JSON.stringify(api.description).match(/docs\/[\w/-]+\.md/g));
  expect(pages.size).toBeGreaterThanOrEqual(4);
  for (const page of pages) expect(readFileSync(join(repositoryRoot, page), 'utf8')).toContain('# ');
});

describe('what a running room answers is what is described', () => {
  test.each<[string, string, string, () => RequestInit]>([
    ['GET', '/', '/', () => ({})],
    ['GET', '/health', '/health', () => ({})],
    ['GET', '/api', '/api', () => ({})],
    ['GET', '/openapi.json', '/openapi.json', () => ({})],
    ['GET', '/rooms', '/rooms', () => ({})],
    ['GET', '/rooms/{room}/status', '/rooms/small/status', () => ({})],
    ['GET', '/rooms/{room}/catalogue', '/rooms/small/catalogue', asMember],
    ['GET', '/rooms/{room}/log/checkpoint', '/rooms/small/log/checkpoint', () => ({})],
    ['GET', '/rooms/{room}/log/{path}', '/rooms/small/log/tile/entries/000.p/1', asMember],
    ['GET', '/rooms/{room}/uploads/{offer}', `/rooms/small/uploads/${'ab'.repeat(32)}`, () => ({})],
  ])('%s %s', async (method, path, address, init) => {
    const answer = await at(address, { method, ...init() });
    expect(answer.status).toBe(200);
    expect(await api.expectDescribed(method, path, answer)).toBeDefined();
  });

  test.each<[number, string, string, string, () => RequestInit]>([
    [404, 'GET', '/rooms/{room}/status', '/rooms/other/status', () => ({})],
    [404, 'GET', '/rooms/{room}/status', '/rooms/OTHER/status', () => ({})],
    [401, 'GET', '/rooms/{room}/catalogue', '/rooms/small/catalogue', () => ({})],
    [401, 'GET', '/rooms/{room}/log/{path}', '/rooms/small/log/tile/0/000', () => ({})],
    [404, 'GET', '/rooms/{room}/log/{path}', '/rooms/small/log/journal', asMember],
    [401, 'POST', '/rooms/{room}/log/objects', '/rooms/small/log/objects', () => posted({ objects: [noObject] })],
    [400, 'POST', '/rooms/{room}/log/objects', '/rooms/small/log/objects', () => posted({ objects: [] })],
    [400, 'GET', '/rooms/{room}/uploads/{offer}', '/rooms/small/uploads/short', () => ({})],
    [400, 'POST', '/rooms/{room}/statements', '/rooms/small/statements', () => ({ method: 'POST', body: '{}' })],
    [422, 'POST', '/rooms/{room}/statements', '/rooms/small/statements', () => posted({ envelope: null })],
    [
      422,
      'POST',
      '/rooms/{room}/founding',
      '/rooms/small/founding',
      () => posted({ charter: {}, schemas: [], statements: [] }),
    ],
    [422, 'PUT', '/rooms/{room}/uploads/{offer}', `/rooms/small/uploads/${'ab'.repeat(32)}`, () => piece('0')],
    [400, 'PUT', '/rooms/{room}/uploads/{offer}', `/rooms/small/uploads/${'ab'.repeat(32)}`, () => piece('-1')],
  ])('a problem: %i %s %s', async (status, method, path, address, init) => {
    const answer = await at(address, { method, ...init() });
    expect(answer.status).toBe(status);
    expect(await api.expectDescribed(method, path, answer)).toMatchObject({ status });
  });

  test('objects of the log, many at once', async () => {
    const wanted = { objects: [room.client('analyst').roomId, noObject] };
    api.expectValid('#/components/schemas/ObjectsRequest', wanted);
    const headers = { 'content-type': 'application/json', 'x-reinraum-session': session };
    const answer = await at('/rooms/small/log/objects', { ...posted(wanted), headers });
    const bytes = (await api.expectDescribed('POST', '/rooms/{room}/log/objects', answer)) as Uint8Array;
    const [charter, unknown] = decodeObjects(bytes, 2);
    expect(parseCanonical(charter ?? new Uint8Array())).toMatchObject({ id: room.instance.charter.id });
    expect(unknown).toBeUndefined();
  });

  test('a statement and its frame, an offer and the piece of a file', async () => {
    const envelope = await room.client('analyst').sign('session.open', { scope: 'log' });
    api.expectValid('#/components/schemas/Submission', { envelope });
    api.expectValid(
      '#/components/schemas/Statement',
      JSON.parse(new TextDecoder().decode(fromBase64(envelope.payload))),
    );
    const answer = await at('/rooms/small/statements', posted({ envelope }));
    const bytes = (await api.expectDescribed('POST', '/rooms/{room}/statements', answer)) as Uint8Array;
    const [frame] = new FrameReader().push(bytes);
    api.expectValid('#/components/schemas/Accepted', frame?.head);
    const { datasets } = await room.client('steward').catalogue();
    const { digest } = await declare(room, residentsHandover(2, datasets[0]?.manifest ?? null));
    const path = '/rooms/{room}/uploads/{offer}';
    const first = await at(`/rooms/small/uploads/${digest}`, piece('0'));
    expect(await api.expectDescribed('PUT', path, first)).toEqual({ offset: 3 });
    const beyond = await at(`/rooms/small/uploads/${digest}`, piece('9'));
    expect(await api.expectDescribed('PUT', path, beyond)).toMatchObject({ status: 409, offset: 3 });
  });

  test('a founding', () => {
    const { charter, schemas } = room.instance;
    api.expectValid('#/components/schemas/Founding', { charter, schemas, statements: [] });
  });

  test.each(policyKinds)('the editors’ schema of %s', async (kind) => {
    const answer = await at(`/schemas/${kind}.json`);
    expect(await api.expectDescribed('GET', `/schemas/${kind}.json`, answer)).toEqual(editorSchema(kind));
  });

  test('and it would notice if it were not', async () => {
    const wrong = new Response('{"rooms": 7}', { headers: { 'content-type': 'application/json' } });
    await expect(api.expectDescribed('GET', '/rooms', wrong)).rejects.toThrow(/must be array/);
    await expect(api.expectDescribed('GET', '/rooms', new Response('', { status: 418 }))).rejects.toThrow(/418/);
  });
});

describe('the page for people', () => {
  test('names every resource and schema, German first, and loads nothing', async () => {
    const answer = await at('/api');
    const page = await answer.text();
    for (const [path, item] of Object.entries(api.description.paths)) {
      for (const method of Object.keys(item)) expect(page).toContain(`<code>${method.toUpperCase()} ${path}</code>`);
    }
    for (const name of Object.keys(api.description.components.schemas)) expect(page).toContain(`id="schema-${name}"`);
    expect(page).toMatch(/^<!doctype html><html lang="de">/);
    expect(page).not.toMatch(/<(script|style|link|img|iframe)\b|\b(style|on\w+)=/);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('has one h1, ids that are unique and links that lead somewhere', async () => {
    const page = await (await at('/api')).text();
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id);
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.matchAll(/ (?:href="#|aria-labelledby=")([^"]+)"/g)].map(([, id = '']) => id);
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });
});

test('files of the application are served below /app/ under a policy of their own, nothing else changes', async () => {
  const assets = async ({ url }: Request) =>
    url.endsWith('/app/start.js')
      ? new Response('1', { headers: { 'content-type': 'text/javascript', 'cache-control': 'max-age=60' } })
      : new Response('', { status: 404 });
  const app = gateway({ hostUrl: 'http://127.0.0.1:9', hostToken: '', fetch, clock: () => 0, log: () => {}, assets });
  const script = await app.request('/app/start.js');
  expect([script.status, await script.text(), script.headers.get('cache-control')]).toEqual([200, '1', 'max-age=60']);
  expect(script.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect((await app.request('/app/none.js')).headers.get('content-type')).toBe('application/problem+json');
  expect((await app.request('/health')).headers.get('content-security-policy')).not.toContain('script-src');
  expect((await at('/app/start.js')).status).toBe(404);
});

function posted(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function piece(offset: string): RequestInit {
  return { method: 'PUT', headers: { 'x-reinraum-offset': offset }, body: new Uint8Array(3) };
}

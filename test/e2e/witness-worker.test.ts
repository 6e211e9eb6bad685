/** The witness as a Worker: built offline, run in workerd with its Durable Objects, and asked as the one on Node is. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addCheckpointBytesMax,
  cosignatureVerifier,
  cosigner,
  requestCosignature,
  verifyCheckpoint,
} from '@reinraum/audit';
import { utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { formatWitnessKey } from '../../src/witness/witness-key.ts';
import { buildWorker, deployed, type EdgeWorker } from '../support/edge-worker.ts';
import { post } from '../support/running-witness.ts';
import { History, keyOf } from '../support/witnessed-log.ts';

const config = 'src/witness/wrangler.toml';
const key = { name: 'w.example/edge', key: keyOf(9) };
const secret = formatWitnessKey(key);
const { vkey } = cosigner(key.name, key.key, () => 0n);
const witness = cosignatureVerifier(vkey);
const log = new History();
const fork = new History({ forkedAt: 10 });
const raced = new History({ origin: 'example.com/raced', fill: 2 });
const racedFork = new History({ origin: 'example.com/raced', fill: 2, forkedAt: 0 });
const unknown = new History({ origin: 'example.com/unknown', fill: 3 });

let folder: string;
let worker: EdgeWorker;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-witness-edge-'));
  const vars = { WITNESS_LOGS: `log ${log.vkey}\nlog ${raced.vkey}\n` };
  const built = await buildWorker(folder, config);
  worker = await deployed(folder, built, { config, vars, secrets: { WITNESS_KEY: secret } });
});
afterAll(async () => {
  await worker?.close();
  await rm(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

const ask = async (history: History, size: number, lastSize?: number) =>
  requestCosignature({
    fetch,
    url: worker.url,
    witness,
    checkpoint: await history.note(size),
    consistency: (from, to) => history.proof(from, to),
    ...(lastSize === undefined ? {} : { lastSize }),
  });

test('it cosigns what continues the last, with the clock of its platform', async () => {
  for (const size of [1, 5, 5, 12]) {
    const answered = await ask(log, size);
    if (answered.outcome !== 'cosigned') throw new Error(answered.outcome);
    expect(Math.abs(Number(answered.timeSeconds) - Date.now() / 1000)).toBeLessThan(60);
    const { verified } = await verifyCheckpoint(`${await log.note(size)}${answered.line}`, log.key, [witness]);
    expect(verified).toHaveLength(2);
  }
});

test('it has the statuses of the one on Node', async () => {
  expect(await post(worker.url, await log.request(5, 20))).toEqual({
    status: 409,
    type: 'text/x.tlog.size',
    text: '12\n',
  });
  const statusOf = async (body: Uint8Array) => (await post(worker.url, body)).status;
  expect(await statusOf(await unknown.request(0, 3))).toBe(404);
  expect(await statusOf(await new History({ fill: 4 }).request(0, 3))).toBe(403);
  expect(await statusOf(await log.request(13, 12))).toBe(400);
  expect(await statusOf(utf8('old 0\n'))).toBe(400);
  expect(await statusOf(await fork.request(12, 20))).toBe(422);
  expect(await statusOf(await fork.request(12, 12))).toBe(422);
  expect(await statusOf(new Uint8Array(addCheckpointBytesMax).fill(0x41))).toBe(400);
  expect(await statusOf(new Uint8Array(addCheckpointBytesMax + 1).fill(0x41))).toBe(413);
  expect((await fetch(`${worker.url}/add-checkpoint`)).status).toBe(405);
  expect(await ask(log, 7)).toEqual({ outcome: 'ahead', size: 12 });
});

test('of 50 requests for two forks at once it cosigns one, and then only what continues that', async () => {
  let held = 0;
  let first: History | undefined;
  // In workerd two requests seldom come between read and write of each other: twelve rounds, or a race would go unseen.
  for (let round = 0; round < 12; round++) {
    const from = held;
    const requests = Array.from({ length: 50 }, (_, at) => ({
      history: at % 2 === round % 2 ? raced : racedFork,
      size: from + 1 + (at % 5),
    }));
    const bodies = await Promise.all(requests.map(({ history, size }) => history.request(from, size)));
    const answers = await Promise.all(bodies.map((body) => post(worker.url, body)));
    const won = requests.filter((_, at) => answers[at]?.status === 200);
    expect(won).toHaveLength(1);
    const { history = raced, size = 0 } = won[0] ?? {};
    first ??= history;
    expect(history).toBe(first);
    const others = answers.filter(({ status }) => status !== 200);
    expect(others.map(({ status }) => status).filter((status) => status !== 409 && status !== 422)).toEqual([]);
    for (const { status, text } of others) if (status === 409) expect(text).toBe(`${size}\n`);
    held = size;
  }
  const page = await (await fetch(`${worker.url}/`)).text();
  expect(page).toContain(`<code>example.com/raced</code></th><td>${held}</td>`);
});

test('its page shows name, key and last sizes, under the same headers', async () => {
  const answer = await fetch(`${worker.url}/`);
  const page = await answer.text();
  for (const text of [key.name, vkey, log.origin, '<td>12</td>', 'Dieser Zeuge', 'This witness']) {
    expect(page).toContain(text);
  }
  expect(page).not.toContain(secret.trim());
  expect(answer.headers.get('content-security-policy')).toBe(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  );
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('it writes nothing anywhere', () => {
  expect(worker.logs()).toEqual([]);
});

test('what is uploaded needs nothing of Node', async () => {
  const files = (await readdir(join(folder, 'worker'))).filter((name) => name.endsWith('.js'));
  expect(files).toEqual(['worker.js']);
  const code = await readFile(join(folder, 'worker', 'worker.js'), 'utf8');
  expect(code).toContain('add-checkpoint');
  expect(code).not.toMatch(/["']node:/);
  expect(code).not.toContain('require(');
});

test('the configuration sends no metrics, keeps no logs, holds no key and needs no compatibility with Node', async () => {
  const toml = await readFile(join(repositoryRoot, config), 'utf8');
  expect(toml).toMatch(/^send_metrics = false$/m);
  expect(toml).toMatch(/\[observability\]\nenabled = false/);
  expect(toml).not.toContain('nodejs');
  expect(toml).not.toMatch(/WITNESS_KEY\s*=/);
});

/**
 * A witness process is killed with SIGKILL, between store and answer and at random while requests for two forks of a log are
 * in work: after every restart it holds what it last answered or something newer, and never has both forks signed.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { cosignatureVerifier, parseCheckpoint, type VerifiedCheckpoint, verifyCheckpoint } from '@reinraum/audit';
import { toHex } from '@reinraum/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { makeWitness, post, type RunningWitness, startWitness } from '../support/running-witness.ts';
import { seededBits } from '../support/seeded-bits.ts';
import { History } from '../support/witnessed-log.ts';

const isNightly = process.env['REINRAUM_NIGHTLY'] === '1';
const kills = isNightly ? 200 : 12;
/** The most by which the log grows between two kills: it has to last for all of them. */
const growthMax = isNightly ? 2 : 8;
const atOnce = 50;
const dies = join(repositoryRoot, 'test', 'support', 'witness-that-dies.ts');
const entries = 420;
const log = new History({ entries });
const fork = new History({ entries, forkedAt: 0 });

let root: string;
let folder: string;
let vkey: string;
const running: RunningWitness[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'reinraum-witness-'));
});
afterAll(async () => {
  for (const { process } of running) process.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'run-'));
  vkey = await makeWitness(folder);
});

async function start(entry?: string): Promise<RunningWitness> {
  const witness = await startWitness(folder, [log.vkey], entry);
  running.push(witness);
  return witness;
}

/** Acts once so many were counted. */
class Countdown {
  #left: number;
  readonly #act: () => Promise<void>;

  constructor(left: number, act: () => Promise<void>) {
    this.#left = left;
    this.#act = act;
    if (left === 0) void act();
  }

  count(): void {
    this.#left -= 1;
    if (this.#left === 0) void this.#act();
  }
}

/** The size the witness says it has, asked with one it cannot have. */
async function sizeOf({ url }: RunningWitness): Promise<number> {
  const { status, text } = await post(url, await log.request(entries, entries));
  expect(status).toBe(409);
  return Number(text);
}

/** The checkpoint a cosignature is valid for. */
async function signed(history: History, size: number, line: string): Promise<VerifiedCheckpoint> {
  const verified = await verifyCheckpoint(`${await history.note(size)}${line}`, history.key, [
    cosignatureVerifier(vkey),
  ]);
  expect(verified.verified).toHaveLength(2);
  return verified;
}

test('killed between store and answer: it holds what nobody was told, and cosigns it when asked again', async () => {
  let stored = 0;
  for (const size of [1, 2, 5, 300]) {
    const dying = await start(dies);
    await expect(post(dying.url, await log.request(stored, size))).rejects.toThrow('fetch failed');
    expect(await dying.ended).toBeNull();
    const again = await start();
    expect(await sizeOf(again)).toBe(size);
    // The fork of the same size comes too late, and the lost cosignature is given again.
    expect((await post(again.url, await fork.request(stored, size))).text).toBe(`${size}\n`);
    expect((await post(again.url, await fork.request(size, size))).status).toBe(422);
    const { status, text } = await post(again.url, await log.request(size, size));
    expect(status).toBe(200);
    await signed(log, size, text);
    again.process.kill('SIGKILL');
    await again.ended;
    stored = size;
  }
});

test(
  `${kills} kills at random, ${atOnce} requests for two forks at once`,
  async () => {
    const bits = seededBits('witness kills');
    /** What was cosigned, by size: one root each, and all of one history. */
    const roots = new Map<number, string>();
    const histories = new Set<History>();
    let largest = 0;
    let lost = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const witness = await start();
      const held = await sizeOf(witness);
      expect(held).toBeGreaterThanOrEqual(largest);
      const requests = Array.from({ length: atOnce }, (_, at) => {
        const size = Math.min(entries - 1, held + 1 + bits.below(growthMax));
        return { history: at % 2 === 0 ? log : fork, size };
      });
      const bodies = await Promise.all(requests.map(({ history, size }) => history.request(held, size)));
      // The first two rounds end before the kill, the third does not begin; then it falls on any answer, or between two.
      const after = [atOnce, atOnce, 0][kill - 1] ?? bits.below(atOnce);
      const kills = new Countdown(after, async () => {
        if (kill > 3) await setTimeout(bits.below(20));
        witness.process.kill('SIGKILL');
      });
      const asked = bodies.map((body) => post(witness.url, body).finally(() => kills.count()));
      const answers = await Promise.all(asked.map((answer) => answer.catch(() => undefined)));
      await witness.ended;
      lost += answers.filter((answer) => answer === undefined).length;
      for (const [at, answer] of answers.entries()) {
        const { history = log, size = 0 } = requests[at] ?? {};
        if (answer?.status !== 200) continue;
        const { root: signedRoot } = await signed(history, size, answer.text);
        expect(roots.get(size) ?? toHex(signedRoot)).toBe(toHex(signedRoot));
        roots.set(size, toHex(signedRoot));
        histories.add(history);
        largest = Math.max(largest, size);
      }
    }
    // The first that came decided which of the two it is; some requests were answered, and some never.
    expect(lost).toBeGreaterThan(0);
    expect(histories.size).toBe(1);
    expect(roots.size).toBeGreaterThan(1);
    const last = await start();
    expect(await sizeOf(last)).toBeGreaterThanOrEqual(largest);
  },
  kills * 20_000,
);

test(`${atOnce} requests for two forks at once: all that are cosigned are of one history`, async () => {
  const witness = await start();
  for (const round of [0, 1, 2, 3]) {
    const held = await sizeOf(witness);
    const sizes = Array.from({ length: atOnce }, (_, at) => held + 1 + (at % 5));
    const requests = sizes.map((size, at) => ({ history: at % 2 === round % 2 ? log : fork, size }));
    const bodies = await Promise.all(requests.map(({ history, size }) => history.request(held, size)));
    const answers = await Promise.all(bodies.map((body) => post(witness.url, body)));
    const won = answers.flatMap(({ status, text }, at) => (status === 200 ? [{ ...requests[at], text }] : []));
    expect(won).toHaveLength(1);
    const { history = log, size = 0, text } = won[0] ?? { text: '' };
    await signed(history, size, text);
    expect(await sizeOf(witness)).toBe(size);
    // Losers are told the size that won; who came before the winner and does not continue what was held has a wrong proof.
    const others = answers.filter(({ status }) => status !== 200);
    const refused = others.filter(({ status }) => status === 422).length;
    expect(others.filter(({ status }) => status === 409).length + refused).toBe(atOnce - 1);
    if (round === 0) expect(refused).toBe(0);
    for (const { status, text } of others) if (status === 409) expect(text).toBe(`${size}\n`);
  }
});

test('a damaged state is not started with, and said in both languages', async () => {
  const witness = await start();
  expect((await post(witness.url, await log.request(0, 7))).status).toBe(200);
  witness.process.kill('SIGTERM');
  expect(await witness.ended).toBe(0);
  const path = join(folder, 'state', 'state');
  const good = await readFile(path, 'utf8');
  expect(parseCheckpoint(good.split('\n').slice(2, 5).join('\n').concat('\n'))).toEqual(log.head(7));
  const said = /state-damaged: Der Zustand des Zeugen ist beschädigt.* \/ The state of the witness is damaged/;
  for (const text of ['', good.slice(0, -1), good.replace('\n7\n', '\n6\n'), good.replace(/sha256.*\n/, '')]) {
    await writeFile(path, text);
    await expect(start()).rejects.toThrow(said);
    expect(await readFile(path, 'utf8')).toBe(text);
  }
  await rm(path);
  await expect(start()).rejects.toThrow(/state-missing: In diesem Verzeichnis .* \/ There is no state/);
  await writeFile(path, good);
  expect(await sizeOf(await start())).toBe(7);
});

test('one process at a time has a state, and a killed one leaves no lock', async () => {
  const first = await start();
  await expect(start()).rejects.toThrow(/state-in-use: Ein anderer Prozess .* \/ Another process/);
  expect((await post(first.url, await log.request(0, 3))).status).toBe(200);
  first.process.kill('SIGKILL');
  await first.ended;
  expect(await sizeOf(await start())).toBe(3);
});

/** The witness: its requests, every status, and that nothing leaves before it is stored. */
import {
  addCheckpoint,
  addCheckpointBytesMax,
  checkWitnessKeys,
  cosignatureVerifier,
  cosigner,
  ed25519Signer,
  emptyRoot,
  formatAddCheckpoint,
  formatCheckpoint,
  parseAddCheckpoint,
  parseCosignature,
  signNote,
  verifyCheckpoint,
  type WitnessAnswer,
} from '@reinraum/audit';
import { concat, utf8 } from '@reinraum/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { History, keyOf, MemoryStore } from '../support/witnessed-log.ts';

const log = new History();
const fork = new History({ forkedAt: 10 });
const other = new History({ origin: 'example.com/other', fill: 2 });
const unknown = new History({ origin: 'example.com/unknown', fill: 3 });
/** The same origin under a key the witness does not know. */
const stolen = new History({ fill: 4 });
const signer = cosigner('w.example/1', keyOf(9), () => 1_700_000_000n);
const witnessKey = cosignatureVerifier(signer.vkey);

let store: MemoryStore;
const options = () => ({ cosigner: signer, logs: [log.key, other.key], store });
const send = (body: string | Uint8Array): Promise<WitnessAnswer> =>
  addCheckpoint(options(), typeof body === 'string' ? utf8(body) : body);
const add = async (history: History, from: number, to: number) => send(await history.request(from, to));
const refused = async (answer: Promise<WitnessAnswer>, status: number) => {
  const before = new Map(store.heads);
  expect(await answer).toEqual({
    status,
    contentType: 'text/plain; charset=utf-8',
    body: expect.stringMatching(/^\P{Cc}+\n\P{Cc}+\n$/u),
  });
  expect(store.heads).toEqual(before);
};
const conflict = (size: number): WitnessAnswer => ({ status: 409, contentType: 'text/x.tlog.size', body: `${size}\n` });

beforeEach(() => {
  store = new MemoryStore();
});

describe('a witness', () => {
  it('cosigns what continues the last: 200 with its line, which verifies on the note', async () => {
    let last = 0;
    for (const size of [0, 0, 1, 2, 2, 7, 8, 64]) {
      const { status, contentType, body } = await add(log, last, size);
      expect([status, contentType]).toEqual([200, 'text/plain; charset=utf-8']);
      const { verified } = await verifyCheckpoint(`${await log.note(size)}${body}`, log.key, [witnessKey]);
      expect(verified).toHaveLength(2);
      expect(parseCosignature(verified[1]?.signature ?? new Uint8Array())?.timeSeconds).toBe(1_700_000_000n);
      expect(store.heads.get(log.origin)).toEqual(log.head(size));
      last = size;
    }
    expect((await add(other, 0, 5)).status).toBe(200);
    expect(store.heads.get(log.origin)?.size).toBe(64);
  });

  it('takes signatures of strangers and of itself on the note for nothing', async () => {
    const note = await log.note(3, [signer, cosigner('w.example/2', keyOf(8), () => 0n)]);
    expect((await send(formatAddCheckpoint({ oldSize: 0, proof: [], note }))).status).toBe(200);
  });

  it('answers 404 for a log it does not watch', async () => {
    await refused(add(unknown, 0, 3), 404);
    expect(store.done).toEqual([]);
  });

  it('answers 403 without a valid signature of the log', async () => {
    await refused(add(stolen, 0, 3), 403);
    const note = (await log.note(3)).replace(/^3$/m, '4');
    await refused(send(formatAddCheckpoint({ oldSize: 0, proof: [], note })), 403);
    // A valid signature does not make up for a wrong one of the same key.
    const forged = {
      ...signer,
      name: log.origin,
      keyId: log.key.keyId,
      sign: () => Promise.resolve(new Uint8Array(64)),
    };
    const both = await log.note(3, [forged]);
    await refused(send(formatAddCheckpoint({ oldSize: 0, proof: [], note: both })), 403);
  });

  it('answers 400 for an old size above the new one, whatever it has stored', async () => {
    await refused(add(log, 4, 3), 400);
    await add(log, 0, 4);
    await refused(add(log, 4, 3), 400);
    await refused(add(log, 5, 4), 400);
  });

  it('answers 409 with its size for another old size', async () => {
    expect(await add(log, 2, 3)).toEqual(conflict(0));
    await add(log, 0, 5);
    for (const [from, to] of [
      [0, 5],
      [0, 9],
      [4, 9],
      [6, 9],
      [0, 3],
      [3, 3],
    ] as const) {
      expect(await add(log, from, to), `${from} ${to}`).toEqual(conflict(5));
    }
    expect(store.heads.get(log.origin)?.size).toBe(5);
  });

  it('answers 422 for a wrong proof, and for the same size with another root', async () => {
    await add(log, 0, 12);
    await refused(add(fork, 12, 20), 422);
    await refused(add(fork, 12, 12), 422);
    const note = await log.note(20);
    const proof = await log.proof(12, 20);
    for (const wrong of [[], proof.slice(1), proof.toReversed(), [...proof, emptyRoot()], await log.proof(11, 20)]) {
      await refused(send(formatAddCheckpoint({ oldSize: 12, proof: wrong, note })), 422);
    }
    const same = await log.note(12);
    await refused(send(formatAddCheckpoint({ oldSize: 12, proof: [emptyRoot()], note: same })), 422);
    expect((await add(log, 12, 20)).status).toBe(200);
  });

  it('answers 422 where there is something to prove from nothing, or another empty tree', async () => {
    const note = await log.note(3);
    await refused(send(formatAddCheckpoint({ oldSize: 0, proof: [emptyRoot()], note })), 422);
    const odd = formatCheckpoint({ ...log.head(3), size: 0 });
    const empty = await signNote(odd, [ed25519Signer(log.origin, keyOf(1))]);
    await refused(send(formatAddCheckpoint({ oldSize: 0, proof: [], note: empty })), 422);
  });

  it('answers only after the store has made the head durable', async () => {
    const answer = add(log, 0, 3).then(() => store.done.push('answered'));
    await answer;
    expect(store.done).toEqual(['begun 3', 'stored 3', 'answered']);
  });

  it('answers nothing where the store fails, before or while it writes', async () => {
    for (const method of ['get', 'set'] as const) {
      const failing = Object.assign(new MemoryStore(), { [method]: () => Promise.reject(new Error('disk')) });
      const body = await log.request(0, 3);
      await expect(addCheckpoint({ ...options(), store: failing }, body)).rejects.toThrow('disk');
    }
  });

  it('answers 409 with the size of the request that won', async () => {
    const answers = await Promise.all([add(log, 0, 7), add(log, 0, 5)]);
    // Either may be the first to have its signature checked.
    const winner = answers.findIndex(({ status }) => status === 200);
    const size = [7, 5][winner] ?? 0;
    expect(answers[1 - winner]).toEqual(conflict(size));
    expect(store.heads.get(log.origin)?.size).toBe(size);
  });

  it('has a key that is no log’s', () => {
    expect(() => checkWitnessKeys({ cosigner: signer, logs: [log.key] })).not.toThrow();
    const shared = cosigner('w.example/1', keyOf(1), () => 0n);
    expect(() => checkWitnessKeys({ cosigner: shared, logs: [other.key, log.key] })).toThrow(RangeError);
  });
});

describe('a request', () => {
  const line = 'PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=';

  it('is old size, proof, empty line and note, in one spelling', async () => {
    const note = await log.note(20);
    const proof = await log.proof(12, 20);
    const text = formatAddCheckpoint({ oldSize: 12, proof, note });
    expect(text.startsWith('old 12\n')).toBe(true);
    expect(parseAddCheckpoint(utf8(text))).toEqual({ oldSize: 12, proof, note });
    expect(parseAddCheckpoint(utf8(`old 0\n${`${line}\n`.repeat(63)}\n${note}`)).proof).toHaveLength(63);
    for (const oldSize of [-1, 0.5, 2 ** 53]) {
      expect(() => formatAddCheckpoint({ oldSize, proof, note })).toThrow(RangeError);
    }
    expect(() => formatAddCheckpoint({ oldSize: 0, proof: Array(64).fill(emptyRoot()), note })).toThrow(RangeError);
  });

  it.each([
    ['nothing', () => ''],
    ['no old size', (note: string) => `\n${note}`],
    ['only a note', (note: string) => note],
    ['no note', () => 'old 0\n\n'],
    ['no empty line', (note: string) => `old 0\n${note}`],
    ['a leading zero', (note: string) => `old 00\n\n${note}`],
    ['a sign', (note: string) => `old +0\n\n${note}`],
    ['a negative size', (note: string) => `old -1\n\n${note}`],
    ['two spaces', (note: string) => `old  0\n\n${note}`],
    ['a tab', (note: string) => `old\t0\n\n${note}`],
    ['a space behind', (note: string) => `old 0 \n\n${note}`],
    ['a carriage return', (note: string) => `old 0\r\n\r\n${note}`],
    ['capitals', (note: string) => `Old 0\n\n${note}`],
    ['a size beyond 2^53 − 1', (note: string) => `old 9007199254740992\n\n${note}`],
    ['a short hash', (note: string) => `old 0\nAAAA\n\n${note}`],
    ['base64 in another spelling', (note: string) => `old 0\n${line.replace('w=', 'x=')}\n\n${note}`],
    ['base64 of URLs', (note: string) => `old 0\n${line.replace('D', '-')}\n\n${note}`],
    ['64 hashes', (note: string) => `old 0\n${`${line}\n`.repeat(64)}\n${note}`],
    ['another empty line', (note: string) => `old 0\n\n\n${note}`],
    ['a note cut off', (note: string) => `old 0\n\n${note.trimEnd()}`],
    ['something behind the note', (note: string) => `old 0\n\n${note}\n`],
    ['an extension line', (note: string) => `old 0\n\n${note.replace('=\n\n', '=\nextension\n\n')}`],
    ['no signature', (note: string) => `old 0\n\n${note.split('\n\n')[0] ?? ''}\n\n`],
  ])('with %s is answered with 400', async (_what, make) => {
    await refused(send(make(await log.note(3))), 400);
    expect(store.done).toEqual([]);
  });

  it('that is not UTF-8, begins with a byte order mark, or is too long is answered with 400', async () => {
    const good = await log.request(0, 3);
    await refused(send(concat(good, Uint8Array.of(0xff))), 400);
    await refused(send(concat(Uint8Array.of(0xef, 0xbb, 0xbf), good)), 400);
    // The same request with strangers' signatures up to the limit, and one beyond.
    const stranger = utf8(`— w.example/s ${'A'.repeat(1200)}\n`);
    const padding = Array.from(
      { length: Math.floor((addCheckpointBytesMax - good.length) / stranger.length) },
      () => stranger,
    );
    expect(padding.length).toBeGreaterThan(90);
    await refused(send(concat(good, ...padding, stranger)), 400);
    expect((await send(concat(good, ...padding.slice(0, 90)))).status).toBe(200);
  });
});

/** The client of a witness: what it sends, what it believes, and what it makes of everything else. */
import {
  addCheckpoint,
  type CosignatureRequest,
  cosignatureVerifier,
  cosignedMessage,
  cosigner,
  ed25519Signer,
  formatCheckpoint,
  formatSignatureLine,
  parseAddCheckpoint,
  requestCosignature,
  verifyCheckpoint,
  type WitnessPost,
  witnessAnswerBytesMax,
} from '@reinraum/audit';
import { concat, sign, utf8 } from '@reinraum/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { History, keyOf, MemoryStore } from '../support/witnessed-log.ts';

const log = new History();
const fork = new History({ forkedAt: 10 });
const signer = cosigner('w.example/1', keyOf(9), () => 1_700_000_000n);
const witness = cosignatureVerifier(signer.vkey);
const stranger = cosigner('w.example/2', keyOf(8), () => 0n);
const impostor = cosigner('w.example/1', keyOf(7), () => 0n);

let store: MemoryStore;
/** What was sent, in order. */
let sent: { url: string; post: WitnessPost; oldSize: number }[];
let proofs: [number, number][];
beforeEach(() => {
  store = new MemoryStore();
  sent = [];
  proofs = [];
});

type Reply = (post: WitnessPost) => Response | Promise<Response>;
/** The real witness. */
const honest: Reply = async ({ body }) => {
  const {
    status,
    contentType,
    body: text,
  } = await addCheckpoint({ cosigner: signer, logs: [log.key], store }, utf8(body));
  return new Response(text, { status, headers: { 'content-type': contentType } });
};
const conflict = (body: string, contentType = 'text/x.tlog.size'): Reply => {
  return () => new Response(body, { status: 409, headers: { 'content-type': contentType } });
};
const agree = (body: string): Reply => {
  return () => new Response(body);
};

/** Asks with one reply after another; the last one stays. */
async function ask(size: number, replies: readonly Reply[], more: Partial<CosignatureRequest> = {}, history = log) {
  const left = [...replies];
  return requestCosignature({
    url: 'https://w.example/prefix',
    witness,
    checkpoint: await history.note(size),
    consistency: (from, to) => {
      proofs.push([from, to]);
      return history.proof(from, to);
    },
    fetch: async (url, post) => {
      sent.push({ url, post, oldSize: parseAddCheckpoint(utf8(post.body)).oldSize });
      const reply = left.length > 1 ? left.shift() : left[0];
      if (!reply) throw new Error('no reply');
      return reply(post);
    },
    ...more,
  });
}

const lineFor = async (size: number, by = signer, history = log): Promise<string> => {
  const note = await history.note(size, [by]);
  return `${note.trimEnd().split('\n').at(-1) ?? ''}\n`;
};

describe('the client of a witness', () => {
  it('brings back a line that stands on the checkpoint', async () => {
    const outcome = await ask(7, [honest]);
    expect(outcome).toMatchObject({ outcome: 'cosigned', timeSeconds: 1_700_000_000n, line: await lineFor(7) });
    if (outcome.outcome !== 'cosigned') throw new Error('not cosigned');
    expect(formatSignatureLine(outcome.signature)).toBe(outcome.line);
    const { verified } = await verifyCheckpoint(`${await log.note(7)}${outcome.line}`, log.key, [witness]);
    expect(verified).toHaveLength(2);
    expect(sent).toMatchObject([
      { url: 'https://w.example/prefix/add-checkpoint', oldSize: 0, post: { method: 'POST', redirect: 'manual' } },
    ]);
    expect(proofs).toEqual([]);
  });

  it('starts from the size it was told, and asks the log for the proof', async () => {
    await ask(7, [honest]);
    expect(await ask(20, [honest], { lastSize: 7, url: 'https://w.example/prefix/' })).toMatchObject({
      outcome: 'cosigned',
    });
    expect(await ask(20, [honest], { lastSize: 20 })).toMatchObject({ outcome: 'cosigned' });
    expect(sent.map(({ url, oldSize }) => [url, oldSize])).toEqual([
      ['https://w.example/prefix/add-checkpoint', 0],
      ['https://w.example/prefix/add-checkpoint', 7],
      ['https://w.example/prefix/add-checkpoint', 20],
    ]);
    expect(proofs).toEqual([[7, 20]]);
  });

  it('tries once more from the size the witness names', async () => {
    await ask(7, [honest]);
    expect(await ask(20, [honest])).toMatchObject({ outcome: 'cosigned' });
    expect(await ask(20, [honest], { lastSize: 3 })).toMatchObject({ outcome: 'cosigned' });
    expect(sent.map(({ oldSize }) => oldSize)).toEqual([0, 0, 7, 3, 20]);
  });

  it('and only once', async () => {
    expect(await ask(20, [conflict('7\n'), conflict('8\n')])).toEqual({ outcome: 'conflict', size: 8 });
    expect(await ask(20, [conflict('7\n'), conflict('7\n')])).toEqual({ outcome: 'conflict', size: 7 });
    expect(sent.length).toBe(4);
    sent = [];
    expect(await ask(20, [conflict('7\n')], { lastSize: 7 })).toEqual({ outcome: 'conflict', size: 7 });
    expect(sent.length).toBe(1);
  });

  it('says where there is no proof from that size, and passes on what the log fails with', async () => {
    const none = () => Promise.resolve(undefined);
    expect(await ask(20, [conflict('7\n')], { consistency: none })).toEqual({ outcome: 'conflict', size: 7 });
    expect(sent.length).toBe(1);
    const failing = () => Promise.reject(new Error('disk'));
    await expect(ask(20, [conflict('7\n')], { consistency: failing })).rejects.toThrow('disk');
  });

  it('says that the witness is ahead, which no proof can mend', async () => {
    await ask(20, [honest]);
    expect(await ask(7, [honest])).toEqual({ outcome: 'ahead', size: 20 });
    expect(await ask(7, [honest], { lastSize: 7 })).toEqual({ outcome: 'ahead', size: 20 });
    expect(await ask(7, [conflict('3\n'), conflict('8\n')])).toEqual({ outcome: 'ahead', size: 8 });
    expect(proofs).toEqual([[3, 7]]);
  });

  it('is refused a fork', async () => {
    await ask(12, [honest]);
    expect(await ask(20, [honest], {}, fork)).toEqual({ outcome: 'refused', status: 422 });
    expect(await ask(12, [honest], {}, fork)).toEqual({ outcome: 'refused', status: 422 });
  });

  it.each([201, 202, 204, 301, 302, 307, 400, 403, 404, 409, 418, 422, 429, 500, 503])(
    'takes status %i for a refusal',
    async (status) => {
      const line = await lineFor(7);
      const body = status === 204 ? null : line;
      expect(await ask(7, [() => new Response(body, { status, headers: { location: 'https://x.example/' } })])).toEqual(
        {
          outcome: 'refused',
          status,
        },
      );
    },
  );

  it.each([
    ['3', 'text/x.tlog.size'],
    ['3\n\n', 'text/x.tlog.size'],
    ['03\n', 'text/x.tlog.size'],
    ['-3\n', 'text/x.tlog.size'],
    ['3\r\n', 'text/x.tlog.size'],
    ['9007199254740992\n', 'text/x.tlog.size'],
    ['', 'text/x.tlog.size'],
    ['3\n', 'text/plain'],
  ])('takes a conflict that names no size for a refusal: %j as %s', async (body, contentType) => {
    expect(await ask(7, [conflict(body, contentType)])).toEqual({ outcome: 'refused', status: 409 });
    expect(sent.length).toBe(1);
  });

  it.each([
    ['nobody answers', () => Promise.reject(new TypeError('fetch failed'))],
    ['the caller has waited long enough', () => Promise.reject(new DOMException('timeout', 'TimeoutError'))],
    ['the answer breaks off', () => new Response(new ReadableStream({ start: (c) => c.error(new Error('cut')) }))],
    ['the answer is too long', () => new Response('x'.repeat(witnessAnswerBytesMax + 1))],
    [
      'the answer never ends',
      () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(10_000)) })),
    ],
  ] satisfies readonly (readonly [string, Reply])[])('is told that nothing came: %s', async (_what, reply) => {
    expect(await ask(7, [reply])).toEqual({ outcome: 'unreachable' });
  });

  it('hands the caller’s signal on', async () => {
    const { signal } = new AbortController();
    await ask(7, [honest], { signal });
    expect(sent[0]?.post.signal).toBe(signal);
  });

  it('believes no agreement without the witness’s cosignature of this checkpoint', async () => {
    const good = await lineFor(7);
    const ownLine = `${(await log.note(7)).trimEnd().split('\n').at(-1) ?? ''}\n`;
    const asLog = ed25519Signer('w.example/1', keyOf(9));
    const plain = `${(await log.note(7, [asLog])).trimEnd().split('\n').at(-1) ?? ''}\n`;
    for (const body of [
      '',
      '\n',
      'ok',
      good.trimEnd(),
      `${good}\n`,
      `\n${good}`,
      `${good}x\n`,
      await lineFor(8),
      await lineFor(12, signer, fork),
      await lineFor(7, stranger),
      await lineFor(7, impostor),
      `${good}${await lineFor(8)}`,
      ownLine,
      plain,
      `extension\n\n${good}`,
    ]) {
      expect(await ask(7, [agree(body)]), body).toEqual({ outcome: 'unverified' });
    }
    expect(await ask(7, [() => new Response(Uint8Array.of(0xff))])).toEqual({ outcome: 'unverified' });
  });

  it('believes no cosignature of a text that goes on behind the checkpoint', async () => {
    const text = formatCheckpoint(log.head(7));
    const longer = utf8(`${text}\nbehind\n`);
    const signature = await sign(keyOf(9), cosignedMessage(1n, longer));
    const payload = concat(new Uint8Array(7), Uint8Array.of(1), signature);
    // The witness itself made it, so it verifies – over another text than ours.
    expect(await witness.verify(longer, payload)).toBe(true);
    const line = formatSignatureLine({ name: witness.name, keyId: witness.keyId, signature: payload });
    expect(await ask(7, [agree(`behind\n\n${line}`)])).toEqual({ outcome: 'unverified' });
  });

  it('takes its line out of several and leaves the others', async () => {
    const good = await lineFor(7);
    const body = `${await lineFor(7, stranger)}${good}${await lineFor(7, impostor)}`;
    expect(await ask(7, [agree(body)])).toMatchObject({ outcome: 'cosigned', line: good });
  });

  it('asks for nothing that cannot be', async () => {
    await expect(ask(7, [honest], { lastSize: 8 })).rejects.toThrow(RangeError);
    await expect(ask(7, [honest], { checkpoint: 'text\n' })).rejects.toMatchObject({ code: 'note-malformed' });
    expect(sent).toEqual([]);
  });
});

/** When a checkpoint counts as witnessed, whatever the host brings. */
import { cosigner, formatSignatureLine, type PublishedHead, policyOf } from '@reinraum/audit';
import { utf8 } from '@reinraum/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { Finality } from '../../enclave/finality.ts';
import { History, keyOf } from '../support/witnessed-log.ts';

const room = 'ab'.repeat(32);
const own = new History({ origin: `reinraum/${room}`, entries: 40 });
const fork = new History({ origin: `reinraum/${room}`, entries: 40, forkedAt: 5 });
const names = ['one', 'two', 'three'];
const charter = {
  witnesses: names.map((name, at) => ({
    key: cosigner(`${name}.example`, keyOf(10 + at), () => 0n).vkey,
    url: 'https://w.example',
  })),
  quorum: 2,
  enclave: { signingKey: Buffer.from(keyOf(1).publicKey).toString('base64'), measurements: ['cd'.repeat(32)] },
};
const policy = policyOf(charter, room);

async function headOf(size: number, history = own): Promise<PublishedHead> {
  return { ...history.head(size), note: await history.note(size) };
}

/** The line of a witness under a checkpoint. */
async function line(
  who: number,
  size: number,
  { history = own, name = `${names[who]}.example`, fill = 10 + who } = {},
): Promise<string> {
  const signer = cosigner(name, keyOf(fill), () => 1_800_000_000n);
  const { note } = await headOf(size, history);
  const signature = await signer.sign(utf8(note.slice(0, note.indexOf('\n\n') + 1)));
  return formatSignatureLine({ name: signer.name, keyId: signer.keyId, signature });
}

let published: PublishedHead;
let attached: { size: number; count: number }[];
let finality: Finality;
beforeEach(async () => {
  published = await headOf(7);
  attached = [];
  finality = new Finality(policy, {
    get published() {
      return published;
    },
    attach: async (size, signatures) => {
      attached.push({ size, count: signatures.length });
      return true;
    },
  });
});

/** Whether so many entries are final, without waiting for it. */
async function isFinal(size: number): Promise<boolean> {
  const waiting = finality.until(size).then(
    () => true,
    () => false,
  );
  return Promise.race([waiting, new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

describe('a checkpoint that was handed out', () => {
  test('is final with a quorum of valid cosignatures, and is attached with them', async () => {
    expect((await finality.next())?.size).toBe(7);
    expect(finality.unwitnessed).toBe(7);
    expect(await finality.cosigned(7, (await line(0, 7)) + (await line(2, 7)))).toBe(true);
    expect([await isFinal(7), await isFinal(8)]).toEqual([true, false]);
    expect(finality.unwitnessed).toBe(0);
    expect(attached).toEqual([{ size: 7, count: 2 }]);
    expect(finality.head.note.match(/^— /gm)).toHaveLength(3);
  });

  test.each<[string, () => Promise<string>]>([
    ['one witness', () => line(0, 7)],
    ['one witness twice', async () => (await line(0, 7)) + (await line(0, 7))],
    ['nobody', async () => ''],
    ['no lines', async () => 'yes\n'],
    [
      'a stranger beside one',
      async () => (await line(0, 7)) + (await line(1, 7, { name: 'stranger.example', fill: 99 })),
    ],
    ['a stranger under a witness’s name', async () => (await line(0, 7)) + (await line(1, 7, { fill: 99 }))],
    [
      'a witness with a wrong signature beside two',
      async () => {
        const wrong = (await line(2, 6)).trimEnd();
        return `${await line(0, 7)}${await line(1, 7)}${wrong}\n`;
      },
    ],
    ['cosignatures of an older checkpoint', async () => (await line(0, 6)) + (await line(1, 6))],
    [
      'cosignatures of another history',
      async () => (await line(0, 7, { history: fork })) + (await line(1, 7, { history: fork })),
    ],
    ['lines behind an empty one', async () => `\n${await line(0, 7)}${await line(1, 7)}`],
    ['a whole other note', async () => `\n${(await headOf(6)).note}${await line(0, 6)}${await line(1, 6)}`],
  ])('is not final with %s', async (_what, lines) => {
    await finality.next();
    expect(await finality.cosigned(7, await lines())).toBe(false);
    expect(await isFinal(1)).toBe(false);
    expect(attached).toEqual([]);
  });

  test('keeps no line of the host’s own', async () => {
    await finality.next();
    const stranger = await line(1, 7, { name: 'stranger.example', fill: 99 });
    expect(await finality.cosigned(7, (await line(0, 7)) + stranger + (await line(1, 7)))).toBe(true);
    expect(finality.head.note).not.toContain('stranger');
    expect(attached).toEqual([{ size: 7, count: 2 }]);
  });

  test('makes what is before it final too, when a larger one has been published meanwhile', async () => {
    await finality.next();
    published = await headOf(9);
    expect(await finality.cosigned(7, (await line(0, 7)) + (await line(1, 7)))).toBe(true);
    expect([await isFinal(7), await isFinal(8)]).toEqual([true, false]);
    expect((await finality.next())?.size).toBe(9);
    expect(await finality.cosigned(9, (await line(0, 9)) + (await line(1, 9)))).toBe(true);
    // A cosignature that comes late takes nothing back.
    expect(await finality.cosigned(7, (await line(0, 7)) + (await line(1, 7)))).toBe(true);
    expect(finality.head.size).toBe(9);
  });
});

test('a size that was never handed out is not made final, even with valid cosignatures', async () => {
  expect(await finality.cosigned(7, (await line(0, 7)) + (await line(1, 7)))).toBe(false);
  await finality.next();
  expect(await finality.cosigned(6, (await line(0, 6)) + (await line(1, 6)))).toBe(false);
});

test('whoever waits is woken by the quorum, and the host by the next checkpoint', async () => {
  await finality.next();
  const waiting = Promise.all([finality.until(7), finality.whenFinal(7), finality.whenFinal(3)]);
  let isLater = false;
  finality.whenFinal(8).then(
    () => (isLater = true),
    () => undefined,
  );
  await finality.cosigned(7, (await line(0, 7)) + (await line(1, 7)));
  await waiting;
  expect([isLater, finality.isFinal(7), finality.isFinal(8)]).toEqual([false, true, false]);
  const next = finality.next();
  published = await headOf(8);
  finality.grown();
  expect((await next)?.size).toBe(8);
});

test('without a quorum waiting ends with a refusal', async () => {
  await expect(finality.until(1)).rejects.toMatchObject({ code: 'quorum-missing' });
}, 20_000);

test('no more than so many wait at once', async () => {
  const waiting = Array.from({ length: 1024 }, () => finality.until(1));
  for (const one of waiting) one.catch(() => undefined);
  await expect(finality.until(1)).rejects.toMatchObject({ code: 'quorum-missing' });
  await finality.next();
  await finality.cosigned(7, (await line(0, 7)) + (await line(1, 7)));
  await Promise.all(waiting);
});

test('in a room without witnesses what is published is final', async () => {
  const free = new Finality(policyOf({ ...charter, witnesses: [], quorum: 0 }, room), {
    published,
    attach: async () => false,
  });
  await free.until(7);
  expect(await free.next()).toBe(null);
  expect(free.unwitnessed).toBe(null);
  expect(free.head).toBe(published);
});

import {
  ed25519Signer,
  ed25519Verifier,
  emptyRoot,
  encodeReceipt,
  formatCheckpoint,
  formatVkey,
  leafHash,
  nodeHash,
  parseCheckpoint,
  parseReceipt,
  signCheckpoint,
  signNote,
  verifyCheckpoint,
  verifyReceipt,
} from '@reinraum/audit';
import { signingKey, toBase64, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';

const origin = 'example.com/log';
const key = signingKey(new Uint8Array(32).fill(1));
const signer = ed25519Signer(origin, key);
const logKey = ed25519Verifier(formatVkey(origin, key.publicKey));
const root = toBase64(emptyRoot());

describe('checkpoint', () => {
  it('is three lines', () => {
    const text = `${origin}\n0\n${root}\n`;
    expect(formatCheckpoint({ origin, size: 0, root: emptyRoot() })).toBe(text);
    expect(parseCheckpoint(text)).toEqual({ origin, size: 0, root: emptyRoot() });
    expect(parseCheckpoint(`${origin}\n${Number.MAX_SAFE_INTEGER}\n${root}\n`).size).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    '',
    `${origin}\n0\n${root}`,
    `${origin}\n0\n${root}\n\n`,
    `${origin}\n0\n${root}\nextension\n`,
    `\n0\n${root}\n`,
    `two words\n0\n${root}\n`,
    ...[
      '',
      '00',
      '01',
      '-1',
      '+1',
      '1.0',
      '1e3',
      '0x1',
      ' 1',
      '1 ',
      '٣',
      '9007199254740992',
      '18446744073709551615',
    ].map((size) => `${origin}\n${size}\n${root}\n`),
    `${origin}\n0\n${root.slice(0, -1)}\n`,
    `${origin}\n0\n${root.replace('U=', 'V=')}\n`,
    `${origin}\n0\n${root.replace('/', '_')}\n`,
    `${origin}\n0\n${toBase64(new Uint8Array(31))}\n`,
    `${origin}\n0\n${toBase64(new Uint8Array(33))}\n`,
  ])('refuses %j', (text) => {
    expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ code: 'checkpoint-malformed' }));
  });

  it('must be signed by the log whose origin it bears', async () => {
    const note = await signCheckpoint({ origin, size: 0, root: emptyRoot() }, [signer]);
    expect(await verifyCheckpoint(note, logKey)).toMatchObject({ origin, size: 0, note });
    expect((await verifyCheckpoint(utf8(note), logKey)).note).toBe(note);

    const foreign = ed25519Signer('example.com/w', key);
    const foreignKey = ed25519Verifier(formatVkey('example.com/w', key.publicKey));
    await expect(signCheckpoint({ origin, size: 0, root: emptyRoot() }, [foreign])).rejects.toThrow(RangeError);
    const text = formatCheckpoint({ origin, size: 0, root: emptyRoot() });
    const cosignedOnly = await signNote(text, [foreign]);
    await expect(verifyCheckpoint(cosignedOnly, logKey, [foreignKey])).rejects.toMatchObject({
      code: 'signature-unknown',
    });
    await expect(verifyCheckpoint(cosignedOnly, foreignKey)).rejects.toMatchObject({ code: 'origin-unknown' });
    expect(
      (await verifyCheckpoint(await signNote(text, [signer, foreign]), logKey, [foreignKey])).verified,
    ).toHaveLength(2);
  });

  it('does not write the impossible', () => {
    expect(() => formatCheckpoint({ origin: 'a b', size: 0, root: emptyRoot() })).toThrow(RangeError);
    expect(() => formatCheckpoint({ origin, size: -1, root: emptyRoot() })).toThrow(RangeError);
    expect(() => formatCheckpoint({ origin, size: 2 ** 53, root: emptyRoot() })).toThrow(RangeError);
    expect(() => formatCheckpoint({ origin, size: 0, root: new Uint8Array(31) })).toThrow(RangeError);
  });
});

describe('receipt', () => {
  const [left, right] = [utf8('left'), utf8('right')];
  const hashes = { left: leafHash(left), right: leafHash(right) };
  const head = { origin, size: 2, root: nodeHash(hashes.left, hashes.right) };

  it('has the published form', async () => {
    const checkpoint = await signCheckpoint(head, [signer]);
    const text = encodeReceipt({ index: 1, proof: [hashes.left], checkpoint });
    expect(text).toBe(`c2sp.org/tlog-proof@v1\nindex 1\n${toBase64(hashes.left)}\n\n${checkpoint}`);
    expect(parseReceipt(text)).toEqual({ index: 1, proof: [hashes.left], checkpoint });
    const extra = encodeReceipt({ index: 1, proof: [hashes.left], checkpoint, untrustedExtra: utf8('more') });
    expect(extra).toContain('@v1\nextra bW9yZQ==\nindex 1\n');
    expect(parseReceipt(utf8(extra)).untrustedExtra).toEqual(utf8('more'));
    const alone = encodeReceipt({ index: 0, proof: [], checkpoint });
    expect(parseReceipt(alone)).toEqual({ index: 0, proof: [], checkpoint });
    expect((await verifyReceipt(right, extra, logKey)).index).toBe(1);
  });

  it('proves one entry at one index', async () => {
    const checkpoint = await signCheckpoint(head, [signer]);
    const receipt = (index: number, proof: Uint8Array[]): string => encodeReceipt({ index, proof, checkpoint });
    expect((await verifyReceipt(left, receipt(0, [hashes.right]), logKey)).checkpoint.size).toBe(2);
    const invalid = { code: 'inclusion-invalid' };
    await expect(verifyReceipt(right, receipt(0, [hashes.right]), logKey)).rejects.toMatchObject(invalid);
    await expect(verifyReceipt(left, receipt(1, [hashes.right]), logKey)).rejects.toMatchObject(invalid);
    await expect(verifyReceipt(left, receipt(2, [hashes.right]), logKey)).rejects.toMatchObject(invalid);
    await expect(verifyReceipt(left, receipt(0, []), logKey)).rejects.toMatchObject(invalid);
    const wrong = receipt(0, [hashes.right]).replace('\n2\n', '\n3\n');
    await expect(verifyReceipt(left, wrong, logKey)).rejects.toMatchObject({ code: 'signature-invalid' });
  });

  it.each([
    '',
    'c2sp.org/tlog-proof@v1\n',
    'c2sp.org/tlog-proof@v2\nindex 0\n\nc\n',
    'c2sp.org/tlog-proof@v1\nindex 01\n\nc\n',
    'c2sp.org/tlog-proof@v1\nindex -1\n\nc\n',
    'c2sp.org/tlog-proof@v1\nindex\n\nc\n',
    'c2sp.org/tlog-proof@v1\nindex 9007199254740992\n\nc\n',
    'c2sp.org/tlog-proof@v1\n\nindex 0\n\nc\n',
    'c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nc\n',
    'c2sp.org/tlog-proof@v1\nextra QQ\nindex 0\n\nc\n',
    'c2sp.org/tlog-proof@v1\nextra QQ==\nextra QQ==\nindex 0\n\nc\n',
    'c2sp.org/tlog-proof@v1\nindex 0\nQQ==\n\nc\n',
    `c2sp.org/tlog-proof@v1\nindex 0\n${`${root}\n`.repeat(54)}\nc\n`,
    `c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\nc\n`,
  ])('refuses %j', (text) => {
    expect(() => parseReceipt(text)).toThrow(expect.objectContaining({ code: 'receipt-malformed' }));
  });
});

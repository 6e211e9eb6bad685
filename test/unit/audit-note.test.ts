import {
  ed25519Signer,
  ed25519Verifier,
  formatNote,
  formatVkey,
  type NoteSigner,
  type NoteVerifier,
  parseNote,
  parseVkey,
  signNote,
  verifyNote,
} from '@reinraum/audit';
import { signingKey, toBase64, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';

const key = (fill: number) => signingKey(new Uint8Array(32).fill(fill));
const log = ed25519Signer('example.com/log', key(1));
const logKey = ed25519Verifier(formatVkey('example.com/log', key(1).publicKey));
const other = ed25519Signer('example.com/other', key(2));
const otherKey = ed25519Verifier(formatVkey('example.com/other', key(2).publicKey));
const malformed = expect.objectContaining({ code: 'note-malformed' });

/** The example of golang.org/x/mod/sumdb/note, written by the Go implementation. */
const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const peterNote =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

describe('vkey', () => {
  it('reads and writes one spelling', () => {
    expect(formatVkey('PeterNeumann', parseVkey(peter).publicKey)).toBe(peter);
    // The base64 may itself hold a plus: the key is parted at the first two only.
    for (let fill = 0; fill < 40; fill++) {
      const vkey = formatVkey('a', key(fill).publicKey);
      expect(parseVkey(vkey)).toEqual({ name: 'a', publicKey: key(fill).publicKey });
    }
  });

  it.each([
    '',
    'PeterNeumann',
    peter.replace('c74f20a3', 'c74f20a4'),
    peter.replace('c74f20a3', 'C74F20A3'),
    peter.replace('PeterNeumann', 'Peter Neumann'),
    peter.replace('PeterNeumann', ''),
    peter.replace('+ARpc', '+AhpC'),
    `${peter}=`,
    peter.slice(0, -4),
    `${peter}\n`,
  ])('refuses %j', (vkey) => {
    expect(() => parseVkey(vkey)).toThrow(expect.objectContaining({ code: 'vkey-malformed' }));
  });
});

describe('note', () => {
  it('verifies what the Go implementation signed', async () => {
    const { text, verified } = await verifyNote(peterNote, [ed25519Verifier(peter)]);
    expect(text).toContain('cryptography');
    expect(verified.map(({ name }) => name)).toEqual(['PeterNeumann']);
    expect(formatNote(parseNote(peterNote))).toBe(peterNote);
  });

  it('ignores unknown keys, also one that shares the name or the id of a known key', async () => {
    const sameName = ed25519Signer('example.com/log', key(3));
    const sameId: NoteSigner = { ...other, keyId: log.keyId };
    const note = await signNote('text\n', [other, sameName, sameId, log]);
    expect((await verifyNote(note, [logKey])).verified).toHaveLength(1);
  });

  it('is rejected for one wrong signature of a known key, even beside a right one', async () => {
    const forger: NoteSigner = { ...log, sign: () => Promise.resolve(new Uint8Array(64)) };
    for (const signers of [[forger], [forger, log], [log, forger], [other, forger]]) {
      const note = await signNote('text\n', signers);
      await expect(verifyNote(note, [logKey, otherKey])).rejects.toMatchObject({ code: 'signature-invalid' });
    }
  });

  it('is rejected without a signature of a known key', async () => {
    const note = await signNote('text\n', [other]);
    await expect(verifyNote(note, [logKey])).rejects.toMatchObject({ name: 'TrustError', code: 'signature-unknown' });
    await expect(verifyNote(note, [])).rejects.toMatchObject({ code: 'signature-unknown' });
  });

  it('counts a key once', async () => {
    const note = await signNote('text\n', [log, log, other]);
    expect((await verifyNote(note, [logKey, otherKey])).verified).toHaveLength(2);
  });

  it('ends its text at the last empty line', async () => {
    const text = 'a\n\n— example.com/log AAAAAAA=\n\nb\n';
    const note = await signNote(text, [log]);
    expect(parseNote(note).text).toBe(text);
    expect((await verifyNote(utf8(note), [logKey])).text).toBe(text);
    expect(parseNote(await signNote('\ufeffa\n', [log])).text).toBe('\ufeffa\n');
    expect(parseNote(utf8(await signNote('\ufeffa\n', [log]))).text).toBe('\ufeffa\n');
  });

  it('takes signatures of other types through the same door', async () => {
    const keyId = Uint8Array.of(4, 4, 4, 4);
    const signer: NoteSigner = { name: 'w', keyId, sign: (text) => Promise.resolve(Uint8Array.of(text.length)) };
    const verifier: NoteVerifier = {
      name: 'w',
      keyId,
      verify: (text, signature) => Promise.resolve(signature.length === 1 && signature[0] === text.length),
    };
    const note = await signNote('text\n', [log, signer]);
    expect((await verifyNote(note, [verifier])).verified).toHaveLength(1);
    await expect(verifyNote(note.replace('text', 'texts'), [verifier])).rejects.toMatchObject({
      code: 'signature-invalid',
    });
  });

  const line = '— a AAAAAAA=\n';
  it.each([
    '',
    '\n',
    'text\n',
    'text\n\n',
    `text${line}`,
    `text\n${line}`,
    `text\n\n${line.trimEnd()}`,
    `text\n\n${line}\n`,
    `text\n\n${line}x\n`,
    `text\n\n- a AAAAAAA=\n`,
    `text\n\n—  a AAAAAAA=\n`,
    `text\n\n— a  AAAAAAA=\n`,
    `text\n\n— a+b AAAAAAA=\n`,
    `text\n\n— a\u00a0b AAAAAAA=\n`,
    `text\n\n— a\u0085b AAAAAAA=\n`,
    `text\n\n— a AAAAAAA= \n`,
    `text\n\n— a AAAAAA==\n`,
    `text\n\n— a AAAAAAB=\n`,
    `text\n\n— a AAAAAAA\n`,
    `text\n\n— a AAAA_AA=\n`,
    `te\txt\n\n${line}`,
    `text\r\n\n${line}`,
    `te\u0000xt\n\n${line}`,
    `te\ud800xt\n\n${line}`,
    `text\n\n${line.repeat(101)}`,
    `${'t'.repeat(1_000_000)}\n\n${line}`,
  ])('refuses malformed note %#', (note) => {
    expect(() => parseNote(note)).toThrow(malformed);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseNote(Uint8Array.of(0xff, ...utf8(`\n\n${line}`)))).toThrow(malformed);
    expect(() => parseNote(Uint8Array.of(0xc0, 0x8a, ...utf8(`\n\n${line}`)))).toThrow(malformed);
  });

  it('accepts 16 signatures and a signature of 5 kB', () => {
    const long = `— a ${toBase64(new Uint8Array(5000))}\n`;
    expect(parseNote(`text\n\n${long.repeat(16)}`).signatures).toHaveLength(16);
  });

  it('does not write what it would not read', async () => {
    for (const text of ['', 'text', 'te\txt\n', '\ud800\n'])
      await expect(signNote(text, [log])).rejects.toThrow(RangeError);
    for (const name of ['', 'a b', 'a+b', 'a\nb']) expect(() => ed25519Signer(name, key(1))).toThrow(RangeError);
  });
});

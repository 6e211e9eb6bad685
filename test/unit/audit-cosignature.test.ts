/** Cosignatures, their keys and their place on a note; the message and the key ID are written out here once more by hand. */
import { createHash, createPrivateKey, createPublicKey, sign as signByNode, verify as verifyByNode } from 'node:crypto';
import {
  cosignatureSecondsMax,
  cosignatureType,
  cosignatureVerifier,
  cosignedMessage,
  cosigner,
  ed25519Signer,
  ed25519Verifier,
  formatCheckpoint,
  formatVkey,
  leafHash,
  type NoteSigner,
  parseCosignature,
  parseNote,
  parseVkey,
  rootOf,
  signCheckpoint,
  signNote,
  verifyCheckpoint,
  verifyNote,
} from '@reinraum/audit';
import { concat, fromBase64, signingKey, toBase64, toHex, utf8 } from '@reinraum/protocol';
import { describe, expect, it } from 'vitest';

const key = (fill: number) => signingKey(new Uint8Array(32).fill(fill));
const origin = 'example.com/log';
const name = 'witness.example/w1';
const log = ed25519Signer(origin, key(1));
const logKey = ed25519Verifier(formatVkey(origin, key(1).publicKey));
const witness = cosigner(name, key(2), () => 1_679_315_147n);
const witnessKey = cosignatureVerifier(witness.vkey);
const checkpoint = { origin, size: 2, root: rootOf([leafHash(utf8('a')), leafHash(utf8('b'))]) };
const text = formatCheckpoint(checkpoint);

/** The secret key of a seed as Node's crypto takes it. */
const nodeKey = (fill: number) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, fill)]),
    format: 'der',
    type: 'pkcs8',
  });

/** A cosignature of any time and message, made without the code under test. */
function byHand(time: bigint, message: string, fill = 2): Uint8Array {
  const bytes = Buffer.alloc(72);
  bytes.writeBigUInt64BE(time);
  signByNode(null, Buffer.from(message), nodeKey(fill)).copy(bytes, 8);
  return new Uint8Array(bytes);
}

/** The note of the checkpoint, signed by the log and with these bytes as the witness's cosignature. */
async function noteWith(...payloads: readonly Uint8Array[]): Promise<string> {
  const signers = payloads.map((payload): NoteSigner => ({ ...witness, sign: () => Promise.resolve(payload) }));
  return signCheckpoint(checkpoint, [log, ...signers]);
}

describe('a cosignature', () => {
  it('is key ID, big-endian time and Ed25519 over header, time and checkpoint', async () => {
    const note = await signCheckpoint(checkpoint, [log, witness]);
    const line = note.split('\n').at(-2) ?? '';
    expect(line.startsWith(`— ${name} `)).toBe(true);
    const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    expect(bytes).toHaveLength(4 + 8 + 64);
    const hashed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(4), Buffer.from(key(2).publicKey)]);
    expect(bytes.subarray(0, 4)).toEqual(createHash('sha256').update(hashed).digest().subarray(0, 4));
    expect(bytes.subarray(4, 12).toString('hex')).toBe('00000000641850cb');
    const message = Buffer.from(`cosignature/v1\ntime 1679315147\n${text}`);
    expect(verifyByNode(null, message, createPublicKey(nodeKey(2)), bytes.subarray(12))).toBe(true);
  });

  it('has the message of the specification’s example', () => {
    const body = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    expect(new TextDecoder().decode(cosignedMessage(1_679_315_147n, utf8(body)))).toBe(
      `cosignature/v1\ntime 1679315147\n${body}`,
    );
    const line =
      'jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==';
    expect(parseCosignature(fromBase64(line).slice(4))?.timeSeconds).toBe(1_679_315_147n);
  });

  it('verifies beside the log’s signature, and one made by hand does too', async () => {
    for (const note of [
      await signCheckpoint(checkpoint, [log, witness]),
      await noteWith(byHand(1n, `cosignature/v1\ntime 1\n${text}`)),
      await noteWith(byHand(0n, `cosignature/v1\ntime 0\n${text}`)),
      await noteWith(byHand(2n ** 63n - 1n, `cosignature/v1\ntime 9223372036854775807\n${text}`)),
    ]) {
      const { verified } = await verifyCheckpoint(note, logKey, [witnessKey]);
      expect(verified.map(({ name }) => name)).toEqual([origin, name]);
    }
  });

  it.each([
    ['another time', byHand(2n, `cosignature/v1\ntime 1\n${text}`)],
    ['no header', byHand(1n, text)],
    ['another header', byHand(1n, `cosignature/v2\ntime 1\n${text}`)],
    ['no time in the message', byHand(1n, `cosignature/v1\n${text}`)],
    ['a time with a leading zero', byHand(1n, `cosignature/v1\ntime 01\n${text}`)],
    ['another checkpoint', byHand(1n, `cosignature/v1\ntime 1\n${text.replace('\n2\n', '\n3\n')}`)],
    ['another key', byHand(1n, `cosignature/v1\ntime 1\n${text}`, 3)],
    ['a time beyond 2^63 − 1', byHand(2n ** 63n, `cosignature/v1\ntime 9223372036854775808\n${text}`)],
    ['a byte too few', byHand(1n, `cosignature/v1\ntime 1\n${text}`).slice(0, 71)],
    ['a byte too many', concat(byHand(1n, `cosignature/v1\ntime 1\n${text}`), Uint8Array.of(0))],
    ['the signature of the note alone', new Uint8Array(signByNode(null, Buffer.from(text), nodeKey(2)))],
  ])('with %s rejects the whole note, even beside a right one', async (_what, wrong) => {
    const right = byHand(1n, `cosignature/v1\ntime 1\n${text}`);
    for (const note of [await noteWith(wrong), await noteWith(right, wrong), await noteWith(wrong, right)]) {
      await expect(verifyCheckpoint(note, logKey, [witnessKey])).rejects.toMatchObject({ code: 'signature-invalid' });
      // Who does not know the witness does not look at its signatures.
      expect((await verifyCheckpoint(note, logKey)).verified).toHaveLength(1);
    }
  });

  it('takes its time from the clock it was given, once a signature', async () => {
    let asked = 0n;
    const ticking = cosigner(name, key(2), () => 1_000n + asked++);
    for (const expected of [1_000n, 1_001n]) {
      const payload = await ticking.sign(utf8(text));
      expect(parseCosignature(payload)?.timeSeconds).toBe(expected);
    }
    expect(asked).toBe(2n);
    for (const time of [-1n, cosignatureSecondsMax + 1n]) {
      await expect(cosigner(name, key(2), () => time).sign(utf8(text))).rejects.toThrow(RangeError);
    }
  });

  it('is of a checkpoint and of nothing else', async () => {
    for (const other of ['', 'text\n', `${text}extension\n`, text.slice(0, -1)]) {
      await expect(witness.sign(utf8(other))).rejects.toMatchObject({ code: 'checkpoint-malformed' });
    }
    await expect(witness.sign(Uint8Array.of(0xff, 0x0a))).rejects.toThrow(TypeError);
    for (const wrong of ['', 'a b', 'a+b']) expect(() => cosigner(wrong, key(2), () => 0n)).toThrow(RangeError);
  });
});

describe('keys of logs and of cosigners', () => {
  it('have verifier keys of their own type', () => {
    expect(witness.vkey).toMatch(/^witness\.example\/w1\+[0-9a-f]{8}\+B/);
    expect(parseVkey(witness.vkey, cosignatureType)).toEqual({ name, publicKey: key(2).publicKey });
    const asLog = formatVkey(name, key(2).publicKey);
    const refused = expect.objectContaining({ code: 'vkey-malformed' });
    expect(() => ed25519Verifier(witness.vkey)).toThrow(refused);
    expect(() => cosignatureVerifier(asLog)).toThrow(refused);
    // The type inside changed without the key ID.
    const [, id, encoded] = asLog.split('+');
    const retyped = toBase64(concat(Uint8Array.of(4), fromBase64(encoded ?? '').slice(1)));
    expect(() => cosignatureVerifier(`${name}+${id}+${retyped}`)).toThrow(refused);
    // The key ID of one type over the bytes of the other.
    const [, witnessId] = witness.vkey.split('+');
    expect(() => cosignatureVerifier(`${name}+${witnessId}+${encoded}`)).toThrow(refused);
  });

  it('do not stand for each other, even with one name and one key', async () => {
    const same = cosigner(origin, key(1), () => 1n);
    const sameKey = cosignatureVerifier(same.vkey);
    expect(toHex(same.keyId)).not.toBe(toHex(log.keyId));
    const cosigned = await signNote(text, [same]);
    await expect(verifyCheckpoint(cosigned, logKey, [sameKey])).rejects.toMatchObject({ code: 'signature-unknown' });
    const signed = await signNote(text, [log]);
    await expect(verifyNote(signed, [sameKey])).rejects.toMatchObject({ code: 'signature-unknown' });
    // @ts-expect-error: a cosigner's key is not a log's.
    const confused = verifyCheckpoint(cosigned, sameKey);
    await expect(confused).rejects.toMatchObject({ code: 'signature-unknown' });
    // The payload of one under the key ID of the other.
    const [cosignature] = parseNote(cosigned).signatures;
    const moved: NoteSigner = { ...log, sign: () => Promise.resolve(cosignature?.signature ?? new Uint8Array()) };
    await expect(verifyCheckpoint(await signNote(text, [moved]), logKey)).rejects.toMatchObject({
      code: 'signature-invalid',
    });
  });
});

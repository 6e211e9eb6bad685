import {
  canonicalBytes,
  canonicalText,
  concat,
  type Envelope,
  fromBase64,
  type Json,
  openEnvelope,
  parseStatement,
  payloadBytesMax,
  payloadType,
  preAuthentication,
  Refusal,
  Statement,
  type StatementType,
  sign,
  signStatement,
  toBase64,
  utf8,
  verify,
} from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { beforeAll, describe, expect, test } from 'vitest';
import { everyBody, everyType, signerOf } from '../support/every-statement.ts';
import { fixedStatement, people } from '../support/fixed-room.ts';
import { smallOrderKeys } from '../support/small-order.ts';

const nowMs = Date.parse('2026-03-02T08:00:00Z');
const statementOf = (type: StatementType, serial = 1): Statement =>
  fixedStatement(signerOf(type), 'f6'.repeat(32), { type, body: everyBody[type], nowMs, serial });
const { signing } = people.steward;

let envelope: Envelope;
let plain: Statement;
beforeAll(async () => {
  plain = statementOf('session.open');
  envelope = await signStatement(signing, plain);
});

/** An envelope over exactly these bytes, correctly signed. */
async function over(payload: Uint8Array, type = payloadType) {
  const signature = await sign(signing, preAuthentication(type, payload));
  return { payloadType, payload: toBase64(payload), signatures: [{ sig: toBase64(signature) }] };
}

async function refusal(untrusted: unknown): Promise<[string, string | undefined]> {
  const error: unknown = await openEnvelope(untrusted).then(
    () => 'opened',
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Refusal)) throw new Error(`not a refusal: ${String(error)}`);
  return [error.code, error.field];
}

describe('a statement', () => {
  test.each(everyType)('%s comes back from its envelope', async (type) => {
    const statement = statementOf(type);
    const opened = await openEnvelope(await signStatement(signerOf(type).signing, statement));
    expect(opened.statement).toEqual(statement);
    expect(opened.payload).toEqual(canonicalBytes(statement as unknown as Json));
    expect(parseStatement(opened.payload)).toEqual(statement);
  });

  test('may carry a key id that means nothing', async () => {
    const sig = envelope.signatures[0]?.sig ?? '';
    const { statement } = await openEnvelope({ ...envelope, signatures: [{ sig, keyid: 'anything' }] });
    expect(statement).toEqual(plain);
  });

  test.each(everyType)('%s is refused without any of its fields, and with one more', (type) => {
    const whole = statementOf(type) as unknown as Record<string, Json>;
    const body = whole['body'] as Record<string, Json>;
    const less = (object: Record<string, Json>, key: string) =>
      Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
    for (const key of Object.keys(whole)) expect(Statement.safeParse(less(whole, key)).success, key).toBe(false);
    for (const key of Object.keys(body))
      expect(Statement.safeParse({ ...whole, body: less(body, key) }).success, key).toBe(false);
    expect(Statement.safeParse({ ...whole, extra: 1 }).success).toBe(false);
    expect(Statement.safeParse({ ...whole, body: { ...body, extra: 1 } }).success).toBe(false);
  });

  test('of one type has not the body of another', () => {
    for (const type of everyType) {
      for (const other of everyType) {
        const isSame = shapeOf(type) === shapeOf(other);
        expect(Statement.safeParse({ ...statementOf(type), body: everyBody[other] }).success, `${type} ${other}`).toBe(
          isSame,
        );
      }
    }
  });
});

/** Fields of a body; the scope of a session is another thing than that of details. */
function shapeOf(type: (typeof everyType)[number]): string {
  return `${Object.keys(everyBody[type]).sort().join()}${type === 'session.open' ? ' of a session' : ''}`;
}

describe('an envelope is refused', () => {
  test.each<[string, () => unknown, string]>([
    ['that is none', () => 'text', 'document'],
    ['with another type', () => ({ ...envelope, payloadType: 'application/vnd.reinraum.release+json' }), 'payloadType'],
    ['with a type in other case', () => ({ ...envelope, payloadType: payloadType.toUpperCase() }), 'payloadType'],
    ['without a signature', () => ({ ...envelope, signatures: [] }), 'signatures'],
    [
      'with two signatures',
      () => ({ ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] }),
      'signatures',
    ],
    ['with an unknown field', () => ({ ...envelope, extra: 1 }), 'document'],
    ['with a payload not in base64', () => ({ ...envelope, payload: '{}' }), 'payload'],
    [
      'with a payload in base64url',
      () => ({
        ...envelope,
        payload: toBase64(Uint8Array.of(251, 255, 190))
          .replaceAll('+', '-')
          .replaceAll('/', '_'),
      }),
      'payload',
    ],
    ['with blanks in its base64', () => ({ ...envelope, payload: `${envelope.payload} ` }), 'payload'],
    [
      'with a short signature',
      () => ({ ...envelope, signatures: [{ sig: toBase64(new Uint8Array(63)) }] }),
      'signatures.0.sig',
    ],
    [
      'with a payload above the limit',
      () => ({ ...envelope, payload: toBase64(new Uint8Array(payloadBytesMax + 1)) }),
      'payload',
    ],
    ['with a payload far above the limit', () => ({ ...envelope, payload: 'A'.repeat(1 << 20) }), 'payload'],
  ])('%s', async (_name, make, field) => {
    expect(await refusal(make())).toEqual(['envelope-malformed', field]);
  });

  test('whose payload is one byte too long, and not for its length when it is not', async () => {
    const filled = (length: number) => {
      const text = canonicalText({ ...plain, seen: '' });
      return utf8(text.replace('"seen":""', `"seen":"${'a'.repeat(length - text.length)}"`));
    };
    expect(await refusal(await over(filled(payloadBytesMax + 1)))).toEqual(['envelope-malformed', 'payload']);
    // Within the limit of the payload, but "seen" has its own.
    expect(await refusal(await over(filled(payloadBytesMax)))).toEqual(['statement-malformed', 'seen']);
  });
});

describe('bytes are refused that are not canonical', () => {
  test.each<[string, (text: string) => string | Uint8Array]>([
    ['a field twice', (text) => text.replace('{', '{"actor":"m-0000000000000000",')],
    ['a blank', (text) => text.replace(',', ', ')],
    ['a line end', (text) => `${text}\n`],
    ['an escaped letter', (text) => text.replace('"log"', '"\\u006cog"')],
    ['another order', (text) => text.replace(/^\{"actor":"([^"]*)",(.*)\}$/, '{$2,"actor":"$1"}')],
    ['a fraction', (text) => text.replace('"v":1', '"v":1.0')],
    ['__proto__', (text) => text.replace('{', '{"__proto__":{},')],
    ['a byte that is no UTF-8', (text) => concat(utf8(text), Uint8Array.of(0xff))],
    ['no JSON', () => 'hello'],
    ['a tower of brackets', () => '['.repeat(16_000)],
  ])('%s', async (_name, bend) => {
    const bent = bend(canonicalText(plain));
    expect(await refusal(await over(typeof bent === 'string' ? utf8(bent) : bent))).toEqual([
      'statement-not-canonical',
      'payload',
    ]);
  });
});

describe('a signature is refused', () => {
  const signatureInvalid = ['signature-invalid', 'signatures.0.sig'];
  const withSignature = (bytes: Uint8Array) => ({ ...envelope, signatures: [{ sig: toBase64(bytes) }] });
  const signature = () => fromBase64(envelope.signatures[0]?.sig ?? '');

  test('with any single bit flipped', async () => {
    for (let bit = 0; bit < 512; bit += 7) {
      const bytes = signature();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await refusal(withSignature(bytes))).toEqual(signatureInvalid);
    }
  });

  test('malleated: S + L satisfies the equation of the group, and a lenient verifier', async () => {
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
    const bytes = signature();
    let s = 0n;
    for (let at = 63; at >= 32; at--) s = (s << 8n) | BigInt(bytes[at] ?? 0);
    s += order;
    for (let at = 32; at < 64; at++, s >>= 8n) bytes[at] = Number(s & 255n);
    expect(s).toBe(0n);
    const message = preAuthentication(payloadType, fromBase64(envelope.payload));
    expect(nacl.sign.detached.verify(message, bytes, signing.publicKey)).toBe(true);
    expect(await refusal(withSignature(bytes))).toEqual(signatureInvalid);
  });

  test('over another payload, under another key, or over a document of another type', async () => {
    const other = await signStatement(signing, statementOf('session.open', 2));
    expect(await refusal({ ...envelope, payload: other.payload })).toEqual(signatureInvalid);
    expect(await refusal(await signStatement(people.analyst.signing, plain))).toEqual(signatureInvalid);
    const canonical = canonicalBytes(plain);
    expect(await refusal(await over(canonical, 'application/vnd.reinraum.claims+json'))).toEqual(signatureInvalid);
    const bare = await sign(signing, canonical);
    expect(await refusal(withSignature(bare))).toEqual(signatureInvalid);
  });

  test('of malformed key or length, without an error', async () => {
    const message = utf8('x');
    const good = await sign(signing, message);
    expect(await verify(signing.publicKey, message, good)).toBe(true);
    expect(await verify(signing.publicKey.subarray(1), message, good)).toBe(false);
    expect(await verify(signing.publicKey, message, good.subarray(1))).toBe(false);
    expect(await verify(signing.publicKey, utf8('y'), good)).toBe(false);
    expect(await verify(new Uint8Array(32).fill(0xff), message, good)).toBe(false);
  });

  test('that is nobody’s, under a key of small order, though a lenient verifier accepts it', async () => {
    const nobody = concat(Uint8Array.of(1), new Uint8Array(63));
    const messages = Array.from({ length: 32 }, (_, n) => utf8(`message ${n}`));
    let accepted = 0;
    for (const key of smallOrderKeys) {
      for (const message of messages) {
        accepted += nacl.sign.detached.verify(message, nobody, key) ? 1 : 0;
        expect(await verify(key, message, nobody)).toBe(false);
      }
    }
    expect(accepted).toBeGreaterThan(32);
  });
});

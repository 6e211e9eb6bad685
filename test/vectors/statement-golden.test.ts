import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  type Envelope,
  fromBase64,
  openEnvelope,
  type Statement,
  signingKey,
  signStatement,
  toHex,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { everyBody, everyType, signerOf } from '../support/every-statement.ts';
import { fixedStatement } from '../support/fixed-room.ts';
import { golden } from '../support/golden.ts';

interface Vector {
  readonly type: string;
  readonly seed: string;
  readonly statement: Statement;
  /** SHA-256 of the payload. */
  readonly digest: string;
  readonly envelope: Envelope;
}

const nowMs = Date.parse('2026-03-02T08:00:00Z');
const vectors = await golden('statement-golden.json', async () => {
  const made: Vector[] = [];
  for (const [serial, type] of everyType.entries()) {
    const signer = signerOf(type);
    const seen = serial % 2 === 0 ? null : 'reinraum/room\n21\nAAAA\n\n— reinraum/room AAAA\n';
    const statement: Statement = fixedStatement(
      signer,
      'f6'.repeat(32),
      { type, body: everyBody[type], nowMs, serial },
      { seen },
    );
    const envelope = await signStatement(signer.signing, statement);
    const digest = createHash('sha256').update(fromBase64(envelope.payload)).digest('hex');
    made.push({ type, seed: toHex(signer.signing.seed), statement, digest, envelope });
  }
  return made;
});

test('there is one of every type', () => {
  expect(vectors.map(({ type }) => type)).toEqual(everyType);
});

describe.each(vectors)('golden statement $type', ({ seed, statement, digest, envelope }) => {
  test('is what signing makes', async () => {
    expect(await signStatement(signingKey(Buffer.from(seed, 'hex')), statement)).toEqual(envelope);
  });

  test('opens to what was signed', async () => {
    const opened = await openEnvelope(envelope);
    expect(opened.statement).toEqual(statement);
    expect(createHash('sha256').update(opened.payload).digest('hex')).toBe(digest);
  });

  test('is a DSSE envelope to anybody: Node verifies it over the encoding written out by hand', () => {
    const payload = Buffer.from(envelope.payload, 'base64');
    const head = `DSSEv1 39 application/vnd.reinraum.statement+json ${payload.length} `;
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(statement.key, 'base64').toString('base64url') },
      format: 'jwk',
    });
    const signature = Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64');
    expect(verify(null, Buffer.concat([Buffer.from(head), payload]), key, signature)).toBe(true);
    expect(verify(null, payload, key, signature)).toBe(false);
  });
});

/** Envelopes and statements that are nobody's: unreadable, unsigned, wrongly signed. Refused, and nothing is remembered. */
import { canonicalText, type Json, preAuthentication, sign, toBase64, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { newMember } from '../../src/client/key-file.ts';
import { signAs } from '../../src/client/room-client.ts';
import { envelopeOf, expectRefused, type PlainStatement, plainStatement, signedBy } from '../support/raw-statement.ts';
import { type SmallRoom, smallRoom } from '../support/small-room.ts';
import { verifiedLog } from '../support/verified-log.ts';

const marker = 'MARKER-4711-Musterfrau';
let room: SmallRoom;
beforeAll(async () => {
  room = await smallRoom();
});
afterAll(() => room.close());

const session = () => plainStatement(room, 'steward', 'session.open', { scope: 'log' });
const bent = async (change: (statement: PlainStatement) => Json) =>
  signedBy(room, 'steward', change(await session()) as PlainStatement);
const bytes = async (text: (canonical: string) => string) =>
  envelopeOf(room.people.steward.signing, utf8(text(canonicalText(await session()))));
const good = async () => signedBy(room, 'steward', await session());

/** The order of the group of Ed25519: a signature stays valid in the group if it is added to S. */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

function malleated(signature: string): string {
  const raw = Buffer.from(signature, 'base64');
  let s = 0n;
  for (let at = 63; at >= 32; at--) s = (s << 8n) | BigInt(raw[at] ?? 0);
  s += groupOrder;
  for (let at = 32; at < 64; at++, s >>= 8n) raw[at] = Number(s & 255n);
  return raw.toString('base64');
}

function reordered(text: string): string {
  return JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as PlainStatement).toReversed()));
}

async function stranger(actor?: string): Promise<unknown> {
  const keys = newMember('city/statistics', ['owner', 'dpo', 'analyst']);
  const member = actor === undefined ? keys.member : { ...keys.member, ref: actor };
  const act = { room: room.client('steward').roomId, type: 'session.open', body: { scope: 'log' } } as const;
  return signAs({ member, signing: keys.signing }, { ...act, nowMs: Date.now() });
}

const cases: [name: string, envelope: () => unknown, code: string, field: string][] = [
  ['no envelope', () => null, 'envelope-malformed', 'document'],
  ['a text', () => marker, 'envelope-malformed', 'document'],
  ['an unknown field', async () => ({ ...(await good()), [marker]: marker }), 'envelope-malformed', 'document'],
  ['another type', async () => ({ ...(await good()), payloadType: marker }), 'envelope-malformed', 'payloadType'],
  ['no signature', async () => ({ ...(await good()), signatures: [] }), 'envelope-malformed', 'signatures'],
  [
    'two signatures',
    async () => {
      const envelope = await good();
      return { ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] };
    },
    'envelope-malformed',
    'signatures',
  ],
  [
    'a short signature',
    async () => ({ ...(await good()), signatures: [{ sig: 'AAAA' }] }),
    'envelope-malformed',
    'signatures.0.sig',
  ],
  ['a payload not in base64', async () => ({ ...(await good()), payload: 'ä*' }), 'envelope-malformed', 'payload'],
  [
    'a payload too long',
    async () => ({ ...(await good()), payload: 'A'.repeat(30_000) }),
    'envelope-malformed',
    'payload',
  ],
  ['blanks in the JSON', () => bytes((text) => text.replace(':', ': ')), 'statement-not-canonical', 'payload'],
  ['a final line end', () => bytes((text) => `${text}\n`), 'statement-not-canonical', 'payload'],
  ['a byte order mark', () => bytes((text) => `\uFEFF${text}`), 'statement-not-canonical', 'payload'],
  [
    'a field twice',
    () => bytes((text) => text.replace('{', `{"actor":"${marker}",`)),
    'statement-not-canonical',
    'payload',
  ],
  ['fields in another order', () => bytes((text) => reordered(text)), 'statement-not-canonical', 'payload'],
  ['half a JSON text', () => bytes((text) => text.slice(0, -9)), 'statement-not-canonical', 'payload'],
  [
    'bytes that are no UTF-8',
    () => envelopeOf(room.people.steward.signing, Uint8Array.of(0x7b, 0xff, 0x7d)),
    'statement-not-canonical',
    'payload',
  ],
  ['an unknown type', () => bent((s) => ({ ...s, type: 'log.erase' })), 'statement-malformed', 'type'],
  ['an unknown field inside', () => bent((s) => ({ ...s, [marker]: 1 })), 'statement-malformed', 'document'],
  [
    'a body of another type',
    () => bent((s) => ({ ...s, body: { query: marker } })),
    'statement-malformed',
    'body.scope',
  ],
  [
    'a day that is none',
    () => bent((s) => ({ ...s, expiresAt: '2026-02-30T00:00:00Z' })),
    'statement-malformed',
    'expiresAt',
  ],
  ['an id that can be guessed', () => bent((s) => ({ ...s, id: marker })), 'statement-malformed', 'id'],
  [
    'an empty signature',
    async () => ({ ...(await good()), signatures: [{ sig: toBase64(new Uint8Array(64)) }] }),
    'signature-invalid',
    'signatures.0.sig',
  ],
  [
    'another member’s signature',
    async () => signedBy(room, 'analyst', await session()),
    'signature-invalid',
    'signatures.0.sig',
  ],
  [
    'a payload altered after signing',
    async () => {
      const [one, other] = [await good(), await good()];
      return { ...one, payload: other.payload };
    },
    'signature-invalid',
    'signatures.0.sig',
  ],
  [
    'a signature with the group order added',
    async () => {
      const envelope = await good();
      return { ...envelope, signatures: [{ sig: malleated(envelope.signatures[0]?.sig ?? '') }] };
    },
    'signature-invalid',
    'signatures.0.sig',
  ],
  [
    'a signature over another payload type',
    async () => {
      const envelope = await good();
      const payload = Buffer.from(envelope.payload, 'base64');
      const type = 'application/vnd.reinraum.offer+json';
      const signature = await sign(room.people.steward.signing, preAuthentication(type, payload));
      return { ...envelope, signatures: [{ sig: toBase64(signature) }] };
    },
    'signature-invalid',
    'signatures.0.sig',
  ],
  [
    'a signature over the bare payload',
    async () => {
      const envelope = await good();
      const signature = await sign(room.people.steward.signing, Buffer.from(envelope.payload, 'base64'));
      return { ...envelope, signatures: [{ sig: toBase64(signature) }] };
    },
    'signature-invalid',
    'signatures.0.sig',
  ],
  ['another room', () => bent((s) => ({ ...s, room: 'ab'.repeat(32) })), 'room-unknown', 'room'],
  ['a stranger’s own key', () => stranger(), 'actor-unknown', 'key'],
  ['a stranger’s key under a member’s name', () => stranger(room.people.steward.member.ref), 'actor-unknown', 'key'],
  [
    'a key of small order, with the signature that fits every message',
    async () => {
      const identity = new Uint8Array(32);
      identity[0] = 1;
      const signature = new Uint8Array(64);
      signature[0] = 1;
      const statement = { ...(await session()), key: toBase64(identity) };
      const payload = toBase64(utf8(canonicalText(statement)));
      const { payloadType } = await good();
      return { payloadType, payload, signatures: [{ sig: toBase64(signature) }] };
    },
    'signature-invalid',
    'signatures.0.sig',
  ],
];

test.each(cases)('%s', async (_name, envelope, code, field) => {
  const { entries } = await verifiedLog(room.state);
  await expectRefused(room, { envelope: await envelope() }, { code, field, absent: [marker] });
  expect((await verifiedLog(room.state)).entries).toHaveLength(entries.length);
});

test('the room goes on, and its log verifies', async () => {
  await room.client('steward').session();
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});

/** Golden log entries and enclave documents: what other implementations, and older rooms, must read and write alike. */
import { createHash } from 'node:crypto';
import {
  Activity,
  canonicalText,
  type DocumentKind,
  type DocumentOf,
  decodeEntry,
  encodeEntry,
  entryBytesMax,
  type Json,
  type LogEntry,
  LogEntry as LogEntrySchema,
  openDocument,
  type SignedDocument,
  signDocument,
  signingKey,
  toBase64,
  toHex,
  utf8,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { agedLog } from '../support/aged-log.ts';
import { enclaveKey, people } from '../support/fixed-room.ts';
import { golden } from '../support/golden.ts';
import { honestLog } from '../support/honest-log.ts';

interface EntryVector {
  readonly entry: LogEntry;
  /** RFC 6962 leaf hash of the canonical bytes. */
  readonly leaf: string;
  readonly text: string;
}

interface DocumentVector {
  readonly seed: string;
  readonly document: DocumentOf<DocumentKind>;
  readonly envelope: SignedDocument;
}

const leafOf = (text: string) => createHash('sha256').update(Uint8Array.of(0)).update(text).digest('hex');
const entries = await golden<EntryVector[]>('entry-golden.json', async () => {
  const all = [...(await honestLog()).entries, ...(await agedLog()).entries];
  const firstOfType = new Map(all.toReversed().map((entry) => [entry.type, entry]));
  return [...firstOfType.values()].toReversed().map((entry) => {
    const text = canonicalText(entry);
    return { entry, leaf: leafOf(text), text };
  });
});

const digest = (pair: string) => pair.repeat(32);
const key = toBase64(enclaveKey.publicKey);
const made: readonly DocumentOf<DocumentKind>[] = [
  {
    v: 1,
    kind: 'claims',
    measurement: digest('a1'),
    signingKey: key,
    evidence: { kind: 'software' },
    assurance: 'degraded',
    walls: [
      { name: 'no-network', held: true },
      { name: 'no-core-dumps', held: false },
    ],
    startedAt: '2026-03-02T08:00:00Z',
  },
  {
    v: 1,
    kind: 'offer',
    room: digest('b2'),
    dataset: 'residents',
    version: 3,
    declaration: digest('c3'),
    uploadKey: people.steward.member.readingKey,
    claims: digest('d4'),
    plaintextBytes: 123_456,
  },
  {
    v: 2,
    kind: 'release',
    room: digest('b2'),
    query: digest('e5'),
    charged: 17,
    at: '2026-03-02T08:00:01Z',
    datasets: [{ dataset: 'residents', version: 3, manifest: digest('f6') }],
    parameters: { sex: 'f', year: 2026 },
    axes: [{ as: 'district', labels: ['alpha', 'beta'] }],
    measures: [
      {
        as: 'persons',
        fn: 'count',
        unit: null,
        decimals: 0,
        labels: null,
        noise: { kind: 'discreteGaussian', variance: '25/2' },
        cut: 17,
      },
      {
        as: 'education',
        fn: 'shares',
        unit: null,
        decimals: 4,
        labels: ['low', 'high'],
        noise: { kind: 'discreteLaplace', scale: '4' },
        cut: 81,
      },
    ],
    k: 5,
    confidence: '19/20',
    compiler: 'reinraum-compiler/2',
    cells: [
      {
        key: ['alpha'],
        values: [
          { value: 203, low: 196, high: 210 },
          [
            { value: 4_830, low: 4_320, high: 5_340 },
            { value: 5_170, low: 4_660, high: 5_680 },
          ],
        ],
      },
      { key: ['beta'], values: [null, [null, null]] },
    ],
  },
];
const documents = await golden<DocumentVector[]>('document-golden.json', () =>
  Promise.all(
    made.map(async (document) => ({
      seed: toHex(enclaveKey.seed),
      document,
      envelope: await signDocument(enclaveKey, document),
    })),
  ),
);

test('there is an entry of every type, and a document of every kind', () => {
  const types = LogEntrySchema.options.map((option) => option.shape.type.value);
  expect(entries.map(({ entry }) => entry.type).toSorted()).toEqual(types.toSorted());
  expect(documents.map(({ document }) => document.kind)).toEqual(['claims', 'offer', 'release']);
});

describe.each(entries.map((vector) => [vector.entry.type, vector] as const))(
  'golden entry %s',
  (_type, { entry, text, leaf }) => {
    test('is written and read as these bytes', () => {
      expect(new TextDecoder().decode(encodeEntry(entry))).toBe(text);
      expect(decodeEntry(utf8(text))).toEqual(entry);
      expect(leafOf(text)).toBe(leaf);
      expect(text.length).toBeLessThanOrEqual(entryBytesMax);
    });

    test('is refused with any field missing, one more, in another order, or under another activity', () => {
      const plain = JSON.parse(text) as Record<string, Json>;
      const read = (value: Json) => decodeEntry(utf8(canonicalText(value)));
      for (const field of Object.keys(plain)) {
        const rest = Object.fromEntries(Object.entries(plain).filter(([name]) => name !== field));
        expect(() => read(rest), field).toThrow();
      }
      const detail = plain['detail'] as Record<string, Json>;
      for (const field of Object.keys(detail)) {
        const rest = Object.fromEntries(Object.entries(detail).filter(([name]) => name !== field));
        expect(() => read({ ...plain, detail: rest }), field).toThrow();
      }
      expect(() => read({ ...plain, extra: 1 })).toThrow();
      expect(() => read({ ...plain, detail: { ...detail, extra: 1 } })).toThrow();
      for (const activity of Activity.options.filter((other) => other !== entry.activity))
        expect(() => read({ ...plain, activity })).toThrow();
      expect(() => decodeEntry(utf8(JSON.stringify(Object.fromEntries(Object.entries(plain).toReversed()))))).toThrow(
        TypeError,
      );
      expect(() => decodeEntry(utf8(` ${text}`))).toThrow(TypeError);
    });
  },
);

test('an entry above the limit is neither written nor read', () => {
  const charged = entries.map(({ entry }) => entry).find((entry) => entry.type === 'query.charged');
  if (!charged) throw new Error('no charge');
  const nines = '9'.repeat(59);
  const detail = {
    ...charged.detail,
    charges: Array.from({ length: 8 }, () => ({ population: 'person', rho: `1/${nines}`, delta: `1/${nines}` })),
    datasets: Array.from({ length: 8 }, () => charged.detail.datasets[0] ?? { dataset: '', version: 0, manifest: '' }),
  };
  const statements = Array.from({ length: 16 }, () => charged.statements[0] ?? { digest: '', signature: '' });
  const long = { ...charged, detail, statements };
  expect(LogEntrySchema.safeParse(long).success).toBe(true);
  expect(() => encodeEntry(long)).toThrow(RangeError);
  expect(() => decodeEntry(utf8(canonicalText(long as unknown as Json)))).toThrow('too large');
  expect(decodeEntry(encodeEntry({ ...charged, statements }))).toEqual({ ...charged, statements });
});

describe.each(documents.map((vector) => [vector.document.kind, vector] as const))(
  'golden document %s',
  (kind, { seed, document, envelope }) => {
    test('is what signing makes, and opens to what was signed', async () => {
      expect(await signDocument(signingKey(Buffer.from(seed, 'hex')), document)).toEqual(envelope);
      expect(await openDocument(kind, enclaveKey.publicKey, envelope)).toEqual(document);
    });

    test('is no document of another kind, even under its name', async () => {
      for (const other of ['claims', 'offer', 'release'] as const) {
        if (other === kind) continue;
        await expect(openDocument(other, enclaveKey.publicKey, envelope)).rejects.toThrow('not of type');
        const renamed = { ...envelope, payloadType: `application/vnd.reinraum.${other}+json` };
        await expect(openDocument(other, enclaveKey.publicKey, renamed)).rejects.toThrow('signature');
      }
    });

    test('is refused under another key, with other bytes, two signatures or none', async () => {
      await expect(openDocument(kind, people.steward.signing.publicKey, envelope)).rejects.toThrow('signature');
      const payload = Buffer.from(envelope.payload, 'base64');
      payload[10] = (payload[10] ?? 0) ^ 1;
      await expect(
        openDocument(kind, enclaveKey.publicKey, { ...envelope, payload: payload.toString('base64') }),
      ).rejects.toThrow('signature');
      for (const signatures of [[], [...envelope.signatures, ...envelope.signatures]]) {
        await expect(openDocument(kind, enclaveKey.publicKey, { ...envelope, signatures })).rejects.toThrow();
      }
      await expect(openDocument(kind, enclaveKey.publicKey, { ...envelope, extra: 1 })).rejects.toThrow();
    });

    test('cannot be signed with a field missing or one more', async () => {
      for (const field of Object.keys(document).filter((name) => name !== 'kind')) {
        const rest = Object.fromEntries(Object.entries(document).filter(([name]) => name !== field)) as never;
        await expect(signDocument(enclaveKey, rest), field).rejects.toThrow();
      }
      await expect(signDocument(enclaveKey, { ...document, extra: 1 } as never)).rejects.toThrow();
    });
  },
);

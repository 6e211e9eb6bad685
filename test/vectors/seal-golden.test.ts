import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fromHex, type Json, toHex } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { unpadded } from '../../enclave/protocol/padding.ts';
import { newSealSecrets, openBytes, openStream, type SealedSummary, sealStream } from '../../enclave/protocol/seal.ts';
import { fileKeys } from '../../enclave/protocol/seal-chunk.ts';
import { readHead, SealError } from '../../enclave/protocol/seal-head.ts';

interface GoldenFile {
  readonly name: string;
  readonly header: Json;
  readonly contentKey: string;
  readonly ephemeralSecretKey: string;
  readonly nonce: string;
  readonly plaintext?: string;
  readonly plaintextPatternBytes?: number;
  readonly contentBytes?: number;
  readonly headerHash: string;
  readonly chunkKey: string;
  readonly nonceBase: string;
  readonly commitment: string;
  readonly head: string;
  readonly chunks: number;
  readonly sealedDigest: string;
  readonly sealed?: string;
  readonly sealedBytes?: number;
  readonly sealedFileSha256?: string;
}

interface RefusedFile {
  readonly name: string;
  readonly code: string;
  readonly chunk?: number;
  readonly sealed: string;
}

interface Golden {
  readonly recipientSecretKey: string;
  readonly recipientPublicKey: string;
  readonly files: readonly GoldenFile[];
  readonly refused: readonly RefusedFile[];
}

const golden = JSON.parse(readFileSync(new URL('seal-golden.json', import.meta.url), 'utf8')) as Golden;
const recipientSecretKey = fromHex(golden.recipientSecretKey);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function plaintextOf({ plaintext, plaintextPatternBytes = 0 }: GoldenFile): Uint8Array {
  if (plaintext !== undefined) return fromHex(plaintext);
  return Uint8Array.from({ length: plaintextPatternBytes }, (_, at) => (at % 251) + 1);
}

function secretsOf({ contentKey, ephemeralSecretKey, nonce }: GoldenFile) {
  const draws = [contentKey, ephemeralSecretKey, nonce].map(fromHex);
  return newSealSecrets((bytes) => bytes.set(draws.shift() ?? []));
}

async function drain(stream: AsyncGenerator<Uint8Array, SealedSummary>) {
  const parts: Uint8Array[] = [];
  let step = await stream.next();
  for (; !step.done; step = await stream.next()) parts.push(step.value);
  return { bytes: new Uint8Array(Buffer.concat(parts)), summary: step.value };
}

async function sealGolden(file: GoldenFile) {
  const recipientPublicKey = fromHex(golden.recipientPublicKey);
  const options = { header: file.header, recipientPublicKey, secrets: secretsOf(file) };
  return drain(sealStream(options, [plaintextOf(file)]));
}

function summaryOf({ headerHash, chunks, sealedDigest }: GoldenFile): SealedSummary {
  return { headerHash: fromHex(headerHash), chunks, sealedDigest: fromHex(sealedDigest) };
}

/** All the golden seal vectors were made by another implementation: whatever agrees here was agreed on twice. */
describe.each(golden.files)('golden sealed file: $name', (file) => {
  test('is what sealing makes, byte for byte', async () => {
    const { bytes, summary } = await sealGolden(file);
    if (file.sealed === undefined) {
      expect([bytes.length, sha256(bytes)]).toEqual([file.sealedBytes, file.sealedFileSha256]);
    } else {
      expect(toHex(bytes)).toBe(file.sealed);
    }
    expect(summary).toEqual(summaryOf(file));
  });

  test('opens to its plaintext', async () => {
    const sealed = file.sealed === undefined ? (await sealGolden(file)).bytes : fromHex(file.sealed);
    const seen: unknown[] = [];
    const refuseNothing = (header: Json, headerHash: Uint8Array) => void seen.push(header, toHex(headerHash));
    const { bytes, summary } = await drain(openStream({ recipientSecretKey, expect: refuseNothing }, [sealed]));
    expect(Buffer.compare(bytes, plaintextOf(file))).toBe(0);
    expect(summary).toEqual(summaryOf(file));
    expect(seen).toEqual([file.header, file.headerHash]);
  });

  test('has its head and derived keys', async () => {
    const head = readHead(fromHex(file.head));
    expect(head?.header).toEqual(file.header);
    expect(head?.headLength).toBe(file.head.length / 2);
    expect(toHex(head?.commitment ?? new Uint8Array())).toBe(file.commitment);
    const keys = await fileKeys(fromHex(file.contentKey), fromHex(file.headerHash));
    expect([toHex(keys.nonceBase), toHex(keys.commitment)]).toEqual([file.nonceBase, file.commitment]);
  });
});

test.each(golden.files.filter(({ contentBytes }) => contentBytes !== undefined))(
  'golden padding: $name gives its content',
  async (file) => {
    const content: Uint8Array[] = [];
    for await (const piece of unpadded([plaintextOf(file)])) content.push(piece);
    expect(Buffer.concat(content).equals(plaintextOf(file).subarray(0, file.contentBytes))).toBe(true);
  },
);

describe('golden refusals', () => {
  test('there are some, each with another name', () => {
    expect(golden.files.filter(({ contentBytes }) => contentBytes !== undefined)).toHaveLength(1);
    expect(golden.files.length).toBeGreaterThanOrEqual(7);
    expect(new Set(golden.refused.map(({ name }) => name)).size).toBe(golden.refused.length);
    expect(golden.refused.length).toBeGreaterThanOrEqual(30);
  });

  test.each(golden.refused)('$code: $name', async ({ code, chunk, sealed }) => {
    const error: unknown = await openBytes({ recipientSecretKey, expect: () => {} }, fromHex(sealed)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SealError);
    expect(error).toMatchObject({ code, chunk });
  });
});

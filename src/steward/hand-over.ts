/**
 * The steward's way: declare → check, pseudonymise, seal to a spool → sign the manifest → upload what was spooled → finish
 * (stewards.md "Seal, sign, hand over"). Resuming sends the spooled bytes again and never seals anew.
 */
import { createHash, randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type Accepted,
  capacityBytes,
  type DatasetSchema,
  digestOf,
  fromBase64,
  type Json,
  newSealSecrets,
  openDocument,
  padded,
  type SealedSummary,
  type StatementOf,
  sealStream,
  toHex,
} from '@reinraum/protocol';
import { type Done, RoomClient, RoomProblem } from '../client/room-client.ts';
import { canonicalCsv } from './canonical-csv.ts';
import { pseudonymiser } from './pseudonym.ts';
import type { SourceRecord } from './records.ts';

/** Rules the steward kit applies to values before it checks them: none; codes and integers are taken as written. */
export const normalisation: Json = { kind: 'normalisation', v: 1, rules: [] };

type ManifestBody = StatementOf<'dataset.seal'>['body'];

/** What a steward says about a version. */
export type Handover = StatementOf<'dataset.declare'>['body'];

/** Stages a screen can show, in order. */
export type Stage = 'declared' | 'sealing' | 'uploading' | 'admitting' | 'admitted';

/** Told as work goes on: `done` of `total`, in rows while sealing and in bytes while uploading. */
export type Progress = (stage: Stage, done: number, total: number) => void;

/** What the steward's machine needs. */
export interface HandOverOptions {
  readonly client: RoomClient;
  readonly schema: DatasetSchema;
  readonly handover: Handover;
  readonly records: () => AsyncIterable<SourceRecord>;
  /** Directory the sealed file is kept in until it has arrived. */
  readonly spool: string;
  readonly progress?: Progress;
}

/** What admission said. */
export interface HandedOver {
  readonly accepted: Accepted;
  readonly report: { readonly admitted: boolean; readonly total: number; readonly findings: readonly unknown[] };
}

const pieceBytes = 4 * 1024 * 1024;
const attemptsMax = 8;

/** Hands a dataset over, going on where an earlier attempt with the same spool stopped. */
export async function handOver(options: HandOverOptions): Promise<HandedOver> {
  const { client, progress = () => {} } = options;
  await mkdir(options.spool, { recursive: true, mode: 0o700 });
  const body = (await spooled(options)) ?? (await sealToSpool(options, progress));
  const sealed = join(options.spool, body.offer);
  await upload(client, body.offer, sealed, progress);
  progress('admitting', 0, 1);
  const done = await finish(client, body).catch(async (error: unknown) => {
    // These bytes will never open; the next attempt has to seal anew.
    if (error instanceof RoomProblem && error.code === 'seal-invalid') await rm(options.spool, { recursive: true });
    throw error;
  });
  progress('admitted', 1, 1);
  await rm(options.spool, { recursive: true, force: true });
  const report = JSON.parse(new TextDecoder().decode(done.body)) as HandedOver['report'];
  return { accepted: done.accepted, report };
}

/** The manifest of an earlier attempt for the same version, where its sealed file is complete. */
async function spooled({ spool, handover }: HandOverOptions): Promise<ManifestBody | undefined> {
  const text = await readFile(join(spool, 'manifest.json'), 'utf8').catch(() => undefined);
  const body = text === undefined ? undefined : (JSON.parse(text) as ManifestBody);
  return body?.dataset === handover.dataset && body.version === handover.version ? body : undefined;
}

async function sealToSpool(options: HandOverOptions, progress: Progress): Promise<ManifestBody> {
  const { client, schema, handover, spool } = options;
  const { pseudonymKey, member } = client.keys;
  if (!pseudonymKey) throw new Error('the key file holds no pseudonym key; only owners hand over datasets');
  const { accepted } = await client.act('dataset.declare', handover);
  const offer = await openDocument('offer', fromBase64(client.charter.enclave.signingKey), accepted.offer);
  const digest = digestOf(accepted.offer as Json);
  if (offer.room !== client.roomId || offer.dataset !== handover.dataset || offer.version !== handover.version) {
    throw new Error('the offer is for another room, dataset or version; nothing was sealed');
  }
  if (offer.plaintextBytes !== capacityBytes(schema, handover.capacityRows)) {
    throw new Error('the offer names another capacity than was declared; nothing was sealed');
  }
  await checkClaims(client, offer.claims);
  progress('declared', 1, 1);
  const { dataset, version, predecessor } = handover;
  const header = {
    format: 'reinraum/dataset/v1',
    room: client.roomId,
    dataset,
    version,
    predecessor,
    schema: handover.schema,
    steward: member.ref,
    offer: digest,
  };
  const domain = { room: client.roomId, population: schema.population, owner: schema.owner };
  const written = (rows: number) => progress('sealing', rows, handover.capacityRows);
  const csv = canonicalCsv(schema, options.records(), pseudonymiser(pseudonymKey, domain), written);
  const hash = createHash('sha256');
  const sealed = sealStream(
    {
      header,
      recipientPublicKey: fromBase64(offer.uploadKey),
      secrets: newSealSecrets((bytes) => void randomFillSync(bytes)),
      hasher: { update: (bytes) => hash.update(bytes), digest: () => new Uint8Array(hash.digest()) },
    },
    padded(csv, offer.plaintextBytes),
  );
  const summary = await spoolTo(join(spool, digest), sealed);
  const body: ManifestBody = {
    ...handover,
    offer: digest,
    normalisation: digestOf(normalisation),
    header: toHex(summary.headerHash),
    chunks: summary.chunks,
    sealed: toHex(summary.sealedDigest),
  };
  await writeFile(join(spool, 'manifest.json'), JSON.stringify(body), { mode: 0o600 });
  return body;
}

/** Refuses to seal to an enclave whose signed claims are not those of a build the charter trusts. */
async function checkClaims(client: RoomClient, digest: string): Promise<void> {
  const { claims } = await client.public.status();
  const { measurement } = await openDocument('claims', fromBase64(client.charter.enclave.signingKey), claims);
  if (digestOf(claims) !== digest)
    throw new Error('the offer rests on other claims than the enclave shows; nothing was sealed');
  if (!client.charter.enclave.measurements.includes(measurement)) {
    throw new Error('the charter does not trust this enclave build; nothing was sealed');
  }
}

/** Writes a sealed stream to a file and returns what its manifest says; leaves no file behind where it fails. */
async function spoolTo(path: string, sealed: AsyncGenerator<Uint8Array, SealedSummary>): Promise<SealedSummary> {
  let summary: SealedSummary | undefined;
  const pieces = async function* () {
    for (;;) {
      const next = await sealed.next();
      if (next.done) {
        summary = next.value;
        return;
      }
      yield next.value;
    }
  };
  try {
    await pipeline(pieces, createWriteStream(path, { mode: 0o600, highWaterMark: 1 << 20 }));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  if (!summary) throw new Error('sealing ended without a summary');
  return summary;
}

/** Sends the spooled bytes from where the room has them. A dropped connection is taken up again. */
async function upload(client: RoomClient, offer: string, path: string, progress: Progress): Promise<void> {
  const file = await open(path, 'r');
  try {
    const total = (await file.stat()).size;
    let offset = await offsetOf(client, offer);
    for (let attempts = 0; offset < total; ) {
      const piece = Buffer.alloc(Math.min(pieceBytes, total - offset));
      await file.read(piece, 0, piece.length, offset);
      try {
        offset = await put(client, offer, offset, piece);
        attempts = 0;
      } catch (error) {
        attempts += 1;
        if (attempts >= attemptsMax || (error instanceof RoomProblem && error.status < 500 && error.status !== 409))
          throw error;
        await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempts));
        offset = await offsetOf(client, offer).catch(() => offset);
      }
      progress('uploading', offset, total);
    }
  } finally {
    await file.close();
  }
}

async function offsetOf(client: RoomClient, offer: string): Promise<number> {
  const answer = await client.public.fetch(`/uploads/${offer}`);
  return ((await answer.json()) as { offset: number }).offset;
}

async function put(client: RoomClient, offer: string, offset: number, piece: Buffer): Promise<number> {
  const answer = await client.public.fetch(`/uploads/${offer}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'x-reinraum-offset': String(offset) },
    body: new Uint8Array(piece),
  });
  return ((await answer.json()) as { offset: number }).offset;
}

function finish(client: RoomClient, body: ManifestBody): Promise<Done> {
  return client.act('dataset.seal', body);
}

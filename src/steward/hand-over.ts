/**
 * The steward's way: check → declare → check again, pseudonymise, seal to a spool → upload what was spooled → sign the manifest
 * (stewards.md "Seal, sign, hand over"). It may end at any point and be started again: sealed bytes are sent again and
 * never sealed again under the same declaration, and a version whose answer was lost is looked up in the log.
 */

import { createHash, randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type RoomClient, RoomProblem } from '@reinraum/client';
import {
  type Accepted,
  canonicalText,
  capacityBytes,
  type DatasetSchema,
  digestOf,
  formatRational,
  fromBase64,
  type Json,
  newSealSecrets,
  openDocument,
  padded,
  parseStatement,
  type SealedSummary,
  type StatementOf,
  sealStream,
  toHex,
} from '@reinraum/protocol';
import { canonicalCsv } from './canonical-csv.ts';
import type { Scales } from './parquet-column.ts';
import { pseudonymiser } from './pseudonym.ts';
import type { SourceRecord } from './records.ts';
import { readRoomLog } from './room-log.ts';
import { SourceError } from './source-error.ts';
import {
  clearSpool,
  isWhole,
  type ManifestBody,
  makeSpool,
  readSpool,
  type SpoolRecord,
  sealedPath,
  writeSpool,
} from './spool.ts';
import { isLineFailure, pieceBytesDefault, Unreachable, uploadFile } from './upload.ts';

/** What is done to values before they are checked: the declared scales. Its digest stands in the manifest. */
export function normalisationOf(scales: Scales): Json {
  const rules = [...scales].map(([column, scale]) => ({ column, scale: formatRational(scale) }));
  return { kind: 'normalisation', v: 1, rules: rules.sort((a, b) => (a.column < b.column ? -1 : 1)) };
}

/** Nothing is done: codes and integers are taken as written. */
export const normalisation: Json = normalisationOf(new Map());

/** What a steward says about a version. */
export type Handover = StatementOf<'dataset.declare'>['body'];

/** Stages a screen can show, in order. */
export type Stage = 'checking' | 'declared' | 'sealing' | 'uploading' | 'admitting' | 'admitted';

/** Told as work goes on: `done` of `total`, in rows while checking and sealing and in bytes while uploading. */
export type Progress = (stage: Stage, done: number, total: number) => void;

/** What the steward's machine needs. */
export interface HandOverOptions {
  readonly client: RoomClient;
  readonly schema: DatasetSchema;
  readonly handover: Handover;
  readonly records: () => AsyncIterable<SourceRecord>;
  /** Names what `records` reads, such as the digest of a file. A spool of another source is not taken up. */
  readonly source?: string;
  /** Scales `records` was read with. */
  readonly scales?: Scales;
  /** Directory the sealed file is kept in until it has arrived. */
  readonly spool: string;
  /** Bytes sent at a time. */
  readonly pieceBytes?: number;
  readonly progress?: Progress;
}

/** What admission said. */
export interface HandedOver {
  readonly version: number;
  readonly accepted: Accepted;
  readonly report: { readonly admitted: boolean; readonly total: number; readonly findings: readonly unknown[] };
}

/**
 * Hands a dataset over, going on where an earlier attempt with the same spool stopped. Throws `RoomProblem`, `SourceError`,
 * `SchemaMisfit` or `Unreachable`.
 */
export async function handOver(options: HandOverOptions): Promise<HandedOver> {
  const { client, spool } = options;
  const earlier = await takenUp(options);
  if (earlier) {
    const fate = await fateOf(client, earlier.body);
    if (fate !== 'open' && fate !== 'closed') {
      await clearSpool(spool);
      return fate;
    }
    if (fate === 'open') {
      try {
        return await deliver(options, earlier);
      } catch (error) {
        // Declared anew elsewhere, or bytes that no longer open: the sealed file is of no use, the records are.
        if (!isCode(error, 'dataset-not-declared') && !isCode(error, 'seal-invalid')) throw error;
      }
    }
  }
  // What is left of an interrupted sealing is not continued: its nonces may have been used.
  await clearSpool(spool);
  await makeSpool(spool);
  return deliver(options, await sealToSpool(options));
}

/**
 * The outcome of an earlier run whose answer was lost: the version it handed over, if the room has admitted it. Clears the
 * spool then; a spool that still waits is left alone.
 */
export async function earlierOutcome(
  client: RoomClient,
  dataset: string,
  spool: string,
): Promise<{ readonly handedOver: HandedOver; readonly source: string | null } | undefined> {
  const record = await readSpool(spool);
  if (record?.room !== client.roomId || record.body.dataset !== dataset) return undefined;
  const fate = await fateOf(client, record.body);
  if (fate === 'open' || fate === 'closed') return undefined;
  await clearSpool(spool);
  return { handedOver: fate, source: record.source };
}

/** What waits in the spool, if it is this version of this source for this room, whole. */
async function takenUp(options: HandOverOptions): Promise<SpoolRecord | undefined> {
  const { client, handover, spool, source = null, scales = new Map() } = options;
  const record = await readSpool(spool);
  if (!record || record.room !== client.roomId || record.steward !== client.keys.member.ref) return undefined;
  const { offer: _o, normalisation: rules, header: _h, chunks: _c, sealed: _s, ...declared } = record.body;
  const isSame =
    record.source === source &&
    rules === digestOf(normalisationOf(scales)) &&
    canonicalText(declared) === canonicalText(handover);
  return isSame && (await isWhole(spool, record)) ? record : undefined;
}

/**
 * What became of a sealed version: still open, closed without having been admitted under this manifest, or admitted –
 * then with its entry and receipt. The log says so, whatever answer was lost.
 */
async function fateOf(client: RoomClient, body: ManifestBody): Promise<HandedOver | 'open' | 'closed'> {
  const log = await readRoomLog(client);
  const version = log.room.datasets.get(body.dataset)?.get(body.version);
  if (version?.state === 'declared' && version.offer === body.offer) return 'open';
  if (version?.offer !== body.offer || version.state !== 'admitted' || !version.manifest) return 'closed';
  const payload = await log.object(version.manifest);
  const manifest = payload && parseStatement(payload);
  if (manifest?.type !== 'dataset.seal' || canonicalText(manifest.body) !== canonicalText(body)) return 'closed';
  const admitted = [...log.entries].find(
    ([, { type, detail }]) => type === 'dataset.admitted' && detail.manifest === version.manifest,
  );
  if (!admitted) return 'closed';
  const report = { admitted: true, total: 0, findings: [] };
  return { version: body.version, accepted: await log.accepted(admitted[0]), report };
}

/** Uploads a sealed file and has it admitted. */
async function deliver(options: HandOverOptions, { body }: SpoolRecord): Promise<HandedOver> {
  const { client, spool, pieceBytes = pieceBytesDefault, progress = () => {} } = options;
  const send = () =>
    uploadFile(client.public, body.offer, sealedPath(spool, body.offer), pieceBytes, (done, total) =>
      progress('uploading', done, total),
    );
  const admit = () => {
    progress('admitting', 0, 1);
    return client.act('dataset.seal', body);
  };
  await send();
  try {
    const done = await admit().catch(async (error: unknown) => {
      // The host has lost bytes it had confirmed.
      if (!isCode(error, 'upload-incomplete')) throw error;
      await send();
      return admit();
    });
    progress('admitted', 1, 1);
    const report = JSON.parse(new TextDecoder().decode(done.body)) as HandedOver['report'];
    await clearSpool(spool);
    return { version: body.version, accepted: done.accepted, report };
  } catch (error) {
    // These bytes will never open; the next attempt has to seal anew.
    if (isCode(error, 'seal-invalid')) await clearSpool(spool);
    throw isLineFailure(error) ? new Unreachable(error) : error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof RoomProblem && error.code === code;
}

async function sealToSpool(options: HandOverOptions): Promise<SpoolRecord> {
  const { client, schema, handover, spool, source = null, scales = new Map(), progress = () => {} } = options;
  const { pseudonymKey, member } = client.keys;
  if (!pseudonymKey) throw new Error('the key file holds no pseudonym key; only owners hand over datasets');
  await checkAll(options);
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
  const records = withinCapacity(options.records(), handover.capacityRows);
  const csv = canonicalCsv(schema, records, pseudonymiser(pseudonymKey, domain), written);
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
  const { summary, bytes, sha256 } = await spoolTo(sealedPath(spool, digest), sealed);
  const body: ManifestBody = {
    ...handover,
    offer: digest,
    normalisation: digestOf(normalisationOf(scales)),
    header: toHex(summary.headerHash),
    chunks: summary.chunks,
    sealed: toHex(summary.sealedDigest),
  };
  const record: SpoolRecord = { v: 1, room: client.roomId, steward: member.ref, source, bytes, sha256, body };
  await writeSpool(spool, record);
  return record;
}

/** Holds every record against the schema before anything is declared: a file that does not fit leaves no trace in the log. */
async function checkAll({ schema, handover, records, progress = () => {} }: HandOverOptions): Promise<void> {
  const checked = (rows: number) => progress('checking', rows, handover.capacityRows);
  const lines = canonicalCsv(schema, withinCapacity(records(), handover.capacityRows), (id) => id, checked);
  while (!(await lines.next()).done);
}

/** The records, or `SourceError` at the first that exceeds what was declared. */
async function* withinCapacity(
  records: AsyncIterable<SourceRecord>,
  capacityRows: number,
): AsyncGenerator<SourceRecord> {
  let row = 0;
  for await (const record of records) {
    row += 1;
    if (row > capacityRows)
      throw new SourceError(`row ${row}: the declared capacity is ${capacityRows} rows; declare a larger --capacity`);
    yield record;
  }
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

/** Writes a sealed stream to a file, durably, and returns what manifest and spool say of it; leaves no file where it fails. */
async function spoolTo(
  path: string,
  sealed: AsyncGenerator<Uint8Array, SealedSummary>,
): Promise<{ summary: SealedSummary; bytes: number; sha256: string }> {
  let summary: SealedSummary | undefined;
  let bytes = 0;
  const hash = createHash('sha256');
  const pieces = async function* () {
    for (;;) {
      const next = await sealed.next();
      if (next.done) {
        summary = next.value;
        return;
      }
      bytes += next.value.length;
      hash.update(next.value);
      yield next.value;
    }
  };
  try {
    await pipeline(pieces, createWriteStream(path, { mode: 0o600, highWaterMark: 1 << 20, flush: true }));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  if (!summary) throw new Error('sealing ended without a summary');
  return { summary, bytes, sha256: hash.digest('hex') };
}

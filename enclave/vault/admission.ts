/** Sealed file → admitted dataset: verify, open in memory only, hold every row against the schema (docs/spec/policy.md §4). */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canonicalText,
  capacityBytes,
  type DatasetSchema,
  equalBytes,
  fromHex,
  type Json,
  openStream,
  Refusal,
  type StatementOf,
  unpadded,
} from '@reinraum/protocol';
import type { Engine } from '../engine/duckdb.ts';
import { type Finding, Intake } from './intake.ts';

type Manifest = StatementOf<'dataset.seal'>;

/** A sealed file with what its steward signed about it. */
export interface SealedDataset {
  readonly manifest: Manifest;
  readonly schema: DatasetSchema;
  /** X25519 secret of the upload key. */
  readonly uploadSecret: Uint8Array;
  /** Directory of sealed uploads, read-only. */
  readonly uploads: string;
}

/** What admission found: nothing, or why the whole dataset was rejected. */
export interface AdmissionReport {
  readonly admitted: boolean;
  readonly total: number;
  readonly findings: readonly Finding[];
}

/** The header a sealed dataset must carry; it binds the file to room, version, schema, steward and offer. */
export function sealHeader({ room, actor, body }: Manifest): Json {
  const { dataset, version, predecessor, schema, offer } = body;
  return { format: 'reinraum/dataset/v1', room, dataset, version, predecessor, schema, steward: actor, offer };
}

/**
 * Loads a sealed dataset into an engine and reports. The rows are in the engine afterwards, admitted or not; the caller
 * decides what becomes of it. Throws {@link Refusal} `upload-incomplete` or `seal-invalid` before or while opening.
 */
export async function loadSealed(sealed: SealedDataset, engine: Engine): Promise<AdmissionReport> {
  const { manifest, schema } = sealed;
  const path = join(sealed.uploads, manifest.body.offer);
  const bytes = (await stat(path).catch(() => undefined))?.size ?? 0;
  // Every chunk carries a tag of 16 bytes; the head comes on top.
  const atLeast = capacityBytes(schema, manifest.body.capacityRows) + 16 * manifest.body.chunks;
  if (bytes < atLeast) throw new Refusal('upload-incomplete');
  const intake = new Intake(schema, manifest.body.capacityRows);
  let faults: unknown;
  const rows = encodedRows(sealed, path, intake);
  const guarded = (async function* () {
    try {
      yield* rows;
    } catch (error) {
      // Kept aside: the engine's pipeline would replace it by its own failure.
      faults = error;
    }
  })();
  const duplicates = await engine.load(schema, guarded);
  if (faults !== undefined) throw new Refusal('seal-invalid');
  for (const row of duplicates.rows) intake.report(row, schema.unit, 'duplicate-unit');
  const total = intake.total - duplicates.rows.length + duplicates.total;
  return { admitted: total === 0, total, findings: intake.findings };
}

/** Opens the file and yields encoded rows. Complete only when it returns: then every digest of the manifest matched. */
async function* encodedRows(
  { manifest, uploadSecret }: SealedDataset,
  path: string,
  intake: Intake,
): AsyncGenerator<string, void, undefined> {
  const hash = createHash('sha256');
  const hasher = { update: (bytes: Uint8Array) => hash.update(bytes), digest: () => new Uint8Array(hash.digest()) };
  const expect = (header: Json, headerHash: Uint8Array) => {
    const isRight = canonicalText(header) === canonicalText(sealHeader(manifest));
    if (!isRight || !equalBytes(headerHash, fromHex(manifest.body.header))) throw new Refusal('seal-invalid');
  };
  const options = { recipientSecretKey: uploadSecret, expect, hasher };
  const opened = openStream(options, createReadStream(path, { highWaterMark: 1 << 20 }));
  const summary = { chunks: 0, sealed: new Uint8Array() };
  const content = (async function* () {
    for (;;) {
      const next = await opened.next();
      if (next.done) {
        summary.chunks = next.value.chunks;
        summary.sealed = new Uint8Array(next.value.sealedDigest);
        return;
      }
      yield next.value;
    }
  })();
  for await (const piece of unpadded(content)) {
    const rows = intake.push(piece);
    if (rows !== '') yield rows;
  }
  intake.end();
  if (summary.chunks !== manifest.body.chunks || !equalBytes(summary.sealed, fromHex(manifest.body.sealed))) {
    throw new Refusal('seal-invalid');
  }
}

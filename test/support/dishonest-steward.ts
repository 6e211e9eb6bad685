/** A steward who skips every check of the steward kit: seals any text under any header and uploads any bytes. */
import { randomFillSync } from 'node:crypto';
import {
  type Accepted,
  concat,
  digestOf,
  fromBase64,
  type Json,
  newSealSecrets,
  type Offer,
  openDocument,
  padded,
  type SealedSummary,
  type StatementOf,
  sealStream,
  toHex,
  utf8,
} from '@reinraum/protocol';
import { type Handover, normalisation } from '../../src/steward/hand-over.ts';
import { residentsHandover, type SmallRoom } from './small-room.ts';

/** A sealed file with its manifest, before it is uploaded; both can be bent. */
export interface Forged {
  readonly file: Uint8Array;
  readonly manifest: StatementOf<'dataset.seal'>['body'];
}

/** A declared version: the offer with the digest that names it. */
export interface Declared {
  readonly handover: Handover;
  readonly offer: Offer;
  readonly digest: string;
}

/** How a forged file differs from an honest one. */
export interface Forgery {
  /** Changes the header before it is sealed. */
  readonly header?: (header: Record<string, Json>) => Json;
  /** Seals these bytes as they are, without padding. */
  readonly unpadded?: boolean;
  /** Another recipient than the offer's key. */
  readonly recipient?: Uint8Array;
  /** Pads to another length than the offer names. */
  readonly plaintextBytes?: number;
}

/** Declares the version as the city's steward. */
export async function declare(room: SmallRoom, handover: Handover = residentsHandover()): Promise<Declared> {
  const client = room.client('steward');
  const { accepted } = await client.act('dataset.declare', handover);
  const offer = await openDocument('offer', fromBase64(client.charter.enclave.signingKey), accepted.offer);
  return { handover, offer, digest: digestOf(accepted.offer as Json) };
}

/** Seals a text for a declared version. */
export async function forge(
  room: SmallRoom,
  { handover, offer, digest }: Declared,
  csv: string | Uint8Array,
  { header = (honest) => honest, unpadded = false, recipient, plaintextBytes }: Forgery = {},
): Promise<Forged> {
  const { dataset, version, predecessor, schema } = handover;
  const client = room.client('steward');
  const steward = client.keys.member.ref;
  const honest = { format: 'reinraum/dataset/v1', room: client.roomId, dataset, version, predecessor, schema, steward };
  const text = typeof csv === 'string' ? utf8(csv) : csv;
  const sealed = sealStream(
    {
      header: header({ ...honest, offer: digest }),
      recipientPublicKey: recipient ?? fromBase64(offer.uploadKey),
      secrets: newSealSecrets((bytes) => void randomFillSync(bytes)),
    },
    unpadded ? [text] : padded([text], plaintextBytes ?? offer.plaintextBytes),
  );
  const { file, summary } = await gathered(sealed);
  const manifest = {
    ...handover,
    offer: digest,
    normalisation: digestOf(normalisation),
    header: toHex(summary.headerHash),
    chunks: summary.chunks,
    sealed: toHex(summary.sealedDigest),
  };
  return { file, manifest };
}

async function gathered(
  sealed: AsyncGenerator<Uint8Array, SealedSummary>,
): Promise<{ file: Uint8Array; summary: SealedSummary }> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const next = await sealed.next();
    if (next.done) return { file: concat(...pieces), summary: next.value };
    pieces.push(next.value);
  }
}

/** Uploads bytes for an offer in one piece; anybody could. */
export async function upload(room: SmallRoom, offer: string, file: Uint8Array, offset = 0): Promise<void> {
  await room.client('steward').public.fetch(`/uploads/${offer}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'x-reinraum-offset': String(offset) },
    body: new Uint8Array(file),
  });
}

/** What admission said to the steward, and to nobody else. */
export interface Report {
  readonly admitted: boolean;
  readonly total: number;
  readonly findings: readonly { readonly row: number; readonly column: string | null; readonly rule: string }[];
}

/** Uploads and finishes a forged file. Throws `RoomProblem`. */
export async function handIn(
  room: SmallRoom,
  { file, manifest }: Forged,
): Promise<{ accepted: Accepted; report: Report }> {
  await upload(room, manifest.offer, file);
  const { accepted, body } = await room.client('steward').act('dataset.seal', manifest);
  return { accepted, report: JSON.parse(new TextDecoder().decode(body)) as Report };
}

/** Where the head of a sealed file ends and its chunks begin, and how long a whole sealed chunk is. */
export function chunksOf(file: Uint8Array): { readonly from: number; readonly chunkBytes: number } {
  const view = new DataView(file.buffer, file.byteOffset);
  const magicBytes = utf8('reinraum/seal/v1\n').length;
  return { from: magicBytes + 4 + view.getUint32(magicBytes) + 104 + 32, chunkBytes: 65_536 + 16 };
}

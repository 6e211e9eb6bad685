/** What the steward's machine keeps of a version it has sealed, until the room has it: one sealed file and its manifest. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StatementOf } from '@reinraum/protocol';
import { z } from 'zod';

/** The manifest that will be signed. */
export type ManifestBody = StatementOf<'dataset.seal'>['body'];

const recordName = 'manifest.json';

const SpoolRecord = z.strictObject({
  v: z.literal(1),
  room: z.string(),
  /** Reference of the member who sealed. */
  steward: z.string(),
  /** What was sealed, as the caller names it; another file is never taken for the one that was sealed. */
  source: z.string().nullable(),
  /** Length and SHA-256 of the whole sealed file. */
  bytes: z.int().min(1),
  sha256: z.string(),
  body: z.custom<ManifestBody>(
    (body) => typeof body === 'object' && body !== null && 'offer' in body && typeof body.offer === 'string',
  ),
});
/** A sealed file that waits to arrive. */
export type SpoolRecord = Readonly<z.infer<typeof SpoolRecord>>;

/** Where the sealed file of an offer is kept. */
export function sealedPath(spool: string, offer: string): string {
  return join(spool, offer);
}

/** Makes the directory, for its owner only. */
export async function makeSpool(spool: string): Promise<void> {
  await mkdir(spool, { recursive: true, mode: 0o700 });
}

/** What waits here; `undefined` where nothing does, or sealing was interrupted before its end. */
export async function readSpool(spool: string): Promise<SpoolRecord | undefined> {
  const text = await readFile(join(spool, recordName), 'utf8').catch(() => '{}');
  try {
    return SpoolRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the sealed file is still, byte for byte, the one that was written. */
export async function isWhole(spool: string, { body, bytes, sha256 }: SpoolRecord): Promise<boolean> {
  const path = sealedPath(spool, body.offer);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size !== bytes) return false;
  return (await fileDigest(path)) === sha256;
}

/** Remembers a sealed file that is on the disk. Afterwards, and not before, it is taken up again. */
export async function writeSpool(spool: string, record: SpoolRecord): Promise<void> {
  const path = join(spool, recordName);
  const file = await open(`${path}.tmp`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(record));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  const directory = await open(spool, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Removes everything a spool keeps, and nothing else that may lie in the same directory. */
export async function clearSpool(spool: string): Promise<void> {
  const names = await readdir(spool).catch(() => []);
  // The record goes first: without it the sealed file is never taken up again.
  for (const name of [recordName, `${recordName}.tmp`]) await rm(join(spool, name), { force: true });
  for (const name of names) if (/^[0-9a-f]{64}$/.test(name)) await rm(join(spool, name), { force: true });
  await rmdir(spool).catch(() => undefined);
}

/** SHA-256 of a file, in hexadecimal. `before` is hashed in front of it. */
export async function fileDigest(path: string, before = ''): Promise<string> {
  const hash = createHash('sha256').update(before);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

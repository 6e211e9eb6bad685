/** A log of sizes 0 to 15 written by another implementation, transparency-dev/tessera. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  bundlesAt,
  decodeBundle,
  directoryFetch,
  ed25519Verifier,
  type Fetch,
  LogReader,
  leafHash,
  RightEdge,
  rootOf,
  tilePath,
  tilesAt,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from '@reinraum/audit';
import { beforeEach, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../../shared/vectors/tlog-sample', import.meta.url));
const present = existsSync(folder);
const logKey = ed25519Verifier('example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx');
const files = directoryFetch(folder);

/** The log as it stood at a size: its checkpoint under the name readers ask for. */
const at =
  (size: number): Fetch =>
  async (path) =>
    path === 'checkpoint' ? new Uint8Array(await readFile(`${folder}/checkpoint.${size}`)) : await files(path);

async function entriesOf(fetch: Fetch, head: VerifiedCheckpoint): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = [];
  for await (const { entry } of new LogReader(fetch, logKey).entries(head)) entries.push(entry);
  return entries;
}

describe('tessera testdata/log', () => {
  beforeEach((context) => {
    if (!present)
      context.skip('needs ../shared/vectors/tlog-sample (published test vectors, not part of the repository)');
  });
  const sizes = Array.from({ length: 16 }, (_, size) => size);

  it.each(sizes)('size %i: checkpoint, bundles, tiles', async (size) => {
    const fetch = at(size);
    const head = await new LogReader(fetch, logKey).checkpoint();
    expect(head.size).toBe(size);

    const entries: Uint8Array[] = [];
    for (const bundle of bundlesAt(size)) {
      const bytes = await fetch(tilePath(bundle));
      entries.push(...decodeBundle(bytes ?? new Uint8Array(0), bundle.width));
    }
    expect(entries).toHaveLength(size);
    expect(rootOf(entries.map(leafHash))).toEqual(head.root);
    expect(await entriesOf(fetch, head)).toEqual(entries);

    // Our writer would have produced the same files, byte for byte.
    const edge = new RightEdge();
    for (const entry of entries) edge.append(entry);
    expect(edge.root()).toEqual(head.root);
    const tiles = new Map(edge.partials().map(({ path, bytes }) => [path, bytes]));
    expect([...tiles.keys()].sort()).toEqual([...tilesAt(size), ...bundlesAt(size)].map(tilePath).sort());
    for (const [path, bytes] of tiles) expect(new Uint8Array((await fetch(path)) ?? [])).toEqual(bytes);
  });

  it('the unnumbered checkpoint is the latest', async () => {
    const head = await new LogReader(files, logKey).checkpoint();
    expect(head.size).toBe(15);
  });

  it('every two sizes are consistent', async () => {
    const heads = await Promise.all(sizes.map((size) => new LogReader(at(size), logKey).checkpoint()));
    const reader = new LogReader(at(15), logKey);
    for (const older of heads) {
      for (const newer of heads.slice(older.size)) await reader.consistency(older, newer);
    }
    const [older, newer] = [heads[3], heads[12]];
    if (!older || !newer) throw new Error('no heads');
    const forged = { ...older, root: newer.root };
    await expect(reader.consistency(forged, newer)).rejects.toMatchObject({ code: 'consistency-invalid' });
  });

  it('a checkpoint under a foreign key or with one changed byte is rejected', async () => {
    const note = await readFile(`${folder}/checkpoint.15`);
    const other = ed25519Verifier('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    await expect(verifyCheckpoint(note, other)).rejects.toMatchObject({ code: 'signature-unknown' });
    for (let byte = 0; byte < note.length; byte++) {
      const changed = new Uint8Array(note);
      changed[byte] = (changed[byte] ?? 0) ^ 1;
      await expect(verifyCheckpoint(changed, logKey), `byte ${byte}`).rejects.toThrow();
    }
  });
});

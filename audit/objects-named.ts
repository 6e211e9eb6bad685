/** Which objects a log still needs once its old entries are gone (docs/spec/retention.md §1). */
import type { ReadObject } from './examine.ts';
import type { Log } from './log.ts';
import type { Room } from './room.ts';
import { bundleOf, tileWidth } from './tile.ts';

/**
 * Digests named by the entries that the latest pruning leaves – whole bundles, the first with its snapshot in it –, by the snapshots
 * among them and by the charter. Whatever looks like a digest counts: one object too many is kept rather than one too few.
 */
export async function objectsNamed(log: Log, room: Room, read: ReadObject): Promise<ReadonlySet<string>> {
  const { pruned, snapshots } = room.retention;
  const from = bundleOf(pruned?.snapshot ?? 0) * tileWidth;
  const named = new Set([room.charterDigest]);
  const name = (text: Uint8Array = new Uint8Array()) => {
    for (const digest of new TextDecoder().decode(text).match(/[0-9a-f]{64}/g) ?? []) named.add(digest);
  };
  for await (const { index, bytes } of log.entries()) if (index >= from) name(bytes);
  name(await read(room.charterDigest));
  for (const [index, { state }] of snapshots) if (index >= from) name(await read(state));
  return named;
}

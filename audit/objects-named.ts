/** Which objects a log still needs once its old entries are gone (docs/spec/retention.md §1). */
import { parseCanonical, Snapshot } from '@reinraum/protocol';
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
  const gone = new Set<string>();
  for (const [index, { state }] of snapshots) {
    const bytes = index >= from ? await read(state) : undefined;
    if (!bytes) continue;
    name(bytes);
    const { retention } = Snapshot.parse(parseCanonical(bytes));
    for (const older of retention.snapshots) if (older.index < from) gone.add(older.state);
  }
  // A snapshot names those before it, which nobody can begin at any more.
  return new Set([...named].filter((digest) => !gone.has(digest)));
}

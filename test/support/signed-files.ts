/** The files of a log in memory, hashed and signed as the holder of its key makes them of any entries. */
import { ed25519Signer, RightEdge, signCheckpoint } from '@reinraum/audit';
import { utf8 } from '@reinraum/protocol';
import { enclaveKey } from './fixed-room.ts';

/** Tiles, bundles and checkpoint of these entries, as whoever holds the fixed enclave's key makes them. */
export async function filesOf(room: string, entries: readonly Uint8Array[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const edge = new RightEdge();
  for (const entry of entries) edge.append(entry, ({ path, bytes }) => files.set(path, bytes));
  for (const { path, bytes } of edge.partials()) files.set(path, bytes);
  const origin = `reinraum/${room}`;
  const head = { origin, size: edge.size, root: edge.root() };
  return files.set('checkpoint', utf8(await signCheckpoint(head, [ed25519Signer(origin, enclaveKey)])));
}

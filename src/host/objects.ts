/** Reading objects of the log for a request that wants many. */
import { objectsBytesMax } from '@reinraum/protocol';
import type { DoorClient } from './door-client.ts';

/** Objects asked of the door at once: a quarter of what an enclave works on, which others ask too. */
const readsAtOnce = 16;

/**
 * The first of these objects, in their order, at least one and up to the one that brings them to {@link objectsBytesMax}
 * bytes; undefined is one that is not kept. Rejects as the door does: the session is checked with every object.
 */
export async function readObjects(
  door: Pick<DoorClient, 'ask'>,
  digests: readonly string[],
  session: string | null,
): Promise<(Uint8Array | undefined)[]> {
  const objects: (Uint8Array | undefined)[] = [];
  let bytes = 0;
  // The first one alone: where the session does not count, no more than that is asked.
  for (
    let [from, end] = [0, 1];
    from < digests.length && bytes < objectsBytesMax;
    [from, end] = [end, end + readsAtOnce]
  ) {
    const asked = digests.slice(from, end);
    const replies = await Promise.all(
      asked.map((digest) => door.ask({ method: 'read', path: `objects/${digest}`, session })),
    );
    for (const { value, body } of replies) {
      if (bytes >= objectsBytesMax) break;
      objects.push((value as { found: boolean }).found ? body : undefined);
      bytes += body.length;
    }
  }
  return objects;
}

/** Reading objects many to a request, for whoever asks for them one by one. */
import type { ReadObject } from '@reinraum/audit/verifier';

/** Asks for objects by their digests. Resolves with the first of them, at least one, in their order. */
export type AskObjects = (digests: readonly string[]) => Promise<readonly (Uint8Array | undefined)[]>;

/** Requests under way at once: one can be on its way while the other is being answered. */
export const bulkRequestsAtOnce = 2;

interface Wanted {
  readonly digest: string;
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A reader that sends what is wanted in the same tick, or while requests are under way, as one request for at most `most`
 * objects. What an answer leaves out is asked for again. An error of a request is the error of every read in it.
 */
export function inBulk(most: number, ask: AskObjects): ReadObject {
  let wanted: Wanted[] = [];
  let underWay = 0;

  async function send(): Promise<void> {
    underWay += 1;
    // What else this tick wants.
    await Promise.resolve();
    while (wanted.length > 0) {
      const batch = wanted.splice(0, most);
      try {
        const objects = await ask(batch.map(({ digest }) => digest));
        for (const [at, bytes] of objects.entries()) batch[at]?.resolve(bytes);
        wanted = [...batch.slice(objects.length), ...wanted];
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    underWay -= 1;
  }

  return (digest) =>
    new Promise((resolve, reject) => {
      wanted.push({ digest, resolve, reject });
      if (underWay < bulkRequestsAtOnce) void send();
    });
}

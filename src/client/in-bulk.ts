/** Reading objects many to a request, for whoever asks for them one by one. */
import type { ReadObject } from '@reinraum/audit/verifier';

/** Asks for objects by their digests. Resolves with the first of them, at least one, in their order. */
export type AskObjects = (digests: readonly string[]) => Promise<readonly (Uint8Array | undefined)[]>;

/** Requests under way at once: one can be on its way while the other is being answered. */
export const bulkRequestsAtOnce = 2;

interface Waiting {
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A reader that sends what is wanted in the same tick, or while requests are under way, as one request for at most `most`
 * objects, each named once. What an answer leaves out is asked for again, first of all. An error of a request is the error of every
 * read in it.
 */
export function inBulk(most: number, ask: AskObjects): ReadObject {
  let wanted = new Map<string, readonly Waiting[]>();
  let underWay = 0;

  async function send(): Promise<void> {
    underWay += 1;
    // What else this tick wants.
    await Promise.resolve();
    while (wanted.size > 0) {
      const batch = [...wanted].slice(0, most);
      for (const [digest] of batch) wanted.delete(digest);
      try {
        const objects = await ask(batch.map(([digest]) => digest));
        for (const [at, bytes] of objects.entries()) for (const { resolve } of batch[at]?.[1] ?? []) resolve(bytes);
        const left = new Map(batch.slice(objects.length));
        for (const [digest, waiting] of wanted) left.set(digest, [...(left.get(digest) ?? []), ...waiting]);
        wanted = left;
      } catch (error) {
        for (const [, waiting] of batch) for (const { reject } of waiting) reject(error);
      }
    }
    underWay -= 1;
  }

  return (digest) =>
    new Promise((resolve, reject) => {
      wanted.set(digest, [...(wanted.get(digest) ?? []), { resolve, reject }]);
      if (underWay < bulkRequestsAtOnce) void send();
    });
}

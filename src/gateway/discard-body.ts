/**
 * Reads a refused body on for a while, as the Node server does by itself: many senders read the answer only once they have
 * sent, and would see a broken connection instead.
 */
export async function discardBody(body: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<void> {
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > bytesMax) return;
  }
}

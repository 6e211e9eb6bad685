/** Randomness of the platform: the operating system's source, in Node and in browsers. */

/** Fresh random bytes. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

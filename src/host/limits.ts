/** Limits of what comes in over HTTP, for gateway and host alike. */

/** Largest JSON body in bytes. */
export const jsonBytesMax = 4 * 1024 * 1024;
/** Largest piece of an upload in bytes. */
export const pieceBytesMax = 8 * 1024 * 1024;
/** Largest body that asks for objects of the log, in bytes: the digests, and room for white space. */
export const objectsRequestBytesMax = 32 * 1024;

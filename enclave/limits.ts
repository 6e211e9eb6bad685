/** Limits of the enclave, in one place. */

/** How often it is looked whether a heartbeat is due. */
export const heartbeatCheckMs = 60_000;
/** Largest padded plaintext of a dataset. */
export const capacityBytesMax = 8 * 1024 ** 3;
/** Requests in work at once; further ones wait in the socket. */
export const requestsMax = 64;
/** How long an answer waits for its witnesses. What was computed is delivered later, as a repeat, at no charge. */
export const quorumWaitMs = 5_000;
/** Answers that wait for witnesses at once; they do not count as requests in work. */
export const waitingMax = 1024;
/** How long a log session lasts. */
export const sessionMs = 15 * 60_000;
/** Sessions open at once; the oldest ends first. */
export const sessionsMax = 256;

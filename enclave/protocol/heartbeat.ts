/** The sign of life of a room in which nothing happens, and when its absence is one (docs/spec/log.md §6). */

/** A running room logs `heartbeat` when nothing was logged for so long. */
export const heartbeatMs = 6 * 3_600_000;
/** Longest time between two entries, or since the last, that gives no reason to look: that, and an hour of grace. */
export const silenceMaxMs = heartbeatMs + 3_600_000;

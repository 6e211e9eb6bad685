/** Giving up old entries of the log (docs/spec/retention.md). */
import type { Accepted } from '@reinraum/protocol';
import type { RoomClient } from './room-client.ts';

const weekMs = 7 * 86_400_000;

/** Has everything the entries so far add up to kept as a snapshot, as a data protection officer. Throws `RoomProblem`. */
export async function takeSnapshot(client: RoomClient): Promise<Accepted> {
  return (await client.act('log.snapshot', {})).accepted;
}

/** Holds the log against pruning, or lifts the hold, as a data protection officer. Throws `RoomProblem`. */
export async function holdLog(client: RoomClient, held: boolean): Promise<Accepted> {
  return (await client.act('log.hold', { held })).accepted;
}

/**
 * Asks for everything before a snapshot to be removed or, as an officer of another party, has it done. `state` is the digest the
 * signer found by replaying the log: whoever signs vouches for it. A request counts for seven days. Throws `RoomProblem`.
 */
export async function pruneLog(client: RoomClient, snapshot: number, state: string): Promise<Accepted> {
  const envelope = await client.sign('log.prune', { snapshot, state }, weekMs);
  return (await client.submit({ envelope })).accepted;
}

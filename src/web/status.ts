/** The public word of a room. */
import { RoomPublic } from '@reinraum/client';
import type { Status } from '@reinraum/protocol';

/** The status of a room; undefined where it cannot be reached, for whoever asks to say. */
export function roomStatus(name: string): Promise<Status | undefined> {
  return new RoomPublic({ url: location.origin, room: name }).status().catch(() => undefined);
}

/** Details kept beside the log: a member's name, a run's parameters (docs/spec/details.md). */
import {
  type Accepted,
  commitDetail,
  type DetailName,
  detailNames,
  type ErasureReason,
  KeptDetails,
  toBase64,
} from '@reinraum/protocol';
import { Distrust } from './distrust.ts';
import { randomBytes } from './random.ts';
import type { RoomClient } from './room-client.ts';

/** Says who a member is. Only commitments are signed and logged; values go to the enclave. Throws `RoomProblem`. */
export async function describeMember(
  client: RoomClient,
  member: string,
  values: Readonly<Partial<Record<DetailName, string>>>,
): Promise<Accepted> {
  const given = detailNames.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [{ name, opening: { salt: toBase64(randomBytes(32)), value } }];
  });
  const fields = given.map(({ name, opening }) => ({ name, commitment: commitDetail(name, opening) }));
  const openings = Object.fromEntries(given.map(({ name, opening }) => [name, opening]));
  return (await client.act('detail.describe', { member, fields }, { object: { openings } })).accepted;
}

/**
 * What is kept of a scope, as a data protection officer reads it; the log says that they did. Whether it is what was committed is
 * for `proofStateOf` to say. Throws `RoomProblem`, and {@link Distrust} for what is no answer to this.
 */
export async function openDetails(client: RoomClient, scope: string): Promise<KeptDetails> {
  const { body } = await client.act('detail.open', { scope });
  const parsed = KeptDetails.safeParse(parsedOr(body));
  if (!parsed.success || parsed.data.scope !== scope) throw new Distrust('answer', 'it is not what was asked for');
  return parsed.data;
}

function parsedOr(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** Holds details against erasure, or lifts the hold, as a data protection officer. Throws `RoomProblem`. */
export async function holdDetails(client: RoomClient, scope: string, held: boolean): Promise<Accepted> {
  return (await client.act('detail.hold', { scope, held })).accepted;
}

const weekMs = 7 * 86_400_000;

/**
 * Asks for an erasure or, as the second person and data protection officer, approves it. A request counts for seven days. Throws
 * `RoomProblem`.
 */
export async function eraseDetails(client: RoomClient, scope: string, reason: ErasureReason): Promise<Accepted> {
  // The clocks of room and member may differ a little; a statement that lives longer is refused.
  const envelope = await client.sign('detail.erase', { scope, reason }, weekMs);
  return (await client.submit({ envelope })).accepted;
}

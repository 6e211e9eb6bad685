/** A log for reports: verified as a whole, or refused with the name of the rule it breaks. */
import { evaluatePolicy, policyOf, type Room, type Verdict } from '@reinraum/audit';
import { logEvidence, type RoomClient } from '@reinraum/client';
import type { VerifiedLog } from '../reports/subject.ts';
import { VerifiedFold } from '../reports/verified-fold.ts';
import { type LogObserver, type StateVerdict, verifySource, verifyState } from './audit.ts';
import { type LogSource, openState } from './state-source.ts';

/** Reads and verifies. Throws an error that names entry and rule where the log does not verify. */
export async function readVerified(state: string, wanted?: string): Promise<VerifiedLog> {
  const source = await openState(state);
  return accepted(source, (observer) => verifyState(source, wanted, observer));
}

/** The same of a running room, as its member reads it: in a session, which is an entry of the log. Throws `RoomProblem`, too. */
export async function readVerifiedRoom(client: RoomClient, wanted: string = client.roomId): Promise<VerifiedLog> {
  const source = await logEvidence(client, await client.session());
  return accepted(source, async (observer) => {
    const verdict = await verifySource(source, wanted, observer);
    if (verdict.verified) observer.room?.(verdict.room);
    else if (verdict.rule === 'unreadable') source.answered();
    return verdict;
  });
}

async function accepted(
  source: LogSource,
  verify: (observer: LogObserver) => Promise<StateVerdict | Verdict>,
): Promise<VerifiedLog> {
  const fold = new VerifiedFold();
  let room: Room | undefined;
  const verdict = await verify({
    resumed: (start) => fold.resumed(start),
    object: (digest, bytes) => fold.object(digest, bytes),
    entry: (index, bytes) => fold.entry(index, bytes),
    room: (accepted) => {
      room = accepted;
    },
  });
  if (!verdict.verified) {
    const { entry, rule, message } = verdict;
    const [de, en] = entry === null ? ['', ''] : [`Eintrag ${entry}, `, `entry ${entry}, `];
    throw new Error(
      `Das Protokoll hält der Prüfung nicht stand, es wird nichts geschrieben: ${de}Regel ${rule} / the log does NOT verify, nothing is written: ${en}rule ${rule}: ${message}`,
    );
  }
  if (!room) throw new Error('report: a log was accepted without a room');
  return fold.log(room, await cosigners(source, room));
}

/** Valid cosignatures of the charter's witnesses under the checkpoint that was verified. */
async function cosigners(source: LogSource, room: Room): Promise<number> {
  const policy = policyOf(room.charter, room.id);
  const note = await source.fetch('checkpoint');
  if (!policy || !note) return 0;
  return (await evaluatePolicy(policy, note)).cosigned.length;
}

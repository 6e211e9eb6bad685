/** Proving what a member holds, in the browser: a fresh answer, or a file from anywhere. */
import { LogReader } from '@reinraum/audit/verifier';
import { isAnswerFile, type ProvedAnswer, type ProvedEntry, proveAnswer, proveReceipt } from '@reinraum/client';
import type { OpenRoom } from './open-room.ts';

/** Verifies the text of an answer file or a receipt. Throws what `proveAnswer` and `proveReceipt` throw. */
export function prove(room: OpenRoom, untrusted: string): Promise<ProvedEntry | ProvedAnswer> {
  const { client } = room;
  if (!isAnswerFile(untrusted)) return proveReceipt(untrusted, client);
  return proveAnswer(untrusted, client, async (index) => {
    const { fetch } = await room.log();
    const reader = new LogReader(fetch, client.logVerifier);
    return reader.entry(index, await reader.checkpoint());
  });
}

/** An analyst's question: signs the run, opens the answer and proves it against the log. */
import {
  type Accepted,
  canonicalText,
  commit,
  decodeEntry,
  fromBase64,
  openDocument,
  type Parameters,
  type Release,
  SignedDocument,
  toBase64,
  utf8,
} from '@reinraum/protocol';
import { z } from 'zod';
import { randomBytes } from './random.ts';
import type { RoomClient } from './room-client.ts';

const Result = z.strictObject({
  v: z.literal(1),
  kind: z.literal('result'),
  document: SignedDocument,
  salt: z.string(),
});

/** An answer with its proof. */
export interface Answered {
  readonly release: Release;
  /** The signed document, byte for byte as stored. */
  readonly document: SignedDocument;
  /** Opens the commitment by which the log names the document. */
  readonly salt: string;
  readonly accepted: Accepted;
  /** Whether this was a stored release, delivered again at no charge. */
  readonly isRepeat: boolean;
}

/** Runs an approved query for the analyst's own unit. Throws `RoomProblem`, or `Error` where the answer proves nothing. */
export async function ask(
  client: RoomClient,
  query: string,
  purpose: string,
  parameters: Parameters,
): Promise<Answered> {
  const { member } = client.keys;
  const opening = { salt: toBase64(randomBytes(32)), value: canonicalText(parameters) };
  const body = {
    query,
    parameters: commit('parameters', opening),
    purpose,
    recipient: member.unit,
    reader: member.readingKey,
  };
  const { accepted, body: text } = await client.act('query.run', body, { opening });
  const { document, salt } = Result.parse(JSON.parse(new TextDecoder().decode(text)));
  const release = await openDocument('release', fromBase64(client.charter.enclave.signingKey), document);
  const entry = decodeEntry(utf8(accepted.entry));
  const isRepeat = entry.type === 'query.repeated';
  if (release.room !== client.roomId || release.query !== query) throw new Error('the answer is to another question');
  // A repeat's own entry names the release by index; its commitment stands there.
  if (entry.type === 'query.released' && entry.detail.result !== commit('release', { salt, value: document.payload })) {
    throw new Error('the answer is not the one the log commits to');
  }
  return { release, document, salt, accepted, isRepeat };
}

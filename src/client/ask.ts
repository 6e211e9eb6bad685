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
import { Distrust } from './distrust.ts';
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

/** Runs an approved query for the analyst's own unit. Throws as `RoomClient.submit`, and `Distrust` for an answer that proves nothing. */
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
  const { document, salt, release } = await opened(text, client);
  const entry = decodeEntry(utf8(accepted.entry));
  const isRepeat = entry.type === 'query.repeated';
  if (release.room !== client.roomId || release.query !== query) {
    throw new Distrust('answer', 'it is to another question');
  }
  // A repeat's own entry names the release by index; its commitment stands there.
  if (entry.type === 'query.released' && entry.detail.result !== commit('release', { salt, value: document.payload })) {
    throw new Distrust('answer', 'it is not the one the log commits to');
  }
  return { release, document, salt, accepted, isRepeat };
}

async function opened(text: Uint8Array, client: RoomClient) {
  try {
    const { document, salt } = Result.parse(JSON.parse(new TextDecoder().decode(text)));
    const release = await openDocument('release', fromBase64(client.charter.enclave.signingKey), document);
    return { document, salt, release };
  } catch (error) {
    throw new Distrust('answer', "it does not carry the enclave's signature", error);
  }
}

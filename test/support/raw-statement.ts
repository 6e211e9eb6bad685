/** Statements as an attacker makes them: any bytes, signed by any key, and what the room says to them. */
import {
  canonicalBytes,
  fromBase64,
  type Json,
  payloadType,
  preAuthentication,
  refusals,
  type SigningKey,
  type StatementOf,
  type StatementType,
  sign,
  toBase64,
} from '@reinraum/protocol';
import { expect } from 'vitest';
import { signAs } from '../../src/client/room-client.ts';
import { problem } from '../../src/gateway/problem.ts';
import type { People, SmallRoom } from './small-room.ts';

/** A statement as plain JSON that can be bent. */
export type PlainStatement = { [field: string]: Json };

/** A DSSE envelope over exactly these bytes. */
export async function envelopeOf(key: SigningKey, payload: Uint8Array) {
  const signature = await sign(key, preAuthentication(payloadType, payload));
  return { payloadType, payload: toBase64(payload), signatures: [{ sig: toBase64(signature) }] };
}

/** The statement a person's client would sign, as plain JSON. */
export async function plainStatement<Type extends StatementType>(
  room: SmallRoom,
  person: keyof People,
  type: Type,
  body: StatementOf<Type>['body'],
  nowMs: number = Date.now(),
): Promise<PlainStatement> {
  const { roomId } = room.client(person);
  const { payload } = await signAs(room.people[person], { room: roomId, type, body, nowMs });
  return JSON.parse(new TextDecoder().decode(fromBase64(payload))) as PlainStatement;
}

/** The person's own correct signature over a bent statement. */
export function signedBy(room: SmallRoom, person: keyof People, statement: PlainStatement) {
  return envelopeOf(room.people[person].signing, canonicalBytes(statement));
}

/** Posts a body as it is to the room's statements. */
export function post(room: SmallRoom, body: string | Uint8Array<ArrayBuffer>, act = 'statements'): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${room.installation.url}/rooms/small/${act}`, { method: 'POST', headers, body });
}

/** What a problem must be. `absent` are values that must stand nowhere in the answer. */
export interface ExpectedProblem {
  readonly code: string;
  readonly field?: string | undefined;
  readonly absent?: readonly string[];
}

/** Expects an answer to be exactly the RFC 9457 problem of a code, in German and English, and nothing else. */
export async function expectProblem(answer: Response, { code, field, absent = [] }: ExpectedProblem): Promise<void> {
  const text = await answer.text();
  const expected = problem(code, field === undefined ? {} : { field });
  expect(JSON.parse(text)).toEqual(expected);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.status).toBe(expected.status);
  expect(expected.code).toBe(code);
  if (code in refusals) expect(expected.detail).toEqual(refusals[code as keyof typeof refusals]);
  expect(expected.detail.de).not.toBe(expected.detail.en);
  const said = text + JSON.stringify([...answer.headers]);
  for (const value of absent) expect(said).not.toContain(value);
}

/** Submits and expects a refusal. */
export async function expectRefused(room: SmallRoom, submission: object, expected: ExpectedProblem): Promise<void> {
  await expectProblem(await post(room, JSON.stringify(submission)), expected);
}

/** Problem documents (RFC 9457), German and English; the only error bodies the gateway sends. */
import { Bilingual, isRefusalCode, type RefusalCode, refusals } from '@reinraum/protocol';
import { z } from 'zod';

const edge = {
  'not-found': { status: 404, de: 'Diese Adresse gibt es nicht.', en: 'There is no such address.' },
  'body-malformed': {
    status: 400,
    de: 'Der Inhalt der Anfrage ist nicht lesbar.',
    en: 'The request body cannot be read.',
  },
  'body-too-large': { status: 413, de: 'Der Inhalt der Anfrage ist zu groß.', en: 'The request body is too large.' },
  'offset-mismatch': {
    status: 409,
    de: 'Das Stück schließt nicht an. Den Stand abfragen und von dort fortsetzen.',
    en: 'The piece does not continue the file. Ask for the offset and go on from there.',
  },
  'room-in-use': {
    status: 503,
    de: 'Ein anderer Prozess arbeitet auf dem Zustandsverzeichnis dieses Raums.',
    en: 'Another process is running on this room’s state directory.',
  },
  'room-rolled-back': {
    status: 503,
    de: 'Die Zeugen dieses Raums kennen Einträge, die seinem Zustand fehlen: Er ist eine ältere oder zweite Kopie und antwortet nicht.',
    en: 'The witnesses of this room know entries its state does not have: it is an older or a second copy and does not answer.',
  },
  'storage-full': {
    status: 507,
    de: 'Der Speicher des Raums ist voll. Was angekommen ist, bleibt; der Betreiber muss Platz schaffen.',
    en: 'The room’s storage is full. What has arrived stays; the operator has to make space.',
  },
  'enclave-failed': {
    status: 500,
    de: 'Die Anfrage ist gescheitert. War sie schon berechnet, bleibt die Abbuchung bestehen.',
    en: 'The request failed. If it had been charged, the charge stands.',
  },
  'host-unreachable': { status: 502, de: 'Der Raum ist nicht erreichbar.', en: 'The room cannot be reached.' },
} as const satisfies Record<string, Bilingual & { status: number }>;
/** Codes of failures at the edge, beside the refusals of the room. */
export type EdgeCode = keyof typeof edge;
/** Every code a problem document can carry. */
export type ProblemCode = EdgeCode | RefusalCode;

/** All of them, those of the edge first. */
export const problemCodes = [...Object.keys(edge), ...Object.keys(refusals)] as readonly ProblemCode[];

/** A problem document. `code` is stable; `field` names a place in the request, never what stands there. */
export const Problem = z.strictObject({
  type: z.string().regex(/^urn:reinraum:problem:[a-z-]+$/),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: Bilingual,
  code: z.string().regex(/^[a-z-]+$/),
  field: z.string().optional(),
  /** Bytes of an upload that have arrived, for `offset-mismatch`. */
  offset: z.int().min(0).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** The problem of a code; an unknown code becomes the constant failure. */
export function problem(code: string, more: { readonly field?: string; readonly offset?: number } = {}): Problem {
  const { status, de, en } = textOf(code);
  const known = status === edge['enclave-failed'].status ? 'enclave-failed' : code;
  const type = `urn:reinraum:problem:${known}`;
  return { type, title: de, status, detail: { de, en }, code: known, ...more };
}

/** The problem as an answer. */
export function problemResponse(code: string, more?: { readonly field?: string; readonly offset?: number }): Response {
  const body = problem(code, more);
  const headers = { 'content-type': 'application/problem+json', 'content-language': 'de, en' };
  return new Response(JSON.stringify(body), { status: body.status, headers });
}

function textOf(code: string): Bilingual & { status: number } {
  if (isRefusalCode(code))
    return { status: code === 'room-unknown' ? 404 : code === 'session-invalid' ? 401 : 422, ...refusals[code] };
  return Object.hasOwn(edge, code) ? edge[code as EdgeCode] : edge['enclave-failed'];
}

/** What all described resources share: the app they are added to, parameters, answers, and problems by their codes. */
import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import { Digest, type RefusalCode, refusals, Slug } from '@reinraum/protocol';
import type { Context } from 'hono';
import { inBoth } from './bilingual.ts';
import { type ComponentName, ref } from './components.ts';
import { type ProblemCode, problem, problemResponse } from './problem.ts';

/** A resource as it is described: texts in German and English beside what OpenAPI wants. */
export interface Described extends Pick<RouteConfig, 'method' | 'path' | 'request' | 'responses' | 'middleware'> {
  readonly tag: Tag;
  readonly summary: readonly [de: string, en: string];
  readonly description?: readonly [de: string, en: string];
  /** Whether a session is needed: the header `x-reinraum-session`. */
  readonly session?: 'needed';
}

/** An answer as OpenAPI has it. */
type Answer = RouteConfig['responses'][string];

/** Groups of resources, in the order people read them. */
export const tags = {
  rooms: ['Räume', 'Rooms'],
  statements: ['Erklärungen', 'Statements'],
  uploads: ['Versiegelte Dateien', 'Sealed files'],
  log: ['Protokoll', 'Log'],
  pages: ['Seiten und Beschreibungen', 'Pages and descriptions'],
} as const;
/** One of {@link tags}. */
export type Tag = keyof typeof tags;

/** Name of the security scheme of members' sessions. */
export const sessionScheme = 'session';

/** The room of an address. */
export const room = {
  room: Slug.describe(inBoth('Name des Raums auf dieser Anlage', 'name of the room in this installation')),
};
/** The offer of an address. */
export const offer = { offer: Digest.describe(inBoth('Prüfsumme des Angebots (hex)', 'digest of the offer (hex)')) };
/** The header of a member's session. Whether it is open only the enclave knows. */
export const session = z.object({ 'x-reinraum-session': z.string().max(100).optional() });

/** Adds a described resource. The handler is only called with parameters that passed `request`. */
export function add(
  app: OpenAPIHono,
  { tag, summary, description, session: sessionNeeded, ...route }: Described,
  handler: (context: Context) => Response | Promise<Response>,
): void {
  const described: RouteConfig = {
    ...route,
    tags: [tag],
    summary: inBoth(...summary),
    ...(description ? { description: inBoth(...description) } : {}),
    ...(sessionNeeded ? { security: [{ [sessionScheme]: [] }] } : {}),
  };
  app.openapi(described, handler);
}

/** Refuses an address or a header without a word of it. */
export function refuseParameters(result: {
  readonly success: boolean;
  readonly target: string;
  readonly error?: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] };
}): Response | undefined {
  if (result.success) return undefined;
  const isAbout = (name: string) => result.error?.issues.some(({ path }) => path[0] === name) ?? false;
  if (result.target === 'param' && isAbout('room')) return problemResponse('room-unknown', { field: 'room' });
  if (result.target === 'header' && isAbout('x-reinraum-session')) return problemResponse('session-invalid');
  return problemResponse('body-malformed');
}

/** A JSON answer of a named schema. */
export function json(name: ComponentName, de: string, en: string): { 200: Answer } {
  return { 200: { description: inBoth(de, en), content: { 'application/json': { schema: ref(name) } } } };
}

/** An answer of bytes; a schema of JSON could say nothing more about it. */
export function bytes(mediaType: string, de: string, en: string): { 200: Answer } {
  const schema = { type: 'string', contentMediaType: mediaType } as const;
  return { 200: { description: inBoth(de, en), content: { [mediaType]: { schema } } } };
}

/**
 * The problem documents of these codes, by status; a code named twice counts once. What each code says stands once, at
 * `x-problems` of the document. Failures of host and enclave are possible wherever a room is asked.
 */
export function problems(...codes: readonly ProblemCode[]): Record<number, Answer> {
  const byStatus = Map.groupBy([...new Set(codes)], (code) => problem(code).status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => {
      const content = { 'application/problem+json': { schema: ref('Problem') } };
      const description = inBoth(`Fehler: ${same.join(', ')}.`, `Problems: ${same.join(', ')}.`);
      return [status, { description, content, 'x-codes': same }];
    }),
  );
}

/** Codes of what can always go wrong on the way to a room. */
export const onTheWay = [
  'room-unknown',
  'enclave-failed',
  'host-unreachable',
  'room-in-use',
  'room-rolled-back',
] as const;
/** Codes of everything the room itself can refuse. */
export const refusalCodes = Object.keys(refusals) as readonly RefusalCode[];

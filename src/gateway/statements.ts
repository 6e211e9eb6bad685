/** Statements: every act of a member, signed. What comes back is one frame, sealed where it holds a result. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Submission } from '@reinraum/protocol';
import { z } from 'zod';
import { jsonBytesMax } from '../host/limits.ts';
import { atMost, jsonOf } from './body.ts';
import { ref } from './components.ts';
import { add, bytes, onTheWay, problems, refusalCodes, room } from './described.ts';
import { forward, type HostAccess } from './forward.ts';

/** Adds the resource. */
export function addStatements(app: OpenAPIHono, host: HostAccess): void {
  add(
    app,
    {
      tag: 'statements',
      method: 'post',
      path: '/rooms/{room}/statements',
      summary: ['Eine Erklärung einreichen', 'Submit a statement'],
      description: [
        'Ein DSSE-Umschlag um eine Erklärung in kanonischem JSON (Schema Statement), daneben die vorgeschlagene Frage oder die Öffnung der Parameter: docs/spec/statement.md.',
        'A DSSE envelope around a statement in canonical JSON (schema Statement), and beside it the proposed question or the opening of the parameters: docs/spec/statement.md.',
      ],
      middleware: [atMost(jsonBytesMax), jsonOf(Submission)],
      request: {
        params: z.object(room),
        body: { required: true, content: { 'application/json': { schema: ref('Submission') } } },
      },
      responses: {
        ...bytes(
          'application/octet-stream',
          'Ein Rahmen (docs/spec/statement.md §6): Länge des Kopfs und des Rumpfs als je vier Bytes, der Kopf als JSON (Schema Accepted), der Rumpf versiegelt an das Mitglied (docs/spec/seal.md).',
          'One frame (docs/spec/statement.md §6): lengths of head and body in four bytes each, the head as JSON (schema Accepted), the body sealed to the member (docs/spec/seal.md).',
        ),
        ...problems(...onTheWay, 'body-malformed', 'body-too-large', ...refusalCodes),
      },
    },
    async (context) => forward(context, host, await context.req.arrayBuffer()),
  );
}

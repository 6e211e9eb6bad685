/** Rooms: which there are, what everyone may know of one, what members see, and the founding. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Founding, PreviewRequest } from '@reinraum/protocol';
import { z } from 'zod';
import { jsonBytesMax } from '../host/limits.ts';
import { atMost, jsonOf } from './body.ts';
import { ref } from './components.ts';
import { add, json, onTheWay, problems, refusalCodes, room, session } from './described.ts';
import { forward, type HostAccess } from './forward.ts';

/** Adds the resources. */
export function addRooms(app: OpenAPIHono, host: HostAccess): void {
  add(
    app,
    {
      tag: 'rooms',
      method: 'get',
      path: '/rooms',
      summary: ['Namen der Räume', 'Names of the rooms'],
      responses: {
        ...json('Rooms', 'Die Räume dieser Anlage.', 'The rooms of this installation.'),
        ...problems('enclave-failed', 'host-unreachable'),
      },
    },
    (context) => forward(context, host),
  );
  add(
    app,
    {
      tag: 'rooms',
      method: 'get',
      path: '/rooms/{room}/status',
      summary: ['Was jeder über einen Raum wissen darf', 'What everyone may know of a room'],
      description: [
        'Gegründet oder nicht, Zusicherung, signierte Angaben der Enklave und Stand des Protokolls. Dokumente: docs/spec/statement.md §5.',
        'Founded or not, assurance, the enclave’s signed claims and the head of the log. Documents: docs/spec/statement.md §5.',
      ],
      request: { params: z.object(room) },
      responses: { ...json('Status', 'Der Status.', 'The status.'), ...problems(...onTheWay) },
    },
    (context) => forward(context, host),
  );
  add(
    app,
    {
      tag: 'rooms',
      method: 'get',
      path: '/rooms/{room}/catalogue',
      session: 'needed',
      summary: ['Charta, Datensätze, Fragen und Kontostände', 'Charter, datasets, questions and balances'],
      description: [
        'Für Mitglieder mit einer Sitzung. Das Schema einer Frage steht unter /schemas/query.json.',
        'For members with a session. The schema of a question is at /schemas/query.json.',
      ],
      request: { params: z.object(room), headers: session },
      responses: {
        ...json('Catalogue', 'Der Katalog.', 'The catalogue.'),
        ...problems(...onTheWay, 'session-invalid', 'room-not-founded', 'room-stopped'),
      },
    },
    (context) => forward(context, host),
  );
  add(
    app,
    {
      tag: 'rooms',
      method: 'post',
      path: '/rooms/{room}/preview',
      session: 'needed',
      summary: [
        'Vorschau: was eine Frage kostet und wie genau sie wird',
        'Preview: what a question costs and how exact it will be',
      ],
      description: [
        'Preis, verbleibende Läufe, zu erwartende Spannen und wie groß eine Zelle sein muss, um gezeigt zu werden. Nichts wird abgebucht, keine Zeile gelesen: docs/spec/query.md §4.',
        'Price, runs left, ranges to expect and how large a cell has to be to be shown. Nothing is charged, no row is read: docs/spec/query.md §4.',
      ],
      middleware: [atMost(jsonBytesMax), jsonOf(PreviewRequest)],
      request: {
        params: z.object(room),
        headers: session,
        body: { required: true, content: { 'application/json': { schema: ref('PreviewRequest') } } },
      },
      responses: {
        ...json('Preview', 'Die Vorschau.', 'The preview.'),
        ...problems(...onTheWay, 'body-malformed', 'body-too-large', 'session-invalid', ...refusalCodes),
      },
    },
    async (context) => forward(context, host, await context.req.arrayBuffer()),
  );
  add(
    app,
    {
      tag: 'rooms',
      method: 'post',
      path: '/rooms/{room}/founding',
      summary: ['Einen Raum gründen', 'Found a room'],
      description: [
        'Charta, Schemata und die Unterschriften aller Gründer: docs/spec/policy.md.',
        'Charter, schemas and the signatures of all founders: docs/spec/policy.md.',
      ],
      middleware: [atMost(jsonBytesMax), jsonOf(Founding)],
      request: {
        params: z.object(room),
        body: { required: true, content: { 'application/json': { schema: ref('Founding') } } },
      },
      responses: {
        ...json('Accepted', 'Der Raum ist gegründet.', 'The room is founded.'),
        ...problems(...onTheWay, 'body-malformed', 'body-too-large', ...refusalCodes),
      },
    },
    async (context) => forward(context, host, await context.req.arrayBuffer()),
  );
}

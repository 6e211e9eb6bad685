/** The log: its head for everyone, its tiles and objects for members with a session. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { ObjectsRequest, objectsMax } from '@reinraum/protocol';
import { z } from 'zod';
import { objectsRequestBytesMax } from '../host/limits.ts';
import { inBoth } from './bilingual.ts';
import { atMost, jsonOf } from './body.ts';
import { ref } from './components.ts';
import { add, bytes, onTheWay, problems, room, session } from './described.ts';
import { forward, type HostAccess } from './forward.ts';

const path = z
  .string()
  .min(1)
  .max(200)
  .describe(
    inBoth(
      'Datei des Protokolls, mit Schrägstrichen (docs/spec/log.md §2)',
      'file of the log, with slashes (docs/spec/log.md §2)',
    ),
  );

/** Adds the resources. */
export function addLog(app: OpenAPIHono, host: HostAccess): void {
  add(
    app,
    {
      tag: 'log',
      method: 'get',
      path: '/rooms/{room}/log/checkpoint',
      summary: ['Stand des Protokolls', 'Head of the log'],
      description: [
        'Eine signierte C2SP-Notiz, für jeden lesbar: docs/spec/log.md §3.',
        'A signed C2SP note, readable for everyone: docs/spec/log.md §3.',
      ],
      request: { params: z.object(room) },
      responses: {
        ...bytes('text/plain; charset=utf-8', 'Der Stand.', 'The head.'),
        ...problems(...onTheWay, 'room-not-founded', 'room-stopped'),
      },
    },
    async (context) => {
      const answer = await forward(context, host);
      answer.headers.set('cache-control', 'no-cache');
      if (answer.ok) answer.headers.set('content-type', 'text/plain; charset=utf-8');
      return answer;
    },
  );
  add(
    app,
    {
      tag: 'log',
      method: 'get',
      path: '/rooms/{room}/log/:path{.+}',
      session: 'needed',
      summary: ['Kacheln, Bündel und Objekte des Protokolls', 'Tiles, bundles and objects of the log'],
      description: [
        'tile/<L>/<N>, tile/entries/<N> und objects/<Prüfsumme>, je unveränderlich: docs/spec/log.md §2 und §6.',
        'tile/<L>/<N>, tile/entries/<N> and objects/<digest>, each immutable: docs/spec/log.md §2 and §6.',
      ],
      request: { params: z.object({ ...room, path }), headers: session },
      responses: {
        ...bytes('application/octet-stream', 'Die Datei.', 'The file.'),
        ...problems(...onTheWay, 'not-found', 'body-malformed', 'session-invalid', 'room-not-founded', 'room-stopped'),
      },
    },
    async (context) => {
      const answer = await forward(context, host);
      // A refusal is not immutable: the next session may be allowed what this one was not.
      if (answer.ok) answer.headers.set('cache-control', 'private, max-age=31536000, immutable');
      return answer;
    },
  );
  add(
    app,
    {
      tag: 'log',
      method: 'post',
      path: '/rooms/{room}/log/objects',
      session: 'needed',
      summary: ['Viele Objekte des Protokolls auf einmal', 'Many objects of the log at once'],
      description: [
        `Höchstens ${objectsMax} Prüfsummen. Wer liest, hält jedes Objekt gegen seine Prüfsumme: docs/spec/statement.md §7.`,
        `At most ${objectsMax} digests. Whoever reads holds each object against its digest: docs/spec/statement.md §7.`,
      ],
      middleware: [atMost(objectsRequestBytesMax), jsonOf(ObjectsRequest)],
      request: {
        params: z.object(room),
        headers: session,
        body: { required: true, content: { 'application/json': { schema: ref('ObjectsRequest') } } },
      },
      responses: {
        ...bytes(
          'application/octet-stream',
          'Die ersten der Objekte in der Reihenfolge der Anfrage, wenigstens eines: Länge in vier Bytes, dann der Inhalt; ff ff ff ff statt einer Länge, wo eines nicht vorliegt. Das Objekt, mit dem es 4 MiB werden, ist das letzte.',
          'The first of the objects in the order of the request, at least one: length in four bytes, then the content; ff ff ff ff in place of a length where one is not kept. The object that makes it 4 MiB is the last.',
        ),
        ...problems(
          ...onTheWay,
          'body-malformed',
          'body-too-large',
          'session-invalid',
          'room-not-founded',
          'room-stopped',
        ),
      },
    },
    async (context) => forward(context, host, await context.req.arrayBuffer()),
  );
}

/** The log: its head for everyone, its tiles and objects for members with a session. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { inBoth } from './bilingual.ts';
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
}

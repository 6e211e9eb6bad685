/** Pages of our own that run in a browser, below `/app/`: files of a build, served as they are. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { inBoth } from './bilingual.ts';
import { add, bytes, problems } from './described.ts';
import { problemResponse } from './problem.ts';

/**
 * Finds a file of the build. On Workers it is `env.ASSETS.fetch` of the assets binding, on Node a reader of a folder; both
 * get the whole address. 404 becomes a problem document.
 */
export type Assets = (request: Request) => Promise<Response>;

const file = z.string().max(200).describe(inBoth('Datei der Oberfläche', 'file of the application'));

/** Adds `/app/…`. Nothing is there without assets. */
export function addAssets(app: OpenAPIHono, assets: Assets): void {
  add(
    app,
    {
      tag: 'pages',
      method: 'get',
      path: '/app/:file{.*}',
      summary: ['Die Oberfläche', 'The application'],
      request: { params: z.object({ file }) },
      responses: {
        ...bytes('text/html', 'Seite, Skript oder Bild.', 'Page, script or image.'),
        ...problems('not-found'),
      },
    },
    async (context) => {
      const found = await assets(context.req.raw);
      return found.ok ? new Response(found.body, found) : problemResponse('not-found');
    },
  );
}

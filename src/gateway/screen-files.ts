/** The built screens out of a folder, under Node: right types, names with a hash in them for ever. */
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import type { Assets } from './assets.ts';

/** Serves the files of `directory`, which holds `app/`. Files below `app/assets/` bear the hash of their content. */
export function screenFiles(directory: string): Assets {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    const isHashed = context.req.path.startsWith('/app/assets/');
    context.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  });
  app.use('*', serveStatic({ root: directory, precompressed: true }));
  return async (request) => app.fetch(request);
}

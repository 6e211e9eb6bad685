/** The witness over HTTP: one resource and one page, the same on Node and on Workers (docs/spec/witness.md). */
import { addCheckpoint, addCheckpointBytesMax, checkWitnessKeys, type WitnessOptions } from '@reinraum/audit/verifier';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { strictHeaders } from '../gateway/security-headers.ts';
import { witnessPage } from './page.ts';

/** One line of the access log: shapes and times, no address, no content. */
export interface WitnessAccessLine {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** What the app is given at its edge. */
export interface WitnessAppOptions extends WitnessOptions {
  /** Milliseconds, for durations only. */
  readonly clock: () => number;
  readonly log: (line: WitnessAccessLine) => void;
}

const texts = {
  404: ['Hier ist nichts.', 'There is nothing here.'],
  405: ['Hier wird nur POST angenommen.', 'Only POST is taken here.'],
  413: ['Die Anfrage ist zu groß.', 'The request is too large.'],
  503: ['Zu viele Anfragen zugleich; später noch einmal.', 'Too many requests at once; try again later.'],
  500: ['Die Anfrage ist gescheitert; nichts wurde bezeugt.', 'The request failed; nothing was cosigned.'],
} as const;

/** The most requests to cosign that are in work at once: each waits for the disk. */
export const requestsAtOnceMax = 64;

/** The witness as a fetch handler. Throws `RangeError` where its key is also a log's. */
export function witnessApp({ clock, log, ...witness }: WitnessAppOptions): Hono {
  checkWitnessKeys(witness);
  const app = new Hono();
  app.use(async (context, next) => {
    const begun = clock();
    await next();
    const { method, routePath: route } = context.req;
    log({ method, route, status: context.res.status, durationMs: Math.round(clock() - begun) });
  });
  app.use(strictHeaders);
  app.use(async (context, next) => {
    await next();
    context.res.headers.set('cache-control', 'no-store');
  });
  app.notFound(() => said(404));
  app.onError(() => said(500));
  const limit = bodyLimit({ maxSize: addCheckpointBytesMax, onError: () => said(413) });
  let inWork = 0;
  app.post('/add-checkpoint', limit, async (context) => {
    // Whoever sends slowly takes nobody's place: counted is what has come as a whole.
    const body = new Uint8Array(await context.req.arrayBuffer());
    if (inWork >= requestsAtOnceMax) return said(503);
    inWork += 1;
    try {
      const answer = await addCheckpoint(witness, body);
      return new Response(answer.body, { status: answer.status, headers: { 'content-type': answer.contentType } });
    } finally {
      inWork -= 1;
    }
  });
  app.all('/add-checkpoint', () => said(405, { allow: 'POST' }));
  app.get('/', async (context) => context.html(await witnessPage(witness)));
  return app;
}

function said(status: keyof typeof texts, headers: Record<string, string> = {}): Response {
  const [de, en] = texts[status];
  return new Response(`${de}\n${en}\n`, {
    status,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
  });
}

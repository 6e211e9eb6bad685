/**
 * The gateway: the untrusted edge. It limits, labels and forwards; what passes through it is ciphertext, signed
 * statements and public policy. The same app runs on Node and on Workers.
 */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { entrancePage } from './page.ts';
import { problemResponse } from './problem.ts';

const bodyBytesMax = 4 * 1024 * 1024;
const pieceBytesMax = 8 * 1024 * 1024;
/** Request headers that are passed on; nothing else of a request is. */
const passedHeaders = ['content-type', 'x-reinraum-offset', 'x-reinraum-session'];

/** One line of the access log: shapes and times, no address, no key, no content. */
export interface AccessLine {
  readonly method: string;
  /** The route's pattern, such as `/rooms/:room/statements`. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** What the gateway is given at its edge. */
export interface GatewayOptions {
  readonly hostUrl: string;
  readonly hostToken: string;
  readonly fetch: typeof fetch;
  readonly clock: () => number;
  readonly log: (line: AccessLine) => void;
}

/** The gateway as a fetch handler. */
export function gateway(options: GatewayOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const begun = options.clock();
    await next();
    const { method } = context.req;
    const route = context.req.routePath;
    options.log({ method, route, status: context.res.status, durationMs: Math.round(options.clock() - begun) });
  });
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
      strictTransportSecurity: 'max-age=63072000; includeSubDomains',
      referrerPolicy: 'no-referrer',
      crossOriginResourcePolicy: 'same-origin',
    }),
  );
  const onError = () => problemResponse('body-too-large');
  app.use('/rooms/:room/uploads/:offer', bodyLimit({ maxSize: pieceBytesMax, onError }));
  app.use('/rooms/:room/founding', bodyLimit({ maxSize: bodyBytesMax, onError }));
  app.use('/rooms/:room/preview', bodyLimit({ maxSize: bodyBytesMax, onError }));
  app.use('/rooms/:room/statements', bodyLimit({ maxSize: bodyBytesMax, onError }));
  app.notFound(() => problemResponse('not-found'));
  app.onError(() => problemResponse('enclave-failed'));

  app.get('/', async (context) => {
    const ask = async (path: string) => (await forward(new Request(new URL(path, context.req.url)), options)).json();
    const { rooms = [] } = (await ask('/rooms')) as { rooms?: readonly string[] };
    const statuses = await Promise.all(rooms.map(async (name) => [name, await ask(`/rooms/${name}/status`)] as const));
    return context.html(entrancePage(new Map(statuses)));
  });
  app.get('/health', (context) => context.json({ ok: true }));
  app.get('/rooms', (context) => forward(context.req.raw, options));
  app.get('/rooms/:room/status', (context) => forward(context.req.raw, options));
  app.get('/rooms/:room/catalogue', (context) => forward(context.req.raw, options));
  app.get('/rooms/:room/log/:path{.+}', async (context) => {
    const answer = await forward(context.req.raw, options);
    const isCheckpoint = context.req.param('path') === 'checkpoint';
    answer.headers.set('cache-control', isCheckpoint ? 'no-cache' : 'private, max-age=31536000, immutable');
    if (isCheckpoint && answer.ok) answer.headers.set('content-type', 'text/plain; charset=utf-8');
    return answer;
  });
  app.post('/rooms/:room/founding', (context) => forward(context.req.raw, options));
  app.post('/rooms/:room/preview', (context) => forward(context.req.raw, options));
  app.post('/rooms/:room/statements', (context) => forward(context.req.raw, options));
  app.get('/rooms/:room/uploads/:offer', (context) => forward(context.req.raw, options));
  app.put('/rooms/:room/uploads/:offer', (context) => forward(context.req.raw, options));
  return app;
}

/** Passes a request to the host and turns its failures into problems. */
async function forward(request: Request, { hostUrl, hostToken, fetch }: GatewayOptions): Promise<Response> {
  const headers = new Headers({ authorization: `Bearer ${hostToken}` });
  for (const name of passedHeaders) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  let answer: Response;
  try {
    const body = hasBody ? await request.arrayBuffer() : null;
    if (body && request.headers.get('content-type')?.startsWith('application/json') && !isJson(body)) {
      return problemResponse('body-malformed');
    }
    answer = await fetch(new URL(new URL(request.url).pathname, hostUrl), { method: request.method, headers, body });
  } catch {
    return problemResponse('host-unreachable');
  }
  if (answer.ok) return passedOn(answer);
  const failure = (await answer.json().catch(() => ({}))) as {
    code?: string;
    field?: string;
    failed?: string;
    offset?: number;
  };
  if (answer.status === 409 && failure.offset !== undefined)
    return problemResponse('offset-mismatch', { offset: failure.offset });
  if (answer.status === 413) return problemResponse('body-too-large');
  const more = failure.field === undefined ? {} : { field: failure.field };
  return problemResponse(failure.code ?? failure.failed ?? 'enclave-failed', more);
}

function passedOn(answer: Response): Response {
  const headers = { 'content-type': answer.headers.get('content-type') ?? 'application/octet-stream' };
  return new Response(answer.body, { status: answer.status, headers });
}

function isJson(body: ArrayBuffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return true;
  } catch {
    return false;
  }
}

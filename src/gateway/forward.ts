/** The way to the host: what of a request is passed on, and what of an answer comes back. */
import type { Context } from 'hono';
import { problemResponse } from './problem.ts';

/** Request headers that are passed on; nothing else of a request is. */
const passedHeaders = ['content-type', 'x-reinraum-offset', 'x-reinraum-session'];

/** Where the host's API is. */
export interface HostAccess {
  readonly hostUrl: string;
  readonly hostToken: string;
  readonly fetch: typeof fetch;
}

/** What is sent along: whole JSON that was checked, or the piece of an upload as it streams in. */
export type PassedBody = ArrayBuffer | ReadableStream<Uint8Array> | null;

/**
 * Passes a request to the same path of the host, with the host's token, and returns its answer: bodies of success as they
 * are, everything else as a problem. The token goes to `hostUrl` only: redirects are not followed.
 */
export async function forward(context: Context, host: HostAccess, body: PassedBody = null): Promise<Response> {
  const { raw } = context.req;
  const headers = new Headers();
  for (const name of passedHeaders) {
    const value = raw.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return askHost(host, new URL(raw.url).pathname, { method: raw.method, headers, body });
}

/** Asks the host for a path. Never throws: a host that cannot be reached is a problem like any other. */
export async function askHost(
  { hostUrl, hostToken, fetch }: HostAccess,
  path: string,
  {
    method = 'GET',
    headers = new Headers(),
    body = null,
  }: { method?: string; headers?: Headers; body?: PassedBody } = {},
): Promise<Response> {
  headers.set('authorization', `Bearer ${hostToken}`);
  let answer: Response;
  try {
    const target = new URL(hostUrl);
    // Set, not resolved: a path like `//elsewhere` must not become another host.
    target.pathname = path;
    const streaming = body instanceof ReadableStream ? ({ duplex: 'half' } as const) : {};
    answer = await fetch(target, { method, headers, body, redirect: 'manual', cache: 'no-store', ...streaming });
  } catch {
    return problemResponse('host-unreachable');
  }
  return answer.ok ? passedOn(answer) : problemOf(answer);
}

function passedOn(answer: Response): Response {
  const headers = { 'content-type': answer.headers.get('content-type') ?? 'application/octet-stream' };
  return new Response(answer.body, { status: answer.status, headers });
}

async function problemOf(answer: Response): Promise<Response> {
  const failure = (await answer.json().catch(() => ({}))) as {
    code?: string;
    field?: string;
    failed?: string;
    offset?: number;
  };
  if (answer.status === 409 && failure.offset !== undefined)
    return problemResponse('offset-mismatch', { offset: failure.offset });
  if (answer.status === 413) return problemResponse('body-too-large');
  // A host that does not know this gateway is none that members can reach.
  if (answer.status === 401) return problemResponse('host-unreachable');
  const more = failure.field === undefined ? {} : { field: failure.field };
  return problemResponse(failure.code ?? failure.failed ?? 'enclave-failed', more);
}

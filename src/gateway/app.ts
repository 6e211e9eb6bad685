/**
 * The gateway: the untrusted edge. It limits, labels and forwards; what passes through it is ciphertext, signed
 * statements and public policy. The same app runs on Node and on Workers, and describes itself (docs/spec/statement.md §7).
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import { secureHeaders } from 'hono/secure-headers';
import { type Assets, addAssets } from './assets.ts';
import { refuseParameters } from './described.ts';
import { addEntrance } from './entrance.ts';
import type { HostAccess } from './forward.ts';
import { addLog } from './log.ts';
import { addDescription } from './openapi.ts';
import { addPolicySchemas } from './policy-schemas.ts';
import { problemResponse } from './problem.ts';
import { addRooms } from './rooms.ts';
import { commonHeaders, nothing, nothingAllowed, strictHeaders } from './security-headers.ts';
import { addStatements } from './statements.ts';
import { addUploads } from './uploads.ts';

/** One line of the access log: shapes and times, no address, no key, no content. */
export interface AccessLine {
  readonly method: string;
  /** The route's pattern, such as `/rooms/:room/statements`. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** What the gateway is given at its edge. */
export interface GatewayOptions extends HostAccess {
  readonly clock: () => number;
  readonly log: (line: AccessLine) => void;
  /** Files of the application below `/app/`. Default: none. */
  readonly assets?: Assets;
}

const own = ["'self'"];
/**
 * The application's own files may load each other and ask this gateway. Nothing comes from elsewhere; images from `data:` are
 * the icons inside the design system's style sheet (docs/decisions/0011-web.md).
 */
const application = secureHeaders({
  ...commonHeaders,
  contentSecurityPolicy: {
    ...nothingAllowed,
    scriptSrc: own,
    styleSrc: own,
    imgSrc: [...own, 'data:'],
    fontSrc: own,
    connectSrc: own,
    workerSrc: own,
    manifestSrc: own,
    formAction: nothing,
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: nothing,
  },
});

/** The gateway as a fetch handler. */
export function gateway({ clock, log, assets, ...host }: GatewayOptions): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: refuseParameters });
  app.use(async (context, next) => {
    const begun = clock();
    await next();
    const { method, routePath: route } = context.req;
    log({ method, route, status: context.res.status, durationMs: Math.round(clock() - begun) });
  });
  app.use((context, next) => (context.req.path.startsWith('/app/') ? application : strictHeaders)(context, next));
  app.use(async (context, next) => {
    await next();
    // Kept nowhere on the way unless a resource says otherwise: answers depend on the session, addresses do not.
    if (!context.res.headers.has('cache-control')) context.res.headers.set('cache-control', 'no-store');
  });
  app.notFound(() => problemResponse('not-found'));
  app.onError(() => problemResponse('enclave-failed'));
  addEntrance(app, host, assets !== undefined);
  addRooms(app, host);
  addStatements(app, host);
  addUploads(app, host);
  addLog(app, host);
  addPolicySchemas(app);
  if (assets) addAssets(app, assets);
  addDescription(app);
  return app;
}

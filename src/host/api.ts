/**
 * The host's API: what a gateway, on Node or on Workers, may ask. Authenticated with one bearer token, reachable from
 * the gateway only. It carries ciphertext, signed statements and public policy.
 */
import { timingSafeEqual } from 'node:crypto';
import {
  Accepted,
  digestOf,
  encodeFrame,
  encodeObjects,
  Founding,
  ObjectsRequest,
  PreviewRequest,
  Refusal,
  Submission,
} from '@reinraum/protocol';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ZodError } from 'zod';
import type { Reply } from './door-client.ts';
import { jsonBytesMax, objectsRequestBytesMax, pieceBytesMax } from './limits.ts';
import { readObjects } from './objects.ts';
import { RolledBack, RoomInUse, type Rooms, type RunningRoom } from './rooms.ts';
import { OffsetMismatch, StorageFull } from './uploads.ts';

/** What the API works with. `token` is the shared secret of gateway and host. */
export interface HostApiOptions {
  readonly rooms: Rooms;
  readonly token: string;
}

/** The API as a fetch handler. Refusals are 422 with code and field, failures 500 with one word. */
export function hostApi({ rooms, token }: HostApiOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    if (!isToken(context.req.header('authorization') ?? '', token))
      return context.json({ failed: 'unauthorised' }, 401);
    return next();
  });
  app.use('/rooms/:room/uploads/*', bodyLimit({ maxSize: pieceBytesMax }));
  app.use('/rooms/:room/log/objects', bodyLimit({ maxSize: objectsRequestBytesMax }));
  app.use('/rooms/:room/:act', bodyLimit({ maxSize: jsonBytesMax }));
  app.onError((error, context) => {
    if (error instanceof Refusal) return context.json({ code: error.code, field: error.field }, 422);
    if (error instanceof OffsetMismatch) return context.json({ offset: error.offset }, 409);
    if (error instanceof StorageFull) return context.json({ failed: 'storage-full' }, 507);
    if (error instanceof RoomInUse) return context.json({ failed: 'room-in-use' }, 503);
    if (error instanceof RolledBack) return context.json({ failed: 'room-rolled-back' }, 503);
    const isBadInput = error instanceof ZodError || error instanceof SyntaxError || error instanceof RangeError;
    return isBadInput
      ? context.json({ failed: 'body-malformed' }, 400)
      : context.json({ failed: 'enclave-failed' }, 500);
  });

  app.get('/rooms', async (context) => context.json({ rooms: await rooms.names() }));
  app.get('/rooms/:room/status', async (context) => {
    const { door } = await existing(rooms, context.req.param('room'));
    return context.json((await door.ask({ method: 'status' })).value as object);
  });
  app.post('/rooms/:room/founding', async (context) => {
    const founding = Founding.parse(await context.req.json());
    const { door } = await existing(rooms, context.req.param('room'));
    return context.json((await door.ask({ method: 'found', founding })).value as object);
  });
  app.post('/rooms/:room/statements', async (context) => {
    const submission = Submission.parse(await context.req.json());
    const { door, uploads } = await existing(rooms, context.req.param('room'));
    const answer = await door.ask({ method: 'submit', submission });
    const { offer } = Accepted.parse(answer.value);
    if (offer) await uploads.expect(digestOf(offer));
    return reply(answer);
  });
  app.get('/rooms/:room/catalogue', async (context) => {
    const { door } = await existing(rooms, context.req.param('room'));
    const session = context.req.header('x-reinraum-session') ?? '';
    return context.json((await door.ask({ method: 'catalogue', session })).value as object);
  });
  app.post('/rooms/:room/preview', async (context) => {
    const preview = PreviewRequest.parse(await context.req.json());
    const { door } = await existing(rooms, context.req.param('room'));
    const session = context.req.header('x-reinraum-session') ?? '';
    return context.json((await door.ask({ method: 'preview', preview, session })).value as object);
  });
  app.get('/rooms/:room/log/:path{.+}', async (context) => {
    const { door } = await existing(rooms, context.req.param('room'));
    const session = context.req.header('x-reinraum-session') ?? null;
    const { value, body } = await door.ask({ method: 'read', path: context.req.param('path'), session });
    if (!(value as { found: boolean }).found) return context.json({ failed: 'not-found' }, 404);
    return binary(body);
  });
  app.post('/rooms/:room/log/objects', async (context) => {
    const { objects } = ObjectsRequest.parse(await context.req.json());
    const { door } = await existing(rooms, context.req.param('room'));
    const session = context.req.header('x-reinraum-session') ?? null;
    return binary(encodeObjects(await readObjects(door, objects, session)));
  });
  app.get('/rooms/:room/uploads/:offer', async (context) => {
    const { uploads } = await existing(rooms, context.req.param('room'));
    return context.json({ offset: await uploads.offset(context.req.param('offer')) });
  });
  app.put('/rooms/:room/uploads/:offer', async (context) => {
    const { uploads } = await existing(rooms, context.req.param('room'));
    const header = context.req.header('x-reinraum-offset') ?? '';
    const offset = /^[0-9]+$/.test(header) ? Number(header) : Number.NaN;
    if (!Number.isSafeInteger(offset)) return context.json({ failed: 'body-malformed' }, 400);
    const piece = new Uint8Array(await context.req.arrayBuffer());
    return context.json({ offset: await uploads.write(context.req.param('offer'), offset, piece) });
  });
  return app;
}

async function existing(rooms: Rooms, name: string): Promise<RunningRoom> {
  if (!(await rooms.has(name))) throw new Refusal('room-unknown', 'room');
  return rooms.room(name);
}

/** An accepted statement as one frame: its head, and the sealed body where there is one. */
function reply({ value, body }: Reply): Response {
  return binary(encodeFrame(value, body));
}

function binary(bytes: Uint8Array): Response {
  return new Response(new Uint8Array(bytes), { headers: { 'content-type': 'application/octet-stream' } });
}

function isToken(header: string, token: string): boolean {
  const given = Buffer.from(header);
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

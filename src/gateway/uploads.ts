/** Sealed files on their way in, in pieces. They stream through; nothing of them is kept here. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { pieceBytesMax } from '../host/limits.ts';
import { inBoth } from './bilingual.ts';
import { atMost } from './body.ts';
import { add, json, offer, onTheWay, problems, room } from './described.ts';
import { forward, type HostAccess } from './forward.ts';

const address = z.object({ ...room, ...offer });
const arrived = json('Offset', 'So viele Bytes sind da.', 'So many bytes have arrived.');
const at = inBoth('Erstes Byte des Stücks in der Datei', 'first byte of the piece in the file');

/** Adds the resources. */
export function addUploads(app: OpenAPIHono, host: HostAccess): void {
  add(
    app,
    {
      tag: 'uploads',
      method: 'get',
      path: '/rooms/{room}/uploads/{offer}',
      summary: ['Wie viel angekommen ist', 'How much has arrived'],
      description: ['Von dort setzt eine unterbrochene Übertragung fort.', 'An interrupted upload goes on from there.'],
      request: { params: address },
      responses: { ...arrived, ...problems(...onTheWay, 'body-malformed') },
    },
    (context) => forward(context, host),
  );
  add(
    app,
    {
      tag: 'uploads',
      method: 'put',
      path: '/rooms/{room}/uploads/{offer}',
      summary: ['Ein Stück einer versiegelten Datei', 'A piece of a sealed file'],
      description: [
        'Höchstens 8 MiB, lückenlos hintereinander. Nur für Dateien, die die Enklave angeboten hat. Form der Datei: docs/spec/seal.md.',
        'At most 8 MiB, one after the other without gaps. Only for files the enclave has made an offer for. Format of the file: docs/spec/seal.md.',
      ],
      middleware: [atMost(pieceBytesMax)],
      request: {
        params: address,
        headers: z.object({
          'x-reinraum-offset': z
            .string()
            .regex(/^[0-9]{1,16}$/)
            .describe(at),
        }),
        body: {
          required: true,
          content: {
            'application/octet-stream': { schema: { type: 'string', contentMediaType: 'application/octet-stream' } },
          },
        },
      },
      responses: {
        ...arrived,
        ...problems(
          ...onTheWay,
          'body-malformed',
          'body-too-large',
          'offset-mismatch',
          'storage-full',
          'dataset-not-declared',
        ),
      },
    },
    (context) => forward(context, host, context.req.raw.body),
  );
}

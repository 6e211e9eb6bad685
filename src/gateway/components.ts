/**
 * The named schemas of the API's description. They are the protocol's own, published by zod as JSON Schema 2020-12, so
 * that what is described is what is checked.
 */
import {
  Accepted,
  Bilingual,
  Catalogue,
  Charter,
  DatasetSchema,
  Envelope,
  Founding,
  ObjectsRequest,
  Preview,
  PreviewRequest,
  SignedDocument,
  Statement,
  Status,
  Submission,
} from '@reinraum/protocol';
import { z } from 'zod';
import { Problem } from './problem.ts';

/** Names of the rooms of an installation. */
const Rooms = z.strictObject({ rooms: z.array(z.string()) });
/** How much of a sealed file has arrived, in bytes. */
const Offset = z.strictObject({ offset: z.int().min(0) });
/** The gateway is up. It says nothing about rooms. */
const Health = z.strictObject({ ok: z.literal(true) });

/** The schemas by their names. Envelopes the gateway lets through unread are described as what they must hold. */
const components = {
  Accepted,
  Bilingual,
  Catalogue,
  Charter,
  DatasetSchema,
  Envelope,
  Founding: Founding.extend({
    charter: Charter,
    schemas: z.array(DatasetSchema).max(64),
    statements: z.array(Envelope).max(64),
  }),
  Health,
  ObjectsRequest,
  Offset,
  Preview,
  PreviewRequest,
  Problem,
  Rooms,
  SignedDocument,
  Statement,
  Status,
  Submission: Submission.extend({ envelope: Envelope }),
} as const;

/** Name of a schema under `#/components/schemas`. */
export type ComponentName = keyof typeof components;

/** Reference to a named schema. */
export function ref(name: ComponentName): { $ref: string } {
  return { $ref: uri(name) };
}

/** All named schemas as JSON Schema. */
export function componentSchemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(components)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri });
  return Object.fromEntries(
    Object.entries(schemas)
      // What several schemas share; nothing is, as long as nothing is recursive.
      .filter(([name]) => name in components)
      .map(([name, { $schema: _dialect, $id: _uri, ...schema }]) => [name, schema]),
  );
}

function uri(name: string): string {
  return `#/components/schemas/${name}`;
}

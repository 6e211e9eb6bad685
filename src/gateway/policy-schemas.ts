/** JSON Schemas for whoever writes policies in an editor: the same `reinraum schema` prints. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { editorSchema, policyKinds } from '../example/editor-schema.ts';
import { add, bytes } from './described.ts';

/** Adds the resources. They are public: they hold the grammar of policies, not one of them. */
export function addPolicySchemas(app: OpenAPIHono): void {
  for (const kind of policyKinds) {
    add(
      app,
      {
        tag: 'pages',
        method: 'get',
        path: `/schemas/${kind}.json`,
        summary: [`JSON-Schema für Editoren: ${kind}`, `JSON Schema for editors: ${kind}`],
        responses: bytes('application/schema+json', 'JSON-Schema 2020-12.', 'JSON Schema 2020-12.'),
      },
      (context) => {
        const text = `${JSON.stringify(editorSchema(kind), null, 2)}\n`;
        return context.body(text, 200, { 'content-type': 'application/schema+json', 'cache-control': 'no-cache' });
      },
    );
  }
}

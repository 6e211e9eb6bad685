/** The description of the API: for tools at `/openapi.json`, for people at `/api`. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { apiPage } from './api-page.ts';
import { inBoth } from './bilingual.ts';
import { componentSchemas } from './components.ts';
import { add, bytes, sessionScheme, type Tag, tags } from './described.ts';
import { problem, problemCodes } from './problem.ts';

/** An OpenAPI 3.1 document, as far as the page reads it. */
export type ApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

/** Adds the resources and names what the description refers to. Comes last: it describes what was added before. */
export function addDescription(app: OpenAPIHono): void {
  for (const [name, schema] of Object.entries(componentSchemas())) {
    app.openAPIRegistry.registerComponent('schemas', name, schema);
  }
  app.openAPIRegistry.registerComponent('securitySchemes', sessionScheme, {
    type: 'apiKey',
    in: 'header',
    name: 'x-reinraum-session',
    description: inBoth(
      'Sitzung eines Mitglieds: das Token aus der Antwort auf eine Erklärung session.open, 15 Minuten gültig (docs/spec/statement.md).',
      'A member’s session: the token from the answer to a statement session.open, valid for 15 minutes (docs/spec/statement.md).',
    ),
  });
  let described: ApiDocument | undefined;
  const once = () => {
    described ??= documentOf(app);
    return described;
  };
  add(
    app,
    {
      tag: 'pages',
      method: 'get',
      path: '/openapi.json',
      summary: ['Diese Beschreibung', 'This description'],
      responses: bytes('application/json', 'Ein OpenAPI-Dokument, Version 3.1.', 'An OpenAPI document, version 3.1.'),
    },
    (context) => context.json(once()),
  );
  add(
    app,
    {
      tag: 'pages',
      method: 'get',
      path: '/api',
      summary: ['Diese Beschreibung als Seite', 'This description as a page'],
      responses: bytes('text/html; charset=UTF-8', 'Die Seite.', 'The page.'),
    },
    (context) => context.html(apiPage(once())),
  );
}

function documentOf(app: OpenAPIHono): ApiDocument {
  const described = app.getOpenAPI31Document({
    openapi: '3.1.1',
    info: {
      title: 'Reinraum',
      version: '1',
      description: inBoth(
        'Freigegebene Fragen an gemeinsame Daten. Was hier durchgeht, ist Geheimtext, signierte Erklärung oder öffentliche Richtlinie; geprüft und entschieden wird in der Enklave. Fehler sind Dokumente nach RFC 9457.',
        'Approved questions of joint data. What passes here is ciphertext, signed statement or public policy; the enclave checks and decides. Errors are documents of RFC 9457.',
      ),
      license: { name: 'EUPL-1.2' },
    },
    tags: (Object.keys(tags) as Tag[]).map((name) => ({ name, description: inBoth(tags[name][0], tags[name][1]) })),
  });
  // Addresses with slashes in them are a pattern of the router's; OpenAPI knows names only.
  const paths = Object.entries(described.paths ?? {}).map(([path, item]) => [
    path.replace(/:(\w+)\{[^}]*\}/, '{$1}'),
    item,
  ]);
  const codes = problemCodes.map((code) => [code, { status: problem(code).status, ...problem(code).detail }]);
  return { ...described, paths: Object.fromEntries(paths), 'x-problems': Object.fromEntries(codes) };
}

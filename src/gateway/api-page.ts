/** The API's description as a page: plain HTML, German first, no script and no style, readable with any browser. */
import { apart } from './bilingual.ts';
import { type Tag, tags } from './described.ts';
import { escaped } from './html.ts';

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: unknown;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses?: Readonly<Record<string, Body & { readonly description?: string }>>;
}

/** What the page reads of an OpenAPI document. */
export interface DescribedApi {
  readonly info: { readonly description?: string };
  readonly paths?: Readonly<Record<string, unknown>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>>; readonly securitySchemes?: unknown };
}

interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The page. Everything in it comes from the document. */
export function apiPage({ info, paths = {}, components = {} }: DescribedApi): string {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({ method, path, operation })),
  );
  const names = Object.keys(tags) as Tag[];
  const groups = names.map((tag) => ({ tag, listed: operations.filter((one) => one.operation.tags?.includes(tag)) }));
  const contents = groups.map(
    ({ tag, listed }) =>
      `<li><a href="#${tag}">${words(tags[tag][0], tags[tag][1])}</a><ul>${listed.map(entry).join('')}</ul></li>`,
  );
  const sections = groups.map(
    ({ tag, listed }) =>
      `<section aria-labelledby="${tag}"><h2 id="${tag}">${words(tags[tag][0], tags[tag][1])}</h2>${listed.map(article).join('')}</section>`,
  );
  const schemes = Object.entries(
    (components.securitySchemes ?? {}) as Record<string, { name: string; description: string }>,
  );
  const security = schemes.map(
    ([, { name, description }]) => `<dt><code>${escaped(name)}</code></dt><dd>${both(description)}</dd>`,
  );
  const schemas = Object.entries(components.schemas ?? {}).map(
    ([name, schema]) => `<h3 id="schema-${escaped(name)}">${escaped(name)}</h3>${code(schema)}`,
  );
  return `<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Reinraum: Schnittstelle</title></head><body><main><h1>Schnittstelle / <span lang="en">API</span></h1><p>${both(info.description ?? '')}</p><p><a href="/openapi.json">OpenAPI 3.1</a> · <a href="/">${words('Eingang', 'entrance')}</a></p><nav aria-label="Inhalt / contents"><ul>${contents.join('')}<li><a href="#sitzung">${words('Sitzung', 'session')}</a></li><li><a href="#schemata">${words('Schemata', 'schemas')}</a></li></ul></nav>${sections.join('')}<section aria-labelledby="sitzung"><h2 id="sitzung">${words('Sitzung', 'Session')}</h2><dl>${security.join('')}</dl></section><section aria-labelledby="schemata"><h2 id="schemata">${words('Schemata', 'Schemas')}</h2>${schemas.join('')}</section></main></body></html>`;
}

function entry({ method, path, operation }: Listed): string {
  return `<li><a href="#${idOf(method, path)}"><code>${method.toUpperCase()} ${escaped(path)}</code></a>: ${both(operation.summary ?? '')}</li>`;
}

function article({ method, path, operation }: Listed): string {
  const id = idOf(method, path);
  const { summary = '', description, parameters = [], requestBody, responses = {}, security } = operation;
  const about = description === undefined ? '' : `<p>${both(description)}</p>`;
  const protectedBy = security
    ? `<p><a href="#sitzung">${words('Braucht eine Sitzung.', 'Needs a session.')}</a></p>`
    : '';
  const given = parameters.map(
    (parameter) =>
      `<tr><th scope="row"><code>${escaped(parameter.name)}</code></th><td>${parameter.in}</td><td>${parameter.required ? words('ja', 'yes') : words('nein', 'no')}</td><td>${both(parameter.description ?? '')}${code(parameter.schema)}</td></tr>`,
  );
  const table =
    given.length === 0
      ? ''
      : `<table><caption>${words('Angaben', 'Parameters')}</caption><thead><tr><th scope="col">Name</th><th scope="col">${words('Ort', 'place')}</th><th scope="col">${words('nötig', 'required')}</th><th scope="col">${words('Bedeutung', 'meaning')}</th></tr></thead><tbody>${given.join('')}</tbody></table>`;
  const body = requestBody ? `<h4>${words('Rumpf', 'Body')}</h4>${content(requestBody)}` : '';
  const answers = Object.entries(responses).map(
    ([status, answer]) =>
      `<dt><code>${escaped(status)}</code></dt><dd>${both(answer.description ?? '')}${content(answer)}</dd>`,
  );
  return `<article aria-labelledby="${id}"><h3 id="${id}"><code>${method.toUpperCase()} ${escaped(path)}</code></h3><p><strong>${both(summary)}</strong></p>${about}${protectedBy}${table}${body}<h4>${words('Antworten', 'Answers')}</h4><dl>${answers.join('')}</dl></article>`;
}

function content({ content: given = {} }: Body): string {
  return Object.entries(given)
    .map(([mediaType, { schema }]) => {
      const name = /^#\/components\/schemas\/(\w+)$/.exec((schema as { $ref?: string } | undefined)?.$ref ?? '')?.[1];
      const of = name === undefined ? '' : `: <a href="#schema-${name}">${name}</a>`;
      return `<p><code>${escaped(mediaType)}</code>${of}</p>`;
    })
    .join('');
}

function idOf(method: string, path: string): string {
  return `${method}${path.replaceAll(/[^a-z]+/g, '-')}`;
}

function code(schema: unknown): string {
  return schema === undefined ? '' : `<pre><code>${escaped(JSON.stringify(schema, null, 2))}</code></pre>`;
}

function both(text: string): string {
  const { de, en } = apart(text);
  return de === en ? escaped(de) : words(de, en);
}

function words(de: string, en: string): string {
  return `${escaped(de)} / <span lang="en">${escaped(en)}</span>`;
}

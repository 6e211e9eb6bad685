/** The API's description as a page: plain HTML, German first, no script and no style, readable with any browser. */
import type { Bilingual } from '@reinraum/protocol';
import { apart } from './bilingual.ts';
import { type Tag, tags } from './described.ts';
import { escaped } from './html.ts';

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
}
interface Answer extends Body {
  readonly description?: string;
  readonly 'x-codes'?: readonly string[];
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: object;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses?: Readonly<Record<string, Answer>>;
}
interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** What the page reads of an OpenAPI document. */
export interface DescribedApi {
  readonly info: { readonly description?: string };
  readonly paths?: Readonly<Record<string, unknown>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>>; readonly securitySchemes?: unknown };
  readonly 'x-problems'?: unknown;
}

/** The page. Everything in it comes from the document. */
export function apiPage({ info, paths = {}, components = {}, 'x-problems': codes = {} }: DescribedApi): string {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({ method, path, operation })),
  );
  const groups = (Object.keys(tags) as Tag[]).map((tag) => {
    const [de, en] = tags[tag];
    return { id: tag, title: words(de, en), listed: operations.filter((one) => one.operation.tags?.includes(tag)) };
  });
  const further = [
    { id: 'sitzung', title: words('Sitzung', 'Session'), content: schemes(components.securitySchemes) },
    { id: 'fehler', title: words('Fehler', 'Problems'), content: problemTable(codes) },
    { id: 'schemata', title: words('Schemata', 'Schemas'), content: schemas(components.schemas ?? {}) },
  ];
  const contents = [
    ...groups.map(({ id, title, listed }) => `<li>${link(id, title)}<ul>${listed.map(entry).join('')}</ul></li>`),
    ...further.map(({ id, title }) => `<li>${link(id, title)}</li>`),
  ];
  const sections = [
    ...groups.map(({ id, title, listed }) => section(id, title, listed.map(article).join(''))),
    ...further.map(({ id, title, content }) => section(id, title, content)),
  ];
  return `<!doctype html><html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Reinraum: Schnittstelle</title></head><body><main><h1>Schnittstelle / <span lang="en">API</span></h1>${paragraphs(info.description)}<p><a href="/openapi.json">OpenAPI 3.1</a> · <a href="/">${words('Eingang', 'entrance')}</a></p><nav aria-label="Inhalt"><ul>${contents.join('')}</ul></nav>${sections.join('')}</main></body></html>`;
}

function section(id: string, title: string, content: string): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`;
}

function entry({ method, path, operation }: Listed): string {
  return `<li>${link(idOf(method, path), address(method, path))}: ${both(operation.summary)}</li>`;
}

function article({ method, path, operation }: Listed): string {
  const id = idOf(method, path);
  const { summary, description, parameters = [], requestBody, responses = {}, security } = operation;
  const answers = Object.entries(responses).map(
    ([status, answer]) => `<dt>${code(status)}</dt><dd>${said(answer)}</dd>`,
  );
  const parts = [
    `<h3 id="${id}">${address(method, path)}</h3><p><strong>${both(summary)}</strong></p>`,
    paragraphs(description),
    security ? `<p>${link('sitzung', words('Braucht eine Sitzung.', 'Needs a session.'))}</p>` : '',
    parameters.length > 0 ? parameterTable(parameters) : '',
    requestBody ? `<h4>${words('Rumpf', 'Body')}</h4>${content(requestBody)}` : '',
    `<h4>${words('Antworten', 'Answers')}</h4><dl>${answers.join('')}</dl>`,
  ];
  return `<article aria-labelledby="${id}">${parts.join('')}</article>`;
}

/** An answer of success says what it is; one of problems names the codes, which are explained once below. */
function said(answer: Answer): string {
  const codes = answer['x-codes'];
  if (!codes) return `${paragraphs(answer.description)}${content(answer)}`;
  return `<p>${codes.map((known) => link(`fehler-${known}`, code(known))).join(', ')}</p>${content(answer)}`;
}

function parameterTable(parameters: readonly Parameter[]): string {
  const rows = parameters.map(({ name, in: place, required, description, schema = {} }) => {
    const { description: _said, ...shape } = schema as { description?: string };
    const isNeeded = required ? words('ja', 'yes') : words('nein', 'no');
    return `<tr><th scope="row">${code(name)}</th><td>${escaped(place)}</td><td>${isNeeded}</td><td>${both(description)}</td><td>${code(JSON.stringify(shape))}</td></tr>`;
  });
  const heads = [
    words('Name', 'name'),
    words('Ort', 'place'),
    words('nötig', 'required'),
    words('Bedeutung', 'meaning'),
  ];
  return table(words('Angaben', 'Parameters'), [...heads, words('Form', 'shape')], rows);
}

function problemTable(codes: unknown): string {
  const rows = Object.entries(codes as Record<string, Bilingual & { readonly status: number }>).map(
    ([known, { status, de, en }]) =>
      `<tr><th scope="row" id="fehler-${escaped(known)}">${code(known)}</th><td>${status}</td><td>${escaped(de)}</td><td lang="en">${escaped(en)}</td></tr>`,
  );
  return table(
    words('Alle Fehler nach ihrem Code', 'All problems by their code'),
    ['Code', 'Status', 'Deutsch', 'English'],
    rows,
  );
}

function table(caption: string, heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join('');
  return `<table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function schemes(given: unknown): string {
  const entries = Object.values(
    (given ?? {}) as Record<string, { readonly name: string; readonly description: string }>,
  );
  const items = entries.map(({ name, description }) => `<dt>${code(name)}</dt><dd>${paragraphs(description)}</dd>`);
  return `<dl>${items.join('')}</dl>`;
}

function schemas(given: Readonly<Record<string, unknown>>): string {
  return Object.entries(given)
    .map(([name, schema]) => {
      const shown = escaped(JSON.stringify(schema, null, 2));
      return `<h3 id="schema-${escaped(name)}">${escaped(name)}</h3><pre><code>${shown}</code></pre>`;
    })
    .join('');
}

function content({ content: given = {} }: Body): string {
  return Object.entries(given)
    .map(([mediaType, { schema }]) => {
      const name = /^#\/components\/schemas\/(\w+)$/.exec((schema as { $ref?: string } | undefined)?.$ref ?? '')?.[1];
      return `<p>${code(mediaType)}${name === undefined ? '' : `: ${link(`schema-${name}`, name)}`}</p>`;
    })
    .join('');
}

function idOf(method: string, path: string): string {
  return `${method}${path.replaceAll(/[^a-z]+/g, '-')}`;
}

function address(method: string, path: string): string {
  return code(`${method.toUpperCase()} ${path}`);
}

function link(id: string, html: string): string {
  return `<a href="#${id}">${html}</a>`;
}

function code(text: string): string {
  return `<code>${escaped(text)}</code>`;
}

function both(text = ''): string {
  const { de, en } = apart(text);
  return de === en ? escaped(de) : words(de, en);
}

function paragraphs(text: string | undefined): string {
  if (text === undefined) return '';
  const { de, en } = apart(text);
  return de === en ? `<p>${escaped(de)}</p>` : `<p>${escaped(de)}</p><p lang="en">${escaped(en)}</p>`;
}

function words(de: string, en: string): string {
  return `${escaped(de)} / <span lang="en">${escaped(en)}</span>`;
}

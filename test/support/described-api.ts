/** The API's own description, and whether real answers are what it says. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

interface DescribedAnswer {
  readonly content?: Readonly<Record<string, { readonly schema?: { readonly $ref?: string } }>>;
  readonly 'x-codes'?: readonly string[];
}

interface Described {
  readonly responses: Readonly<Record<string, DescribedAnswer>>;
  readonly [field: string]: unknown;
}

/** An OpenAPI document as the tests read it. */
export interface ApiDescription {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly securitySchemes: object };
  readonly 'x-problems': Readonly<
    Record<string, { readonly status: number; readonly de: string; readonly en: string }>
  >;
}

/** Judges answers by a description. */
export class DescribedApi {
  readonly description: ApiDescription;
  readonly #ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });

  constructor(description: ApiDescription) {
    this.description = description;
    this.#ajv.addVocabulary(['openapi', 'info', 'tags', 'paths', 'components', 'webhooks', 'x-problems']);
    this.#ajv.addSchema({ ...description, $id: 'urn:reinraum:api' });
  }

  /** Expects an answer's status, media type and JSON to be described for this resource. Returns the JSON, or the bytes. */
  async expectDescribed(method: string, path: string, answer: Response): Promise<unknown> {
    const where = `${method} ${path} ${answer.status}`;
    const described = this.description.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
    expect(described, where).toBeDefined();
    const mediaType = answer.headers.get('content-type') ?? '';
    const content = described?.content ?? {};
    expect(Object.keys(content), where).toContain(mediaType);
    const body = await answer.arrayBuffer();
    if (!/\bjson\b/.test(mediaType)) return new Uint8Array(body);
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    const $ref = content[mediaType]?.schema?.$ref;
    if ($ref !== undefined) this.expectValid($ref, value, where);
    return value;
  }

  /** Expects a value to be what a named schema of the description says. */
  expectValid($ref: string, value: unknown, where = $ref): void {
    const isValid = this.#ajv.compile({ $ref: `urn:reinraum:api${$ref}` });
    expect(isValid(value), `${where}: ${JSON.stringify(isValid.errors)}`).toBe(true);
  }
}

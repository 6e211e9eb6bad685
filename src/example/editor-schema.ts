/**
 * JSON Schemas (draft 2020-12) for editors of policies: what `charter.yaml`, `schemas/*.yaml`, `queries/*.yaml`,
 * `derived/*.yaml` and `example.yaml` may hold. They are made from the schemas the room itself checks with. What spans several fields or files
 * they cannot say; `reinraum charter check` does.
 */
import { AggregateQuery, CharterTemplate, DatasetSchema, DerivedTable, Slug } from '@reinraum/protocol';
import { z } from 'zod';
import { ExamplePlan } from './example-plan.ts';

/** Kinds of policy files with their schema and, for people, where they lie. */
const kinds = {
  charter: { schema: CharterTemplate, title: 'Charta / charter: charter.yaml' },
  dataset: { schema: DatasetSchema, title: 'Datensatz / dataset: schemas/*.yaml' },
  query: { schema: AggregateQuery, title: 'Frage / question: queries/*.yaml' },
  table: { schema: DerivedTable, title: 'Abgeleitete Tabelle / derived table: derived/*.yaml' },
  example: { schema: ExamplePlan, title: 'Beispiel / example: example.yaml' },
} as const;

/** A kind of policy file. */
export type PolicyKind = keyof typeof kinds;
/** All kinds, in the order people write them. */
export const policyKinds = Object.keys(kinds) as readonly PolicyKind[];

/** Lists that may stand in a table beside the policies, as `{ file: … }`; reading the folder puts the table in their place. */
const listsInFiles = new Set(['codes', 'groups']);
const inFile = {
  type: 'object',
  description: 'Tabelle im Ordner der Richtlinien / table in the policies’ folder, such as codes/districts.csv',
  properties: { file: { type: 'string', minLength: 1 } },
  required: ['file'],
  additionalProperties: false,
};

const { $schema: _dialect, ...queryId } = z.toJSONSchema(Slug);

/** The JSON Schema of a kind. */
export function editorSchema(kind: PolicyKind): Record<string, unknown> {
  const { schema, title } = kinds[kind];
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', reused: 'ref', override: completed });
  return { $schema, title, ...rest };
}

/** Adds what zod knows and leaves out: the hint of a pattern; and that a list may stand in a file. */
function completed({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  const hint = hintOf(zodSchema);
  if (hint !== undefined) jsonSchema.description = hint;
  for (const [name, property] of Object.entries(jsonSchema.properties ?? {})) {
    const isList = typeof property === 'object' && (property.type === 'array' || '$ref' in property);
    if (listsInFiles.has(name) && isList && jsonSchema.properties) {
      jsonSchema.properties[name] = { anyOf: [property, inFile] } as z.core.JSONSchema.BaseSchema;
    }
    // A table names its queries by their ids and rolls labels up by files; a tool puts digests and lists in their place.
    if (name === 'query' && jsonSchema.properties && 'measure' in jsonSchema.properties) {
      jsonSchema.properties[name] = { anyOf: [property, queryId] } as z.core.JSONSchema.BaseSchema;
    }
    if (name === 'rollup' && typeof property === 'object' && property.additionalProperties !== undefined) {
      property.additionalProperties = {
        anyOf: [property.additionalProperties, inFile],
      } as z.core.JSONSchema.BaseSchema;
    }
  }
}

/** What the first check of a text says when it fails. */
function hintOf({ _zod: { def } }: z.core.$ZodTypes): string | undefined {
  if (def.type !== 'string') return undefined;
  const error = def.checks?.map(({ _zod }) => _zod.def.error).find((known) => known !== undefined);
  const said = error?.({ code: 'custom', input: undefined, path: [], message: '' } as never);
  return typeof said === 'string' ? said : said?.message;
}

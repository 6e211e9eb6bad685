/** The JSON Schemas for editors: all shipped policies pass an independent validator, broken ones do not. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { editorSchema, type PolicyKind, policyKinds } from '../../src/example/editor-schema.ts';

const root = path.resolve(import.meta.dirname, '../..');
const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true, allowUnionTypes: true });
const validators = new Map(policyKinds.map((kind) => [kind, ajv.compile(editorSchema(kind))]));

const places: Readonly<Record<PolicyKind, string>> = {
  charter: 'policies/*/charter.yaml',
  dataset: 'policies/*/schemas/*.yaml',
  query: 'policies/*/queries/*.yaml',
  table: 'policies/*/derived/*.yaml',
  example: 'policies/*/example.yaml',
};
const shipped = policyKinds.flatMap((kind) =>
  globSync(places[kind], { cwd: root }).map((file) => [kind, file] as const),
);

function validator(kind: PolicyKind): ValidateFunction {
  const found = validators.get(kind);
  if (!found) throw new Error(`no schema for ${kind}`);
  return found;
}

function read(file: string): Record<string, unknown> {
  return parse(readFileSync(path.join(root, file), 'utf8')) as Record<string, unknown>;
}

/** Places of the faults of a file with one thing changed. */
function faults(kind: PolicyKind, file: string, change: (policy: Record<string, unknown>) => unknown): string[] {
  const policy = read(file);
  const changed = change(policy) ?? policy;
  const isValid = validator(kind);
  return isValid(changed) ? [] : (isValid.errors ?? []).map(({ instancePath }) => instancePath);
}

test.each(shipped)('%s: %s passes as it stands', (kind, file) => {
  const isValid = validator(kind);
  expect(isValid(read(file)), JSON.stringify(isValid.errors)).toBe(true);
});

test('every kind has shipped policies, and one of them has its codes in a file', () => {
  expect(new Set(shipped.map(([kind]) => kind))).toEqual(new Set(policyKinds));
  const texts = shipped.map(([, file]) => readFileSync(path.join(root, file), 'utf8'));
  expect(texts.some((text) => /codes: \{ file: /.test(text))).toBe(true);
});

describe('what is broken does not pass', () => {
  const charter = 'policies/neuss/charter.yaml';
  const dataset = 'policies/neuss/schemas/residents.yaml';
  const query = globSync('policies/neuss/queries/*bevoelkerung.yaml', { cwd: root })[0] ?? '';
  const example = 'policies/neuss/example.yaml';
  const column = (policy: Record<string, unknown>) => (policy['columns'] as Record<string, unknown>[])[0] ?? {};

  test.each<[string, PolicyKind, string, (policy: Record<string, unknown>) => unknown, string]>([
    ['a field too many', 'charter', charter, (policy) => ({ ...policy, noise: 'off' }), ''],
    ['no parties', 'charter', charter, (policy) => ({ ...policy, parties: [] }), '/parties'],
    [
      'k of one',
      'charter',
      charter,
      (p) => ({ ...p, populations: [{ ...Object(p['populations'])[0], kFloor: 1 }] }),
      '/populations/0/kFloor',
    ],
    ['a name with blanks', 'charter', charter, (policy) => ({ ...policy, id: 'Mein Raum' }), '/id'],
    ['German only', 'dataset', dataset, (policy) => ({ ...policy, title: { de: 'Einwohner' } }), '/title'],
    [
      'free text',
      'dataset',
      dataset,
      (policy) => ({ ...policy, columns: [{ ...column(policy), type: 'text' }] }),
      '/columns/0',
    ],
    [
      'a file that is none',
      'dataset',
      dataset,
      (policy) => ({ ...policy, columns: [{ ...column(policy), codes: { file: 7 } }] }),
      '/columns/0/codes/file',
    ],
    [
      'codes and file',
      'dataset',
      dataset,
      (policy) => ({ ...policy, columns: [{ ...column(policy), codes: { file: 'a', of: [] } }] }),
      '/columns/0/codes',
    ],
    ['SQL', 'query', query, (policy) => ({ ...policy, where: { sql: 'r.age > 5' } }), '/where'],
    [
      'no noise',
      'query',
      query,
      (policy) => ({ ...policy, privacy: { mechanism: 'none', rho: '1/64', k: 10 } }),
      '/privacy/mechanism',
    ],
    [
      'a column without its dataset',
      'query',
      query,
      (policy) => ({ ...policy, groupBy: [{ column: 'age', as: 'age' }] }),
      '/groupBy/0/column',
    ],
    [
      'a source nobody knows',
      'example',
      example,
      (p) => ({ ...p, datasets: [{ ...Object(p['datasets'])[0], source: { kind: 'web' } }] }),
      '/datasets/0/source',
    ],
  ])('%s', (_name, kind, file, change, place) => {
    expect(faults(kind, file, (policy) => policy)).toEqual([]);
    expect(faults(kind, file, change)).toContain(place);
  });

  test('a file of another kind', () => {
    expect(faults('query', charter, (policy) => policy)).toContain('/kind');
  });
});

test('a text with a pattern says in words what it wants', () => {
  expect(JSON.stringify(editorSchema('dataset'))).toContain('use lower-case letters');
  expect(editorSchema('charter')).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
});

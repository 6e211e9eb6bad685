/** The shipped policies: they parse and fit together, stay within their caps, and allow and refuse what their cases say. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AggregateQuery,
  add,
  type Charter,
  Charter as CharterSchema,
  compare,
  epsilonOf,
  multiply,
  parseRational,
  plan,
  posterior,
  price,
  type Rational,
  Refusal,
  rational,
  refusals,
  toNumber,
  zero,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { cutOf } from '../../enclave/privacy/threshold.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { checkQuery } from '../../src/example/policy-faults.ts';
import { loadPolicies, loadRoomPolicies, type Policies } from '../../src/example/policy-files.ts';

const rooms = ['neuss', 'koeln', 'pums'];
const folder = (room: string) => join(repositoryRoot, 'policies', room);

const Case = z.strictObject({
  query: z.string(),
  change: z.record(z.string(), z.unknown()).default({}),
  parameters: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
  expect: z.union([z.literal('allowed'), z.enum(Object.keys(refusals))]),
  field: z.string().optional(),
});

/** What the set says to a case: "allowed", or code and field of the refusal. */
function verdictOn({ template, schemas, queries }: Policies, { query, change, parameters }: z.infer<typeof Case>) {
  const shipped = queries.find(({ id }) => id === query);
  if (!shipped) throw new Error(`a case names the unknown question "${query}"`);
  const changed = Object.entries({ ...shipped, ...change }).filter(([, value]) => value !== null);
  const parsed = AggregateQuery.safeParse(Object.fromEntries(changed));
  if (!parsed.success) {
    return { expect: 'query-malformed', field: parsed.error.issues[0]?.path.map(String).join('.') };
  }
  const schema = schemas.find(({ id }) => id === parsed.data.from.dataset);
  if (!schema) throw new Error('a case names an unknown dataset');
  try {
    checkQuery(parsed.data, template, schema);
    if (parameters) plan(parsed.data, schema, parameters);
    return { expect: 'allowed' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { expect: error.code, field: error.field };
  }
}

/** Charges of all planned runs on one population. */
function planned({ template, queries, example }: Policies, population: string): { rho: Rational; delta: Rational } {
  let rho = zero;
  let delta = zero;
  for (const run of example.runs) {
    const query = queries.find((candidate) => candidate.id === run.query);
    if (!query) throw new Error('a run names an unknown query');
    for (const charge of price(query, template as unknown as Charter)) {
      if (charge.population !== population) continue;
      rho = add(rho, parseRational(charge.rho));
      delta = add(delta, parseRational(charge.delta));
    }
  }
  return { rho, delta };
}

async function textsOf(room: string): Promise<string> {
  const queries = (await readdir(join(folder(room), 'queries'))).map((name) => join('queries', name));
  const texts = await Promise.all(['charter.yaml', ...queries].map((name) => readFile(join(folder(room), name), 'utf8')));
  // A sentence of a comment may go over lines.
  return texts.join('\n').replaceAll(/\n# ?/g, ' ');
}

describe.each(rooms)('policies/%s', (room) => {
  test('has questions, and every one has cases in both directions or none is missing', async () => {
    const policies = await loadPolicies(folder(room));
    const files = await readdir(join(folder(room), 'cases'));
    const cases: z.infer<typeof Case>[] = [];
    for (const file of files) {
      cases.push(...z.array(Case).parse(parse(await readFile(join(folder(room), 'cases', file), 'utf8'))));
    }
    const found = cases.map((given) => ({ ...given, ...verdictOn(policies, given) }));
    expect(found).toEqual(cases);
    const allowed = new Set(cases.filter(({ expect }) => expect === 'allowed').map(({ query }) => query));
    expect([...allowed].sort()).toEqual(policies.queries.map(({ id }) => id).sort());
    expect(cases.some(({ expect }) => expect !== 'allowed')).toBe(true);
  });

  test('the planned runs fit the caps', async () => {
    const policies = await loadPolicies(folder(room));
    expect(policies.example.runs.length).toBeGreaterThan(0);
    for (const { id, budget } of policies.template.populations) {
      const { rho, delta } = planned(policies, id);
      expect(compare(rho, zero)).toBeGreaterThan(0);
      expect(compare(rho, parseRational(budget.rho))).toBeLessThanOrEqual(0);
      expect(compare(delta, parseRational(budget.delta))).toBeLessThanOrEqual(0);
    }
  });

  test('the members of the example can found the room', async () => {
    const { template, schemas, example } = await loadPolicies(folder(room));
    const key = (n: number) => Buffer.alloc(32, n).toString('base64');
    const members = example.members.map(({ unit, roles }, at) => ({
      ref: `m-${at.toString(16).padStart(16, '0')}`,
      unit,
      roles,
      signingKey: key(2 * at + 1),
      readingKey: key(2 * at + 2),
    }));
    const datasets = schemas.map(({ id }) => ({ id, schema: 'a'.repeat(64) }));
    const enclave = { signingKey: key(200), measurements: ['b'.repeat(64)] };
    CharterSchema.parse({ ...template, datasets, members, enclave });
  });

  test('the comments say what ρ buys, and it is so', async () => {
    const { template, queries } = await loadPolicies(folder(room));
    const text = await textsOf(room);
    const delta = parseRational(template.accountant.deltaConversion);
    const stated = [...text.matchAll(/ρ (?:≤ )?(\d+\/\d+) \(ε (\d+\.\d+)/g)];
    for (const [, rho = '', epsilon = ''] of stated) {
      expect(epsilonOf(parseRational(rho), delta).toFixed(2), rho).toBe(epsilon);
    }
    const rhos = new Set(stated.map(([, rho]) => rho));
    for (const { id, privacy } of queries) {
      expect(rhos).toContain(privacy.rho);
      const sigma = Math.sqrt(1 / (2 * toNumber(parseRational(privacy.rho))));
      const mechanism = plan(...planArguments(queries, id)).mechanism;
      const cut = cutOf(mechanism, BigInt(privacy.k), parseRational(template.accountant.deltaPerDecision));
      const [width] = [Math.round(1.96 * sigma)];
      expect(text).toContain(`ρ ${privacy.rho} (ε `);
      expect(text).toContain(`σ = ${Number(sigma.toFixed(1))}: `);
      expect(text).toContain(`±${width} (95 %)`);
      expect(text).toMatch(new RegExp(`at least ${privacy.k} persons are in it and its\\s+noisy count reaches ${cut}\\.`));
    }
    for (const { budget } of template.populations) expect(text).toContain(`Σρ ≤ ${budget.rho} (ε `);

    function planArguments(all: readonly AggregateQuery[], id: string) {
      const query = all.find((candidate) => candidate.id === id);
      const schema = query && schemasById.get(query.from.dataset);
      if (!query || !schema) throw new Error('no such question');
      const first = Object.entries(query.params).map(([name, { oneOf }]) => [name, oneOf[0] ?? ''] as const);
      return [query, schema, Object.fromEntries(first)] as const;
    }
  });
});

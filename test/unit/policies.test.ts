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
  formatRational,
  mechanismOf,
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
  const texts = await Promise.all(
    ['charter.yaml', ...queries].map((name) => readFile(join(folder(room), name), 'utf8')),
  );
  // A sentence of a comment may go over lines.
  return texts.join('\n').replaceAll(/\n# ?/g, ' ');
}

describe.each(rooms)('policies/%s', (room) => {
  test('every case gives what it says, and every question is allowed as shipped or changed', async () => {
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
    const { deltaConversion, deltaPerDecision } = template.accountant;
    const stated = [...text.matchAll(/ρ (?:≤ )?(\d+\/\d+) \(ε (\d+\.\d+)/g)];
    for (const [, rho = '', epsilon = ''] of stated) {
      expect(epsilonOf(parseRational(rho), parseRational(deltaConversion)).toFixed(2), rho).toBe(epsilon);
    }
    const words = template.populations.map(({ budget }) => `Σρ ≤ ${budget.rho} (ε `);
    for (const query of queries) {
      const { rho, k } = query.privacy;
      const exact = parseRational(rho);
      const sigma = Math.sqrt(1 / (2 * toNumber(exact)));
      const cut = cutOf(mechanismOf(query), BigInt(k), parseRational(deltaPerDecision));
      const epsilon = epsilonOf(exact, parseRational(deltaConversion)).toFixed(2);
      words.push(`ρ ${rho} (ε ${epsilon}), σ = ${Number(sigma.toFixed(1))}: `);
      words.push(`±${Math.round(1.96 * sigma)} (95 %)`);
      words.push(`at least ${k} persons are in it and its noisy count reaches ${cut}.`);
    }
    expect(words.filter((said) => !text.includes(said))).toEqual([]);
  });
});

test('the comment of Neuss says what the cap means, and it is so', async () => {
  const policies = await loadPolicies(folder('neuss'));
  const { populations, accountant } = policies.template;
  const [person] = populations;
  if (!person) throw new Error('no population');
  const cap = parseRational(person.budget.rho);
  const text = await textsOf('neuss');
  const epsilon = epsilonOf(cap, parseRational(accountant.deltaConversion));
  for (const [prior, words] of [
    [0.1, 'held it for 10 % likely that a person is in the data can come to hold it for at most'],
    [0.01, '1 % becomes at most'],
    [0.5, '50 % at most'],
  ] as const) {
    expect(text).toContain(`${words} ${Math.ceil(100 * posterior(prior, epsilon))} %`);
  }
  const { rho, delta } = planned(policies, 'person');
  expect(text).toContain(`costs together ρ ${formatRational(rho)} (ε `);
  // "Pays for it twice, with a quarter of the cap left over."
  expect(add(multiply(rho, rational(2n)), multiply(cap, rational(1n, 4n)))).toEqual(cap);
  expect(compare(multiply(delta, rational(25n)), parseRational(person.budget.delta))).toBe(0);
});

describe('a folder with a fault is refused with file, field and fix', () => {
  test.each([
    ['charter.yaml', 'kFloor: 10', 'kFloor: 1', 'charter.yaml: populations.0.kFloor: Too small'],
    ['charter.yaml', 'kFloor: 10', 'kFlour: 10', 'charter.yaml: populations.0: Unrecognized key: "kFlour"'],
    ['charter.yaml', 'rho: "1/8"', 'rho: "2/16"', 'charter.yaml: populations.0.budget.rho: is not in lowest terms'],
    ['charter.yaml', 'datasets: [residents, ', 'datasets: [', 'schemas/residents: id: the charter’s datasets do not'],
    ['charter.yaml', 'id: neuss\n', 'id: [\n', 'charter.yaml: not YAML: '],
    [
      'schemas/residents.yaml',
      'districts.csv',
      'quarters.csv',
      'schemas/residents.yaml: columns.0.codes.file: there is no',
    ],
    [
      'schemas/residents.yaml',
      'owner: stadt-neuss/statistikstelle',
      'owner: stadt-neuss/amt',
      'owner: the charter has no unit',
    ],
    ['schemas/residents.yaml', 'max: 120', 'max: -1', 'schemas/residents.yaml: columns.1: max must be min plus'],
    ['codes/districts.csv', '01;Inn', '0 1;Inn', 'columns.0.codes.0.code: use letters, digits'],
    ['codes/districts.csv', '02;Drei', '01;Drei', 'schemas/overindebted.yaml: columns.0: a code stands twice'],
    ['codes/districts.csv', '01;Innenstadt;', '01;', 'is not a table "code;de;en"'],
    ['queries/q01-bevoelkerung.yaml', 'k: 10', 'k: 5', 'queries/bevoelkerung: privacy.k: k-below-floor: k is below'],
    [
      'queries/q01-bevoelkerung.yaml',
      'dataset: residents',
      'dataset: people',
      'from.dataset: there is no schema "people"',
    ],
    [
      'queries/q01-bevoelkerung.yaml',
      'id: bevoelkerung',
      'id: ueberschuldete',
      'queries/: id: "ueberschuldete" stands twice',
    ],
    ['queries/q01-bevoelkerung.yaml', 'column: r.sex', 'column: r.gender', 'groupBy.2.column: query-not-compilable: '],
    ['queries/q04-ueberschuldete.yaml', 'gte: [c.age, 18]', 'gte: [age, 18]', 'where.gte.0: write alias.column'],
    [
      'example.yaml',
      'roles: [dpo]',
      'roles: [analyst]',
      'members: party "stadt-neuss" needs a data protection officer',
    ],
    [
      'example.yaml',
      'steward: auskunftei',
      'steward: statistikstelle',
      'datasets.1.steward: needs a member of creditreform/auskunftei',
    ],
    ['example.yaml', 'capacityRows: 180000', 'capacityRows: 100', 'datasets.0.capacityRows: is less than the 159802'],
    [
      'example.yaml',
      'validUntil: 2031-12-31',
      'validUntil: 2031-02-31',
      'datasets.0.validUntil: is not a day of the calendar',
    ],
    [
      'example.yaml',
      'rows: 14400',
      'rows: 14401',
      'source.columns.district.counts: add up to 14400; "rows" says 14401',
    ],
    ['example.yaml', '[90, 104, 0.9]', '[90, 130, 0.9]', 'source.columns.age.bands.9: must rise, lie in 0 … 120'],
    ['example.yaml', 'from: 80, to: 120', 'from: 81, to: 120', 'source.columns.sex.cases: none fits age = 80'],
    [
      'example.yaml',
      'feature: { weights: { hard: 62',
      'feature: { weights: { heard: 62',
      'the code list has no "heard"',
    ],
    [
      'example.yaml',
      'given: feature',
      'given: amount',
      'source.columns.amount.given: name a column that stands before',
    ],
    [
      'example.yaml',
      'query: bevoelkerung, by: sozialplanung',
      'query: bevoelkerung, by: auskunftei',
      'runs.0.by: needs a member',
    ],
    [
      'example.yaml',
      '{ feature: soft }',
      '{ feature: weak }',
      'runs.3.parameters: params.feature: parameter-invalid: ',
    ],
  ])('%s: %j → %j', async (file, from, to, message) => {
    const copy = await mkdtemp(join(tmpdir(), 'reinraum-policies-'));
    try {
      await cp(folder('neuss'), copy, { recursive: true });
      const text = await readFile(join(copy, file), 'utf8');
      expect(text).toContain(from);
      await writeFile(join(copy, file), text.replace(from, to));
      await expect(loadPolicies(copy)).rejects.toThrow(message);
      await expect(loadPolicies(copy)).rejects.toThrow(copy);
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});

test('a folder without example.yaml is a room of its own, but no example', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'reinraum-policies-'));
  try {
    await cp(folder('pums'), copy, { recursive: true });
    await rm(join(copy, 'example.yaml'));
    expect((await loadRoomPolicies(copy)).queries).toHaveLength(1);
    await expect(loadPolicies(copy)).rejects.toThrow('example.yaml: there is no such file');
  } finally {
    await rm(copy, { recursive: true });
  }
});

/** The shipped policies: they parse and fit together, stay within their caps, and allow and refuse what their cases say. */

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosignatureType, formatVkey } from '@reinraum/audit';
import {
  AggregateQuery,
  add,
  among,
  askedSchema,
  Charter as CharterSchema,
  compare,
  componentsOf,
  epsilonOf,
  formatRational,
  lossOf,
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
import { cutOf, pairCutOf } from '../../enclave/privacy/threshold.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { checkQuery } from '../../src/example/policy-faults.ts';
import { loadPolicies, loadRoomPolicies, type Policies } from '../../src/example/policy-files.ts';

const rooms = ['neuss', 'koeln', 'pums', 'pums-pure'];
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
  try {
    checkQuery(parsed.data, template, schemas);
    if (parameters) plan(parsed.data, askedSchema(parsed.data, among(schemas)), parameters);
    return { expect: 'allowed' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { expect: error.code, field: error.field };
  }
}

/** Charges of planned runs, all or those of one question, on one population. */
function planned({ template, schemas, queries, example }: Policies, population: string, id?: string) {
  let loss = zero;
  let delta = zero;
  for (const run of example.runs.filter(({ query }) => id === undefined || query === id)) {
    const query = queries.find((candidate) => candidate.id === run.query);
    const schema = schemas.find((candidate) => candidate.id === query?.from.dataset);
    if (!query || !schema) throw new Error('a run names an unknown query');
    for (const charge of price(query, schema, template)) {
      if (charge.population !== population) continue;
      loss = add(loss, lossOf(charge));
      delta = add(delta, parseRational(charge.delta));
    }
  }
  return { loss, delta };
}

/** What decides what is shown: its noise, and the noisy count of units, or two sides' worth of it, from which on it is. */
function decidersOf({ template, schemas }: Policies, query: AggregateQuery) {
  const schema = schemas.find(({ id }) => id === query.from.dataset);
  if (!schema) throw new Error('a question about an unknown dataset');
  const deciders = componentsOf(query, schema).components.filter(({ decides }) => decides);
  const delta = parseRational(template.accountant.deltaPerDecision);
  const k = BigInt(query.privacy.k);
  return deciders.map(({ part, mechanism, sensitivity }) => {
    const isTwoSided = part === 'twoSided';
    const width = sensitivity.lInfinity;
    return {
      mechanism,
      isTwoSided,
      cut: isTwoSided ? pairCutOf(mechanism, k, delta, width) : cutOf(mechanism, k, delta),
    };
  });
}

async function textsOf(room: string): Promise<string> {
  const queries = (await readdir(join(folder(room), 'queries'))).map((name) => join('queries', name));
  const texts = await Promise.all(
    ['charter.yaml', ...queries].map((name) => readFile(join(folder(room), name), 'utf8')),
  );
  // A sentence of a comment may go over lines; a table keeps its own.
  return texts.join('\n').replaceAll(/\n#(?! {3}) ?/g, ' ');
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
      const { loss, delta } = planned(policies, id);
      expect(compare(loss, zero)).toBeGreaterThan(0);
      expect(compare(loss, lossOf(budget))).toBeLessThanOrEqual(0);
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
    const witnesses = template.witnesses.map((name, at) => ({
      key: formatVkey(name, new Uint8Array(32).fill(at), cosignatureType),
      url: 'https://zeuge.example',
    }));
    CharterSchema.parse({ ...template, datasets, members, witnesses, enclave });
  });

  test('the comments say what the loss buys, and it is so', async () => {
    const policies = await loadPolicies(folder(room));
    const { template, queries } = policies;
    const { accountant } = template;
    const text = await textsOf(room);
    const rooted = accountant.kind === 'zcdp' ? accountant.deltaConversion : undefined;
    const epsilon = (rho: Rational) => (rooted ? epsilonOf(rho, parseRational(rooted)).toFixed(2) : '');
    for (const [, rho = '', stated] of text.matchAll(/ρ (?:≤ )?(\d+\/\d+) \(ε (\d+\.\d+)/g)) {
      expect(epsilon(parseRational(rho)), rho).toBe(stated);
    }
    const words = template.populations.map(({ budget }) =>
      'rho' in budget ? `Σρ ≤ ${budget.rho} (ε ` : `Σε ≤ ${budget.epsilon}.`,
    );
    for (const query of queries) {
      const { privacy } = query;
      for (const { mechanism, isTwoSided, cut } of decidersOf(policies, query)) {
        if ('rho' in privacy && mechanism.kind === 'discreteGaussian') {
          const sigma = Math.sqrt(toNumber(mechanism.variance));
          const spread = Number(sigma.toFixed(1));
          words.push(`ρ ${privacy.rho} (ε ${epsilon(parseRational(privacy.rho))}), σ = `, `σ = ${spread}`);
          words.push(`is exact to about ±${Math.round(1.96 * sigma)} (95 %)`);
        }
        if ('epsilon' in privacy && mechanism.kind === 'discreteLaplace') {
          const scale = toNumber(mechanism.scale);
          words.push(`ε ${privacy.epsilon}, scale ${scale}: `);
          if (!isTwoSided) words.push(`is exact to about ±${Math.round(scale * Math.log(20))} (95 %)`);
        }
        words.push(`at least ${privacy.k} `);
        const reached = isTwoSided ? `both noisy sums together reach ${cut} ` : `its noisy count reaches ${cut}.`;
        words.push(` are in it and ${reached}`);
      }
    }
    expect(words.filter((said) => !text.includes(said))).toEqual([]);
  });

  test('every dataset is asked, and every column of it', async () => {
    const { schemas, queries } = await loadPolicies(folder(room));
    for (const { id, columns } of schemas) {
      const asked = queries.filter(({ from }) => from.dataset === id).map((query) => JSON.stringify(query));
      const unasked = columns.filter(({ name }) => !asked.some((text) => text.includes(`.${name}"`)));
      expect(unasked.map(({ name }) => name)).toEqual([]);
    }
  });
});

test('the comment of Neuss says what the caps mean and what each question costs, and it is so', async () => {
  const policies = await loadPolicies(folder('neuss'));
  const { populations, accountant } = policies.template;
  if (accountant.kind !== 'zcdp') throw new Error('the room has another accountant');
  const [person, company] = populations;
  if (!person || !company) throw new Error('a population is missing');
  const text = await textsOf('neuss');
  const epsilon = (rho: Rational) => epsilonOf(rho, parseRational(accountant.deltaConversion));
  const cap = lossOf(person.budget);
  const percent = (prior: number, rho: Rational) => Math.ceil(100 * posterior(prior, epsilon(rho)));
  for (const [prior, words] of [
    [0.1, 'that a person is in the data can come to hold it for at most'],
    [0.01, '1 % becomes at most'],
    [0.5, '50 % at most'],
  ] as const) {
    expect(text).toContain(`${words} ${percent(prior, cap)} %`);
  }
  const persons = planned(policies, 'person');
  const companies = planned(policies, 'company');
  const said = (rho: Rational) => `ρ ${formatRational(rho)} (ε ${epsilon(rho).toFixed(2)})`;
  expect(text).toContain(`costs a person together ${said(persons.loss)} and a company ${said(companies.loss)}`);
  const [one, ten, half] = [0.01, 0.1, 0.5].map((prior) => percent(prior, persons.loss));
  expect(text).toContain(`A prior of 1, 10 or 50 % becomes at most ${one}, ${ten} or ${half} % by the plan alone`);
  const left = parseRational(
    /What is left, ρ (\d+\/\d+) \(ε [\d.]+\) for persons and for companies/.exec(text)?.[1] ?? '',
  );
  expect(add(persons.loss, left)).toEqual(cap);
  expect(add(companies.loss, left)).toEqual(lossOf(company.budget));
  // A line of the table for each question, and every unit of a company's charge is one of a person's.
  for (const { id, population } of policies.queries) {
    const loss = formatRational(planned(policies, 'person', id).loss);
    const both = population === 'company' ? `${loss} +${loss}` : loss;
    expect(text).toMatch(new RegExp(`#   ${id} \\(Q[^\\n]*? +${both.replaceAll('/', '\\/')} `));
  }
  // "Pays for 100 keep decisions of 1e-8": the plan takes 19 of them.
  expect(multiply(parseRational(person.budget.delta), rational(19n, 100n))).toEqual(persons.delta);
});

describe('a folder with a fault is refused with file, field and fix', () => {
  test.each([
    ['charter.yaml', 'kFloor: 10', 'kFloor: 1', 'charter.yaml: populations.0.kFloor: Too small'],
    ['charter.yaml', 'kFloor: 10', 'kFlour: 10', 'charter.yaml: populations.0: Unrecognized key: "kFlour"'],
    ['charter.yaml', 'rho: "3/16"', 'rho: "6/32"', 'charter.yaml: populations.0.budget.rho: is not in lowest terms'],
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
    ['codes/districts.csv', '01;Inn', '0 1;Inn', 'columns.1.codes.0.code: use letters, digits'],
    ['codes/districts.csv', '02;Drei', '01;Drei', 'schemas/companies.yaml: columns.1: a code stands twice'],
    ['codes/districts.csv', '01;Innenstadt;', '01;', 'is not a table "code;de;en"'],
    ['queries/q01-bevoelkerung.yaml', 'k: 10', 'k: 5', 'queries/bevoelkerung: privacy.k: k-below-floor: k is below'],
    [
      'queries/q01-bevoelkerung.yaml',
      'dataset: residents',
      'dataset: people',
      'from.dataset: there is no schema "people"',
    ],
    [
      'queries/q17-insolvenzen.yaml',
      'id: insolvenzen',
      'id: bonitaetsklassen',
      'queries/: id: "bonitaetsklassen" stands twice',
    ],
    ['queries/q01-bevoelkerung.yaml', 'column: r.sex', 'column: r.gender', 'groupBy.2.column: query-not-compilable: '],
    ['queries/q17-insolvenzen.yaml', 'eq: [f.quarter,', 'eq: [quarter,', 'where.eq.0: write alias.column'],
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
      'datasets.4.steward: needs a member of creditreform/auskunftei',
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
    ['example.yaml', 'table: gewerbesaldo', 'table: saldo', 'tables.5.table: there is no table "saldo" in derived/'],
    [
      'example.yaml',
      'table: gewerbesaldo, by: wirtschaftsfoerderung',
      'table: gewerbesaldo, by: sozialplanung',
      'tables.5.by: needs a member',
    ],
    [
      'derived/q15-firmenbestand-veraenderung.yaml',
      'quarter: 2025-Q3',
      'quarter: 2025-Q2',
      'tables.4.table: no run gives its input "before" with these parameters',
    ],
    [
      'derived/q13-beratungsquote.yaml',
      'debtors: { query: ueberschuldungstypen, measure: persons }',
      'debtors: { query: ueberschuldungstypen, measure: types }',
      'derived/beratungsquote: inputs.debtors.measure: query-not-compilable: ',
    ],
    [
      'codes/bezirke-aussageraeume.csv',
      '01 03+04',
      '01 04',
      'derived/ueberschuldungsquote-alter: axes.0.from.residents: query-not-compilable: ',
    ],
    ['example.yaml', 'capacityRows: 80000', 'capacityRows: 70000', 'datasets.5.capacityRows: is less than the 76780'],
    [
      'codes/bezirke.csv',
      '03+04;',
      '03 04;',
      'queries/q01-bevoelkerung.yaml: groupBy.0.groups.2.code: use letters, digits',
    ],
    ['codes/bezirke.csv', ';03 04\n', ';03 05\n', 'queries/bevoelkerung: groupBy.0.groups: query-not-compilable: '],
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
      '{ quarter: 2025-Q3 }',
      '{ quarter: 2023-Q3 }',
      'runs.8.parameters: params.quarter: parameter-invalid: ',
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
    expect((await loadRoomPolicies(copy)).queries).toHaveLength(4);
    await expect(loadPolicies(copy)).rejects.toThrow('example.yaml: there is no such file');
  } finally {
    await rm(copy, { recursive: true });
  }
});

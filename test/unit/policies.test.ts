/** The shipped policies: they parse, they compile, they fit their caps, and what they must refuse is refused. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AggregateQuery,
  add,
  type Charter,
  checkAgainstCharter,
  checkCompiles,
  compare,
  multiply,
  parseRational,
  price,
  Refusal,
  rational,
  zero,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repositoryRoot } from '../../src/cli/root.ts';
import { loadPolicies } from '../../src/example/policy-files.ts';
import { recordsOf } from '../../src/example/source.ts';

const folder = (room: string) => join(repositoryRoot, 'policies', room);

describe.each(['neuss', 'koeln', 'pums'])('policies/%s', (room) => {
  test('every question is allowed by its charter and compiles', async () => {
    const { template, schemas, queries } = await loadPolicies(folder(room));
    for (const query of queries) {
      checkAgainstCharter(query, template as unknown as Charter);
      const schema = schemas.find(({ id }) => id === query.from.dataset);
      expect(schema).toBeDefined();
      if (schema) checkCompiles(query, schema);
    }
  });

  test('the planned runs fit the caps', async () => {
    const { template, queries, example } = await loadPolicies(folder(room));
    for (const { id, budget } of template.populations) {
      let rho = zero;
      let delta = zero;
      for (const run of example.runs) {
        const query = queries.find((candidate) => candidate.id === run.query);
        if (!query) throw new Error('a run names an unknown query');
        for (const charge of price(query, template as unknown as Charter)) {
          if (charge.population !== id) continue;
          rho = add(rho, parseRational(charge.rho));
          delta = add(delta, parseRational(charge.delta));
        }
      }
      expect(compare(rho, parseRational(budget.rho))).toBeLessThanOrEqual(0);
      expect(compare(delta, parseRational(budget.delta))).toBeLessThanOrEqual(0);
    }
  });
});

test('policies/neuss refuses the cases it must refuse', async () => {
  const { template, schemas, queries } = await loadPolicies(folder('neuss'));
  const cases = parse(await readFile(join(folder('neuss'), 'cases', 'refused.yaml'), 'utf8')) as {
    query: string;
    change: object;
    code: string;
    field: string;
  }[];
  expect(cases.length).toBeGreaterThan(5);
  for (const { query, change, code, field } of cases) {
    const changed = AggregateQuery.parse({ ...queries.find(({ id }) => id === query), ...change });
    const schema = schemas.find(({ id }) => id === changed.from.dataset);
    const check = () => {
      checkAgainstCharter(changed, template as unknown as Charter);
      if (schema) checkCompiles(changed, schema);
    };
    expect(check).toThrow(Refusal);
    expect(check).toThrow(expect.objectContaining({ code, field }));
  }
});

test('the year’s plan of Neuss is paid for twice by the cap', async () => {
  const { template, queries, example } = await loadPolicies(folder('neuss'));
  const total = example.runs.reduce((sum, { query }) => {
    const found = queries.find(({ id }) => id === query);
    return found ? add(sum, parseRational(found.privacy.rho)) : sum;
  }, zero);
  const cap = parseRational(template.populations[0]?.budget.rho ?? '0');
  expect(compare(multiply(total, rational(2n)), cap)).toBeLessThan(0);
});

test('the synthetic sources are calibrated: district sizes, total, and the known rates', async () => {
  const { schemas, example } = await loadPolicies(folder('neuss'));
  const counts = new Map<string, Map<string, number>>();
  for (const { dataset, source } of example.datasets) {
    const schema = schemas.find(({ id }) => id === dataset);
    if (!schema) throw new Error('a source names an unknown dataset');
    const byDistrict = new Map<string, number>();
    for await (const { values } of recordsOf(source, schema, undefined)) {
      const isAdult = Number(values[1]) >= 18;
      if (isAdult) byDistrict.set(values[0] ?? '', (byDistrict.get(values[0] ?? '') ?? 0) + 1);
    }
    counts.set(dataset, byDistrict);
  }
  const rate = (district: string) =>
    (100 * (counts.get('overindebted')?.get(district) ?? 0)) / (counts.get('residents')?.get(district) ?? 1);
  // SchuldnerAtlas 2010, in percent of adults; the synthetic room may be two points off.
  for (const [district, percent] of [
    ['22', 26.6],
    ['10', 16.1],
    ['09', 15.9],
    ['11', 5.1],
  ] as const) {
    expect(Math.abs(rate(district) - percent)).toBeLessThan(2.5);
  }
});

test('a synthetic source gives the same rows again', async () => {
  const { schemas, example } = await loadPolicies(folder('neuss'));
  const [plan] = example.datasets;
  const [schema] = schemas.filter(({ id }) => id === plan?.dataset);
  if (!plan || !schema) throw new Error('the example has no dataset');
  const first = async () => {
    const rows: string[] = [];
    for await (const { id, values } of recordsOf(plan.source, schema, undefined)) {
      rows.push(`${id},${values.join()}`);
      if (rows.length === 1000) break;
    }
    return rows;
  };
  expect(await first()).toEqual(await first());
  expect(new Set(await first()).size).toBe(1000);
});

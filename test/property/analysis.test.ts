/** Sets of rows are compared as going through every row of the domain would (docs/spec/analysis.md §2). */
import { type Compared, compareSelections, type DatasetSchema, type Predicate, plan } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { domain, holds, randomDataset, randomQuery, type Value } from '../support/random-dataset.ts';

const pair = randomDataset('d').chain(({ schema }) =>
  fc.record({ schema: fc.constant(schema), a: randomQuery(schema), b: randomQuery(schema) }),
);

/** Every row there can be. */
function allRows({ columns }: DatasetSchema): Value[][] {
  return columns.reduce<Value[][]>(
    (rows, column) => {
      const values: Value[] = column.nullable ? [...domain(column), null] : [...domain(column)];
      return rows.flatMap((row) => values.map((value) => [...row, value]));
    },
    [[]],
  );
}

function bruteForce(schema: DatasetSchema, a: Predicate | undefined, b: Predicate | undefined): Compared {
  const at = new Map(schema.columns.map(({ name }, n) => [`r.${name}`, n]));
  const rows = allRows(schema);
  const count = { both: 0, onlyA: 0, onlyB: 0, none: 0 };
  for (const row of rows) {
    const value = (name: string) => row[at.get(name) ?? -1] ?? null;
    const inA = a === undefined || holds(a, value);
    const inB = b === undefined || holds(b, value);
    count[inA ? (inB ? 'both' : 'onlyA') : inB ? 'onlyB' : 'none'] += 1;
  }
  const { both, onlyA, onlyB, none } = count;
  const relation =
    onlyA + onlyB === 0
      ? 'equal'
      : onlyA === 0
        ? 'subset'
        : onlyB === 0
          ? 'superset'
          : both > 0
            ? 'overlap'
            : none === 0
              ? 'complement'
              : 'disjoint';
  return { relation, both: both / rows.length, onlyA: onlyA / rows.length, onlyB: onlyB / rows.length };
}

test('equal, subset, superset, complement, disjoint or overlapping, and by how much', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(pair, fc.constantFrom('given', 'negated', 'narrowed', 'widened', 'apart'), ({ schema, a, b }, how) => {
      const [first, second] = [a.where ?? { all: [] }, b.where ?? { all: [] }];
      // Random predicates seldom lie inside each other: half of the pairs are made to.
      const other: Record<string, Predicate> = {
        given: second,
        negated: { not: first },
        narrowed: { all: [first, second] },
        widened: { any: [first, second] },
        apart: { all: [{ not: first }, second] },
      };
      const where = other[how] ?? second;
      const compiled = (own: Predicate) => {
        const { where: node } = plan({ ...a, where: own }, schema, {});
        if (!node) throw new TypeError('a predicate is compiled');
        return node;
      };
      const compared = compareSelections(compiled(first), compiled(where), schema);
      const expected = bruteForce(schema, first, where);
      seen.add(expected.relation);
      expect(compared?.relation).toBe(expected.relation);
      for (const part of ['both', 'onlyA', 'onlyB'] as const) expect(compared?.[part]).toBeCloseTo(expected[part], 9);
    }),
    { numRuns: 300 },
  );
  expect([...seen].sort()).toEqual(['complement', 'disjoint', 'equal', 'overlap', 'subset', 'superset']);
});

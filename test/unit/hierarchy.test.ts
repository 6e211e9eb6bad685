/** Levels of a count: what compiles, what it costs, which cells are shown together, and tables that add up. */
import {
  AggregateQuery,
  componentsOf,
  consistent,
  DatasetSchema,
  decisionsOf,
  divide,
  leastSquares,
  type MeasuredLevel,
  type PlanLevel,
  parentOf,
  plan,
  rational,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keepTogether } from '../../enclave/privacy/levels.ts';
import type { KeptTable } from '../../enclave/privacy/stages.ts';
import { tablesOf } from '../../enclave/query/tables.ts';
import { refusal } from '../support/refusal.ts';
import { byDistrict, residents } from '../support/small-room.ts';

const { params: _params, where: _where, ...bare } = byDistrict;
const group = (code: string, ...of: (string | number)[]) => ({ code, de: code, en: code, of });
const title = { de: 'Räume', en: 'areas' };
const areas = { as: 'area', title, groups: [group('west', 'alpha', 'gamma'), group('east', 'beta')] };
const city = { as: 'city', title, groups: [group('all', 'west', 'east')] };
const asked = (over: object = {}) =>
  AggregateQuery.parse({
    ...bare,
    groupBy: [
      { column: 'r.sex', as: 'sex' },
      { column: 'r.district', as: 'district' },
      { column: 'r.age', as: 'age', edges: [0, 18] },
    ],
    hierarchy: { axis: 'district', levels: [areas, city] },
    measures: [{ as: 'persons', fn: 'count' }],
    privacy: { mechanism: 'discreteGaussian', rho: '1/10', k: 10 },
    ...over,
  });

describe('a hierarchy', () => {
  test('is one count at every level, with 6, 3 and 1 tenths of the loss and a decision each', () => {
    const { components, measures } = componentsOf(asked(), residents);
    expect(measures).toEqual([{ decider: 0, value: 0 }]);
    const sexes = residents.columns.find(({ name }) => name === 'sex');
    const others = 2 * (sexes?.type === 'code' ? sexes.codes.length : 0);
    expect(components.map(({ cells }) => cells)).toEqual([undefined, 2 * others, others]);
    const losses = components.map(({ mechanism }) =>
      mechanism.kind === 'discreteGaussian' ? divide(rational(1n, 2n), mechanism.variance) : null,
    );
    expect(losses).toEqual([rational(3n, 50n), rational(3n, 100n), rational(1n, 100n)]);
    expect(decisionsOf({ components, measures })).toBe(3n);
  });

  test('has the sums of the cells below, the other axes as they are', () => {
    const of = plan(asked(), residents, {});
    const size = of.axes.map(({ labels }) => labels.length);
    const rows: string[][] = [];
    for (let sex = 0; sex < (size[0] ?? 0); sex++)
      for (let district = 0; district < 3; district++)
        for (let age = 0; age < 2; age++) {
          const units = String(100 * sex + 10 * district + age + 1);
          rows.push([String(sex), String(district), String(age), units, units]);
        }
    const tables = tablesOf(of, [rows]);
    const at = (sex: number, district: number, age: number) => BigInt(100 * sex + 10 * district + age + 1);
    // West is the first and the third district.
    expect(tables[1]?.slice(0, 4)).toEqual([
      at(0, 0, 0) + at(0, 2, 0),
      at(0, 0, 1) + at(0, 2, 1),
      at(0, 1, 0),
      at(0, 1, 1),
    ]);
    expect(tables[2]?.slice(2, 4)).toEqual([0, 1].map((age) => at(1, 0, age) + at(1, 1, age) + at(1, 2, age)));
  });

  test.each<[string, object, string]>([
    ['an axis there is none of', { hierarchy: { axis: 'street', levels: [areas] } }, 'hierarchy.axis'],
    [
      'a label left out',
      { hierarchy: { axis: 'district', levels: [{ as: 'area', title, groups: [group('west', 'alpha', 'gamma')] }] } },
      'hierarchy.levels.0.groups',
    ],
    [
      'a label in two groups',
      {
        hierarchy: {
          axis: 'district',
          levels: [{ as: 'area', title, groups: [group('west', 'alpha', 'gamma'), group('east', 'beta', 'alpha')] }],
        },
      },
      'hierarchy.levels.0.groups',
    ],
    [
      'an upper level of the finest labels',
      {
        hierarchy: {
          axis: 'district',
          levels: [areas, { as: 'city', title, groups: [group('all', 'alpha', 'beta')] }],
        },
      },
      'hierarchy.levels.1.groups',
    ],
    ['another measure', { measures: [{ as: 'men', fn: 'rate', of: { eq: ['r.sex', 'm'] } }] }, 'measures'],
    [
      'a second measure',
      {
        measures: [
          { as: 'persons', fn: 'count' },
          { as: 'rows', fn: 'countRows' },
        ],
      },
      'measures',
    ],
  ])('is refused with %s', (_name, over, field) => {
    expect(refusal(() => plan(asked(over), residents, {}))).toBe(`query-not-compilable: ${field}`);
  });

  test('is refused over periods, where a unit would be twice in a cell above', () => {
    const codes = ['q1', 'q2'].map((code) => ({ code, de: code, en: code }));
    const panel = DatasetSchema.parse({
      ...residents,
      columns: [...residents.columns, { name: 'quarter', title: residents.title, type: 'code', codes }],
      period: 'quarter',
    });
    const year = { as: 'year', title, groups: [group('all', 'q1', 'q2')] };
    const byQuarter = { column: 'r.quarter', as: 'quarter' };
    const refused = { hierarchy: { axis: 'quarter', levels: [year] }, groupBy: [byQuarter] };
    expect(refusal(() => plan(asked(refused), panel, {}))).toBe('query-not-compilable: hierarchy.axis');
    expect(refusal(() => plan(asked(), panel, {}))).toBe('query-not-compilable: hierarchy.axis');
    const district = { column: 'r.district', as: 'district' };
    const { components } = plan(asked({ groupBy: [district, byQuarter] }), panel, {});
    expect(components.map(({ sensitivity: { l0 } }) => l0)).toEqual([2n, 2n, 2n]);
  });
});

/** A small tree: parents of each level, finest first. */
const trees = fc
  .record({
    middle: fc.integer({ min: 1, max: 3 }),
    areas: fc.array(fc.nat(), { minLength: 2, maxLength: 8 }),
    counts: fc.array(fc.nat(14), { minLength: 8, maxLength: 8 }),
    noise: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 16, maxLength: 16 }),
  })
  .map(({ middle, areas: list, counts, noise }) => {
    const groupOf = list.map((value) => value % middle);
    const leaves = list.map((_, at) => counts[at] ?? 0);
    const sums = Array.from({ length: middle }, (_, area) =>
      leaves.reduce((total, count, at) => total + (groupOf[at] === area ? count : 0), 0),
    );
    const exact = [leaves, sums, [leaves.reduce((total, count) => total + count, 0)]];
    return { groupOf, middle, exact, noise };
  });

const minimum = 6;

function decided({ exact, noise }: { exact: readonly number[][]; noise: readonly number[] }): KeptTable[] {
  let next = 0;
  return exact.map((counts) => ({
    rule: { mechanism: { kind: 'discreteGaussian', variance: rational(1n) }, k: BigInt(minimum), cut: 8n },
    cells: counts.map((count) => {
      const value = count + (noise[next++] ?? 0);
      return count >= minimum && value >= 8 ? { units: BigInt(value), values: [BigInt(value)] } : undefined;
    }),
  }));
}

function levelsOfTree(groupOf: readonly number[], middle: number): PlanLevel[] {
  const level = (own: readonly number[], groups: number, component: number): PlanLevel => ({
    as: `l${component}`,
    labels: Array.from({ length: groups }, (_, at) => `g${at}`),
    groupOf: own,
    groups,
    inner: 1,
    component,
    cells: groups,
  });
  return [level(groupOf, middle, 1), level(Array(middle).fill(0), 1, 2)];
}

/** Finest cells of each shown cell, as rows of 0 and 1. */
function shownRows(kept: readonly KeptTable[], groupOf: readonly number[]): number[][] {
  const holds = [
    (cell: number, leaf: number) => cell === leaf,
    (cell: number, leaf: number) => groupOf[leaf] === cell,
    () => true,
  ];
  return kept.flatMap(({ cells }, level) =>
    cells.flatMap((cell, at) => (cell ? [groupOf.map((_, leaf) => (holds[level]?.(at, leaf) ? 1 : 0))] : [])),
  );
}

/** Whether a row is a combination of others: Gauss's elimination on small integers. */
function isCombination(rows: readonly number[][], wanted: readonly number[]): boolean {
  const rankOf = (list: readonly number[][]) => {
    const left = list.map((row) => [...row]);
    let rank = 0;
    for (let column = 0; column < wanted.length; column++) {
      const pivot = left.findIndex((row, at) => at >= rank && Math.abs(row[column] ?? 0) > 1e-9);
      if (pivot < 0) continue;
      [left[rank], left[pivot]] = [left[pivot] ?? [], left[rank] ?? []];
      const head = left[rank] ?? [];
      left.forEach((row, at) => {
        if (at === rank) return;
        const factor = (row[column] ?? 0) / (head[column] ?? 1);
        if (factor !== 0) row.forEach((value, n) => (row[n] = value - factor * (head[n] ?? 0)));
      });
      rank += 1;
    }
    return rank;
  };
  return rankOf([...rows, [...wanted]]) === rankOf(rows);
}

/** Whether some set of few units can be worked out from what is shown. */
function givesFewAway(kept: readonly KeptTable[], groupOf: readonly number[], leaves: readonly number[]): boolean {
  const rows = shownRows(kept, groupOf);
  for (let set = 1; set < 2 ** leaves.length; set++) {
    const wanted = leaves.map((_, leaf) => (set >> leaf) & 1);
    const units = wanted.reduce((total, is, leaf) => total + is * (leaves[leaf] ?? 0), 0);
    if (units < minimum && isCombination(rows, wanted)) return true;
  }
  return false;
}

describe('what is shown together', () => {
  test('never adds up to fewer units than the minimum, which what each level shows by itself does', () => {
    let [given, fewer] = [0, 0];
    fc.assert(
      fc.property(trees, (tree) => {
        const [alone, levels] = [decided(tree), levelsOfTree(tree.groupOf, tree.middle)];
        const kept = keepTogether(alone, levels);
        expect(givesFewAway(kept, tree.groupOf, tree.exact[0] ?? [])).toBe(false);
        if (givesFewAway(alone, tree.groupOf, tree.exact[0] ?? [])) given += 1;
        const shown = (tables: readonly KeptTable[]) => tables.flatMap(({ cells }) => cells).filter(Boolean).length;
        if (shown(kept) < shown(alone)) fewer += 1;
        // Nothing is shown that its own level hid, and values stay what they were.
        kept.forEach(({ cells }, level) =>
          cells.forEach((cell, at) => expect(cell === undefined || cell === alone[level]?.cells[at]).toBe(true)),
        );
      }),
      { numRuns: 300, seed: 11 },
    );
    expect(given).toBeGreaterThan(50);
    expect(fewer).toBeGreaterThan(50);
  });
});

describe('a consistent table', () => {
  const measured = (values: readonly (number | null)[], variance: number, parents: readonly number[]) =>
    ({ values, variance, parents }) satisfies MeasuredLevel;

  test('is the least-squares solution: no other that adds up is nearer to what was measured', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 11, maxLength: 11 });
    fc.assert(
      fc.property(numbers, fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })), (list, [v, w]) => {
        const parents = [0, 0, 0, 1, 1, 2, 2];
        const levels = [
          measured(list.slice(0, 7), v, parents),
          measured(list.slice(7, 10), w, [0, 0, 0]),
          measured(list.slice(10), 3, []),
        ];
        const { fitted } = leastSquares(levels);
        const [leaves = [], middle = [], [root = 0] = []] = fitted.map((table) => [...table]);
        const sumOf = (area: number, of: readonly number[]) =>
          of.reduce((total, value, at) => total + (parents[at] === area ? value : 0), 0);
        for (const area of [0, 1, 2]) expect(sumOf(area, leaves)).toBeCloseTo(middle[area] ?? 0, 6);
        expect(middle.reduce((total, value) => total + value, 0)).toBeCloseTo(root, 6);
        // The gradient along every finest cell is zero: weighted residuals of the cell and of all above it.
        const residual = (level: number, at: number, value: number) =>
          (value - (levels[level]?.values[at] ?? 0)) / (levels[level]?.variance ?? 1);
        leaves.forEach((value, leaf) => {
          const area = parents[leaf] ?? 0;
          const gradient = residual(0, leaf, value) + residual(1, area, middle[area] ?? 0) + residual(2, 0, root);
          expect(gradient).toBeCloseTo(0, 6);
        });
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  test('is whole, not negative, and adds up; what is hidden takes what is left', () => {
    const cell = fc.option(fc.integer({ min: -40, max: 60 }), { freq: 5 });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 9, maxLength: 9 }), fc.integer({ min: -20, max: 300 }), (list, all) => {
        const parents = [0, 0, 0, 1, 1, 1];
        const middle = list.slice(6, 8);
        const leaves = list.slice(0, 6).map((value, at) => (middle[parents[at] ?? 0] === null ? null : value));
        const [below = [], above = [], [root] = []] = consistent([
          measured(leaves, 4, parents),
          measured(middle, 9, [0, 0]),
          measured([all], 25, []),
        ]);
        for (const value of [...below, ...above, root]) {
          expect(value === null || (Number.isInteger(value) && (value ?? -1) >= 0)).toBe(true);
        }
        const check = (children: readonly (number | null)[], total: number | null | undefined) => {
          if (total === null || total === undefined) return;
          const sum = children.reduce<number>((of, value) => of + (value ?? 0), 0);
          if (children.includes(null)) expect(sum).toBeLessThanOrEqual(total);
          else expect(sum).toBe(total);
        };
        check(above, root);
        for (const area of [0, 1]) check(below.slice(3 * area, 3 * area + 3), above[area]);
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  test('knows the measurement of a hidden cell from nowhere, and a family with one says nothing of the cell above', () => {
    const parents = [0, 0, 0];
    const levels = (second: number | null) => [measured([30, second, 50], 4, parents), measured([200], 4, [])];
    expect(consistent(levels(null))).toEqual([[30, null, 50], [200]]);
    // With all three shown they lack 100 together.
    expect(consistent(levels(20))).toEqual([[55, 45, 75], [175]]);
  });
});

test('positions above follow the grouped axis, whatever stands before and behind it', () => {
  const nesting = { groupOf: [1, 0, 1], groups: 2, inner: 2 };
  const of = Array.from({ length: 12 }, (_, position) => parentOf(nesting, position));
  expect(of).toEqual([2, 3, 0, 1, 2, 3, 6, 7, 4, 5, 6, 7]);
});

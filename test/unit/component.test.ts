/** Components of a query: sensitivity, noise and price by template and schema alone. */
import {
  AggregateQuery,
  componentsOf,
  contributionOf,
  DatasetSchema,
  decisionsOf,
  divide,
  formatRational,
  lossOf,
  multiply,
  noiseOf,
  rational,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/refusal.ts';
import { byDistrict, residents } from '../support/small-room.ts';

const title = residents.title;
const money = {
  name: 'debt',
  title,
  type: 'integer',
  nullable: true,
  min: -1000,
  max: 100_000,
  step: 100,
  unit: 'cent',
};
const quarters = ['q1', 'q2', 'q3', 'q4'].map((code) => ({ code, de: code, en: code }));
const panel = DatasetSchema.parse({
  ...residents,
  columns: [...residents.columns, money, { name: 'quarter', title, type: 'code', codes: quarters }],
  period: 'quarter',
});
const flat = DatasetSchema.parse({ ...residents, columns: [...residents.columns, money] });
const { where: _where, params: _params, ...bare } = byDistrict;
const query = (bend: object) => AggregateQuery.parse({ ...bare, ...bend });
const measuring = (...measures: object[]) =>
  query({ measures: measures.map((measure, at) => ({ as: `m${at}`, ...measure })) });
const district = { column: 'r.district', as: 'd' };
const fixed = { where: { eq: ['r.quarter', 'q1'] } };

describe('the contribution of a unit', () => {
  test.each<[string, object, [number, number, number]]>([
    ['one period fixed', fixed, [1, 1, 1]],
    [
      'a fixed period among other conditions',
      { where: { all: [{ gte: ['r.age', 18] }, { eq: ['r.quarter', 'q2'] }] } },
      [1, 1, 1],
    ],
    ['a list of periods', { where: { in: ['r.quarter', ['q1', 'q2']] } }, [2, 2, 2]],
    [
      'one period or another',
      { where: { any: [{ eq: ['r.quarter', 'q1'] }, { eq: ['r.quarter', 'q2'] }] } },
      [2, 2, 2],
    ],
    [
      'one period or something else',
      { where: { any: [{ eq: ['r.quarter', 'q1'] }, { eq: ['r.age', 3] }] } },
      [4, 4, 4],
    ],
    ['all periods but one', { where: { not: { eq: ['r.quarter', 'q1'] } } }, [4, 4, 4]],
    ['all periods', {}, [4, 4, 4]],
    ['by period', { groupBy: [district, { column: 'r.quarter', as: 'q' }] }, [4, 4, 1]],
    ['by two of the periods', { groupBy: [{ column: 'r.quarter', as: 'q', keys: ['q3', 'q1'] }] }, [4, 2, 1]],
    [
      'by half-years',
      {
        groupBy: [
          {
            column: 'r.quarter',
            as: 'h',
            groups: [
              { code: 'h1', de: '1', en: '1', of: ['q1', 'q2'] },
              { code: 'h2', de: '2', en: '2', of: ['q3', 'q4'] },
            ],
          },
        ],
      },
      [4, 4, 2],
    ],
  ])('%s', (_name, bend, [rows, cells, rowsPerCell]) => {
    expect(contributionOf(query(bend), panel)).toEqual({
      rows: BigInt(rows),
      cells: BigInt(cells),
      rowsPerCell: BigInt(rowsPerCell),
    });
  });
});

const many = DatasetSchema.parse({ ...flat, rowsPerUnit: 'many' });

describe('the contribution of a unit with many rows', () => {
  test.each<[string, object, [number, number, number]]>([
    ['is what the template says', { contribution: { maxRows: 5 } }, [5, 5, 5]],
    ['is one row', { contribution: { maxRows: 1 } }, [1, 1, 1]],
    ['reaches no more cells than there are: codes', { contribution: { maxRows: 5 }, groupBy: [district] }, [5, 3, 5]],
    [
      'keys and bands',
      {
        contribution: { maxRows: 500 },
        groupBy: [
          { ...district, keys: ['alpha', 'beta'] },
          { column: 'r.age', as: 'a', edges: [0, 18, 65] },
        ],
      },
      [500, 6, 500],
    ],
    [
      'groups',
      {
        contribution: { maxRows: 5 },
        groupBy: [{ ...district, groups: [{ code: 'x', de: 'x', en: 'x', of: ['beta'] }] }],
      },
      [5, 1, 5],
    ],
  ])('%s', (_name, bend, [rows, cells, rowsPerCell]) => {
    expect(contributionOf(query(bend), many)).toEqual({
      rows: BigInt(rows),
      cells: BigInt(cells),
      rowsPerCell: BigInt(rowsPerCell),
    });
  });

  test('is refused where nobody bounds it, and where the schema does', () => {
    const bound = { contribution: { maxRows: 3 } };
    expect(refusal(() => componentsOf(query({}), many))).toBe('query-not-compilable: contribution');
    for (const schema of [flat, panel]) {
      expect(refusal(() => componentsOf(query(bound), schema))).toBe('query-not-compilable: contribution');
    }
  });

  test.each([0, 1001, 1.5, -1, null, '3'])('may not be %s rows', (maxRows) => {
    expect(AggregateQuery.safeParse({ ...bare, contribution: { maxRows } }).success).toBe(false);
  });

  test('may be nothing else', () => {
    for (const contribution of [{}, { maxRows: 1, maxGroups: 1 }]) {
      expect(AggregateQuery.safeParse({ ...bare, contribution }).success).toBe(false);
    }
  });
});

describe('measures', () => {
  const bounded = (maxRows: number, ...measures: object[]) =>
    componentsOf({ ...measuring(...measures), groupBy: [district], contribution: { maxRows } }, many);

  test('of bounded rows count units and rows, and add up what every row is clamped to', () => {
    const sum = { fn: 'sum', column: 'r.debt', clamp: [-1000, 50_000] };
    expect(bounded(2, { fn: 'count' }, { fn: 'countRows' }, sum).components).toMatchObject([
      { part: 'units', sensitivity: { l0: 2n, l1: 2n, l2Squared: 2n, lInfinity: 1n } },
      { part: 'rows', sensitivity: { l0: 2n, l1: 2n, l2Squared: 4n, lInfinity: 2n } },
      { part: 'units', sensitivity: { l0: 2n, l1: 2n, l2Squared: 2n, lInfinity: 1n } },
      { part: 'sum', sensitivity: { l0: 2n, l1: 1000n, l2Squared: 1_000_000n, lInfinity: 1000n } },
    ]);
    expect(bounded(7, sum).components[1]).toMatchObject({
      sensitivity: { l0: 3n, l1: 3500n, l2Squared: 12_250_000n, lInfinity: 3500n },
    });
    expect(decisionsOf(bounded(7, { fn: 'count' }))).toBe(3n);
  });

  test('count no more different values than rows there are, and than a column can have', () => {
    const distinct = (column: string, maxRows: number) =>
      bounded(maxRows, { fn: 'countDistinct', column }).components.map(({ part, sensitivity }) => [part, sensitivity]);
    const units = ['units', { l0: 3n, l1: 3n, l2Squared: 3n, lInfinity: 1n }];
    expect(distinct('r.age', 7)).toEqual([units, ['distinct', { l0: 3n, l1: 7n, l2Squared: 49n, lInfinity: 7n }]]);
    // Two codes in each of three districts.
    expect(distinct('r.sex', 7)).toEqual([units, ['distinct', { l0: 3n, l1: 6n, l2Squared: 12n, lInfinity: 2n }]]);
    expect(distinct('r.sex', 5)[1]).toEqual(['distinct', { l0: 3n, l1: 5n, l2Squared: 10n, lInfinity: 2n }]);
    expect(componentsOf(measuring({ fn: 'countDistinct', column: 'r.age' }), flat).components[1]).toMatchObject({
      part: 'distinct',
      sensitivity: { l0: 1n, l1: 1n, l2Squared: 1n, lInfinity: 1n },
    });
    expect(refusal(() => bounded(2, { fn: 'countDistinct', column: 'r.person_id' }))).toBe(
      'query-not-compilable: measures.0.column',
    );
  });

  test('of one row of a unit are those of one row there is', () => {
    const all = [
      { fn: 'sum', column: 'r.debt', clamp: [0, 50_000] },
      { fn: 'mean', column: 'r.age', clamp: [0, 100] },
      { fn: 'rate', of: { gte: ['r.age', 18] } },
    ];
    expect(bounded(1, ...all)).toEqual(componentsOf({ ...measuring(...all), groupBy: [district] }, flat));
  });

  test.each([
    { fn: 'mean', column: 'r.age', clamp: [0, 100] },
    { fn: 'variance', column: 'r.age', clamp: [0, 100] },
    { fn: 'rate', of: { gte: ['r.age', 18] } },
    { fn: 'shares', column: 'r.sex' },
    { fn: 'histogram', column: 'r.sex' },
    { fn: 'quantile', column: 'r.age', q: '1/2', edges: [0, 18] },
  ])('of two rows of a unit have no $fn: the unit has no one value', (measure) => {
    expect(refusal(() => bounded(2, measure))).toBe('query-not-compilable: measures.0.fn');
  });

  test('divide the loss exactly, whatever the weights', () => {
    const weighted = query({
      measures: [
        { as: 'debt', fn: 'sum', column: 'r.debt', clamp: [0, 50_000] },
        { as: 'persons', fn: 'count' },
        { as: 'years', fn: 'mean', column: 'r.age', clamp: [0, 100] },
      ],
      privacy: { mechanism: 'discreteGaussian', rho: '1/10', split: { debt: 4, persons: 1, years: 3 }, k: 5 },
    });
    const { components, measures } = componentsOf(weighted, flat);
    // ρ of a component is l2² / 2σ².
    const losses = components.map(({ mechanism, sensitivity }) =>
      mechanism.kind === 'discreteGaussian'
        ? (Number(sensitivity.l2Squared) * Number(mechanism.variance.den)) / (2 * Number(mechanism.variance.num))
        : 0,
    );
    expect(losses.reduce((sum, loss) => sum + loss, 0)).toBeCloseTo(0.1, 12);
    // The mean is decided by the count of persons, the sum by a count of its own: not everyone has a debt.
    expect(measures[2]?.decider).toBe(measures[1]?.value);
    expect(measures[0]?.decider).not.toBe(measures[1]?.value);
    expect(decisionsOf({ components, measures })).toBe(2n);
  });

  test('are noised in steps of the grid', () => {
    const { components } = componentsOf(measuring({ fn: 'sum', column: 'r.debt', clamp: [-1000, 50_000] }), flat);
    expect(components[1]?.sensitivity).toEqual({ l0: 1n, l1: 500n, l2Squared: 250_000n, lInfinity: 500n });
  });

  test('pay for every cell a unit can be in', () => {
    const grouped = query({
      groupBy: [{ column: 'r.quarter', as: 'q' }],
      measures: [{ as: 'm', fn: 'rate', of: { gte: ['r.age', 18] } }],
    });
    const { components } = componentsOf(grouped, panel);
    expect(components).toMatchObject([{ part: 'pair', width: 2, sensitivity: { l0: 4n, l1: 4n, l2Squared: 4n } }]);
    const [pair] = components;
    expect(pair?.mechanism.kind === 'discreteGaussian' && formatRational(pair.mechanism.variance)).toBe('16');
    expect(decisionsOf(componentsOf(grouped, panel))).toBe(4n);
  });

  test('with pure ε a mean is two sides that decide by themselves, one decision a cell', () => {
    const pure = query({
      groupBy: [{ column: 'r.quarter', as: 'q' }],
      measures: [
        { as: 'persons', fn: 'count' },
        { as: 'age', fn: 'mean', column: 'r.age', clamp: [10, 60] },
      ],
      privacy: { mechanism: 'discreteLaplace', epsilon: '1', k: 5 },
    });
    const of = componentsOf(pure, panel);
    const { components, measures } = of;
    expect(components[1]).toMatchObject({
      part: 'twoSided',
      width: 2,
      decides: true,
      sensitivity: { l0: 8n, l1: 200n, l2Squared: 10_000n, lInfinity: 50n },
    });
    // All of its half of ε, nothing for a count.
    expect(components.map(({ mechanism }) => noiseOf(mechanism))).toEqual([
      { kind: 'discreteLaplace', scale: '8' },
      { kind: 'discreteLaplace', scale: '400' },
    ]);
    expect(measures).toEqual([
      { decider: 0, value: 0 },
      { decider: 1, value: 1 },
    ]);
    expect(decisionsOf(of)).toBe(8n);
  });

  test.each([
    ['1/1048576', [0, 1], null],
    ['1/1048577', [0, 1], 'query-not-compilable: privacy.epsilon'],
    ['1/1048576', [0, 100], null],
    ['1/1048577', [0, 100], 'query-not-compilable: privacy.epsilon'],
    ['500', [0, 100], null],
    ['501', [0, 100], 'query-not-compilable: privacy.epsilon'],
  ])('two sides with ε %s and clamp %j are limited by what a unit weighs: %s', (epsilon, clamp, refused) => {
    const asked = query({
      measures: [{ as: 'years', fn: 'mean', column: 'r.age', clamp }],
      privacy: { mechanism: 'discreteLaplace', epsilon, k: 5 },
    });
    if (refused) expect(refusal(() => componentsOf(asked, flat))).toBe(refused);
    else expect(componentsOf(asked, flat).components).toHaveLength(1);
  });

  test('limit a mean by the whole width of its clamp, a sum by its larger side', () => {
    const income = { ...money, name: 'income', min: -40_000_000, max: 40_000_000, step: 1 };
    const wide = DatasetSchema.parse({ ...residents, columns: [...residents.columns, income] });
    const asked = (fn: string, clamp: readonly [number, number]) => measuring({ fn, column: 'r.income', clamp });
    expect(componentsOf(asked('sum', [-40_000_000, 40_000_000]), wide).components).toHaveLength(2);
    expect(componentsOf(asked('mean', [-20_000_000, 20_000_000]), wide).components).toHaveLength(2);
    expect(refusal(() => componentsOf(asked('mean', [-20_000_000, 20_000_001]), wide))).toBe(
      'query-not-compilable: measures.0.clamp',
    );
    // 6,324² is the largest square below the limit of a sum; in steps, and in the unit at most 10 million.
    expect(componentsOf(asked('variance', [0, 6_324]), wide).components).toHaveLength(3);
    const coarse = DatasetSchema.parse({ ...wide, columns: [...residents.columns, { ...income, step: 10_000 }] });
    expect(componentsOf(asked('stddev', [0, 10_000_000]), coarse).components).toHaveLength(3);
    for (const [schema, most] of [
      [wide, 6_325],
      [coarse, 10_010_000],
    ] as const) {
      const refused = refusal(() => componentsOf(asked('variance', [0, most]), schema));
      expect(refused).toBe('query-not-compilable: measures.0.clamp');
    }
  });

  test('make a variance from units, a sum and squares, in halves of what the units leave', () => {
    const asked = { fn: 'variance', column: 'r.debt', clamp: [0, 50_000] };
    const { components, measures } = componentsOf(measuring(asked), flat);
    expect(measures).toEqual([{ decider: 0, value: 1, squares: 2 }]);
    expect(components).toMatchObject([
      { part: 'units', sensitivity: { l1: 1n }, decides: true },
      { part: 'centred', sensitivity: { l0: 1n, l1: 500n, l2Squared: 250_000n, lInfinity: 500n }, decides: false },
      { part: 'squares', sensitivity: { l0: 1n, l1: 250_000n, l2Squared: 62_500_000_000n }, decides: false },
    ]);
    const losses = components.map(({ mechanism, sensitivity: { l2Squared } }) =>
      mechanism.kind === 'discreteGaussian' ? divide(rational(l2Squared, 2n), mechanism.variance) : rational(0n),
    );
    const { privacy } = measuring(asked);
    const whole = lossOf(privacy);
    expect(losses).toEqual([
      multiply(whole, rational(1n, 4n)),
      multiply(whole, rational(3n, 8n)),
      multiply(whole, rational(3n, 8n)),
    ]);
  });

  test.each<[string, object, DatasetSchema, string]>([
    ['a mean of codes', { fn: 'mean', column: 'r.sex', clamp: [0, 1] }, flat, 'measures.0.column'],
    ['a sum of nothing known', { fn: 'sum', column: 'r.income', clamp: [0, 1] }, flat, 'measures.0.column'],
    ['a sum of pseudonyms', { fn: 'sum', column: 'r.person_id', clamp: [0, 1] }, flat, 'measures.0.column'],
    ['a clamp off the grid', { fn: 'sum', column: 'r.debt', clamp: [0, 150] }, flat, 'measures.0.clamp'],
    ['a clamp beyond the domain', { fn: 'sum', column: 'r.age', clamp: [0, 121] }, flat, 'measures.0.clamp'],
    ['a clamp of no width', { fn: 'mean', column: 'r.age', clamp: [5, 5] }, flat, 'measures.0.clamp'],
    ['a deviation over several periods', { fn: 'stddev', column: 'r.age', clamp: [0, 100] }, panel, 'measures.0.fn'],
    [
      'several quantiles that leave values out',
      { fn: 'quantiles', column: 'r.age', q: ['1/4', '3/4'], edges: [18, 65] },
      flat,
      'measures.0.edges',
    ],
    ['a clamp upside down', { fn: 'mean', column: 'r.age', clamp: [50, 5] }, flat, 'measures.0.clamp'],
    [
      'a quantile that leaves values out',
      { fn: 'quantile', column: 'r.age', q: '1/2', edges: [18, 65] },
      flat,
      'measures.0.edges',
    ],
    ['shares of integers without classes', { fn: 'shares', column: 'r.age' }, flat, 'measures.0.keys'],
    ['shares of one class', { fn: 'shares', column: 'r.sex', keys: ['f'] }, flat, 'measures.0.column'],
    ['a sum over several periods', { fn: 'sum', column: 'r.age', clamp: [0, 100] }, panel, 'measures.0.fn'],
    ['a rate over several periods', { fn: 'rate', of: { gte: ['r.age', 18] } }, panel, 'measures.0.fn'],
    ['a histogram over several periods', { fn: 'histogram', column: 'r.sex' }, panel, 'measures.0.fn'],
  ])('refuse %s', (_name, measure, schema, field) => {
    expect(refusal(() => componentsOf(measuring(measure), schema))).toBe(`query-not-compilable: ${field}`);
  });

  test.each<[string, 'rho' | 'epsilon', string]>([
    ['a count with more noise than its cut is computed for', 'rho', '1/40000000'],
    ['any amount of noise a fraction can spell', 'rho', `1/${'9'.repeat(60)}`],
    ['a count with next to no noise', 'rho', '1501'],
    ['noise the log cannot spell', 'rho', `${'1'.repeat(59)}3/${'9'.repeat(59)}7`],
    ['a Laplace count with too much noise', 'epsilon', '1/1048577'],
    ['a Laplace count with next to none', 'epsilon', '1501'],
  ])('refuse %s', (_name, field, loss) => {
    const mechanism = field === 'rho' ? 'discreteGaussian' : 'discreteLaplace';
    const measures = ['a', 'b', 'c'].map((as) => ({ as, fn: 'count' }));
    const asked = query({ measures, privacy: { mechanism, [field]: loss, k: 5 } });
    expect(refusal(() => componentsOf(asked, flat))).toBe(`query-not-compilable: privacy.${field}`);
  });

  test('count units and rows over several periods', () => {
    const { components } = componentsOf(measuring({ fn: 'count' }, { fn: 'countRows' }), panel);
    expect(components).toMatchObject([
      { part: 'units', sensitivity: { l0: 4n, l1: 4n, l2Squared: 4n, lInfinity: 1n } },
      { part: 'rows', sensitivity: { l0: 4n, l1: 4n, l2Squared: 16n, lInfinity: 4n } },
    ]);
  });
});

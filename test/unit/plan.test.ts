import {
  AggregateQuery,
  cellKey,
  cellsMax,
  checkCompiles,
  DatasetSchema,
  firstCompilerOf,
  type Parameters,
  type Plan,
  plan,
} from '@reinraum/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomDataset, randomQuery } from '../support/random-dataset.ts';
import { refusal } from '../support/refusal.ts';
import { byDistrict, districts, residents } from '../support/small-room.ts';

const title = residents.title;
const compiled = (bend: object, parameters: Parameters = { sex: 'f' }, schema = residents): Plan =>
  plan(AggregateQuery.parse({ ...byDistrict, ...bend }), schema, parameters);

const where = (predicate: object) => ({ where: predicate, params: {} });
const group = (...keys: object[]) => ({ groupBy: keys.map((key, at) => ({ as: `g${at}`, ...key })) });

describe('answers', () => {
  test('are named by the first compiler that made their plan: the one before, but for two-sided means', () => {
    const mean = { as: 'years', fn: 'mean', column: 'r.age', clamp: [0, 100] };
    const asked = (privacy: object) =>
      plan(AggregateQuery.parse({ ...byDistrict, measures: [mean], privacy }), residents, { sex: 'f' });
    expect(firstCompilerOf(compiled({}))).toBe('reinraum-compiler/2');
    expect(firstCompilerOf(asked({ mechanism: 'discreteGaussian', rho: '1/8', k: 5 }))).toBe('reinraum-compiler/2');
    expect(firstCompilerOf(asked({ mechanism: 'discreteLaplace', epsilon: '1', k: 5 }))).toBe('reinraum-compiler/3');
  });
});

describe('a plan', () => {
  test('encodes codes as positions and leaves nothing to interpret', () => {
    expect(compiled({})).toEqual({
      compiler: 'reinraum-compiler/3',
      dataset: 'residents',
      population: 'person',
      distinct: null,
      where: {
        op: 'any',
        of: [
          { op: 'eq', column: 'sex', value: 0 },
          { op: 'missing', column: 'sex' },
        ],
      },
      axes: [
        { as: 'district', column: 'district', by: { values: [0, 1, 2] }, labels: districts },
        { as: 'age', column: 'age', by: { edges: [0, 18, 65] }, labels: ['0-17', '18-64', '65+'] },
      ],
      measures: [
        { as: 'persons', fn: 'count', decider: 0, value: 0, input: { of: 'unit' }, unit: null, quantile: null },
      ],
      components: [
        {
          part: 'units',
          width: 1,
          sensitivity: { l0: 1n, l1: 1n, l2Squared: 1n, lInfinity: 1n },
          decides: true,
          mechanism: { kind: 'discreteGaussian', variance: { num: 4n, den: 1n } },
        },
      ],
      cells: 9,
      k: 5,
    });
    expect(compiled({}, { sex: 'm' }).where).toMatchObject({ of: [{ value: 1 }, {}] });
  });

  test('is frozen to its leaves', () => {
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(compiled({}))).toBe(true);
  });

  test('without a condition counts everybody', () => {
    const { where: _where, params: _params, ...bare } = byDistrict;
    expect(plan(AggregateQuery.parse(bare), residents, {}).where).toBeNull();
  });

  test('sorts the values of a list and names each once', () => {
    expect(compiled(where({ in: ['r.age', [9, 3, 9, 0]] }), {}).where).toEqual({
      op: 'in',
      column: 'age',
      values: [0, 3, 9],
    });
  });

  test('keeps listed keys in their order, and labels bands by what they hold', () => {
    const { axes } = compiled(
      group({ column: 'r.district', keys: ['gamma', 'alpha'] }, { column: 'r.age', edges: [5, 6, 8, 120] }),
    );
    expect(axes.map(({ by }) => by)).toEqual([{ values: [2, 0] }, { edges: [5, 6, 8, 120] }]);
    expect(axes.map(({ labels }) => labels)).toEqual([
      ['gamma', 'alpha'],
      ['5', '6-7', '8-119', '120+'],
    ]);
  });

  test.each<[string, string, object, Parameters?]>([
    ['another dataset', 'query-not-compilable: from.dataset', { from: { dataset: 'debtors', as: 'r' } }],
    ['another population', 'query-not-compilable: population', { population: 'company' }],
    [
      'an unknown column in a group',
      'query-not-compilable: groupBy.1.column',
      group({ column: 'r.age', edges: [0] }, { column: 'r.income' }),
    ],
    ['another alias', 'query-not-compilable: groupBy.0.column', group({ column: 'x.district' })],
    ['the pseudonym as a group', 'query-not-compilable: groupBy.0.column', group({ column: 'r.person_id' })],
    ['the pseudonym in a condition', 'query-not-compilable: where.is', where({ is: ['r.person_id', 'present'] }), {}],
    ['an inherited name for a column', 'query-not-compilable: groupBy.0.column', group({ column: 'r.constructor' })],
    ['an unknown key', 'query-not-compilable: groupBy.0.keys', group({ column: 'r.district', keys: ['delta'] })],
    ['a key twice', 'query-not-compilable: groupBy.0.keys', group({ column: 'r.district', keys: ['alpha', 'alpha'] })],
    ['a parameter as a key', 'query-not-compilable: groupBy.0.keys', group({ column: 'r.sex', keys: ['$sex'] })],
    ['a number for a code', 'query-not-compilable: groupBy.0.keys', group({ column: 'r.district', keys: [0] })],
    ['a code for a number', 'query-not-compilable: groupBy.0.keys', group({ column: 'r.age', keys: ['30'] })],
    ['integers without keys', 'query-not-compilable: groupBy.0.keys', group({ column: 'r.age' })],
    ['bands of codes', 'query-not-compilable: groupBy.0.edges', group({ column: 'r.district', edges: [0] })],
    ['an edge below', 'query-not-compilable: groupBy.0.edges', group({ column: 'r.age', edges: [-1, 5] })],
    ['an edge above', 'query-not-compilable: groupBy.0.edges', group({ column: 'r.age', edges: [5, 121] })],
    [
      'an unknown column in a condition',
      'query-not-compilable: where.all.1.not.eq',
      where({ all: [{ is: ['r.sex', 'present'] }, { not: { eq: ['r.income', 1] } }] }),
      {},
    ],
    [
      'an unknown code in a condition',
      'query-not-compilable: where.any.0.in',
      where({ any: [{ in: ['r.district', ['alpha', 'delta']] }] }),
      {},
    ],
    ['an integer out of range', 'query-not-compilable: where.lt', where({ lt: ['r.age', 121] }), {}],
    ['an order of codes', 'query-not-compilable: where.lt', where({ lt: ['r.district', 'beta'] }), {}],
    ['an unknown parameter in a condition', 'query-not-compilable: where.eq', where({ eq: ['r.sex', '$other'] }), {}],
    ['a parameter in other letters', 'query-not-compilable: where.eq', where({ eq: ['r.sex', '$Sex'] }), {}],
    [
      'an inherited name for a parameter',
      'query-not-compilable: where.eq',
      where({ eq: ['r.sex', '$constructor'] }),
      {},
    ],
    ['a missing parameter', 'parameter-invalid: params.sex', {}, {}],
    ['a parameter out of its domain', 'parameter-invalid: params.sex', {}, { sex: 'x' }],
    ['a parameter of another type', 'parameter-invalid: params.sex', { params: { sex: { oneOf: ['1'] } } }, { sex: 1 }],
    ['a parameter nobody asked for', 'parameter-invalid: params', {}, { sex: 'f', other: 1 }],
  ])('is refused for %s', (_name, message, bend, parameters) => {
    expect(refusal(() => compiled(bend, parameters))).toBe(message);
  });

  test(`has at most ${cellsMax} cells`, () => {
    const wide = DatasetSchema.parse({
      ...residents,
      columns: [
        { name: 'a', title, type: 'integer', min: 0, max: 499, unit: 'x' },
        { name: 'b', title, type: 'integer', min: 0, max: 499, unit: 'x' },
      ],
    });
    const keys = (count: number) => Array.from({ length: count }, (_, n) => n);
    const axes = (a: number, b: number) => ({
      ...group({ column: 'r.a', keys: keys(a) }, { column: 'r.b', keys: keys(b) }),
      where: undefined,
      params: {},
    });
    expect(compiled(axes(500, 400), {}, wide).cells).toBe(cellsMax);
    expect(refusal(() => compiled(axes(500, 401), {}, wide))).toBe('query-not-compilable: groupBy');
  });
});

describe('checkCompiles', () => {
  test('passes a template whose every parameter compiles, and refuses one of which any does not', () => {
    expect(refusal(() => checkCompiles(byDistrict, residents))).toBe('permitted');
    const late = AggregateQuery.parse({ ...byDistrict, params: { sex: { oneOf: ['f', 'm', 'x'] } } });
    expect(refusal(() => checkCompiles(late, residents))).toBe('query-not-compilable: where.any.0.eq');
    expect(refusal(() => plan(late, residents, { sex: 'f' }))).toBe('permitted');
  });
});

test('cells are numbered in row-major order of the axes, each by its labels', () => {
  fc.assert(
    fc.property(
      randomDataset('d').chain(({ schema }) => randomQuery(schema).map((query) => plan(query, schema, {}))),
      (of) => {
        const product = of.axes.reduce<string[][]>(
          (keys, { labels }) => keys.flatMap((key) => labels.map((label) => [...key, label])),
          [[]],
        );
        expect(Array.from({ length: of.cells }, (_, at) => cellKey(of, at))).toEqual(product);
        expect(new Set(product.map((key) => JSON.stringify(key))).size).toBe(of.cells);
      },
    ),
  );
});

import { AggregateQuery, fieldOf, type Predicate } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { byDistrict } from '../support/small-room.ts';

function field(bend: object): string | undefined {
  const { error } = AggregateQuery.safeParse({ ...byDistrict, ...bend });
  return error && fieldOf(error);
}
const group = (...keys: object[]) => ({ groupBy: keys });
const privacy = (change: object) => ({ privacy: { ...byDistrict.privacy, ...change } });
const district = { column: 'r.district', as: 'district' };
const eq: Predicate = { eq: ['r.age', 30] };

function nested(depth: number, wrap: (part: Predicate) => Predicate = (part) => ({ not: part })): Predicate {
  let where = eq;
  for (let level = 1; level < depth; level++) where = wrap(where);
  return where;
}

describe('a query', () => {
  test('of the small room is one, and params have a default', () => {
    expect(AggregateQuery.parse(byDistrict)).toEqual(byDistrict);
    const { params: _params, where: _where, ...bare } = byDistrict;
    expect(AggregateQuery.parse(bare)).toEqual({ ...bare, params: {} });
  });

  test.each<[string, object, string]>([
    ['another version', { apiVersion: 'reinraum/v2' }, 'apiVersion'],
    ['another kind', { kind: 'RawQuery' }, 'kind'],
    ['SQL', { sql: 'select 1' }, 'document'],
    ['no recipient', { recipients: [] }, 'recipients'],
    ['a recipient that is a party', { recipients: ['city'] }, 'recipients.0'],
    ['an end that is no day', { expires: '2026-02-30' }, 'expires'],
    ['a legal basis in words', { legalBasis: 'Art. 6' }, 'legalBasis'],
    ['an alias that is none', { from: { dataset: 'residents', as: 'R' } }, 'from.as'],
    ['a parameter without values', { params: { sex: { oneOf: [] } } }, 'params.sex.oneOf'],
    ['a parameter of a free text', { params: { sex: { oneOf: ['f'], free: true } } }, 'params.sex'],
    ['a parameter whose name is none', { params: { 'a b': { oneOf: ['f'] } } }, 'document'],
    ['no group', group(), 'groupBy'],
    ['seven groups', group(...Array.from({ length: 7 }, (_, n) => ({ ...district, as: `g${n}` }))), 'groupBy'],
    ['a group without keys', group({ ...district, keys: [] }), 'groupBy.0.keys'],
    ['a group by name', group(district, district), 'groupBy'],
    ['a group named as the measure', group({ ...district, as: 'persons' }), 'groupBy'],
    ['edges that fall', group({ column: 'r.age', as: 'age', edges: [10, 5] }), 'groupBy'],
    ['edges that repeat', group({ column: 'r.age', as: 'age', edges: [5, 5] }), 'groupBy'],
    ['keys and edges', group({ column: 'r.age', as: 'age', edges: [5], keys: [5] }), 'groupBy.0'],
    ['no measure', { measures: [] }, 'measures'],
    ['nine measures', { measures: Array.from({ length: 9 }, (_, n) => ({ as: `m${n}`, fn: 'count' })) }, 'measures'],
    ['a sum without bounds', { measures: [{ as: 's', fn: 'sum', column: 'r.age' }] }, 'measures.0.clamp'],
    ['a maximum', { measures: [{ as: 's', fn: 'max', column: 'r.age' }] }, 'measures.0.fn'],
    [
      'a histogram split twice',
      { measures: [{ as: 'h', fn: 'histogram', column: 'r.age', edges: [0], keys: [1] }] },
      'measures.0',
    ],
    [
      'a quantile of one band',
      { measures: [{ as: 'q', fn: 'quantile', column: 'r.age', q: '1/2', edges: [0] }] },
      'measures.0.edges',
    ],
    ['a split that leaves a measure out', privacy({ split: { other: 1 } }), 'privacy'],
    ['a weight of nothing', privacy({ split: { persons: 0 } }), 'privacy.split.persons'],
    ['ε beside Gaussian noise', privacy({ epsilon: '1' }), 'privacy'],
    ['ρ beside Laplace noise', privacy({ mechanism: 'discreteLaplace' }), 'privacy.epsilon'],
    ['an average', { measures: [{ as: 'persons', fn: 'avg' }] }, 'measures.0.fn'],
    ['no noise', privacy({ mechanism: 'none' }), 'privacy.mechanism'],
    ['ρ as a float', privacy({ rho: 0.125 }), 'privacy.rho'],
    ['ρ not in lowest terms', privacy({ rho: '2/16' }), 'privacy.rho'],
    ['a negative ρ', privacy({ rho: '-1/8' }), 'privacy.rho'],
    ['k of one', privacy({ k: 1 }), 'privacy.k'],
    ['no k', privacy({ k: undefined }), 'privacy.k'],
    ['a slot of no time', { slotMs: 0 }, 'slotMs'],
    ['an unknown predicate', { where: { like: ['r.district', 'a%'] } }, 'where'],
    ['two predicates in one', { where: { ...eq, ne: ['r.age', 4] } }, 'where'],
    ['an empty predicate', { where: {} }, 'where'],
    ['an empty list', { where: { in: ['r.age', []] } }, 'where.in.1'],
    ['an empty conjunction', { where: { all: [] } }, 'where.all'],
    ['a float in a predicate', { where: { eq: ['r.age', 0.5] } }, 'where'],
    ['a column on both sides', { where: { eq: ['r.age', ['r.age']] } }, 'where'],
    ['an expression for a column', { where: { eq: ['r.age + 1', 4] } }, 'where.eq.0'],
    ['a column without its alias', { where: { eq: ['age', 4] } }, 'where.eq.0'],
    ['a word nobody knows after is', { where: { is: ['r.sex', 'null'] } }, 'where'],
  ])('with %s is refused', (_name, bend, expected) => {
    expect(field(bend)).toBe(expected);
  });

  test.each(['eq', 'ne', 'lt', 'lte', 'gt', 'gte'])('may compare by %s, with a constant or a parameter', (op) => {
    for (const operand of [30, 'f', '$sex']) expect(field({ where: { [op]: ['r.age', operand] } })).toBeUndefined();
  });
});

describe('a predicate', () => {
  const wraps: readonly (readonly [string, (part: Predicate) => Predicate])[] = [
    ['not', (part) => ({ not: part })],
    ['all', (part) => ({ all: [eq, part] })],
    ['any', (part) => ({ any: [part] })],
  ];
  test.each(wraps)('nests six levels of %s and no seventh', (_name, wrap) => {
    expect(AggregateQuery.parse({ ...byDistrict, where: nested(6, wrap) }).where).toEqual(nested(6, wrap));
    expect(field({ where: nested(7, wrap) })).toMatch(/^where/);
  });

  test('of a hundred thousand levels is refused like any other', () => {
    expect(field({ where: nested(100_000) })).toMatch(/^where/);
  });

  test('of 32 parts a level is the widest', () => {
    expect(field({ where: { all: Array.from({ length: 32 }, () => eq) } })).toBeUndefined();
    expect(field({ where: { all: Array.from({ length: 33 }, () => eq) } })).toMatch(/^where/);
  });
});

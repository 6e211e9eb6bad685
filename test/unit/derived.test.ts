/** Derived tables: ratios and changes of releases, by labels, roll-ups and totals; hidden where an input is. */
import { AggregateQuery, checkTable, DerivedTable, derive, inputParameters, type Release } from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/refusal.ts';
import { byDistrict, residents, template } from '../support/small-room.ts';

const digest = (byte: string) => byte.repeat(32);
const title = residents.title;

/** A release of counts over axes; a value of null is hidden. */
function release(axes: Record<string, readonly string[]>, counts: Readonly<Record<string, number | null>>): Release {
  const names = Object.entries(axes).map(([as, labels]) => ({ as, labels: [...labels] }));
  return {
    v: 2,
    kind: 'release',
    room: digest('a1'),
    query: digest('b2'),
    charged: 7,
    at: '2026-01-01T00:00:00Z',
    datasets: [{ dataset: 'residents', version: 1, manifest: digest('c3') }],
    parameters: {},
    axes: names,
    measures: [
      {
        as: 'n',
        fn: 'count',
        unit: null,
        decimals: 0,
        labels: null,
        noise: { kind: 'discreteGaussian', variance: '16' },
        cut: 30,
      },
    ],
    k: 5,
    confidence: '19/20',
    compiler: 'reinraum-compiler/2',
    cells: Object.entries(counts).map(([key, value]) => ({
      key: key.split('/'),
      values: [value === null ? null : { value, low: value - 8, high: value + 8 }],
    })),
  };
}

const some = release(
  { area: ['west', 'east'], feature: ['hard', 'soft'] },
  { 'west/hard': 300, 'west/soft': 200, 'east/hard': 100, 'east/soft': null },
);
const all = release(
  { district: ['a', 'b', 'c'], age: ['0-17', '18+'] },
  { 'a/0-17': 200, 'a/18+': 1000, 'b/0-17': 300, 'b/18+': 1000, 'c/0-17': 100, 'c/18+': 800 },
);
const rollup = {
  all: [
    { code: 'west', de: 'Westen', en: 'west', of: ['a', 'b'] },
    { code: 'east', de: 'Osten', en: 'east', of: ['c'] },
  ],
};
const ratio = {
  apiVersion: 'reinraum/v1',
  kind: 'DerivedTable',
  id: 'rate',
  title,
  sentence: title,
  purpose: 'planning',
  legalBasis: 'dsgvo-6-1-e',
  recipients: ['city/planning'],
  expires: '2035-12-31',
  inputs: {
    some: { query: digest('d4'), measure: 'n' },
    all: { query: digest('e5'), measure: 'n', where: { age: ['18+'] } },
  },
  axes: [
    { as: 'area', from: { some: 'area', all: 'district' }, rollup },
    { as: 'feature', from: { some: 'feature' }, total: { code: 'all', de: 'gesamt', en: 'total' } },
  ],
  measure: { as: 'rate', fn: 'ratio', of: 'some', over: 'all', per: 100, decimals: 1 },
};
const bent = (bend: object) => DerivedTable.parse({ ...ratio, ...bend });
const evaluate = (table: DerivedTable, inputs: Record<string, Release> = { some, all }) =>
  derive(table, new Map(Object.entries(inputs)));

describe('a ratio', () => {
  test('rolls finer classes up, repeats what has no such axis, adds a total, and hides what rests on a hidden cell', () => {
    const { axes, cells, decimals } = evaluate(bent({}));
    expect(axes).toEqual([
      { as: 'area', labels: ['west', 'east'] },
      { as: 'feature', labels: ['hard', 'soft', 'all'] },
    ]);
    expect(decimals).toBe(1);
    expect(cells.map(({ key, estimate }) => [key.join('/'), estimate?.value ?? null])).toEqual([
      ['west/hard', 150],
      ['west/soft', 100],
      ['west/all', 250],
      ['east/hard', 125],
      ['east/soft', null],
      ['east/all', null],
    ]);
    for (const { estimate } of cells) {
      if (!estimate) continue;
      expect(estimate.low).toBeLessThan(estimate.value);
      expect(estimate.high).toBeGreaterThan(estimate.value);
      expect(estimate.high - estimate.low).toBeLessThan(30);
    }
  });

  test.each<[string, object, string]>([
    [
      'a measure that is not there',
      { inputs: { ...ratio.inputs, some: { query: digest('d4'), measure: 'm' } } },
      'inputs.some.measure',
    ],
    [
      'a label that is not there',
      { inputs: { ...ratio.inputs, all: { ...ratio.inputs.all, where: { age: ['65+'] } } } },
      'inputs.all.where.age',
    ],
    ['labels that differ', { axes: [{ as: 'area', from: { some: 'area', all: 'district' } }] }, 'axes.0.from'],
    ['an axis that is not there', { axes: [{ as: 'area', from: { some: 'region' } }] }, 'axes.0.from.some'],
    [
      'a label counted twice',
      {
        axes: [
          {
            as: 'area',
            from: { all: 'district' },
            rollup: { all: [rollup.all[0], { ...rollup.all[1], of: ['c', 'a'] }] },
          },
        ],
      },
      'axes.0.from.all',
    ],
  ])('is refused for %s', (_name, bend, field) => {
    expect(refusal(() => evaluate(bent(bend)))).toBe(`query-not-compilable: ${field}`);
  });

  test.each<[string, object]>([
    ['three inputs', { inputs: { ...ratio.inputs, more: { query: digest('f6'), measure: 'n' } } }],
    ['itself', { measure: { ...ratio.measure, over: 'some' } }],
    ['an axis of no input', { axes: [{ as: 'area', from: {} }] }],
    ['an unknown input', { axes: [{ as: 'area', from: { others: 'area' } }] }],
    ['a name twice', { axes: [ratio.axes[1], ratio.axes[1]] }],
  ])('has no form with %s', (_name, bend) => {
    expect(DerivedTable.safeParse({ ...ratio, ...bend }).success).toBe(false);
  });
});

test('a change has a range that holds nothing or not', () => {
  const now = release({ area: ['west', 'east'] }, { west: 500, east: 101 });
  const before = release({ area: ['west', 'east'] }, { west: 400, east: 100 });
  const table = bent({
    inputs: { now: { query: digest('d4'), measure: 'n' }, before: { query: digest('d4'), measure: 'n' } },
    axes: [{ as: 'area', from: { now: 'area', before: 'area' } }],
    measure: { as: 'change', fn: 'change', of: 'now', since: 'before' },
  });
  const [west, east] = evaluate(table, { now, before }).cells.map(({ estimate }) => estimate);
  expect(west?.value).toBe(100);
  expect(west?.low).toBeGreaterThan(0);
  expect(east?.value).toBe(1);
  expect(east && east.low < 0 && east.high > 0).toBe(true);
});

describe('a charter permits a table', () => {
  const { params: _params, where: _where, ...bare } = byDistrict;
  const query = AggregateQuery.parse({ ...bare, measures: [{ as: 'n', fn: 'count' }] });
  const known = () => ({ query, schema: residents });
  const over = (bend: object) =>
    bent({
      inputs: { some: { query: digest('d4'), measure: 'n', ...bend }, all: { query: digest('e5'), measure: 'n' } },
      axes: [{ as: 'district', from: { some: 'district', all: 'district' } }],
    });
  test.each<[string, string, () => unknown]>([
    ['that keeps to it', 'permitted', () => checkTable(over({}), template(), known)],
    [
      'but not of unknown queries',
      'query-unknown: inputs.some.query',
      () => checkTable(over({}), template(), () => undefined),
    ],
    [
      'but not for whoever may not have its inputs',
      'recipient-not-allowed: inputs.some.query',
      () =>
        checkTable(over({}), template(), () => ({
          query: { ...query, recipients: ['city/privacy'] },
          schema: residents,
        })),
    ],
    [
      'but not for a stranger',
      'recipient-not-allowed: recipients.0',
      () => checkTable({ ...over({}), recipients: ['bureau/data'] }, template(), known),
    ],
    [
      'but not for another purpose',
      'purpose-unknown: purpose',
      () => checkTable({ ...over({}), purpose: 'scoring' }, template(), known),
    ],
    [
      'but not with parameters its inputs do not have',
      'parameter-invalid: inputs.some.parameters',
      () => checkTable(over({ parameters: { sex: 'f' } }), template(), known),
    ],
  ])('%s', (_name, message, check) => {
    expect(refusal(check)).toBe(message);
  });
});

test('parameters of a table are handed to its inputs', () => {
  const table = bent({
    params: { quarter: { oneOf: ['q1', 'q2'] } },
    inputs: {
      ...ratio.inputs,
      some: { query: digest('d4'), measure: 'n', parameters: { quarter: '$quarter', sex: 'f' } },
    },
  });
  expect(inputParameters(table, 'some', { quarter: 'q2' })).toEqual({ quarter: 'q2', sex: 'f' });
  expect(inputParameters(table, 'all', { quarter: 'q2' })).toEqual({});
  expect(refusal(() => inputParameters(table, 'some', {}))).toBe('parameter-invalid: params.quarter');
  expect(refusal(() => inputParameters(table, 'some', { quarter: 'q9' }))).toBe('parameter-invalid: params.quarter');
  expect(refusal(() => inputParameters(table, 'some', { quarter: 'q1', more: 1 }))).toBe('parameter-invalid: params');
});

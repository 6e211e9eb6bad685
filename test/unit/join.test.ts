/** Which datasets a question may link, and what linking them means for it. */
import {
  AggregateQuery,
  among,
  askedSchema,
  checkAgainstCharter,
  checkCompiles,
  componentsOf,
  DatasetSchema,
  decisionsOf,
  plan,
  price,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { fixedCharter } from '../support/fixed-room.ts';
import { refusal } from '../support/refusal.ts';
import { byDistrict, residents } from '../support/small-room.ts';

const { title } = residents;
const quarters = ['q1', 'q2'].map((code) => ({ code, de: code, en: code }));
const [district] = residents.columns;
if (!district) throw new Error('no column');
const help = DatasetSchema.parse({
  ...residents,
  id: 'help',
  unit: 'client_id',
  columns: [
    { ...district, nullable: true },
    { name: 'months', title, type: 'integer', nullable: true, min: 0, max: 24, unit: 'month' },
  ],
});
const byQuarter = DatasetSchema.parse({
  ...help,
  id: 'by-quarter',
  columns: [...help.columns, { name: 'quarter', title, type: 'code', codes: quarters }],
  period: 'quarter',
});
const cases = DatasetSchema.parse({ ...help, id: 'cases', rowsPerUnit: 'many' });
const firms = DatasetSchema.parse({ ...help, id: 'firms', population: 'company' });
const foreign = DatasetSchema.parse({ ...help, id: 'foreign', owner: 'bureau/data' });
const schemas = among([residents, help, byQuarter, cases, firms, foreign]);

const { params: _params, where: _where, ...bare } = byDistrict;
const base = { ...bare, groupBy: [{ column: 'r.district', as: 'district' }] };
const joined = (bend: object) => AggregateQuery.parse({ ...base, joins: [{ dataset: 'help', as: 'h' }], ...bend });
const overlap = (bend: object) =>
  joined({
    groupBy: [{ column: 'r.district', otherwise: 'h.district', as: 'district' }],
    measures: [{ as: 'sides', fn: 'overlap' }],
    ...bend,
  });

function proposed(query: AggregateQuery, charter = fixedCharter()): string {
  return refusal(() => {
    const schema = askedSchema(query, schemas);
    checkAgainstCharter(query, charter, schemas);
    checkCompiles(query, schema);
  });
}

const quarter = { eq: ['q.quarter', 'q1'] };

describe('linking', () => {
  test.each<[string, string, AggregateQuery]>([
    ['two datasets of one owner', 'permitted', joined({})],
    [
      'columns of either side, everywhere',
      'permitted',
      joined({
        where: { all: [{ gte: ['r.age', 18] }, { is: ['h.months', 'present'] }] },
        groupBy: [
          { column: 'h.district', as: 'district' },
          { column: 'r.sex', as: 'sex' },
        ],
        measures: [
          { as: 'months', fn: 'mean', column: 'h.months', clamp: [0, 12] },
          { as: 'share', fn: 'rate', of: { gt: ['h.months', 3] } },
        ],
      }),
    ],
    [
      'three',
      'permitted',
      joined({
        joins: [
          { dataset: 'help', as: 'h' },
          { dataset: 'by-quarter', as: 'q', where: quarter },
        ],
      }),
    ],
    ['one that is not there', 'dataset-unknown: joins.0.dataset', joined({ joins: [{ dataset: 'tax', as: 'h' }] })],
    [
      'one of another population',
      'query-not-compilable: joins.0.dataset',
      joined({ joins: [{ dataset: 'firms', as: 'h' }] }),
    ],
    [
      'one of another owner, whose pseudonyms are others',
      'query-not-compilable: joins.0.dataset',
      joined({ joins: [{ dataset: 'foreign', as: 'h' }] }),
    ],
    [
      'a dataset with itself',
      'query-not-compilable: joins.0.dataset',
      joined({ joins: [{ dataset: 'residents', as: 'h' }] }),
    ],
    [
      'one twice',
      'query-not-compilable: joins.1.dataset',
      joined({
        joins: [
          { dataset: 'help', as: 'h' },
          { dataset: 'help', as: 'i' },
        ],
      }),
    ],
    ['two under one name', 'query-not-compilable: joins.0.as', joined({ joins: [{ dataset: 'help', as: 'r' }] })],
    [
      'one with many rows of a unit',
      'query-not-compilable: joins.0',
      joined({ joins: [{ dataset: 'cases', as: 'h' }] }),
    ],
    [
      'one with many rows of a unit and a bound',
      'query-not-compilable: joins.0',
      joined({ joins: [{ dataset: 'cases', as: 'h' }], contribution: { maxRows: 1 } }),
    ],
    [
      'one with many rows of a unit and a condition',
      'query-not-compilable: joins.0.where',
      joined({ joins: [{ dataset: 'cases', as: 'h', where: { eq: ['h.months', 1] } }] }),
    ],
    [
      'one with periods, none of them named',
      'query-not-compilable: joins.0',
      joined({ joins: [{ dataset: 'by-quarter', as: 'q' }] }),
    ],
    [
      'one with periods, two of them named',
      'query-not-compilable: joins.0.where',
      joined({ joins: [{ dataset: 'by-quarter', as: 'q', where: { in: ['q.quarter', ['q1', 'q2']] } }] }),
    ],
    [
      'one with a period that is named for the linked rows only',
      'query-not-compilable: joins.0',
      joined({ joins: [{ dataset: 'by-quarter', as: 'q' }], where: quarter }),
    ],
    [
      'a condition of a side on the other',
      'query-not-compilable: joins.0.where.eq',
      joined({ joins: [{ dataset: 'help', as: 'h', where: { eq: ['r.age', 3] } }] }),
    ],
    [
      'a column without its alias',
      'query-not-compilable: groupBy.0.column',
      joined({ groupBy: [{ column: 'help.district', as: 'district' }] }),
    ],
    [
      'a unit as a column',
      'query-not-compilable: groupBy.0.column',
      joined({ groupBy: [{ column: 'h.client_id', as: 'district' }] }),
    ],
  ])('%s: %s', (_what, verdict, query) => {
    expect(proposed(query)).toBe(verdict);
  });

  test('datasets of different owners are linked where the charter says that the population is', () => {
    const charter = fixedCharter();
    const populations = charter.populations.map((population) => ({ ...population, linkage: 'linked' as const }));
    const query = joined({ joins: [{ dataset: 'foreign', as: 'h' }] });
    expect(proposed(query, { ...charter, populations })).toBe('permitted');
  });

  test('costs what the question costs without it, once', () => {
    const charter = fixedCharter();
    expect(price(joined({}), askedSchema(joined({}), schemas), charter)).toEqual(
      price(AggregateQuery.parse(base), residents, charter),
    );
  });

  test('a plan without what is joined is none: nothing else may stand in for it', () => {
    expect(refusal(() => plan(joined({}), residents, {}))).toBe('query-not-compilable: groupBy.0.column');
  });
});

describe('an overlap', () => {
  test.each<[string, string, AggregateQuery]>([
    ['of two datasets', 'permitted', overlap({})],
    [
      'of one of them in one period',
      'permitted',
      overlap({
        joins: [{ dataset: 'by-quarter', as: 'q', where: quarter }],
        groupBy: [{ column: 'r.district', otherwise: 'q.district', as: 'district' }],
      }),
    ],
    [
      'of the units of one row each, where they have many',
      'permitted',
      overlap({ from: { dataset: 'cases', as: 'r' }, contribution: { maxRows: 1 } }),
    ],
    [
      'of units that may have several rows',
      'query-not-compilable: measures.0.fn',
      overlap({ from: { dataset: 'cases', as: 'r' }, contribution: { maxRows: 2 } }),
    ],
    [
      'of units in every period',
      'query-not-compilable: measures.0.fn',
      overlap({ from: { dataset: 'by-quarter', as: 'r' } }),
    ],
    ['of one dataset', 'query-not-compilable: measures.0.fn', overlap({ joins: undefined, groupBy: base.groupBy })],
    [
      'of three datasets',
      'query-not-compilable: measures.0.fn',
      overlap({
        joins: [
          { dataset: 'help', as: 'h' },
          { dataset: 'by-quarter', as: 'q', where: quarter },
        ],
      }),
    ],
    [
      'beside another measure',
      'query-not-compilable: measures.0.fn',
      overlap({
        measures: [
          { as: 'sides', fn: 'overlap' },
          { as: 'persons', fn: 'count' },
        ],
      }),
    ],
    ['by what only one side says', 'query-not-compilable: groupBy.0.otherwise', overlap({ groupBy: base.groupBy })],
    [
      'by columns of the same side',
      'query-not-compilable: groupBy.0.otherwise.column',
      overlap({ groupBy: [{ column: 'r.district', otherwise: 'r.district', as: 'district' }] }),
    ],
    [
      'by columns the other way round',
      'query-not-compilable: groupBy.0.column',
      overlap({ groupBy: [{ column: 'h.district', otherwise: 'r.district', as: 'district' }] }),
    ],
    [
      'by columns of different classes',
      'query-not-compilable: groupBy.0.otherwise',
      overlap({ groupBy: [{ column: 'r.district', otherwise: 'h.months', as: 'district' }] }),
    ],
    [
      'with a condition on the linked rows',
      'query-not-compilable: where.gt',
      overlap({ where: { gt: ['h.months', 3] } }),
    ],
    [
      'at several levels',
      'query-not-compilable: measures',
      overlap({
        hierarchy: {
          axis: 'district',
          levels: [{ as: 'all', title, groups: [{ code: 'all', de: 'x', en: 'x', of: ['alpha', 'beta', 'gamma'] }] }],
        },
      }),
    ],
    [
      'in a rate',
      'query-not-compilable: groupBy.0.otherwise',
      overlap({ measures: [{ as: 'share', fn: 'rate', of: { gt: ['r.age', 3] } }] }),
    ],
  ])('%s: %s', (_what, verdict, query) => {
    expect(proposed(query)).toMatch(new RegExp(`^${verdict}`));
  });

  test('is one histogram: a unit changes one of three classes by one, and can influence one decision', () => {
    const query = overlap({});
    const schema = askedSchema(query, schemas);
    const components = componentsOf(query, schema);
    expect(components.components).toMatchObject([
      { part: 'bins', width: 3, decides: true, sensitivity: { l0: 1n, l1: 1n, l2Squared: 1n, lInfinity: 1n } },
    ]);
    expect(decisionsOf(components)).toBe(1n);
    const asked = plan(query, schema, {});
    expect(asked.measures[0]?.input).toEqual({ of: 'sides', labels: ['both', 'only-r', 'only-h'] });
    expect(asked.joins).toEqual([{ dataset: 'help', on: ['residents.person_id', 'help.client_id'], where: null }]);
  });
});

/** Golden plans: a template, its schema and parameters give this plan, this SQL and this price, or approvals mean nothing. */
import {
  AggregateQuery,
  accountantOf,
  among,
  askedSchema,
  Charter,
  canonicalText,
  compilerVersion,
  DatasetSchema,
  digestOf,
  type Json,
  type Parameters,
  type Plan,
  plan,
  price,
} from '@reinraum/protocol';
import { describe, expect, test } from 'vitest';
import { aggregateSql } from '../../enclave/query/sql.ts';
import { fixedCharter } from '../support/fixed-room.ts';
import { golden } from '../support/golden.ts';
import { byDistrict, residents } from '../support/small-room.ts';

interface Vector {
  readonly name: string;
  readonly schema: DatasetSchema;
  /** Schemas of joined datasets. */
  readonly joined?: readonly DatasetSchema[];
  readonly query: AggregateQuery;
  readonly parameters: Parameters;
  readonly plan: Json;
  readonly planDigest: string;
  readonly sql: readonly { readonly text: string; readonly binds: readonly number[] }[];
  readonly charter: Charter;
  readonly price: Json;
}

interface PlanGolden {
  readonly compiler: string;
  readonly plans: readonly Vector[];
}

const { title } = residents;
const ages = DatasetSchema.parse({
  ...residents,
  columns: [
    ...residents.columns,
    { name: 'balance', title, type: 'integer', nullable: true, min: -10, max: 20, step: 5, unit: 'cent' },
  ],
});
const quarters = ['2025-q4', '2026-q1', '2026-q2'].map((code) => ({ code, de: code, en: code }));
const panel = DatasetSchema.parse({
  ...ages,
  columns: [...ages.columns, { name: 'quarter', title, type: 'code', codes: quarters }],
  period: 'quarter',
});
const many = DatasetSchema.parse({ ...ages, rowsPerUnit: 'many' });
const { params: _params, where: _where, ...bare } = byDistrict;
const query = (bend: object) => AggregateQuery.parse({ ...bare, ...bend });
const help = DatasetSchema.parse({
  ...residents,
  id: 'help',
  unit: 'client_id',
  period: 'quarter',
  columns: [
    {
      name: 'district',
      title,
      type: 'code',
      nullable: true,
      codes: residents.columns[0]?.type === 'code' ? residents.columns[0].codes : [],
    },
    { name: 'months', title, type: 'integer', nullable: true, min: 0, max: 24, unit: 'month' },
    { name: 'quarter', title, type: 'code', codes: quarters },
  ],
});
const aided = { dataset: 'help', as: 'h', where: { eq: ['h.quarter', '$quarter'] } };
const params = { quarter: { oneOf: ['2025-q4', '2026-q1'] } };
const made: readonly (readonly [string, DatasetSchema, AggregateQuery, Parameters, (readonly DatasetSchema[])?])[] = [
  ['by district and age', residents, byDistrict, { sex: 'm' }],
  ['no condition', residents, query({}), {}],
  ['listed keys', residents, query({ groupBy: [{ column: 'r.district', as: 'd', keys: ['gamma', 'beta'] }] }), {}],
  [
    'keys of an integer column below zero',
    ages,
    query({ groupBy: [{ column: 'r.balance', as: 'b', keys: [0, 1, 2] }] }),
    {},
  ],
  [
    'every operator',
    ages,
    query({
      params: { floor: { oneOf: [0, 5] } },
      where: {
        all: [
          { ne: ['r.district', 'beta'] },
          { any: [{ lt: ['r.age', 18] }, { gte: ['r.age', 65] }] },
          { not: { all: [{ gt: ['r.balance', '$floor'] }, { lte: ['r.balance', 15] }] } },
          { in: ['r.age', [70, 7, 7]] },
          { is: ['r.balance', 'present'] },
          { eq: ['r.sex', 'f'] },
        ],
      },
      groupBy: [{ column: 'r.balance', as: 'b', edges: [-5, 0] }],
      privacy: { mechanism: 'discreteGaussian', rho: '3/200', k: 20 },
    }),
    { floor: 5 },
  ],
  [
    'every measure, decided by the count where its units are the same',
    ages,
    query({
      groupBy: [
        {
          column: 'r.district',
          as: 'area',
          groups: [
            { code: 'west', de: 'Westen', en: 'west', of: ['alpha', 'gamma'] },
            { code: 'east', de: 'Osten', en: 'east', of: ['beta'] },
          ],
        },
      ],
      measures: [
        { as: 'age', fn: 'mean', column: 'r.age', clamp: [0, 100] },
        { as: 'persons', fn: 'count' },
        { as: 'balance', fn: 'sum', column: 'r.balance', clamp: [-5, 20] },
        { as: 'adults', fn: 'rate', of: { gte: ['r.age', 18] } },
        { as: 'sexes', fn: 'shares', column: 'r.sex' },
        { as: 'bands', fn: 'histogram', column: 'r.balance', edges: [-10, 0, 10] },
        { as: 'median', fn: 'quantile', column: 'r.balance', q: '1/2', edges: [-10, 0, 10] },
      ],
      privacy: {
        mechanism: 'discreteGaussian',
        rho: '1/10',
        split: { age: 2, persons: 3, balance: 1, adults: 1, sexes: 1, bands: 1, median: 1 },
        k: 10,
      },
    }),
    {},
  ],
  [
    'a variance, a deviation and several quantiles',
    ages,
    query({
      measures: [
        { as: 'persons', fn: 'count' },
        { as: 'spread', fn: 'variance', column: 'r.age', clamp: [0, 100] },
        { as: 'debts', fn: 'stddev', column: 'r.balance', clamp: [-5, 20] },
        { as: 'quarters', fn: 'quantiles', column: 'r.age', q: ['1/4', '1/2', '3/4'], edges: [0, 18, 65] },
      ],
    }),
    {},
  ],
  [
    'several rows of a unit in a cell',
    panel,
    query({
      where: { in: ['r.quarter', ['2025-q4', '2026-q1']] },
      measures: [
        { as: 'rows', fn: 'countRows' },
        { as: 'persons', fn: 'count' },
      ],
    }),
    {},
  ],
  [
    'several cells of a unit, in a room with the pure accountant',
    panel,
    query({
      groupBy: [{ column: 'r.quarter', as: 'quarter' }],
      measures: [{ as: 'age', fn: 'mean', column: 'r.age', clamp: [0, 100] }],
      privacy: { mechanism: 'discreteLaplace', epsilon: '1/2', k: 10 },
    }),
    {},
  ],
  [
    'a two-sided mean beside a count, in steps, in a room with the pure accountant',
    ages,
    query({
      measures: [
        { as: 'balance', fn: 'mean', column: 'r.balance', clamp: [-5, 20] },
        { as: 'persons', fn: 'count' },
      ],
      privacy: { mechanism: 'discreteLaplace', epsilon: '1', split: { balance: 3, persons: 1 }, k: 10 },
    }),
    {},
  ],
  [
    'three of many rows of a unit',
    many,
    query({
      contribution: { maxRows: 3 },
      where: { gte: ['r.age', 18] },
      measures: [
        { as: 'persons', fn: 'count' },
        { as: 'rows', fn: 'countRows' },
        { as: 'balance', fn: 'sum', column: 'r.balance', clamp: [-5, 20] },
      ],
    }),
    {},
  ],
  [
    'different values of many rows',
    many,
    query({
      contribution: { maxRows: 4 },
      measures: [
        { as: 'balances', fn: 'countDistinct', column: 'r.balance' },
        { as: 'sexes', fn: 'countDistinct', column: 'r.sex' },
      ],
    }),
    {},
  ],
  [
    'two linked datasets, one of them in one period',
    residents,
    query({
      params,
      joins: [aided],
      where: { any: [{ gte: ['r.age', 18] }, { gt: ['h.months', 3] }] },
      groupBy: [{ column: 'h.district', as: 'district' }],
      measures: [
        { as: 'persons', fn: 'count' },
        { as: 'months', fn: 'sum', column: 'h.months', clamp: [0, 12] },
      ],
    }),
    { quarter: '2026-q1' },
    [help],
  ],
  [
    'the overlap of two linked datasets',
    residents,
    query({
      params,
      joins: [aided],
      where: { gte: ['r.age', 18] },
      groupBy: [{ column: 'r.district', otherwise: 'h.district', keys: ['beta', 'alpha'], as: 'district' }],
      measures: [{ as: 'sides', fn: 'overlap' }],
    }),
    { quarter: '2025-q4' },
    [help],
  ],
];

const compiled = (template: AggregateQuery, schema: DatasetSchema, joined: readonly DatasetSchema[] = []) =>
  askedSchema(template, among([schema, ...joined]));

/** A plan as JSON: integers of any size as text. */
const plain = (of: Plan): Json =>
  JSON.parse(JSON.stringify(of, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));

const vectors = await golden<PlanGolden>('plan-golden.json', () => {
  const charter = fixedCharter();
  const pure = Charter.parse({
    ...charter,
    accountant: { kind: 'pure', deltaPerDecision: '1/100000000' },
    populations: charter.populations.map((population) => ({
      ...population,
      budget: { epsilon: '3', delta: '1/1000' },
    })),
  });
  const plans = made.map(([name, schema, template, parameters, joined]) => {
    const asked = compiled(template, schema, joined);
    const of = plan(template, asked, parameters);
    return {
      name,
      schema,
      ...(joined ? { joined } : {}),
      query: template,
      parameters,
      plan: plain(of),
      planDigest: digestOf(plain(of)),
      sql: aggregateSql(of),
      charter: accountantOf(template.privacy) === 'pure' ? pure : charter,
      price: price(template, asked, accountantOf(template.privacy) === 'pure' ? pure : charter),
    };
  });
  return { compiler: compilerVersion, plans };
});

test('were made by this version of the compiler: whoever changes a plan, its SQL or its price changes the version', () => {
  expect(vectors.compiler).toBe(compilerVersion);
  expect(vectors.plans.map(({ name }) => name)).toEqual(made.map(([name]) => name));
});

describe.each(vectors.plans.map((vector) => [vector.name, vector] as const))('golden plan: %s', (_name, vector) => {
  const template = AggregateQuery.parse(vector.query);
  const joined = vector.joined?.map((schema) => DatasetSchema.parse(schema));
  const asked = compiled(template, DatasetSchema.parse(vector.schema), joined);
  const of = plan(template, asked, vector.parameters);

  test('plan and digest', () => {
    expect(canonicalText(plain(of))).toBe(canonicalText(vector.plan));
    expect(digestOf(plain(of))).toBe(vector.planDigest);
  });

  test('SQL and binds', () => {
    expect(aggregateSql(of)).toEqual(vector.sql);
  });

  test('price', () => {
    expect(price(template, asked, vector.charter)).toEqual(vector.price);
  });

  test('is read from canonical text as from the file', () => {
    expect(digestOf(AggregateQuery.parse(JSON.parse(canonicalText(vector.query as Json))) as Json)).toBe(
      digestOf(vector.query as Json),
    );
  });
});

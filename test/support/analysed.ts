/** Small schemas and questions the analysis is tested on. */
import {
  AggregateQuery,
  Analysis,
  type AnalysisContext,
  analyse,
  DatasetSchema,
  type DerivedTable,
  type Finding,
} from '@reinraum/protocol';
import { expect } from 'vitest';

export const title = { de: 'x', en: 'x' };
export const codes = (...list: string[]) => list.map((code) => ({ code, de: code, en: code }));
export const column = (name: string, ...list: string[]) => ({ name, title, type: 'code', codes: codes(...list) });

export const people = DatasetSchema.parse({
  apiVersion: 'reinraum/v1',
  kind: 'DatasetSchema',
  id: 'people',
  title,
  owner: 'a/b',
  population: 'person',
  unit: 'person_id',
  rowsPerUnit: 1,
  columns: [
    column('area', 'n', 'e', 's', 'w'),
    column('sex', 'f', 'm'),
    { name: 'age', title, type: 'integer', min: 0, max: 99, unit: 'year' },
    { name: 'income', title, type: 'integer', min: 0, max: 1_000_000, step: 100, unit: 'euro', nullable: true },
  ],
});
export const firms = DatasetSchema.parse({
  ...people,
  id: 'firms',
  period: 'quarter',
  columns: [...people.columns, column('quarter', 'q1', 'q2')],
});

export const help = DatasetSchema.parse({
  ...people,
  id: 'help',
  columns: [column('area', 'n', 'e', 's', 'w'), column('topic', 'debt', 'home')],
});

export const charter: AnalysisContext['charter'] = {
  populations: [
    { id: 'person', title, linkage: 'area-only', kFloor: 10, budget: { rho: '1/4', delta: '1/1000000' }, covers: [] },
  ],
  accountant: { kind: 'zcdp', deltaConversion: '1/1000000', deltaPerDecision: '1/100000000' },
};

export function query(id: string, change: object = {}): AggregateQuery {
  return AggregateQuery.parse({
    apiVersion: 'reinraum/v1',
    kind: 'AggregateQuery',
    id,
    title,
    sentence: title,
    purpose: 'p',
    legalBasis: 'x',
    recipients: ['a/b'],
    expires: '2030-01-01',
    population: 'person',
    from: { dataset: 'people', as: 'p' },
    groupBy: [{ column: 'p.sex', as: 'sex' }],
    measures: [{ as: 'persons', fn: 'count' }],
    privacy: { mechanism: 'discreteGaussian', rho: '1/32', k: 10 },
    slotMs: 1000,
    ...change,
  });
}

export const rows = { people: 100_000, firms: 100_000 };

export function findings(
  question: AggregateQuery | DerivedTable,
  known: AnalysisContext['known'],
  change: object = {},
): Finding[] {
  const analysis = analyse(question, { charter, schemas: [people, firms, help], known, rows, ...change });
  expect(Analysis.parse(JSON.parse(JSON.stringify(analysis)))).toEqual(analysis);
  return analysis.findings;
}

/** Findings but those of the plan, as "severity code field with". */
export function brief(list: readonly Finding[]): string[] {
  return list
    .filter(({ code }) => code !== 'plan-price')
    .map(({ code, severity, field, with: others }) => [severity, code, field, ...others.map(({ id }) => id)].join(' '));
}

export const adults = query('adults', { where: { gte: ['p.age', 18] } });
export const everybody = query('everybody');

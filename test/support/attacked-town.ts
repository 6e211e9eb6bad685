/** The town the attacks of the corpus are about: schema, residents everybody knows, and questions in the real language. */
import { AggregateQuery, DatasetSchema, type Plan, plan } from '@reinraum/protocol';
import { counted, type RandomDataset, type Value } from './random-dataset.ts';

const title = (text: string) => ({ de: text, en: text });
const codes = (list: readonly string[]) => list.map((code) => ({ code, de: code, en: code }));

/** District, age, sex, over-indebtedness, income in steps of 100. */
export const townSchema = DatasetSchema.parse({
  apiVersion: 'reinraum/v1',
  kind: 'DatasetSchema',
  id: 'residents',
  title: title('Einwohner'),
  owner: 'city/statistics',
  population: 'person',
  unit: 'person_id',
  rowsPerUnit: 1,
  columns: [
    { name: 'district', title: title('Bezirk'), type: 'code', codes: codes(['alpha', 'beta', 'gamma']) },
    { name: 'age', title: title('Alter'), type: 'integer', min: 0, max: 119, unit: 'year' },
    { name: 'sex', title: title('Geschlecht'), type: 'code', codes: codes(['f', 'm']) },
    { name: 'debt', title: title('Überschuldet'), type: 'code', codes: codes(['no', 'yes']) },
    { name: 'income', title: title('Einkommen'), type: 'integer', min: 0, max: 10_000, step: 100, unit: 'euro' },
  ],
});

/** The town's schema with eight quarters: a person has a row in each. */
export const panelSchema = DatasetSchema.parse({
  ...townSchema,
  period: 'quarter',
  columns: [
    ...townSchema.columns,
    {
      name: 'quarter',
      title: title('Quartal'),
      type: 'code',
      codes: codes(['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8']),
    },
  ],
});

/** One resident: district, age, sex, debt, income. */
export type Resident = readonly [district: string, age: number, sex: string, debt: string, income: number];

/** `count` residents alike. */
export function alike(count: number, resident: Resident): Resident[] {
  return Array.from({ length: count }, () => resident);
}

/** A question about the town. */
export function question(asked: {
  readonly where?: unknown;
  readonly groupBy?: unknown;
  readonly measure?: object;
  readonly privacy: { readonly rho: string } | { readonly epsilon: string };
  readonly k?: number;
}): AggregateQuery {
  const { where, groupBy, measure = { fn: 'count' }, privacy, k = 10 } = asked;
  const mechanism = 'rho' in privacy ? 'discreteGaussian' : 'discreteLaplace';
  return AggregateQuery.parse({
    apiVersion: 'reinraum/v1',
    kind: 'AggregateQuery',
    id: 'attack',
    title: title('Frage'),
    sentence: title('Wie viele?'),
    purpose: 'planning',
    legalBasis: 'dsgvo-6-1-e',
    recipients: ['city/planning'],
    expires: '2035-12-31',
    population: 'person',
    from: { dataset: 'residents', as: 'r' },
    ...(where === undefined ? {} : { where }),
    groupBy: groupBy ?? [{ column: 'r.age', edges: [0], as: 'age' }],
    measures: [{ as: 'm', ...measure }],
    privacy: { mechanism, ...privacy, k },
    slotMs: 200,
  });
}

/** Exact tables of a plan, one a component. */
export type Tables = readonly (readonly bigint[])[];

/** Plan of a question and, per world of residents, its exact tables by the plainest reading of the question. */
export function askedOf(
  query: AggregateQuery,
  worlds: readonly (readonly Resident[])[],
): { readonly of: Plan; readonly worlds: readonly Tables[] } {
  const of = plan(query, townSchema, {});
  return { of, worlds: worlds.map((residents) => tablesOf(of, query, { schema: townSchema, rows: residents })) };
}

/** Exact tables of a question about any dataset. */
export function tablesOf(of: Plan, query: AggregateQuery, dataset: RandomDataset): Tables {
  const tables = of.components.map((): readonly bigint[] => []);
  counted(dataset, query).forEach(({ units, value }, at) => {
    const measure = of.measures[at];
    if (!measure) return;
    tables[measure.decider] = units;
    tables[measure.value] = value;
  });
  return tables;
}

/** Rows of a panel: each resident in every quarter. */
export function panelOf(residents: readonly Resident[]): RandomDataset {
  const quarters = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8'];
  const rows = residents.flatMap((resident) => quarters.map((quarter): readonly Value[] => [...resident, quarter]));
  return { schema: panelSchema, rows, units: rows.map((_, at) => Math.floor(at / quarters.length)) };
}

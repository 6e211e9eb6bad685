/** Whether the files of a folder of policies fit together. Each alone is valid already. */
import {
  type AggregateQuery,
  among,
  askedSchema,
  type Charter,
  type CharterTemplate,
  canonicalText,
  checkAgainstCharter,
  checkCompiles,
  checkTable,
  type DatasetSchema,
  type DerivedTable,
  datasetsOf,
  digestOf,
  inputParameters,
  type Json,
  partyOf,
  plan,
  Refusal,
  refusals,
} from '@reinraum/protocol';
import type { ExamplePlan, Source } from './example-plan.ts';
import { sourceFaults } from './source/faults.ts';
import { panelRowsMax } from './source/panel.ts';

/** What a room is founded on and asked: a folder without `example.yaml`. */
export interface RoomPolicies {
  readonly template: CharterTemplate;
  readonly schemas: readonly DatasetSchema[];
  readonly queries: readonly AggregateQuery[];
  readonly tables: readonly DerivedTable[];
}

/** Faults between charter, schemas and queries, each "file: field: what to do". */
export function policyFaults(policies: RoomPolicies): string[] {
  const { template, schemas, queries } = policies;
  const units = new Set(template.parties.flatMap(({ id, units }) => units.map((unit) => `${id}/${unit.id}`)));
  const faults: string[] = [];
  const ids = schemas.map(({ id }) => id);
  for (const id of template.datasets) {
    if (!ids.includes(id)) faults.push(`charter.yaml: datasets: "${id}" has no schema in schemas/`);
  }
  for (const id of repeated(ids)) faults.push(`schemas/: id: "${id}" stands twice`);
  for (const id of repeated(queries.map((query) => query.id))) faults.push(`queries/: id: "${id}" stands twice`);
  for (const { id, owner, population } of schemas) {
    if (!template.datasets.includes(id)) faults.push(`schemas/${id}: id: the charter’s datasets do not name it`);
    if (!units.has(owner)) faults.push(`schemas/${id}: owner: the charter has no unit "${owner}"`);
    if (!template.populations.some((known) => known.id === population)) {
      faults.push(`schemas/${id}: population: the charter has no population "${population}"`);
    }
  }
  for (const query of queries) {
    const unknown = datasetsOf(query).findIndex((dataset) => !among(schemas)(dataset));
    const field = unknown < 1 ? 'from.dataset' : `joins.${unknown - 1}.dataset`;
    if (unknown >= 0) faults.push(`queries/${query.id}: ${field}: there is no schema "${datasetsOf(query)[unknown]}"`);
    else faults.push(...refused(`queries/${query.id}`, () => checkQuery(query, template, schemas)));
  }
  const known = new Map(queries.map((query) => [digestOf(query as Json), query]));
  for (const table of policies.tables) {
    const find = (digest: string) => {
      const query = known.get(digest);
      return query && { query, schema: askedSchema(query, among(schemas)) };
    };
    faults.push(...refused(`derived/${table.id}`, () => checkTable(table, template, find)));
  }
  return faults;
}

/** Throws the {@link Refusal} an enclave with this charter and these schemas would give a proposed question. */
export function checkQuery(query: AggregateQuery, template: CharterTemplate, schemas: readonly DatasetSchema[]): void {
  const schema = askedSchema(query, among(schemas));
  // The checks read only what template and founded charter have in common.
  checkAgainstCharter(query, template as unknown as Charter, among(schemas));
  checkCompiles(query, schema);
}

/** Faults of an example plan against its policies, each "field: what to do". */
export function exampleFaults(policies: RoomPolicies, example: ExamplePlan): string[] {
  return [
    ...memberFaults(policies, example),
    ...example.datasets.flatMap((dataset, at) =>
      datasetFaults(policies, example, dataset).map((fault) => `datasets.${at}.${fault}`),
    ),
    ...repeated(example.datasets.map(({ dataset }) => dataset)).map((id) => `datasets: "${id}" stands twice`),
    ...example.runs.flatMap((run, at) => runFaults(policies, example, run).map((fault) => `runs.${at}.${fault}`)),
    ...example.tables.flatMap((table, at) =>
      tableFaults(policies, example, table).map((fault) => `tables.${at}.${fault}`),
    ),
  ];
}

function memberFaults({ template }: RoomPolicies, { members }: ExamplePlan): string[] {
  const faults = repeated(members.map(({ name }) => name)).map((name) => `members: "${name}" stands twice`);
  const units = new Set(template.parties.flatMap(({ id, units }) => units.map((unit) => `${id}/${unit.id}`)));
  members.forEach(({ unit }, at) => {
    if (!units.has(unit)) faults.push(`members.${at}.unit: the charter has no unit "${unit}"`);
  });
  for (const { id } of template.parties) {
    if (!members.some(({ unit, roles }) => partyOf(unit) === id && roles.includes('dpo'))) {
      faults.push(`members: party "${id}" needs a data protection officer (role dpo)`);
    }
  }
  return faults;
}

function datasetFaults(
  { template, schemas }: RoomPolicies,
  { members }: ExamplePlan,
  { dataset, steward, purpose, capacityRows, source }: ExamplePlan['datasets'][number],
): string[] {
  const schema = schemas.find(({ id }) => id === dataset);
  if (!schema) return [`dataset: there is no schema "${dataset}"`];
  const faults = sourceFaults(source, schema).map((fault) => `source.${fault}`);
  if (!members.some(({ name, unit, roles }) => name === steward && unit === schema.owner && roles.includes('owner'))) {
    faults.push(`steward: needs a member of ${schema.owner} with role owner`);
  }
  if (!template.purposes.some(({ id }) => id === purpose)) faults.push(`purpose: the charter has no "${purpose}"`);
  const rows = rowsMax(source, schema);
  if (rows > capacityRows) faults.push(`capacityRows: is less than the ${rows} rows of the source`);
  return faults;
}

/** Most rows of a source that are known without reading it. */
function rowsMax(source: Source, schema: DatasetSchema): number {
  if (source.kind === 'panel') return panelRowsMax(source, schema);
  return source.kind === 'synthetic' ? source.rows : 0;
}

function runFaults(
  { schemas, queries }: RoomPolicies,
  { members }: ExamplePlan,
  { query: id, by, parameters }: ExamplePlan['runs'][number],
): string[] {
  const query = queries.find((known) => known.id === id);
  if (!query || !datasetsOf(query).every(among(schemas))) return [`query: there is no question "${id}"`];
  const isAllowed = members.some(
    ({ name, unit, roles }) => name === by && roles.includes('analyst') && query.recipients.includes(unit),
  );
  const faults = isAllowed ? [] : [`by: needs a member with role analyst of a unit among the question’s recipients`];
  return [...faults, ...refused('parameters', () => plan(query, askedSchema(query, among(schemas)), parameters))];
}

/** What a table is made from must have been run, with the same parameters, or it would charge somebody. */
function tableFaults(
  { queries, tables }: RoomPolicies,
  { members, runs }: ExamplePlan,
  { table: id, by, parameters }: ExamplePlan['tables'][number],
): string[] {
  const table = tables.find((known) => known.id === id);
  if (!table) return [`table: there is no table "${id}" in derived/`];
  const isAllowed = members.some(
    ({ name, unit, roles }) => name === by && roles.includes('analyst') && table.recipients.includes(unit),
  );
  const faults = isAllowed ? [] : [`by: needs a member with role analyst of a unit among the table’s recipients`];
  const refusals = refused('parameters', () => {
    for (const [name, input] of Object.entries(table.inputs)) {
      const query = queries.find((known) => digestOf(known as Json) === input.query);
      const asked = canonicalText(inputParameters(table, name, parameters));
      if (!runs.some((run) => run.query === query?.id && canonicalText(run.parameters) === asked)) {
        faults.push(`table: no run gives its input "${name}" with these parameters`);
      }
    }
  });
  return [...faults, ...refusals];
}

function refused(where: string, check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [`${where}: ${error.field ?? ''}: ${error.code}: ${refusals[error.code].en}`];
  }
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))];
}

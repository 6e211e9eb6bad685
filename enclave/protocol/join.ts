/**
 * Several datasets in one question (docs/spec/query.md §8): linked row by row on the unit, so that what is asked reads like
 * one dataset whose columns are named `dataset.column`. A joined dataset has at most one row of a unit; so a row of `from`
 * never becomes several, and a unit contributes what it contributes to `from` alone.
 */
import type { Charter } from './charter.ts';
import { contributionOf } from './contribution.ts';
import type { AggregateQuery } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Column, DatasetSchema } from './schema.ts';

/** Finds the schema of a dataset. */
export type Schemas = (dataset: string) => DatasetSchema | undefined;

/** Finds a schema among some. */
export function among(schemas: readonly DatasetSchema[]): Schemas {
  return (dataset) => schemas.find(({ id }) => id === dataset);
}

/** What a question is compiled against. */
export interface AskedSchema extends DatasetSchema {
  /** Unit columns of the joined datasets, in the template's order. */
  readonly joined?: readonly string[];
}

/** Datasets a question reads: that of `from`, then those joined, in the template's order. */
export function datasetsOf({ from, joins = [] }: Pick<AggregateQuery, 'from' | 'joins'>): readonly string[] {
  return [from.dataset, ...joins.map(({ dataset }) => dataset)];
}

/**
 * The schema a question is compiled against: that of its dataset, or of its linked datasets together. Throws {@link Refusal}
 * `dataset-unknown`, or `query-not-compilable` where datasets cannot be linked, with the field.
 */
export function askedSchema(query: AggregateQuery, schemas: Schemas): AskedSchema {
  const from = schemas(query.from.dataset);
  if (!from) throw new Refusal('dataset-unknown', 'from.dataset');
  if (!query.joins) return from;
  const isOverlap = asksOverlap(query);
  const columns = columnsOf(from, isOverlap);
  const joined: string[] = [];
  const [datasets, aliases] = [new Set([from.id]), new Set([query.from.as])];
  for (const [at, { dataset, as, where }] of query.joins.entries()) {
    const schema = schemas(dataset);
    if (!schema) throw new Refusal('dataset-unknown', `joins.${at}.dataset`);
    const isOther = schema.population === from.population && !datasets.has(dataset);
    if (!isOther) throw new Refusal('query-not-compilable', `joins.${at}.dataset`);
    if (aliases.has(as)) throw new Refusal('query-not-compilable', `joins.${at}.as`);
    const { contribution: _bounded, where: _filtered, joins: _others, ...rest } = query;
    const alone = { ...rest, from: { dataset, as }, groupBy: [], ...(where ? { where } : {}) };
    // Many rows of a unit are refused in there: nobody may state a bound for a joined side.
    const { rows } = schema.rowsPerUnit === 1 ? contributionOf(alone, schema) : { rows: 2n };
    if (rows > 1n) throw new Refusal('query-not-compilable', where ? `joins.${at}.where` : `joins.${at}`);
    datasets.add(dataset);
    aliases.add(as);
    joined.push(`${dataset}.${schema.unit}`);
    columns.push(...columnsOf(schema, isOverlap));
  }
  const named = (name: string) => `${from.id}.${name}`;
  return { ...from, unit: named(from.unit), period: from.period === null ? null : named(from.period), columns, joined };
}

/**
 * Refuses to link datasets whose pseudonyms cannot be compared: those of different owners, unless the charter has the
 * population linked. Throws {@link Refusal} `query-not-compilable`.
 */
export function checkLinkage(query: AggregateQuery, schemas: Schemas, { populations }: Pick<Charter, 'populations'>) {
  const domainOf = (dataset: string) => {
    const schema = schemas(dataset);
    return schema && pseudonymDomain(schema, populations);
  };
  for (const [at, { dataset }] of (query.joins ?? []).entries()) {
    if (domainOf(dataset) !== domainOf(query.from.dataset)) {
      throw new Refusal('query-not-compilable', `joins.${at}.dataset`);
    }
  }
}

/** Within one domain a unit has the same pseudonym in every dataset; across domains nothing links it (stewards.md). */
export function pseudonymDomain(
  { population, owner }: Pick<DatasetSchema, 'population' | 'owner'>,
  populations: Charter['populations'],
): string {
  const isLinked = populations.some(({ id, linkage }) => id === population && linkage === 'linked');
  return isLinked ? population : `${population} ${owner}`;
}

/** Whether a question asks which units linked datasets share. */
export function asksOverlap({ joins, measures }: Pick<AggregateQuery, 'joins' | 'measures'>): boolean {
  return joins !== undefined && measures.some(({ fn }) => fn === 'overlap');
}

/** Columns under their linked names. Where units of one side alone count, every column may have no value. */
function columnsOf({ id, columns }: DatasetSchema, isOverlap: boolean): Column[] {
  return columns.map((column) => ({
    ...column,
    name: `${id}.${column.name}`,
    nullable: column.nullable || isOverlap,
  }));
}

/** Names of columns: `alias.column` in a template, `column` or – where datasets are linked – `dataset.column` in its schema. */
import type { AggregateQuery } from './query.ts';
import { Refusal } from './refusal.ts';
import type { Column, DatasetSchema } from './schema.ts';

type Sources = Pick<AggregateQuery, 'from' | 'joins'>;

/** The name `alias.column` has in the schema a query is compiled against; undefined for an alias the query does not have. */
export function nameIn(reference: string, { from, joins }: Sources): string | undefined {
  const [alias, name = ''] = reference.split('.');
  const source = [from, ...(joins ?? [])].find(({ as }) => as === alias);
  return source && (joins ? `${source.dataset}.${name}` : name);
}

/** The column of `alias.column`, where there is one. */
export function findColumn(reference: string, query: Sources, { columns }: DatasetSchema): Column | undefined {
  const name = nameIn(reference, query);
  return columns.find((column) => column.name === name);
}

/** The column of `alias.column`. Throws {@link Refusal} `query-not-compilable` with the field. */
export function columnNamed(reference: string, query: Sources, schema: DatasetSchema, field: string): Column {
  const column = findColumn(reference, query, schema);
  if (!column) throw new Refusal('query-not-compilable', field);
  return column;
}

/** What people read codes from: the columns a question names, as it names them, with the titles of its datasets. */
import type { AggregateQuery, Column, DatasetSchema, Schemas } from '@reinraum/protocol';

/** Name of the column that holds what the classes of an overlap are called. */
export const sidesColumn = 'overlap';

/** Columns by `alias.column` of every dataset a question asks; undefined where a schema is not known. */
export function namedSchema(query: AggregateQuery, schemas: Schemas): DatasetSchema | undefined {
  const sources = [query.from, ...(query.joins ?? [])];
  const own = schemas(query.from.dataset);
  const columns = sources.flatMap(({ dataset, as }): Column[] =>
    (schemas(dataset)?.columns ?? []).map((column) => ({ ...column, name: `${as}.${column.name}` })),
  );
  return own && { ...own, columns: [...columns, sidesOf(query, schemas)] };
}

function sidesOf({ from, joins = [] }: AggregateQuery, schemas: Schemas): Column {
  const title = (dataset: string) => schemas(dataset)?.title ?? { de: dataset, en: dataset };
  const alone = [from, ...joins].map(({ dataset, as }) => ({
    code: `only-${as}`,
    de: `nur ${title(dataset).de}`,
    en: `only ${title(dataset).en}`,
  }));
  const codes = [{ code: 'both', de: 'in beiden', en: 'in both' }, ...alone];
  return { name: sidesColumn, title: { de: 'Überschneidung', en: 'Overlap' }, type: 'code', nullable: false, codes };
}

/** What people read for a label: releases hold codes, the policies say in words what they stand for. */
import { namedSchema, sidesColumn } from '@reinraum/client';
import type { AggregateQuery, DerivedTable, Schemas } from '@reinraum/protocol';

/** The German name of a label of an axis or measure; a label without one, such as a band, is its own name. */
export type LabelNames = (as: string, label: string) => string;

/** No names: labels as they stand in the release. */
export const plainLabels: LabelNames = (_, label) => label;

type Names = ReadonlyMap<string, ReadonlyMap<string, string>>;
type Named = readonly { readonly code: string; readonly de: string }[];

/** Names of a query's labels: of its groups, or of the codes of the column. */
export function labelNames(query: AggregateQuery, schemas: Schemas): LabelNames {
  const { columns = [] } = namedSchema(query, schemas) ?? {};
  const names = new Map<string, ReadonlyMap<string, string>>();
  for (const { as, groups } of query.hierarchy?.levels ?? []) names.set(as, namesOf(groups));
  for (const part of [...query.groupBy, ...query.measures]) {
    const { column: reference, groups } = { column: sidesColumn, groups: undefined, ...part };
    const column = columns.find(({ name }) => name === reference);
    names.set(part.as, namesOf(groups ?? (column?.type === 'code' ? column.codes : [])));
  }
  return named(names);
}

/** Names of a table's labels: of what it adds up to, or of the axis of its first input that has the axis. */
export function tableLabelNames(table: DerivedTable, ofInput: (input: string) => LabelNames): LabelNames {
  const names = new Map(
    table.axes.map(({ as, rollup, total }) => [
      as,
      namesOf([...Object.values(rollup).flat(), ...(total ? [total] : [])]),
    ]),
  );
  return (as, label) => {
    const own = names.get(as)?.get(label);
    const [input, axis] = Object.entries(table.axes.find((one) => one.as === as)?.from ?? {})[0] ?? [];
    return own ?? (input === undefined || axis === undefined ? label : ofInput(input)(axis, label));
  };
}

function named(names: Names): LabelNames {
  return (as, label) => names.get(as)?.get(label) ?? label;
}

function namesOf(list: Named): ReadonlyMap<string, string> {
  return new Map(list.map(({ code, de }) => [code, de]));
}

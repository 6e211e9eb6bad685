/** What one template does with whose data: the particulars that records, information and registers share. */
import {
  type AggregateQuery,
  type Bilingual,
  type DatasetSchema,
  type DerivedTable,
  datasetsOf,
  digestOf,
  type Json,
} from '@reinraum/protocol';
import { type Cell, counted, type Source, text } from '../reports/document.ts';
import { unitName } from '../reports/names.ts';
import { standWords } from '../reports/rights.ts';
import { indicesOf, ofType } from '../reports/subject.ts';
import { type FolderBasis, joined, policyField, sourced } from './folder-basis.ts';

/** What a question's standing and its answers rest on. */
const standTypes = [
  'query.proposed',
  'query.approved',
  'query.revoked',
  'query.failed',
  'query.cleared',
  'query.released',
] as const;

/** Schemas of the datasets a query reads, in its order. */
export function schemasOf({ policies }: FolderBasis, query: AggregateQuery): readonly DatasetSchema[] {
  return datasetsOf(query).flatMap((id) => policies.schemas.find((schema) => schema.id === id) ?? []);
}

/** Queries a table is worked out from. */
export function inputsOf({ policies }: FolderBasis, table: DerivedTable): readonly AggregateQuery[] {
  const digests = Object.values(table.inputs).map(({ query }) => query);
  return policies.queries.filter((query) => digests.includes(digestOf(query as Json)));
}

/** The units whose data a query reads. */
export function ownersCell(basis: FolderBasis, query: AggregateQuery): Cell {
  const schemas = schemasOf(basis, query);
  const sources = schemas.map(({ id }) => policyField(basis.policies, 'schema', id, 'owner'));
  const owners = [...new Set(schemas.map(({ owner }) => owner))];
  return sourced(joined(owners.map((owner) => unitName(basis.log.room, owner))), ...sources);
}

/** Columns a query names, with their titles, by dataset. */
export function columnsCell(basis: FolderBasis, query: AggregateQuery): Cell {
  const named = new Set(stringsIn(query));
  const aliases = [query.from, ...(query.joins ?? [])];
  const sources: Source[] = [];
  const titles = aliases.flatMap(({ dataset, as }): Bilingual[] => {
    const schema = basis.policies.schemas.find(({ id }) => id === dataset);
    const used = schema?.columns.filter(({ name }) => named.has(`${as}.${name}`)) ?? [];
    if (!schema || used.length === 0) return [];
    sources.push(policyField(basis.policies, 'schema', dataset, 'columns'));
    const { de, en } = joined(used.map(({ title }) => title));
    return [text(`${schema.title.de}: ${de}`, `${schema.title.en}: ${en}`)];
  });
  return sourced(joined(titles), ...sources);
}

/** What the log says of a question: its approvals and how often it was answered, or that it was never proposed. */
export function standCell({ log }: FolderBasis, question: AggregateQuery | DerivedTable): Cell {
  const digest = digestOf(question as Json);
  const about = log.entries.filter(({ row }) => row.query === digest);
  const state = log.room.queries.get(digest) ?? log.room.tables.get(digest);
  if (!state) {
    return sourced(
      text(
        'steht nicht im Protokoll: weder vorgeschlagen noch freigegeben',
        'is not in the log: neither proposed nor approved',
      ),
      { file: 'log', place: 'query.proposed' },
    );
  }
  const approvals = counted(indicesOf(ofType(about, 'query.approved')));
  const answers = counted(indicesOf(ofType(about, 'query.released')));
  const stand = standWords(log.room, state);
  return {
    text: text(
      `${stand.de}; Freigaben: ${approvals.text.de}; erteilte Antworten: ${answers.text.de}`,
      `${stand.en}; approvals: ${approvals.text.en}; answers released: ${answers.text.en}`,
    ),
    entries: indicesOf(ofType(about, ...standTypes)),
  };
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

/** A derived table: runs what it is made from – free where it was released before – and evaluates it (docs/spec/derived.md). */
import {
  AggregateQuery,
  type Derived,
  DerivedTable,
  derive,
  inputParameters,
  type Parameters,
} from '@reinraum/protocol';
import { type Answered, ask } from './ask.ts';
import type { RoomClient } from './room-client.ts';

/** An evaluated table with the answers it was made from. */
export interface AnsweredTable {
  readonly table: DerivedTable;
  readonly derived: Derived;
  /** Answers by the name of the input. */
  readonly answers: ReadonlyMap<string, Answered>;
}

/** Evaluates an approved table. Throws `RoomProblem`, `Refusal` for its parameters, or `Error` where it may not be used. */
export async function askTable(client: RoomClient, digest: string, parameters: Parameters): Promise<AnsweredTable> {
  const { tables, queries } = await client.catalogue();
  const known = tables.find((candidate) => candidate.digest === digest);
  if (!known) throw new Error('table: the room does not know this digest; list the questions with "query list"');
  if (known.revoked) throw new Error('table: it was revoked');
  if (known.missing.length > 0) throw new Error(`table: approvals are missing: ${known.missing.join(', ')}`);
  const table = DerivedTable.parse(known.table);
  const answers = new Map<string, Answered>();
  for (const [name, { query }] of Object.entries(table.inputs)) {
    const template = AggregateQuery.parse(queries.find((candidate) => candidate.digest === query)?.query);
    answers.set(name, await ask(client, query, template.purpose, inputParameters(table, name, parameters)));
  }
  const releases = new Map([...answers].map(([name, { release }]) => [name, release]));
  return { table, derived: derive(table, releases), answers };
}

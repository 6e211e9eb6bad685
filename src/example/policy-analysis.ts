/** The analysis of a folder of policies (docs/spec/analysis.md §4): its questions in the order they would be proposed in. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Analysis, analyse } from '@reinraum/protocol';
import type { RoomPolicies } from './policy-faults.ts';
import { loadPolicies, loadRoomPolicies } from './policy-files.ts';

/** Policies with the rows to assume of each dataset. */
export interface AssumedPolicies {
  readonly policies: RoomPolicies;
  readonly rows: Readonly<Record<string, number>>;
}

/** Loads a folder; an `example.yaml` in it says how many rows its stewards would declare, `rows` goes first. */
export async function loadAssumed(folder: string, rows: Readonly<Record<string, number>>): Promise<AssumedPolicies> {
  if (!existsSync(join(folder, 'example.yaml'))) return { policies: await loadRoomPolicies(folder), rows };
  const policies = await loadPolicies(folder);
  const declared = policies.example.datasets.map(({ dataset, capacityRows }) => [dataset, capacityRows] as const);
  return { policies, rows: { ...Object.fromEntries(declared), ...rows } };
}

/** Every query against those before it, so that a pair is reported once; every table against all queries. */
export function analysePolicies({ policies, rows }: AssumedPolicies): Analysis[] {
  const { template, schemas, queries, tables } = policies;
  const context = { charter: template, schemas, rows };
  return [
    ...queries.map((query, at) => analyse(query, { ...context, known: queries.slice(0, at) })),
    ...tables.map((table) => analyse(table, { ...context, known: queries })),
  ];
}

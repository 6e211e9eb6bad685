/** Every question of an example is proposed by an analyst and approved by all it needs. */
import type { MemberKeys, RoomClient } from '@reinraum/client';
import { type AggregateQuery, type DerivedTable, datasetsOf, digestOf, type Json } from '@reinraum/protocol';
import type { RoomPolicies } from './policy-faults.ts';

/**
 * Proposes queries, then the tables made from them, and has each approved by the owners of all datasets behind it and by every
 * data protection officer. What is approved already is left alone.
 */
export async function approved(
  policies: RoomPolicies,
  members: ReadonlyMap<string, MemberKeys>,
  clientOf: (name: string) => RoomClient,
  say: (text: string) => void,
): Promise<void> {
  const withRole = (role: 'owner' | 'dpo' | 'analyst') =>
    [...members].filter(([, { member }]) => member.roles.includes(role));
  const [proposer] = withRole('analyst').map(([name]) => name);
  if (proposer === undefined) throw new Error('example.yaml: members: there is no analyst to propose questions');
  for (const question of [...policies.queries, ...policies.tables]) {
    const digest = digestOf(question as Json);
    const { queries, tables } = await clientOf(proposer).catalogue();
    const known = [...queries, ...tables].find((candidate) => candidate.digest === digest);
    if (!known) await clientOf(proposer).act('query.propose', { query: digest }, { object: question });
    else if (known.missing.length === 0) continue;
    const owners = ownersOf(question, policies);
    const approvers = [...withRole('owner').filter(([, { member }]) => owners.has(member.unit)), ...withRole('dpo')];
    for (const [name] of approvers) await clientOf(name).act('query.approve', { query: digest });
    say(`freigegeben / approved: ${question.id} (${approvers.map(([name]) => name).join(', ')})`);
  }
}

/** Owner units of the datasets behind a question: for a table, of all its inputs. */
function ownersOf(question: AggregateQuery | DerivedTable, { queries, schemas }: RoomPolicies): Set<string> {
  const inputs = question.kind === 'DerivedTable' ? Object.values(question.inputs).map(({ query }) => query) : [];
  const behind =
    question.kind === 'DerivedTable' ? queries.filter((query) => inputs.includes(digestOf(query as Json))) : [question];
  const datasets = behind.flatMap(datasetsOf);
  return new Set(schemas.filter(({ id }) => datasets.includes(id)).map(({ owner }) => owner));
}

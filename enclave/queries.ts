/** What owners, analysts and data protection officers do with queries: propose, approve, revoke, clear. */
import { checkProposal, type QueryState, type Room, type TableState } from '@reinraum/audit';
import { canonicalBytes, digestOf, fieldOf, type Json, Question, Refusal, type StatementOf } from '@reinraum/protocol';
import { type Authorised, by, checkUnused, RefusedAct } from './authorise.ts';
import type { Ledger, Logged } from './ledger.ts';

type Act<Type extends 'query.propose' | 'query.approve' | 'query.revoke' | 'query.clear'> = Authorised & {
  readonly statement: StatementOf<Type>;
};

/** Proposes a query whose object travels beside the statement; refused at once where charter or schema forbid it. */
export async function propose(ledger: Ledger, room: Room, act: Act<'query.propose'>, object: unknown): Promise<Logged> {
  const { query: digest } = act.statement.body;
  const parsed = Question.safeParse(object);
  if (!parsed.success) throw new RefusedAct('query-malformed', fieldOf(parsed.error), act);
  if (digestOf(parsed.data as Json) !== digest) throw new RefusedAct('query-unknown', 'query', act);
  try {
    checkProposal(room, parsed.data);
  } catch (error) {
    throw error instanceof Refusal ? new RefusedAct(error.code, error.field, act) : error;
  }
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    if (stateOf(room, digest)) throw new RefusedAct('query-known', 'query', act);
    await ledger.objects.put(canonicalBytes(parsed.data as Json));
    return append({ type: 'query.proposed', activity: 'verwalten', ...by(act), detail: { query: digest } });
  });
}

/** Approves a proposed query. */
export async function approve(ledger: Ledger, room: Room, act: Act<'query.approve'>): Promise<Logged> {
  const { query } = act.statement.body;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    const state = stateOf(room, query);
    if (!state) throw new RefusedAct('query-unknown', 'query', act);
    if (state.revoked) throw new RefusedAct('query-revoked', 'query', act);
    return append({ type: 'query.approved', activity: 'verwalten', ...by(act), detail: { query } });
  });
}

/** Revokes a query for good. Any owner and any data protection officer can: stopping needs no majority. */
export async function revoke(ledger: Ledger, room: Room, act: Act<'query.revoke'>): Promise<Logged> {
  const { query } = act.statement.body;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    if (!stateOf(room, query)) throw new RefusedAct('query-unknown', 'query', act);
    return append({ type: 'query.revoked', activity: 'einschraenken', ...by(act), detail: { query } });
  });
}

/** Clears a suspended query: somebody has looked at its latest failure, and it may be charged again. */
export async function clear(ledger: Ledger, room: Room, act: Act<'query.clear'>): Promise<Logged> {
  const { query, failed } = act.statement.body;
  return ledger.exclusive(async (append) => {
    checkUnused(room, act);
    const state = room.queries.get(query);
    if (!state) throw new RefusedAct('query-unknown', 'query', act);
    if (state.suspended !== failed) throw new RefusedAct('query-not-suspended', 'failed', act);
    return append({ type: 'query.cleared', activity: 'verwalten', ...by(act), caused: failed, detail: { query } });
  });
}

/** A query or a table derived from queries. */
function stateOf({ queries, tables }: Room, digest: string): QueryState | TableState | undefined {
  return queries.get(digest) ?? tables.get(digest);
}

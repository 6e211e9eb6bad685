/** What is decided about a question before any row is read: from log, charter, template and statement alone. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { askedVersions, missingApprovals, type Room, schemaOf } from '@reinraum/audit';
import {
  type AggregateQuery,
  type AskedSchema,
  canonicalText,
  commit,
  type Json,
  type Opening,
  type Parameters,
  type Plan,
  plan as planOf,
  Refusal,
  type Release,
  type StatementOf,
  toHex,
  utf8,
} from '@reinraum/protocol';
import { type Authorised, RefusedAct } from './authorise.ts';

/** An authorised request to run a query. */
export type Run = Authorised & { readonly statement: StatementOf<'query.run'> };

/** What a run comes to, with everything the answer needs. */
export interface Decision {
  readonly query: AggregateQuery;
  readonly schema: AskedSchema;
  readonly plan: Plan;
  readonly parameters: Parameters;
  readonly datasets: Release['datasets'];
  /** Names this answer among stored ones; keyed, because a plain digest of parameters could be guessed. */
  readonly releaseKey: string;
}

/** Throws {@link RefusedAct}. `today` is the day of the room's clock, `roomKey` 32 secret bytes. */
export function decide(
  room: Room,
  run: Run,
  opening: Opening | undefined,
  today: string,
  roomKey: Uint8Array,
): Decision {
  const { body } = run.statement;
  const query = approvedQuery(room, run, today);
  const datasets = askedVersions(room, query, today);
  if ('fault' in datasets) throw new RefusedAct(datasets.fault, datasets.field, run);
  const schema = schemaOf(room, query);
  const parameters = opened(body.parameters, opening, run);
  const plan = planned(query, schema, parameters, run);
  const identity = canonicalText({ query: body.query, plan: plainJson(plan), datasets: [...datasets] });
  return {
    query,
    schema,
    plan,
    parameters,
    datasets: [...datasets],
    releaseKey: toHex(hmac(sha256, roomKey, utf8(identity))),
  };
}

function approvedQuery(room: Room, run: Run, today: string): AggregateQuery {
  const { body } = run.statement;
  const state = room.queries.get(body.query);
  if (!state) throw new RefusedAct('query-unknown', 'query', run);
  const { query } = state;
  if (state.revoked) throw new RefusedAct('query-revoked', 'query', run);
  if (missingApprovals(room, state).length > 0) throw new RefusedAct('query-not-approved', 'query', run);
  if (today > query.expires) throw new RefusedAct('query-expired', 'query', run);
  if (body.purpose !== query.purpose) throw new RefusedAct('purpose-unknown', 'purpose', run);
  if (!query.recipients.includes(body.recipient) || run.member.unit !== body.recipient) {
    throw new RefusedAct('recipient-not-allowed', 'recipient', run);
  }
  if (body.reader !== room.members.get(run.member.ref)?.readingKey)
    throw new RefusedAct('reader-not-member', 'reader', run);
  return query;
}

function planned(query: AggregateQuery, schema: AskedSchema, parameters: Parameters, run: Run): Plan {
  try {
    return planOf(query, schema, parameters);
  } catch (error) {
    throw error instanceof Refusal ? new RefusedAct(error.code, error.field, run) : error;
  }
}

/** Parameters that open the signed commitment. */
function opened(commitment: string, opening: Opening | undefined, run: Run): Parameters {
  if (!opening || commit('parameters', opening) !== commitment) {
    throw new RefusedAct('commitment-mismatch', 'opening', run);
  }
  try {
    const value = JSON.parse(opening.value) as Json;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject && canonicalText(value) === opening.value) return value as Parameters;
  } catch {
    // Falls through: whatever it is, it is not a set of parameters.
  }
  throw new RefusedAct('parameter-invalid', 'params', run);
}

/** A plan as plain JSON: rationals and sensitivities as text. */
function plainJson(plan: object): Json {
  return JSON.parse(JSON.stringify(plan, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
}

/** Rules of a query's life: proposed, approved, charged, released. Each returns what applies the entry. */
import {
  type AggregateQuery,
  canonicalText,
  checkAgainstCharter,
  checkCompiles,
  checkTable,
  componentsOf,
  type EntryOf,
  noiseOf,
  price,
  type Question,
  Refusal,
  type Statement,
  type StatementOf,
} from '@reinraum/protocol';
import { runDetails } from './detail-rules.ts';
import { isSuspended, suspend } from './release-rules.ts';
import {
  afterCharges,
  askedVersions,
  missingApprovals,
  type QueryState,
  type Room,
  schemaOf,
  type Terms,
} from './room.ts';
import { Broken } from './rule.ts';

/** A proposed query or table is new, compiles against what it asks and keeps to the charter. Throws {@link Broken}. */
export function proposed(room: Room, entry: EntryOf<'query.proposed'>, question: Question): () => void {
  const { query: digest } = entry.detail;
  if (room.queries.has(digest) || room.tables.has(digest)) throw new Broken('query', 'a query was proposed twice');
  const fresh = { approvals: new Set<string>(), revoked: false };
  try {
    checkProposal(room, question);
    if (question.kind === 'DerivedTable') return () => room.tables.set(digest, { table: question, ...fresh });
    const terms = termsOf(room, question);
    return () => room.queries.set(digest, { query: question, terms, ...fresh, suspended: null });
  } catch (error) {
    if (error instanceof Refusal) throw new Broken('query', `a proposed query is not permitted: ${error.code}`);
    throw error;
  }
}

/** What every charge of a query has to name in this room. */
export function termsOf(room: Pick<Room, 'schemas' | 'charter'>, query: AggregateQuery): Terms {
  const schema = schemaOf(room, query);
  const noise = componentsOf(query, schema).components.map(({ mechanism }) => noiseOf(mechanism));
  return { charges: canonicalText(price(query, schema, room.charter)), noise: canonicalText(noise) };
}

/** Throws the `Refusal` a proposal gets in this room: what it asks is unknown, or schema or charter forbid it. */
export function checkProposal(room: Room, question: Question): void {
  if (question.kind === 'DerivedTable') {
    return checkTable(question, room.charter, (digest) => {
      const query = room.queries.get(digest)?.query;
      return query && { query, schema: schemaOf(room, query) };
    });
  }
  const schema = schemaOf(room, question);
  checkAgainstCharter(question, room.charter, (dataset) => room.schemas.get(dataset));
  checkCompiles(question, schema);
}

/** An approval names a query or table that was proposed. Throws {@link Broken}. */
export function approved(
  room: Room,
  entry: EntryOf<'query.approved'>,
  statement: StatementOf<'query.approve'>,
): () => void {
  const { actor, body } = statement;
  if (body.query !== entry.detail.query) throw new Broken('approval', 'an unknown query was approved');
  return changed(room, body.query, 'approved', ({ approvals }) => ({ approvals: new Set([...approvals, actor]) }));
}

/** A revocation names a query or table that was proposed; it cannot be taken back. Throws {@link Broken}. */
export function revoked(
  room: Room,
  entry: EntryOf<'query.revoked'>,
  statement: StatementOf<'query.revoke'>,
): () => void {
  if (statement.body.query !== entry.detail.query) throw new Broken('approval', 'an unknown query was revoked');
  return changed(room, entry.detail.query, 'revoked', () => ({ revoked: true }));
}

type Standing = Pick<QueryState, 'approvals' | 'revoked'>;

function changed(room: Room, digest: string, how: string, change: (before: Standing) => Partial<Standing>): () => void {
  const query = room.queries.get(digest);
  const table = room.tables.get(digest);
  if (query) return () => room.queries.set(digest, { ...query, ...change(query) });
  if (table) return () => room.tables.set(digest, { ...table, ...change(table) });
  throw new Broken('approval', `an unknown query was ${how}`);
}

/** The approved query a run rests on, at the moment of its entry. */
function permitted(
  room: Room,
  entry: EntryOf<'query.charged' | 'query.repeated'>,
  { actor, body }: StatementOf<'query.run'>,
): QueryState {
  const state = room.queries.get(body.query);
  if (!state || body.query !== entry.detail.query) throw new Broken('query', 'a run names an unknown query');
  if (state.revoked || missingApprovals(room, state).length > 0)
    throw new Broken('approval', 'a run lacks an approval');
  if (entry.at.slice(0, 10) > state.query.expires) throw new Broken('query', 'a run came after the query expired');
  const { detail } = entry;
  if (detail.parameters !== body.parameters || detail.purpose !== body.purpose || detail.recipient !== body.recipient) {
    throw new Broken('statement', 'an entry does not say what its statement says');
  }
  if (body.purpose !== state.query.purpose) throw new Broken('purpose', 'a run has another purpose than its query');
  if (!state.query.recipients.includes(body.recipient))
    throw new Broken('recipient', 'a run has a recipient not allowed');
  const reader = room.members.get(actor);
  if (reader?.readingKey !== body.reader || reader.unit !== body.recipient) {
    throw new Broken('recipient', 'a result was sealed to another reader');
  }
  return state;
}

/**
 * A charge is the price of an approved query on the version asked now, for its recipient, and overdraws no balance.
 * Throws {@link Broken}.
 */
export function charged(
  room: Room,
  entry: EntryOf<'query.charged'>,
  statement: StatementOf<'query.run'>,
  index: number,
): () => void {
  const { query, terms } = permitted(room, entry, statement);
  const { detail } = entry;
  if (isSuspended(room, detail.query)) throw new Broken('suspension', 'a suspended query was charged');
  if (canonicalText(detail.charges) !== terms.charges) {
    throw new Broken('price', 'a charge is not the price of its query');
  }
  if (
    canonicalText(detail.noise) !== terms.noise ||
    detail.k !== query.privacy.k ||
    detail.legalBasis !== query.legalBasis
  ) {
    throw new Broken('mechanism', 'a charge names other noise or another k than its query');
  }
  const asked = askedVersions(room, query, entry.at.slice(0, 10));
  if ('fault' in asked) throw new Broken('dataset', `a charge came while a dataset could not be asked: ${asked.fault}`);
  if (canonicalText(detail.datasets) !== canonicalText([...asked])) {
    throw new Broken('dataset', 'a charge names other datasets or versions than those admitted');
  }
  const asker = { ref: statement.actor, unit: room.members.get(statement.actor)?.unit ?? '' };
  const balances = afterCharges(room, detail.charges, { ...asker, purpose: detail.purpose });
  if ('exhausted' in balances) throw new Broken('budget', `the budget of "${balances.exhausted}" is overdrawn`);
  return () => {
    for (const [account, balance] of balances) room.spent.set(account, balance);
    room.charges.set(index, { entry, outcome: 'open' });
    room.details.set(`run/${index}`, runDetails(detail.parameters, index, index));
  };
}

/** The end of a charge: released or failed, once, and for the recipient it was charged for. Throws {@link Broken}. */
export function closed(
  room: Room,
  entry: EntryOf<'query.released' | 'query.failed'>,
  statements: readonly Statement[],
  index: number,
): () => void {
  if (statements.length > 0) throw new Broken('statement', 'the end of a charge carries no statement');
  const { caused } = entry;
  const charge = caused === null ? undefined : room.charges.get(caused);
  if (caused === null || !charge) throw new Broken('charge', 'a release has no charge');
  if (charge.outcome !== 'open') throw new Broken('single-release', 'a charge has a second outcome');
  if (charge.entry.detail.query !== entry.detail.query) throw new Broken('charge', 'a release answers another query');
  if (entry.type === 'query.failed') {
    return () => {
      room.charges.set(caused, { ...charge, outcome: 'failed' });
      suspend(room, entry.detail.query, index);
    };
  }
  if (charge.entry.detail.recipient !== entry.detail.recipient) {
    throw new Broken('recipient', 'a release goes to another recipient than its charge');
  }
  return () => {
    room.charges.set(caused, { ...charge, outcome: 'released' });
    room.releases.set(caused, index);
    room.chargeOf.set(index, caused);
  };
}

/** A repeat delivers a release of its query about the version asked now, at no charge. Throws {@link Broken}. */
export function repeated(
  room: Room,
  entry: EntryOf<'query.repeated'>,
  statement: StatementOf<'query.run'>,
  index: number,
): () => void {
  const { query } = permitted(room, entry, statement);
  const charge = entry.caused === null ? undefined : room.chargeOf.get(entry.caused);
  const detail = charge === undefined ? undefined : room.charges.get(charge)?.entry.detail;
  if (charge === undefined || detail?.query !== entry.detail.query)
    throw new Broken('release', 'a repeat names no release of its query');
  if (room.retractions.has(charge)) throw new Broken('retraction', 'a retracted release was delivered again');
  const asked = askedVersions(room, query, entry.at.slice(0, 10));
  if ('fault' in asked) throw new Broken('dataset', `a repeat came while a dataset could not be asked: ${asked.fault}`);
  if (canonicalText(detail.datasets) !== canonicalText([...asked])) {
    throw new Broken('dataset', 'a repeat delivers an answer about a version that is not admitted any more');
  }
  return () => room.details.set(`run/${index}`, runDetails(entry.detail.parameters, index, charge));
}

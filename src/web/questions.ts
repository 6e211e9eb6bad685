/** The questions of a catalogue, and the charter's titles. */
import {
  AggregateQuery,
  type Catalogue,
  type Charter,
  DerivedTable,
  datasetsOf,
  type Member,
} from '@reinraum/protocol';
import { runsLeft } from './budget.ts';

/** A question of the catalogue with its template read. */
export interface Question {
  readonly digest: string;
  readonly query: AggregateQuery;
  readonly charges: Catalogue['queries'][number]['charges'];
  readonly missing: readonly string[];
  readonly releases: number;
  /** Index of the failure that suspended it; null where none did. */
  readonly suspended: number | null;
  /** How often the budgets, and their parts for this member, still allow it. */
  readonly runsLeft: number;
  readonly state: QuestionState;
}

/** Whether a question can be run, and what is in the way. */
export type QuestionState = 'open' | 'missing' | 'revoked' | 'suspended' | 'expired' | 'nodata' | 'exhausted';

/** The member who looks. */
type Looking = Pick<Member, 'ref' | 'unit'>;

/** The questions of a catalogue for a member, those that can be run first. `today` is a day as `YYYY-MM-DD`. */
export function questionsOf(catalogue: Catalogue, today: string, { ref, unit }: Looking): Question[] {
  const questions = catalogue.queries.map((listed) => {
    const query = AggregateQuery.parse(listed.query);
    const { digest, charges, missing, releases, suspended } = listed;
    const left = runsLeft(charges, catalogue, { ref, unit, purpose: query.purpose });
    const state = stateOf(listed, query, { datasets: catalogue.datasets, left, today });
    return { digest, query, charges, missing, releases, suspended, runsLeft: left, state };
  });
  const rank = (question: Question) => (question.state === 'open' ? 0 : question.state === 'revoked' ? 2 : 1);
  return questions.toSorted((a, b) => rank(a) - rank(b));
}

/** A derived table of the catalogue with its inputs. */
export interface ListedTable {
  readonly digest: string;
  readonly table: DerivedTable;
  readonly missing: readonly string[];
  readonly state: 'open' | 'missing' | 'revoked' | 'expired';
  /** The questions it is made from. */
  readonly inputs: readonly Question[];
}

/** The derived tables of a catalogue for a member. */
export function tablesOf(catalogue: Catalogue, today: string, member: Looking): ListedTable[] {
  const questions = questionsOf(catalogue, today, member);
  return catalogue.tables.map(({ digest, table: listed, missing, revoked }) => {
    const table = DerivedTable.parse(listed);
    const inputs = Object.values(table.inputs).flatMap(
      ({ query }) => questions.find((question) => question.digest === query) ?? [],
    );
    const late = table.expires < today ? 'expired' : 'open';
    return { digest, table, missing, inputs, state: revoked ? 'revoked' : missing.length > 0 ? 'missing' : late };
  });
}

/** Purpose, population and units by the titles of the charter; what it does not know stays as it is. */
export function titlesOf(charter: Charter, language: 'de' | 'en') {
  const unit = (path: string) => {
    const [partyId, unitId] = path.split('/');
    const party = charter.parties.find(({ id }) => id === partyId);
    const title = party?.units.find(({ id }) => id === unitId)?.title[language];
    return title === undefined ? path : `${title} (${party?.title[language]})`;
  };
  const purpose = (id: string) => charter.purposes.find((candidate) => candidate.id === id)?.title[language] ?? id;
  const party = (id: string) => charter.parties.find((candidate) => candidate.id === id)?.title[language] ?? id;
  return {
    unit,
    purpose,
    population: (id: string) => charter.populations.find((population) => population.id === id)?.title[language] ?? id,
    party,
    /** Whose an allotment is: what follows the population in "person party/city". */
    account: (account: string) => {
      const [, kind = '', name = ''] = /^\S+ ([a-z]+)\/(.*)$/.exec(account) ?? [];
      const titleOf = { party, unit, purpose }[kind];
      return titleOf ? titleOf(name) : name;
    },
  };
}

function stateOf(
  { missing, revoked, suspended }: Catalogue['queries'][number],
  query: AggregateQuery,
  { datasets, left, today }: Pick<Catalogue, 'datasets'> & { readonly left: number; readonly today: string },
): QuestionState {
  if (revoked) return 'revoked';
  if (missing.length > 0) return 'missing';
  if (suspended !== null) return 'suspended';
  if (query.expires < today) return 'expired';
  const isThere = (asked: string) => datasets.some(({ dataset, state }) => dataset === asked && state === 'admitted');
  if (!datasetsOf(query).every(isThere)) return 'nodata';
  return left === 0 ? 'exhausted' : 'open';
}

/**
 * What is searched for, as SQL over the index. Conditions are texts of this file; values are bound, never part of a text
 * (docs/spec/audit-tools.md §2).
 */
import { formatInstant } from '@reinraum/protocol';

/** Everything that is given must hold. */
export interface Filter {
  /** First and last moment, `YYYY-MM-DDTHH:MM:SSZ`, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Reference of a member. */
  readonly actor?: string | undefined;
  /** `party/unit` that acted or received, or a party. */
  readonly unit?: string | undefined;
  readonly purpose?: string | undefined;
  /** A dataset, or one version of it: `residents`, `residents@2`. */
  readonly dataset?: string | undefined;
  /** Id of a question, or the beginning of its digest (8 digits or more). */
  readonly query?: string | undefined;
  /** Word of an outcome, code of a refusal or reason of a retraction. */
  readonly outcome?: string | undefined;
  readonly type?: string | undefined;
}

/** A condition with the values of its parameters. */
export interface Condition {
  readonly text: string;
  readonly binds: Readonly<Record<string, string>>;
}

const conditions: Readonly<Record<keyof Filter, string>> = {
  from: 'entry.logged_at >= $from',
  to: 'entry.logged_at <= $to',
  actor: 'entry.actor = $actor',
  unit: '(entry.unit = $unit OR entry.recipient = $unit OR entry.party = $unit OR starts_with(entry.recipient, $unitParty))',
  purpose: 'entry.purpose = $purpose',
  dataset: 'list_contains(entry.dataset_keys, $dataset)',
  query: '(entry.query IN (SELECT digest FROM question WHERE id = $query) OR starts_with(entry.query, $queryDigest))',
  outcome: '(entry.outcome = $outcome OR entry.code = $outcome)',
  type: 'entry.type = $type',
};

/** The condition of a filter; `true` where nothing is asked for. */
export function conditionOf(filter: Filter): Condition {
  const asked = (Object.keys(conditions) as (keyof Filter)[]).filter((name) => filter[name] !== undefined);
  const binds: Record<string, string> = {};
  for (const name of asked) binds[name] = filter[name] ?? '';
  if (filter.unit !== undefined) binds['unitParty'] = `${filter.unit}/`;
  if (filter.query !== undefined) binds['queryDigest'] = digestBeginning(filter.query);
  return { text: asked.map((name) => conditions[name]).join(' AND ') || 'true', binds };
}

/** What cannot be the beginning of a digest must match none: `-` is in no digest. */
function digestBeginning(text: string): string {
  return /^[0-9a-f]{8,64}$/.test(text) ? text : '-';
}

/** First and last moment of what people write: a day (UTC), or an instant. Throws `TypeError` on anything else. */
export function momentsOf(text: string): { readonly first: string; readonly last: string } {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const [first, last] = [`${text}T00:00:00Z`, `${text}T23:59:59Z`];
    if (formatInstant(Date.parse(first)) === first) return { first, last };
  }
  if (text.endsWith('Z') && formatInstant(Date.parse(text)) === text) return { first: text, last: text };
  throw new TypeError(
    'Zeit als JJJJ-MM-TT oder JJJJ-MM-TTThh:mm:ssZ (UTC) angeben / give a time as YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ (UTC)',
  );
}

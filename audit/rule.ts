/** Every rule replay checks, by its stable name. */
export const rules = [
  'entry',
  'object',
  'journal',
  'founding',
  'room',
  'measurement',
  'time',
  'statement',
  'signature',
  'single-use',
  'member',
  'role',
  'owner',
  'dataset',
  'query',
  'approval',
  'purpose',
  'recipient',
  'price',
  'mechanism',
  'budget',
  'charge',
  'single-release',
  'release',
  'suspension',
  'retraction',
  'recovery',
  'details',
  'review',
  'retention',
] as const;
/** A rule by its name. */
export type Rule = (typeof rules)[number];

/** A rule that does not hold. Verification reports it with the index of the entry. */
export class Broken extends Error {
  readonly rule: Rule;

  constructor(rule: Rule, message: string) {
    super(message);
    this.name = 'Broken';
    this.rule = rule;
  }
}

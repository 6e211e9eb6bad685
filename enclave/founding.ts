/** The founding of a room: the instance is checked as a whole, and exists once every founder has signed it. */
import { earliest, isEnrollable, isSealable, lifetimeMaxMs, witnessFault } from '@reinraum/audit';
import {
  Charter,
  DatasetSchema,
  digestOf,
  type Founding,
  fieldOf,
  formatInstant,
  founders,
  openEnvelope,
  Refusal,
  type SignedStatement,
} from '@reinraum/protocol';

/** A founding that may become the first entry. */
export interface CheckedFounding {
  readonly charter: Charter;
  readonly digest: string;
  readonly schemas: readonly DatasetSchema[];
  readonly statements: readonly SignedStatement[];
}

/** Checks an untrusted founding. `own` is what this enclave is. Throws {@link Refusal}. */
export async function checkFounding(
  founding: Founding,
  own: { readonly measurement: string; readonly signingKey: string },
  nowMs: number,
): Promise<CheckedFounding> {
  const parsed = Charter.safeParse(founding.charter);
  if (!parsed.success) throw new Refusal('charter-malformed', fieldOf(parsed.error));
  const charter = parsed.data;
  const digest = digestOf(charter);
  const { measurements, signingKey } = charter.enclave;
  if (!measurements.includes(own.measurement)) throw new Refusal('measurement-untrusted', 'enclave.measurements');
  if (signingKey !== own.signingKey) throw new Refusal('measurement-untrusted', 'enclave.signingKey');
  const weak = charter.members.findIndex((member) => !isEnrollable(member.signingKey));
  if (weak >= 0) throw new Refusal('charter-malformed', `members.${weak}.signingKey`);
  const open = charter.members.findIndex((member) => !isSealable(member.readingKey));
  if (open >= 0) throw new Refusal('charter-malformed', `members.${open}.readingKey`);
  const fault = witnessFault(charter);
  if (fault !== undefined) throw new Refusal('charter-malformed', fault);
  // What is not built yet is not promised: a charter that names it is refused, not quietly weakened.
  const linked = charter.populations.findIndex(({ linkage }) => linkage === 'linked');
  if (linked >= 0) throw new Refusal('charter-malformed', `populations.${linked}.linkage`);
  const schemas = charter.datasets.map((dataset, at) => schemaOf(founding.schemas, charter, dataset, at));
  const statements: SignedStatement[] = [];
  for (const untrusted of founding.statements) {
    const signed = await openEnvelope(untrusted);
    checkSignature(signed, digest, nowMs);
    statements.push(signed);
  }
  const signed = founders(charter).every(({ ref, signingKey }) =>
    statements.some(({ statement }) => statement.actor === ref && statement.key === signingKey),
  );
  const isEach = statements.length === founders(charter).length;
  if (!signed || !isEach) throw new Refusal('charter-unsigned', 'statements');
  return { charter, digest, schemas, statements };
}

function schemaOf(untrusted: readonly unknown[], charter: Charter, dataset: Charter['datasets'][number], at: number) {
  for (const candidate of untrusted) {
    const schema = DatasetSchema.safeParse(candidate);
    if (!schema.success || digestOf(schema.data) !== dataset.schema) continue;
    const { id, owner, population } = schema.data;
    const isPlaced = charter.parties.some((party) => party.units.some((unit) => `${party.id}/${unit.id}` === owner));
    const isCounted = charter.populations.some((known) => known.id === population);
    if (id === dataset.id && isPlaced && isCounted) return schema.data;
  }
  throw new Refusal('charter-malformed', `datasets.${at}.schema`);
}

function checkSignature({ statement }: SignedStatement, digest: string, nowMs: number): void {
  if (statement.type !== 'charter.sign') throw new Refusal('charter-unsigned', 'statements');
  if (statement.room !== digest || statement.charter !== digest) throw new Refusal('charter-outdated', 'statements');
  const now = formatInstant(nowMs);
  const lifetimeMs = Date.parse(statement.expiresAt) - Date.parse(statement.issuedAt);
  if (now > statement.expiresAt || now < earliest(statement) || lifetimeMs > lifetimeMaxMs) {
    throw new Refusal('statement-expired', 'statements');
  }
}

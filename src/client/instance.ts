/** From template to instance: what founders sign, and what `reinraum found` hands over. */
import {
  Charter,
  type CharterTemplate,
  type Claims,
  DatasetSchema,
  digestOf,
  type Founding,
  founders,
  type Member,
  type Witness,
} from '@reinraum/protocol';
import { z } from 'zod';

/** A charter instance with its schemas: one file that founders read, check and sign. */
export const Instance = z.strictObject({ charter: Charter, schemas: z.array(DatasetSchema).min(1) });
export type Instance = z.infer<typeof Instance>;

/**
 * Fills in a template: schemas by digest, members, witnesses, the enclave's key and measurement from claims that were
 * verified.
 * Throws an error naming the field where something is missing.
 */
export function instanceOf(
  template: CharterTemplate,
  schemas: readonly DatasetSchema[],
  members: readonly Member[],
  claims: Claims,
  witnesses: readonly Witness[] = [],
): Instance {
  const datasets = template.datasets.map((id) => {
    const schema = schemas.find((candidate) => candidate.id === id);
    if (!schema) throw new Error(`datasets: there is no schema for "${id}"`);
    return { id, schema: digestOf(schema) };
  });
  const named = template.witnesses.map((name) => {
    const witness = witnesses.find(({ key }) => key.startsWith(`${name}+`));
    if (!witness) throw new Error(`witnesses: key and address of "${name}" are missing`);
    return witness;
  });
  const unnamed = witnesses.find((witness) => !named.includes(witness));
  if (unnamed) throw new Error(`witnesses: the charter does not name "${unnamed.key.split('+')[0]}"`);
  const { signingKey, measurement } = claims;
  const enclave = { signingKey, measurements: [measurement] };
  const charter = { ...template, datasets, members: [...members], witnesses: named, enclave };
  return Instance.parse({ charter, schemas: [...schemas] });
}

/** The room's name: the digest of the charter. */
export function roomOf({ charter }: Instance): string {
  return digestOf(charter);
}

/** A founding with the signatures of all founders. Throws where one is missing, naming who. */
export function foundingOf(instance: Instance, signatures: ReadonlyMap<string, unknown>): Founding {
  const statements = founders(instance.charter).map(({ ref, unit }) => {
    const signature = signatures.get(ref);
    if (signature === undefined) throw new Error(`the signature of ${ref} (${unit}) is missing`);
    return signature;
  });
  return { charter: instance.charter, schemas: instance.schemas, statements };
}

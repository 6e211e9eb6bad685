/** An honest log about two linked datasets of two owners, which a verifier accepts (docs/spec/query.md §8). */
import { Replay } from '@reinraum/audit';
import {
  AggregateQuery,
  askedSchema,
  type Charter,
  CharterTemplate,
  canonicalBytes,
  componentsOf,
  digestOf,
  type Json,
  type LogEntry,
  noiseOf,
  price,
} from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import { type FixedMember, fixedCharter, people } from './fixed-room.ts';
import { type HeldLog, momentMs } from './honest-log.ts';
import { released, runBody, Scribe } from './scribe.ts';
import { byDistrict, debtors, residents, residentsHandover, template } from './small-room.ts';

const { params: _params, where: _where, ...bare } = byDistrict;

/** How many residents are in both datasets. */
export const linkedQuery = AggregateQuery.parse({ ...bare, id: 'linked', joins: [{ dataset: 'debtors', as: 'd' }] });
const query = digestOf(linkedQuery as Json);
/** The debtors' last day: that of the founding. */
const lastDay = new Date(momentMs(0)).toISOString().slice(0, 10);

/** Places of the story. */
export const linkedAt = {
  declaredDebtors: 4,
  admittedDebtors: 5,
  proposed: 6,
  approved: 7,
  lastApproval: 10,
  charged: 11,
  released: 12,
} as const;

/** A charter whose persons have pseudonyms that both owners share. */
export function linkedCharter(): Charter {
  const from = template();
  const populations = from.populations.map((population) => ({ ...population, linkage: 'linked' as const }));
  return fixedCharter(CharterTemplate.parse({ ...from, populations }));
}

/** A charge of the linked question, and what it names of datasets where that is not both of them. */
export function linkedCharge(
  scribe: Scribe,
  nowMs: number,
  asked: readonly { readonly dataset: string; readonly version: number; readonly manifest: string }[],
): Promise<Draft> {
  const schema = askedSchema(linkedQuery, (id) => [residents, debtors].find((one) => one.id === id));
  const detail = {
    query,
    datasets: asked,
    charges: price(linkedQuery, schema, scribe.charter),
    noise: componentsOf(linkedQuery, schema).components.map(({ mechanism }) => noiseOf(mechanism)),
  };
  return scribe.charged(nowMs, [1, ''], { body: { query }, detail });
}

/** What each of the datasets was admitted as. */
export function askedOf({ entries }: Pick<HeldLog, 'entries'>) {
  return entries.flatMap(({ type, detail }) => {
    if (type !== 'dataset.admitted') return [];
    const { dataset, version, manifest } = detail;
    return [{ dataset, version, manifest }];
  });
}

/** Declares the debtors, and closes what was declared. */
async function debtorsOf(scribe: Scribe, nowMs: number, offer?: string): Promise<Draft> {
  const person = people.bureauSteward;
  const detail = { dataset: 'debtors' };
  const body = { ...residentsHandover(), ...detail, schema: digestOf(debtors), validUntil: lastDay };
  if (offer === undefined) return scribe.declared(nowMs, [1, null], { person, body, detail }, detail);
  const admitted = { ...detail, schema: digestOf(debtors) };
  return scribe.sealed(nowMs, 'dataset.admitted', [1, null, offer], { person, body, detail: admitted });
}

/** Tells the story: two datasets of two owners, one question about both, approved by both owners and both officers. */
export async function linkedLog(): Promise<HeldLog> {
  const scribe = new Scribe(linkedCharter());
  scribe.keep(linkedQuery as Json);
  const entries: LogEntry[] = [];
  const replay = new Replay(async (digest) => scribe.objects.get(digest));
  const tell = async (draft: (nowMs: number) => Draft | Promise<Draft>): Promise<Draft> => {
    const nowMs = momentMs(entries.length);
    const made = await draft(nowMs);
    const entry = scribe.entry(nowMs, made);
    await replay.apply(canonicalBytes(entry));
    entries.push(entry);
    return made;
  };
  const offerOf = ({ detail }: Draft) => (detail as { readonly offer: string }).offer;
  const judged = (verb: 'propose' | 'approve', person: FixedMember) =>
    tell((nowMs) => scribe.judged(nowMs, verb, { person, body: { query }, detail: { query } }));
  await tell((nowMs) => scribe.founded(nowMs));
  await tell((nowMs) => scribe.started(nowMs));
  const declared = offerOf(await tell((nowMs) => scribe.declared(nowMs, [1, null])));
  await tell((nowMs) => scribe.sealed(nowMs, 'dataset.admitted', [1, null, declared]));
  const other = offerOf(await tell((nowMs) => debtorsOf(scribe, nowMs)));
  await tell((nowMs) => debtorsOf(scribe, nowMs, other));
  await judged('propose', people.analyst);
  for (const person of [people.steward, people.cityDpo, people.bureauDpo, people.bureauSteward]) {
    await judged('approve', person);
  }
  await tell((nowMs) => linkedCharge(scribe, nowMs, askedOf({ entries })));
  await tell(() => released(linkedAt.charged, runBody.recipient, query));
  return { scribe, entries, objects: new Map(scribe.objects) };
}

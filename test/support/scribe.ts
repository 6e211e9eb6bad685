/** Writes what members sign and what entries say about it, for one fixed room: honest acts, or bent ones. */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  type Charter,
  canonicalBytes,
  componentsOf,
  type DocumentOf,
  digestOf,
  formatInstant,
  type Json,
  type LogEntry,
  noiseOf,
  price,
  type SignedStatement,
  type SigningKey,
  type Statement,
  type StatementOf,
  type StatementType,
  signDocument,
  signStatement,
  toBase64,
  toHex,
} from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import {
  analystAnew,
  enclaveKey,
  type FixedMember,
  fixedStatement,
  measurement,
  people,
  type StatementChange,
} from './fixed-room.ts';
import { byDistrict, debtors, residents, residentsHandover } from './small-room.ts';

/** Digest of the one query of the room. */
export const queryDigest = digestOf(byDistrict as Json);

/** What a run asks for, when nobody bends it. */
export const runBody: StatementOf<'query.run'>['body'] = {
  query: queryDigest,
  parameters: '22'.repeat(32),
  purpose: 'planning',
  recipient: 'city/planning',
  reader: people.analyst.member.readingKey,
};

/** The keys the analyst gets when the old ones are lost. */
export const recoverBody: StatementOf<'member.recover'>['body'] = {
  member: analystAnew.member.ref,
  signingKey: analystAnew.member.signingKey,
  readingKey: analystAnew.member.readingKey,
};

/** What is said of the analyst, and the scope it is kept under. */
export const describeBody: StatementOf<'detail.describe'>['body'] = {
  member: people.analyst.member.ref,
  fields: [
    { name: 'name', commitment: '77'.repeat(32) },
    { name: 'function', commitment: '78'.repeat(32) },
  ],
};
export const analystScope = `member/${people.analyst.member.ref}`;

/** What an officer signs after reading the log. */
export const reviewBody: StatementOf<'review.complete'>['body'] = {
  from: 0,
  to: 20,
  finding: 'remarks',
  report: '79'.repeat(32),
};
export const recordBody: StatementOf<'report.record'>['body'] = {
  report: 'access',
  digest: '7a'.repeat(32),
  from: 0,
  to: 34,
};
export const acknowledgeBody: StatementOf<'alert.acknowledge'>['body'] = { alert: 'refusals', entry: 15 };

/** Acts on details, reviews, warnings, reports and old entries: the entry type, the statement behind it, and what both say when nobody bends them. */
const detailActs = {
  'detail.described': { signs: 'detail.describe', activity: 'erheben', said: describeBody },
  'detail.opened': { signs: 'detail.open', activity: 'offenlegen', said: { scope: analystScope } },
  'detail.held': { signs: 'detail.hold', activity: 'verwalten', said: { scope: analystScope, held: true } },
  'detail.erasure-requested': {
    signs: 'detail.erase',
    activity: 'verwalten',
    said: { scope: analystScope, reason: 'request' },
  },
  'detail.erased': { signs: 'detail.erase', activity: 'loeschen', said: { scope: analystScope, reason: 'request' } },
  'review.completed': { signs: 'review.complete', activity: 'verwalten', said: reviewBody },
  'log.snapshot': { signs: 'log.snapshot', activity: 'verwalten', said: {} },
  'log.held': { signs: 'log.hold', activity: 'verwalten', said: { held: true } },
  'log.prune-requested': { signs: 'log.prune', activity: 'verwalten', said: {} },
  'log.pruned': { signs: 'log.prune', activity: 'loeschen', said: {} },
  'alert.acknowledged': { signs: 'alert.acknowledge', activity: 'verwalten', said: acknowledgeBody },
  'report.generated': { signs: 'report.record', activity: 'verwalten', said: recordBody },
} as const;
/** Type of an entry of one of these. */
export type DetailAct = keyof typeof detailActs;

/** How an act differs from an honest one. */
export interface Bend<Type extends StatementType> {
  readonly person?: FixedMember;
  readonly body?: Partial<StatementOf<Type>['body']>;
  readonly change?: StatementChange;
  readonly detail?: object;
}

/** Drafts of the acts of one room; owns the objects they rest on. */
export class Scribe {
  readonly charter: Charter;
  readonly room: string;
  readonly objects = new Map<string, Uint8Array>();
  #serial = 0;

  constructor(charter: Charter) {
    this.charter = charter;
    this.room = digestOf(charter);
    for (const object of [charter, residents, debtors, byDistrict]) this.keep(object as Json);
  }

  /** Keeps an object and returns its digest. */
  keep(object: Json): string {
    const bytes = canonicalBytes(object);
    const digest = toHex(sha256(bytes));
    this.objects.set(digest, bytes);
    return digest;
  }

  /** Signs a statement; its payload is kept. */
  async sign<Type extends StatementType>(
    { member, signing }: FixedMember,
    act: { readonly type: Type; readonly body: StatementOf<Type>['body']; readonly nowMs: number },
    change: StatementChange = {},
  ): Promise<SignedStatement & { readonly digest: string }> {
    this.#serial += 1;
    const statement: Statement = fixedStatement(
      { member, signing },
      this.room,
      { ...act, serial: this.#serial },
      change,
    );
    const digest = this.keep(statement);
    const { signatures } = await signStatement(signing, statement);
    return {
      statement,
      digest,
      payload: canonicalBytes(statement),
      signature: signatures[0]?.sig ?? '',
    };
  }

  /** Keeps a document signed by an enclave and returns its digest. */
  async document(document: DocumentOf<'claims' | 'offer'>, key: SigningKey = enclaveKey): Promise<string> {
    return this.keep(await signDocument(key, document));
  }

  async founded(nowMs: number, signers: readonly FixedMember[] = Object.values(people)): Promise<Draft> {
    const founders = signers.filter(({ member }) => !member.roles.includes('analyst'));
    const statements = await Promise.all(
      founders.map((person) => this.sign(person, { type: 'charter.sign', body: {}, nowMs })),
    );
    return { type: 'room.founded', activity: 'verwalten', statements, detail: { charter: this.room } };
  }

  async started(nowMs: number, claims: Partial<DocumentOf<'claims'>> = {}, key?: SigningKey): Promise<Draft> {
    const digest = await this.document(
      {
        v: 1,
        kind: 'claims',
        measurement,
        signingKey: toBase64(enclaveKey.publicKey),
        evidence: { kind: 'software' },
        assurance: 'software',
        walls: [],
        startedAt: formatInstant(nowMs),
        ...claims,
      },
      key,
    );
    const detail = { claims: digest, assurance: 'software', nonce: '33'.repeat(32) } as const;
    return { type: 'enclave.started', activity: 'verwalten', detail };
  }

  async declared(
    nowMs: number,
    [version, predecessor]: readonly [number, string | null],
    { person = people.steward, body, change, detail }: Bend<'dataset.declare'> = {},
    bentOffer: Partial<DocumentOf<'offer'>> = {},
  ): Promise<Draft> {
    const handover = { ...residentsHandover(version, predecessor), ...body };
    const signed = await this.sign(person, { type: 'dataset.declare', body: handover, nowMs }, change);
    const offer = await this.document({
      v: 1,
      kind: 'offer',
      room: this.room,
      dataset: 'residents',
      version,
      declaration: signed.digest,
      uploadKey: toBase64(enclaveKey.publicKey),
      claims: '44'.repeat(32),
      plaintextBytes: 1000,
      ...bentOffer,
    });
    const said = { dataset: 'residents', version, offer, ...detail };
    return { ...by(person, signed), type: 'dataset.declared', activity: 'verwalten', detail: said };
  }

  async sealed(
    nowMs: number,
    type: 'dataset.admitted' | 'dataset.rejected',
    [version, predecessor, offer]: readonly [number, string | null, string],
    { person = people.steward, body, change, detail }: Bend<'dataset.seal'> = {},
  ): Promise<Draft> {
    const digest = '55'.repeat(32);
    const manifest = { offer, normalisation: digest, header: digest, chunks: 1, sealed: digest };
    const full = { ...residentsHandover(version, predecessor), ...manifest, ...body };
    const signed = await this.sign(person, { type: 'dataset.seal', body: full, nowMs }, change);
    const about = { dataset: 'residents', version, manifest: signed.digest };
    const common = { ...by(person, signed), activity: 'erheben' } as const;
    if (type === 'dataset.rejected') return { ...common, type, detail: { ...about, report: digest, ...detail } };
    return { ...common, type, detail: { ...about, schema: digestOf(residents), ...detail } };
  }

  async withdrawn(
    nowMs: number,
    version: number,
    { person = people.cityDpo, body, change, detail }: Bend<'dataset.withdraw'> = {},
  ): Promise<Draft> {
    const about = { dataset: 'residents', version };
    const signed = await this.sign(person, { type: 'dataset.withdraw', body: { ...about, ...body }, nowMs }, change);
    return { ...by(person, signed), type: 'dataset.withdrawn', activity: 'loeschen', detail: { ...about, ...detail } };
  }

  /** Proposes, approves or revokes the query. */
  async judged(
    nowMs: number,
    verb: 'propose' | 'approve' | 'revoke',
    { person = people.analyst, body, change, detail }: Bend<'query.approve'> = {},
  ): Promise<Draft> {
    const signed = await this.sign(
      person,
      { type: `query.${verb}`, body: { query: queryDigest, ...body }, nowMs },
      change,
    );
    const common = { ...by(person, signed), detail: { query: queryDigest, ...detail } };
    if (verb === 'revoke') return { ...common, type: 'query.revoked', activity: 'einschraenken' };
    return { ...common, type: verb === 'propose' ? 'query.proposed' : 'query.approved', activity: 'verwalten' };
  }

  async charged(
    nowMs: number,
    [version, manifest]: readonly [number, string],
    { person = people.analyst, body, change, detail }: Bend<'query.run'> = {},
  ): Promise<Draft> {
    const signed = await this.sign(person, { type: 'query.run', body: { ...runBody, ...body }, nowMs }, change);
    const { query, parameters, purpose, recipient } = runBody;
    const said = {
      query,
      parameters,
      purpose,
      recipient,
      datasets: [{ dataset: 'residents', version, manifest }],
      charges: price(byDistrict, residents, this.charter),
      k: byDistrict.privacy.k,
      noise: componentsOf(byDistrict, residents).components.map(({ mechanism }) => noiseOf(mechanism)),
      legalBasis: byDistrict.legalBasis,
      ...detail,
    };
    return { ...by(person, signed), type: 'query.charged', activity: 'abfragen', detail: said };
  }

  async repeated(
    nowMs: number,
    caused: number | null,
    { person = people.analyst, body, change, detail }: Bend<'query.run'> = {},
  ): Promise<Draft> {
    const signed = await this.sign(person, { type: 'query.run', body: { ...runBody, ...body }, nowMs }, change);
    const { query, parameters, purpose, recipient } = runBody;
    const said = { query, parameters, purpose, recipient, ...detail };
    return { ...by(person, signed), caused, type: 'query.repeated', activity: 'offenlegen', detail: said };
  }

  async cleared(
    nowMs: number,
    failed: number,
    { person = people.cityDpo, body, change, detail }: Bend<'query.clear'> = {},
  ): Promise<Draft> {
    const query = queryDigest;
    const signed = await this.sign(person, { type: 'query.clear', body: { query, failed, ...body }, nowMs }, change);
    const said = { query, ...detail };
    return { ...by(person, signed), caused: failed, type: 'query.cleared', activity: 'verwalten', detail: said };
  }

  async retracted(
    nowMs: number,
    [charge, release]: readonly [number, number | null],
    { person = people.steward, body, change, detail }: Bend<'release.retract'> = {},
  ): Promise<Draft> {
    const about = { charge, reason: 'wrong-data' } as const;
    const signed = await this.sign(person, { type: 'release.retract', body: { ...about, ...body }, nowMs }, change);
    const said = { query: queryDigest, recipient: runBody.recipient, ...about, ...detail };
    const common = { ...by(person, signed), caused: release } as const;
    return { ...common, type: 'release.retracted', activity: 'einschraenken', detail: said };
  }

  async recoveryApproved(
    nowMs: number,
    { person = people.cityDpo, body, change, detail }: Bend<'member.recover'> = {},
  ): Promise<Draft> {
    const keys = { ...recoverBody, ...body };
    const signed = await this.sign(person, { type: 'member.recover', body: keys, nowMs }, change);
    const said = { ...keys, ...detail };
    return { ...by(person, signed), type: 'member.recovery-approved', activity: 'verwalten', detail: said };
  }

  async recovered(
    nowMs: number,
    caused: number | null,
    { person = analystAnew, body, change, detail }: Bend<'member.recover'> = {},
  ): Promise<Draft> {
    const keys = { ...recoverBody, ...body };
    const signed = await this.sign(person, { type: 'member.recover', body: keys, nowMs }, change);
    const said = { ...keys, ...detail };
    return { ...by(person, signed), caused, type: 'member.recovered', activity: 'verwalten', detail: said };
  }

  /** One of these acts; `body` bends statement and entry, `detail` the entry alone. */
  async detail(
    nowMs: number,
    type: DetailAct,
    {
      person = people.cityDpo,
      body = {},
      detail = {},
      change,
      caused = null,
    }: {
      readonly person?: FixedMember;
      readonly body?: object;
      readonly detail?: object;
      readonly change?: StatementChange;
      readonly caused?: number | null;
    } = {},
  ): Promise<Draft> {
    const { signs, activity, said } = detailActs[type];
    const signed = await this.sign(person, { type: signs, body: { ...said, ...body }, nowMs }, change);
    return { ...by(person, signed), caused, type, activity, detail: { ...said, ...body, ...detail } } as Draft;
  }

  /** The entry a draft becomes, as the ledger would write it. */
  entry(nowMs: number, { type, activity, detail, actor = null, statements = [], caused = null }: Draft): LogEntry {
    const digests = statements.map(({ payload, signature }) => ({ digest: toHex(sha256(payload)), signature }));
    const common = { v: 1, room: this.room, at: formatInstant(nowMs), recorder: measurement, actor, caused };
    return { ...common, statements: digests, type, activity, detail } as LogEntry;
  }
}

/** A released answer to a charge. */
export function released(caused: number | null, recipient = runBody.recipient, query = queryDigest): Draft {
  return {
    type: 'query.released',
    activity: 'offenlegen',
    caused,
    detail: { query, result: '66'.repeat(32), recipient },
  };
}

function by({ member }: FixedMember, signed: SignedStatement) {
  return { actor: { ref: member.ref, unit: member.unit }, statements: [signed] };
}

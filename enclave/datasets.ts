/** What stewards do: declare a version, hand over its sealed file, withdraw it (docs/spec/policy.md §4). */
import { currentVersion, isNextVersion, type Room } from '@reinraum/audit';
import {
  canonicalBytes,
  canonicalText,
  capacityBytes,
  commit,
  concat,
  digestOf,
  fromBase64,
  newSealSecrets,
  padded,
  parseStatement,
  type SignedDocument,
  type SigningKey,
  type StatementOf,
  sealBytes,
  signDocument,
  toBase64,
} from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { type Authorised, checkUnused, RefusedAct } from './authorise.ts';
import type { Engine } from './engine/duckdb.ts';
import type { Engines } from './engine/engines.ts';
import type { Ledger, Logged } from './ledger.ts';
import { capacityBytesMax } from './limits.ts';
import type { FillRandom } from './privacy/bits.ts';
import { type AdmissionReport, loadSealed, type SealedDataset } from './vault/admission.ts';
import type { SecretStore } from './vault/secrets.ts';

/** What handling datasets works with. */
export interface Intakes {
  readonly ledger: Ledger;
  readonly engines: Engines;
  readonly startEngine: () => Promise<Engine>;
  /** Secrets of upload keys by the digest of their offer. */
  readonly uploadKeys: SecretStore;
  readonly uploads: string;
  readonly identity: SigningKey;
  readonly claims: string;
  readonly fill: FillRandom;
  readonly today: () => string;
}

type Act<Type extends StatementOf<'dataset.declare' | 'dataset.seal' | 'dataset.withdraw'>['type']> = Authorised & {
  readonly statement: StatementOf<Type>;
};

/** Bytes of a padded admission report. */
const reportBytes = 32_768;

/** Makes an upload key for the next version and signs an offer of it. */
export async function declare(
  desk: Intakes,
  room: Room,
  act: Act<'dataset.declare'>,
): Promise<{ logged: Logged; offer: SignedDocument }> {
  const { body } = act.statement;
  const schema = owned(room, act);
  checkHandover(desk, room, act);
  if (!isNextVersion(room, body)) throw new RefusedAct('dataset-version', 'version', act);
  const plaintextBytes = capacityBytes(schema, body.capacityRows);
  if (plaintextBytes > capacityBytesMax) throw new RefusedAct('capacity-invalid', 'capacityRows', act);
  const secret = new Uint8Array(32);
  desk.fill(secret);
  const { publicKey } = nacl.box.keyPair.fromSecretKey(secret);
  const offer = await signDocument(desk.identity, {
    v: 1,
    kind: 'offer',
    room: room.id,
    dataset: body.dataset,
    version: body.version,
    declaration: act.digest,
    uploadKey: toBase64(publicKey),
    claims: desk.claims,
    plaintextBytes,
  });
  const digest = digestOf(offer);
  await desk.uploadKeys.put(digest, secret);
  const logged = await desk.ledger.exclusive(async (append) => {
    checkUnused(room, act);
    if (!isNextVersion(room, body)) throw new RefusedAct('dataset-version', 'version', act);
    await desk.ledger.objects.put(canonicalBytes(offer));
    const detail = { dataset: body.dataset, version: body.version, offer: digest };
    return append({ type: 'dataset.declared', activity: 'verwalten', actor: actorOf(act), statements: [act], detail });
  });
  return { logged, offer };
}

/** Opens the sealed file of a declared version and admits or rejects it as a whole; the report is sealed to the steward. */
export async function handOver(
  desk: Intakes,
  room: Room,
  act: Act<'dataset.seal'>,
): Promise<{ logged: Logged; report: Uint8Array }> {
  const { body } = act.statement;
  const schema = owned(room, act);
  checkHandover(desk, room, act);
  const declared = room.datasets.get(body.dataset)?.get(body.version);
  const { offer, normalisation: _n, header: _h, chunks: _c, sealed: _s, ...handover } = body;
  if (declared?.state !== 'declared' || declared.offer !== offer) {
    throw new RefusedAct('dataset-not-declared', 'version', act);
  }
  if (canonicalText(handover) !== canonicalText(declared.declared)) {
    throw new RefusedAct('dataset-not-declared', 'capacityRows', act);
  }
  const uploadSecret = await desk.uploadKeys.get(offer);
  if (!uploadSecret) throw new RefusedAct('dataset-not-declared', 'offer', act);
  // A process of its own: an admission sees the uploaded file and nothing another owner has brought.
  const engine = await desk.startEngine();
  let report: AdmissionReport;
  try {
    report = await loadSealed({ manifest: act.statement, schema, uploadSecret, uploads: desk.uploads }, engine);
  } finally {
    engine.close();
  }
  const text = canonicalBytes({
    v: 1,
    kind: 'report',
    dataset: body.dataset,
    version: body.version,
    ...report,
    findings: report.findings.map((finding) => ({ ...finding })),
  });
  const salt = new Uint8Array(32);
  desk.fill(salt);
  const logged = await desk.ledger.exclusive(async (append) => {
    checkUnused(room, act);
    if (room.datasets.get(body.dataset)?.get(body.version)?.offer !== offer) {
      throw new RefusedAct('dataset-not-declared', 'version', act);
    }
    const common = { activity: 'erheben', actor: actorOf(act), statements: [act] } as const;
    const version = { dataset: body.dataset, version: body.version, manifest: act.digest };
    if (report.admitted) {
      const admitted = await append({
        ...common,
        type: 'dataset.admitted',
        detail: { ...version, schema: body.schema },
      });
      // While the room is held: a question charged for this version must not be answered by an engine with the one before.
      await desk.engines.renew();
      return admitted;
    }
    const digest = commit('report', { salt: toBase64(salt), value: new TextDecoder().decode(text) });
    return append({ ...common, type: 'dataset.rejected', detail: { ...version, report: digest } });
  });
  if (!report.admitted) await desk.uploadKeys.destroy(offer);
  return {
    logged,
    report: await sealTo(desk, act.member.readingKey, { format: 'reinraum/report/v1', room: room.id }, text),
  };
}

/** Withdraws a version: its key is destroyed, the process that held its rows ends, and the log says so. */
export async function withdraw(desk: Intakes, room: Room, act: Act<'dataset.withdraw'>): Promise<{ logged: Logged }> {
  const { dataset, version } = act.statement.body;
  const schema = room.schemas.get(dataset);
  if (!schema) throw new RefusedAct('dataset-unknown', 'dataset', act);
  const isOwner = schema.owner === act.member.unit && act.member.roles.includes('owner');
  if (!isOwner && !act.member.roles.includes('dpo')) throw new RefusedAct('dataset-not-owned', 'dataset', act);
  const logged = await desk.ledger.exclusive(async (append) => {
    checkUnused(room, act);
    const before = room.datasets.get(dataset)?.get(version);
    if (before?.state !== 'admitted' && before?.state !== 'declared') {
      throw new RefusedAct('dataset-not-admitted', 'version', act);
    }
    const detail = { dataset, version };
    return append({ type: 'dataset.withdrawn', activity: 'loeschen', actor: actorOf(act), statements: [act], detail });
  });
  await destroyWithdrawnKeys(desk, room);
  await desk.engines.renew();
  return { logged };
}

/** Destroys the keys of every version that is withdrawn or rejected; also after a crash between log and destruction. */
export async function destroyWithdrawnKeys({ uploadKeys }: Pick<Intakes, 'uploadKeys'>, room: Room): Promise<void> {
  const alive = new Set<string>();
  for (const versions of room.datasets.values()) {
    for (const { state, offer } of versions.values())
      if (state === 'admitted' || state === 'declared') alive.add(offer);
  }
  for (const name of await uploadKeys.names()) if (!alive.has(name)) await uploadKeys.destroy(name);
}

/** The sealed files of the versions that are asked now, with the keys that open them. */
export async function admittedDatasets(desk: Intakes, room: Room): Promise<SealedDataset[]> {
  const sealed: SealedDataset[] = [];
  for (const [dataset, schema] of room.schemas) {
    const version = currentVersion(room, dataset);
    if (!version?.manifest) continue;
    const payload = await desk.ledger.objects.get(version.manifest);
    const uploadSecret = await desk.uploadKeys.get(version.offer);
    const manifest = payload && parseStatement(payload);
    if (!uploadSecret || manifest?.type !== 'dataset.seal') throw new Error('datasets: a key or manifest is missing');
    sealed.push({ manifest, schema, uploadSecret, uploads: desk.uploads });
  }
  return sealed;
}

/** Seals a text to a reader, padded so that its length says nothing. */
export async function sealTo(
  { fill }: Pick<Intakes, 'fill'>,
  readingKey: string,
  header: Readonly<Record<string, string>>,
  text: Uint8Array,
  totalBytes: number = reportBytes,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of padded([text], Math.max(totalBytes, text.length + 1))) pieces.push(piece);
  const options = { header, recipientPublicKey: fromBase64(readingKey), secrets: newSealSecrets(fill) };
  return sealBytes(options, concat(...pieces));
}

function actorOf({ member }: Authorised): { ref: string; unit: string } {
  return { ref: member.ref, unit: member.unit };
}

function owned(room: Room, act: Act<'dataset.declare' | 'dataset.seal'>) {
  const schema = room.schemas.get(act.statement.body.dataset);
  if (!schema) throw new RefusedAct('dataset-unknown', 'dataset', act);
  if (schema.owner !== act.member.unit) throw new RefusedAct('dataset-not-owned', 'dataset', act);
  return schema;
}

function checkHandover({ today }: Intakes, room: Room, act: Act<'dataset.declare' | 'dataset.seal'>): void {
  const { body } = act.statement;
  if (body.schema !== room.charter.datasets.find(({ id }) => id === body.dataset)?.schema) {
    throw new RefusedAct('schema-mismatch', 'schema', act);
  }
  if (!room.charter.purposes.some(({ id }) => id === body.purpose))
    throw new RefusedAct('purpose-unknown', 'purpose', act);
  if (today() > body.validUntil) throw new RefusedAct('dataset-expired', 'validUntil', act);
}

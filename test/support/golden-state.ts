/**
 * A room founded once and kept in the tests: its whole life, so that every kind of entry and file is in it. Made anew only
 * on purpose, in a further folder; the earlier ones stay, and every later build has to open them.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  approveRecovery,
  ask,
  clearQuery,
  describeMember,
  eraseDetails,
  foundingOf,
  holdDetails,
  holdLog,
  Instance,
  instanceOf,
  type MemberKeys,
  openDetails,
  pruneLog,
  RoomClient,
  RoomPublic,
  recoveryRequest,
  replacementFor,
  retractRelease,
  signAs,
  takeSnapshot,
  verifiedClaims,
} from '@reinraum/client';
import {
  AggregateQuery,
  DatasetSchema,
  DerivedTable,
  digestOf,
  heartbeatMs,
  type Json,
  type SignedDocument,
  toBase64,
} from '@reinraum/protocol';
import type { Step } from '../../enclave/answer.ts';
import { readKeyFile, writeKeyFile } from '../../src/cli/key-store.ts';
import { type Handover, handOver } from '../../src/steward/hand-over.ts';
import type { SourceRecord } from '../../src/steward/records.ts';
import { type InProcessRoom, inProcessRoom } from './in-process-room.ts';
import { byDistrict, people, residentRecords, residents, template } from './small-room.ts';

/** Folder of all golden states. */
export const goldenFolder = fileURLToPath(new URL('../golden/', import.meta.url));

/** What stands in `golden.json` beside a state. */
export interface GoldenFacts {
  readonly madeAtMs: number;
  readonly measurement: string;
  readonly operatorKey: string;
  readonly instance: Instance;
  /** Digests of the questions: the one answered, the one that failed and was cleared, the derived table. */
  readonly answered: string;
  readonly measured: string;
  readonly table: string;
  /** The signed answer, byte for byte. */
  readonly document: SignedDocument;
}

/** A golden state as it was copied and opened. */
export interface GoldenRoom {
  readonly facts: GoldenFacts;
  readonly directory: string;
  readonly room: InProcessRoom;
  client(person: string): Promise<RoomClient>;
  close(): Promise<void>;
}

/** Names of the golden states. */
export async function goldenNames(): Promise<string[]> {
  return (await readdir(goldenFolder)).filter((name) => name.startsWith('state-')).sort();
}

/** Copies a golden state and opens it an hour after it was made, under its own measurement. */
export async function goldenRoom(name: string): Promise<GoldenRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-golden-'));
  await cp(join(goldenFolder, name), directory, { recursive: true });
  const facts = JSON.parse(await readFile(join(directory, 'golden.json'), 'utf8')) as GoldenFacts;
  const instance = Instance.parse(facts.instance);
  const begun = Date.now();
  const clock = () => facts.madeAtMs + 3_600_000 + (Date.now() - begun);
  const operatorKey = new Uint8Array(Buffer.from(facts.operatorKey, 'base64'));
  const room = await inProcessRoom({ directory, measurement: facts.measurement, operatorKey, clock });
  return {
    facts,
    directory,
    room,
    async client(person) {
      const keys = await readKeyFile(join(directory, 'keys', `${person}.json`));
      return new RoomClient({ url: room.url, room: 'small', clock }, instance.charter, keys);
    },
    async close() {
      await room.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const { params: _params, where: _where, ...bare } = byDistrict;
const everything = AggregateQuery.parse({
  ...bare,
  id: 'measures',
  groupBy: [{ column: 'r.district', as: 'district' }],
  measures: [
    { as: 'persons', fn: 'count' },
    { as: 'years', fn: 'sum', column: 'r.age', clamp: [0, 100] },
    { as: 'mean', fn: 'mean', column: 'r.age', clamp: [0, 100] },
    { as: 'adults', fn: 'rate', of: { gte: ['r.age', 18] } },
    { as: 'bands', fn: 'histogram', column: 'r.age', edges: [0, 18, 65] },
  ],
});

/** What is kept beside the log: one member's name that stays and is held, another's that is erased; and what officers sign. */
async function beside(client: (person: string) => RoomClient): Promise<void> {
  const [steward = '', analyst = ''] = ['steward', 'analyst'].map((person) => client(person).keys.member.ref);
  await describeMember(client('steward'), steward, { name: 'Erika Beispiel', function: 'Statistik' });
  await openDetails(client('cityDpo'), `member/${steward}`);
  await holdDetails(client('bureauDpo'), `member/${steward}`, true);
  await describeMember(client('analyst'), analyst, { name: 'Max Beispiel' });
  await eraseDetails(client('analyst'), `member/${analyst}`, 'request');
  await eraseDetails(client('cityDpo'), `member/${analyst}`, 'request');
  await client('cityDpo').act('review.complete', { from: 0, to: 20, finding: 'none', report: null });
  await client('cityDpo').act('alert.acknowledge', { alert: 'gap', entry: null });
  await client('cityDpo').act('report.record', { report: 'access', digest: 'ab'.repeat(32), from: 0, to: 20 });
}

/** Years later its oldest entries may go. So few of them fill no bundle: nothing does. */
async function grownOld(client: (person: string) => RoomClient, years: () => void): Promise<void> {
  const { entry, index } = await takeSnapshot(client('cityDpo'));
  const { detail } = JSON.parse(entry) as { detail: { state: string } };
  await holdLog(client('bureauDpo'), true);
  await holdLog(client('bureauDpo'), false);
  years();
  for (const person of ['cityDpo', 'bureauDpo']) await pruneLog(client(person), index, detail.state);
}

/** Lives through a room and writes it to `test/golden/<name>`. The result is to be read before it is kept. */
export async function makeGoldenState(name: string, measurement: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-golden-'));
  const operatorKey = crypto.getRandomValues(new Uint8Array(32));
  let failing = false;
  const reached = (step: Step) => {
    if (failing && step === 'aggregated') throw new Error('a failure made on purpose');
  };
  let aheadMs = 0;
  const clock = () => Date.now() + aheadMs;
  const room = await inProcessRoom({ directory, measurement, operatorKey, clock, reached });
  const everyone: Record<string, MemberKeys> = { ...people() };
  const address = { url: room.url, room: 'small', clock };
  const client = (person: string) => {
    const keys = everyone[person];
    if (!keys) throw new Error(`golden: nobody is called ${person}`);
    return new RoomClient(address, instance.charter, keys);
  };
  const cards = Object.values(everyone).map(({ member }) => member);
  const debtors = DatasetSchema.parse({ ...residents, id: 'debtors', owner: 'bureau/data' });
  const instance = instanceOf(
    template('2'),
    [residents, debtors],
    cards,
    await verifiedClaims(new RoomPublic(address)),
  );
  const id = digestOf(instance.charter);
  const signed = new Map<string, unknown>();
  for (const keys of Object.values(everyone)) {
    const act = { room: id, type: 'charter.sign', body: {}, nowMs: Date.now() } as const;
    signed.set(keys.member.ref, await signAs(keys, act));
  }
  await new RoomPublic(address).found(foundingOf(instance, signed));

  const upload = async (version: number, predecessor: string | null, records: readonly SourceRecord[]) => {
    const handover: Handover = {
      dataset: 'residents',
      version,
      predecessor,
      schema: digestOf(residents),
      capacityRows: 400,
      purpose: 'planning',
      legalBasis: 'dsgvo-6-1-e',
      validUntil: '2099-12-31',
    };
    const spool = join(directory, 'spool');
    const source = async function* () {
      yield* records;
    };
    await handOver({ client: client('steward'), schema: residents, handover, records: source, spool });
  };
  const approved = async (question: AggregateQuery | DerivedTable) => {
    const query = digestOf(question as Json);
    await client('analyst').act('query.propose', { query }, { object: question });
    for (const person of ['steward', 'cityDpo', 'bureauDpo']) await client(person).act('query.approve', { query });
    return query;
  };
  const forever = { expires: '2099-12-31' };

  await upload(1, null, residentRecords([60, 40, 9]));
  const first = (await client('steward').catalogue()).datasets[0];
  await upload(2, first?.manifest ?? null, residentRecords([150, 90, 9]));
  await client('steward').act('dataset.withdraw', { dataset: 'residents', version: 1 });
  const answered = await approved(AggregateQuery.parse({ ...byDistrict, ...forever }));
  const measured = await approved(AggregateQuery.parse({ ...everything, ...forever }));
  const total = await approved(AggregateQuery.parse({ ...bare, ...forever, id: 'all' }));
  const table = await approved(
    DerivedTable.parse({
      apiVersion: 'reinraum/v1',
      kind: 'DerivedTable',
      id: 'women',
      title: bare.title,
      sentence: bare.sentence,
      purpose: 'planning',
      legalBasis: 'dsgvo-6-1-e',
      recipients: ['city/planning'],
      ...forever,
      inputs: {
        some: { query: answered, measure: 'persons', parameters: { sex: 'f' } },
        all: { query: total, measure: 'persons' },
      },
      axes: [{ as: 'district', from: { some: 'district', all: 'district' } }],
      measure: { as: 'share', fn: 'ratio', of: 'some', over: 'all', per: 100, decimals: 1 },
    }),
  );
  const revoked = await approved(AggregateQuery.parse({ ...bare, ...forever, id: 'revoked' }));
  await client('bureauDpo').act('query.revoke', { query: revoked });
  const { document } = await ask(client('analyst'), answered, 'planning', { sex: 'f' });
  await ask(client('analyst'), answered, 'planning', { sex: 'f' });
  failing = true;
  await ask(client('analyst'), measured, 'planning', {}).catch(() => undefined);
  failing = false;
  await clearQuery(client('cityDpo'), measured);
  const wrong = await ask(client('analyst'), total, 'planning', {});
  await retractRelease(client('steward'), wrong.release.charged, 'wrong-data');
  const anew = replacementFor(instance.charter, everyone['analyst']?.member.ref ?? '');
  const request = await recoveryRequest(anew, id, Date.now());
  for (const person of ['cityDpo', 'bureauDpo']) await approveRecovery(client(person), request);
  everyone['analyst'] = anew;
  await beside(client);
  aheadMs = heartbeatMs;
  await room.beat();
  await grownOld(client, () => {
    aheadMs += 6 * 366 * 86_400_000;
  });
  await room.close();

  const target = join(goldenFolder, name);
  await mkdir(join(target, 'keys'), { recursive: true });
  const isKept = (path: string) => !/\/(lock|scratch|spool)$/.test(path);
  await cp(join(directory, 'state'), join(target, 'state'), { recursive: true, filter: isKept });
  await cp(join(directory, 'uploads'), join(target, 'uploads'), { recursive: true });
  for (const [person, keys] of Object.entries(everyone)) {
    await writeKeyFile(join(target, 'keys', `${person}.json`), keys);
  }
  const facts: GoldenFacts = {
    madeAtMs: clock(),
    measurement,
    operatorKey: toBase64(operatorKey),
    instance,
    answered,
    measured,
    table,
    document,
  };
  await writeFile(join(target, 'golden.json'), `${JSON.stringify(facts, null, 2)}\n`);
  await rm(directory, { recursive: true, force: true });
}

/** A small room for tests: two parties, one person dataset each, founded over the real gateway and sandbox. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AggregateQuery,
  type CharterTemplate,
  DatasetSchema,
  digestOf,
  type Json,
  type Witness,
} from '@reinraum/protocol';
import { repositoryRoot } from '../../src/cli/root.ts';
import { foundingOf, type Instance, instanceOf, roomOf } from '../../src/client/instance.ts';
import { type MemberKeys, newMember } from '../../src/client/key-file.ts';
import { RoomClient, RoomPublic, signAs, verifiedClaims } from '../../src/client/room-client.ts';
import type { AccessLine } from '../../src/gateway/app.ts';
import { type HostAddress, type Installation, serveInstallation } from '../../src/gateway/node.ts';
import { Rooms } from '../../src/host/rooms.ts';
import type { SandboxOptions } from '../../src/host/sandbox.ts';
import { type Handover, handOver } from '../../src/steward/hand-over.ts';
import type { SourceRecord } from '../../src/steward/records.ts';

const title = (text: string) => ({ de: text, en: text });

export const districts = ['alpha', 'beta', 'gamma'];

/** Schema of the city's dataset: district, age, sex. */
export const residents = DatasetSchema.parse({
  apiVersion: 'reinraum/v1',
  kind: 'DatasetSchema',
  id: 'residents',
  title: title('Einwohner'),
  owner: 'city/statistics',
  population: 'person',
  unit: 'person_id',
  rowsPerUnit: 1,
  columns: [
    {
      name: 'district',
      title: title('Bezirk'),
      type: 'code',
      codes: districts.map((code) => ({ code, de: code, en: code })),
    },
    { name: 'age', title: title('Alter'), type: 'integer', min: 0, max: 120, unit: 'year' },
    {
      name: 'sex',
      title: title('Geschlecht'),
      type: 'code',
      nullable: true,
      codes: ['f', 'm'].map((code) => ({ code, de: code, en: code })),
    },
  ],
});

/** Schema of the bureau's dataset. */
export const debtors = DatasetSchema.parse({
  ...residents,
  id: 'debtors',
  title: title('Überschuldete'),
  owner: 'bureau/data',
  columns: residents.columns.slice(0, 2),
});

/** Charter template of the room. `rho` and `delta` are the caps of its one population. */
export function template(rho = '1', delta = '1/1000'): CharterTemplate {
  const unit = (id: string) => ({ id, title: title(id) });
  return {
    apiVersion: 'reinraum/v1',
    kind: 'Charter',
    id: 'small',
    title: title('Kleiner Raum'),
    notice: title('Synthetische Daten / synthetic data'),
    parties: [
      { id: 'city', title: title('Stadt'), units: ['statistics', 'planning', 'privacy'].map(unit) },
      { id: 'bureau', title: title('Auskunftei'), units: ['data', 'privacy'].map(unit) },
    ],
    populations: [
      { id: 'person', title: title('Person'), linkage: 'area-only', kFloor: 5, budget: { rho, delta }, covers: [] },
    ],
    accountant: { kind: 'zcdp', deltaConversion: '1/1000000', deltaPerDecision: '1/100000000' },
    purposes: [{ id: 'planning', title: title('Planung') }],
    recipients: ['city/planning'],
    retention: { releasesUntil: '2035-12-31', logYears: 5 },
    witnesses: [],
    quorum: 0,
    recovery: { approvals: 2 },
    datasets: ['residents', 'debtors'],
  };
}

/** Count of residents by district and age band, with a parameter. */
export const byDistrict = AggregateQuery.parse({
  apiVersion: 'reinraum/v1',
  kind: 'AggregateQuery',
  id: 'by-district',
  title: title('Nach Bezirk'),
  sentence: title('Wie viele?'),
  purpose: 'planning',
  legalBasis: 'dsgvo-6-1-e',
  recipients: ['city/planning'],
  expires: '2035-12-31',
  population: 'person',
  from: { dataset: 'residents', as: 'r' },
  params: { sex: { oneOf: ['f', 'm'] } },
  where: { any: [{ eq: ['r.sex', '$sex'] }, { is: ['r.sex', 'missing'] }] },
  groupBy: [
    { column: 'r.district', as: 'district' },
    { column: 'r.age', edges: [0, 18, 65], as: 'age' },
  ],
  measures: [{ as: 'persons', fn: 'count' }],
  privacy: { mechanism: 'discreteGaussian', rho: '1/8', k: 5 },
  slotMs: 200,
});

/** Everyone who acts in the room, by name. */
export interface People {
  readonly steward: MemberKeys;
  readonly bureauSteward: MemberKeys;
  readonly cityDpo: MemberKeys;
  readonly bureauDpo: MemberKeys;
  readonly analyst: MemberKeys;
}

/** A running room with its members' clients. */
export interface SmallRoom {
  readonly directory: string;
  readonly state: string;
  readonly uploads: string;
  readonly rooms: Rooms;
  readonly installation: Installation;
  readonly instance: Instance;
  readonly people: People;
  readonly accessLog: AccessLine[];
  client(person: keyof People): RoomClient;
  close(): Promise<void>;
}

/** How a small room differs from the usual one. */
export interface SmallRoomOptions {
  /** Changes the charter before it is signed. */
  readonly charter?: (template: CharterTemplate) => CharterTemplate;
  readonly rho?: string;
  readonly delta?: string;
  /** Schema of the city's dataset, where it is not {@link residents}. */
  readonly schema?: DatasetSchema;
  /** Schema of the other dataset, where it is not {@link debtors}. */
  readonly other?: DatasetSchema;
  readonly sandbox?: Partial<SandboxOptions>;
  /** Offers the host's API to a gateway the test brings. */
  readonly host?: HostAddress;
  /** Witnesses of the charter, of whom more than half are a quorum; whoever asks for them serves them. */
  readonly witnesses?: readonly Witness[];
  /** Folder of the built screens, where they are to be served. */
  readonly screens?: string;
}

/** Makes the people of the room. */
export function people(): People {
  return {
    steward: newMember('city/statistics', ['owner']),
    bureauSteward: newMember('bureau/data', ['owner']),
    cityDpo: newMember('city/privacy', ['dpo']),
    bureauDpo: newMember('bureau/privacy', ['dpo']),
    analyst: newMember('city/planning', ['analyst']),
  };
}

/** Starts an installation and founds the room in it. */
export async function smallRoom({
  rho,
  delta,
  sandbox,
  charter,
  host,
  screens,
  schema = residents,
  other = debtors,
  witnesses = [],
}: SmallRoomOptions = {}): Promise<SmallRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'reinraum-test-'));
  const rooms = new Rooms({ appDirectory: repositoryRoot, directory, ...(sandbox ? { sandbox } : {}) });
  const accessLog: AccessLine[] = [];
  const installation = await serveInstallation({
    rooms,
    port: 0,
    accessLog: (line) => accessLog.push(line),
    ...(host ? { host } : {}),
    ...(screens === undefined ? {} : { screens }),
  });
  await rooms.room('small');
  const address = { url: installation.url, room: 'small' };
  const everyone = people();
  const cards = Object.values(everyone).map(({ member }) => member);
  const usual = {
    ...template(rho, delta),
    witnesses: witnesses.map(({ key }) => key.slice(0, key.indexOf('+'))),
    quorum: witnesses.length === 0 ? 0 : Math.floor(witnesses.length / 2) + 1,
  };
  const instance = instanceOf(
    charter ? charter(usual) : usual,
    [schema, other],
    cards,
    await verifiedClaims(new RoomPublic(address)),
    witnesses,
  );
  const room: SmallRoom = {
    directory,
    state: join(directory, 'rooms', 'small', 'state'),
    uploads: join(directory, 'rooms', 'small', 'uploads'),
    rooms,
    installation,
    instance,
    people: everyone,
    accessLog,
    client: (person) => new RoomClient(address, instance.charter, everyone[person]),
    async close() {
      await installation.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await new RoomPublic(address).found(foundingOf(instance, await signatures(instance, everyone)));
  return room;
}

/** Everyone's signature under an instance. */
export async function signatures(instance: Instance, everyone: People): Promise<Map<string, unknown>> {
  const signed = new Map<string, unknown>();
  for (const keys of Object.values(everyone)) {
    const act = { room: roomOf(instance), type: 'charter.sign', body: {}, nowMs: Date.now() } as const;
    signed.set(keys.member.ref, await signAs(keys, act));
  }
  return signed;
}

/** Residents: `perCell` of each district, age 30 and sex f, plus three children in alpha. */
export function residentRecords(perCell: readonly number[]): SourceRecord[] {
  const records: SourceRecord[] = [];
  perCell.forEach((count, district) => {
    for (let n = 0; n < count; n++) {
      records.push({
        id: `resident-${district}-${n}`,
        values: [districts[district] ?? '', '30', n % 7 === 0 ? null : 'f'],
      });
    }
  });
  for (let n = 0; n < 3; n++) records.push({ id: `child-${n}`, values: ['alpha', '7', 'f'] });
  return records;
}

/** What the steward says about a version of the residents. */
export function residentsHandover(version = 1, predecessor: string | null = null, capacityRows = 5000): Handover {
  return {
    dataset: 'residents',
    version,
    predecessor,
    schema: digestOf(residents),
    capacityRows,
    purpose: 'planning',
    legalBasis: 'dsgvo-6-1-e',
    validUntil: '2035-12-31',
  };
}

/** Hands residents over as the city's steward. */
export function uploadResidents(
  room: Pick<SmallRoom, 'client' | 'directory'>,
  records: readonly SourceRecord[],
  handover = residentsHandover(),
) {
  const client = room.client('steward');
  const spool = join(room.directory, 'spool');
  const source = async function* () {
    yield* records;
  };
  return handOver({ client, schema: residents, handover, records: source, spool });
}

/** Proposes a query and has it approved by everyone who must. Returns its digest. */
export async function approved(room: Pick<SmallRoom, 'client'>, query: AggregateQuery = byDistrict): Promise<string> {
  const digest = digestOf(query as Json);
  await room.client('analyst').act('query.propose', { query: digest }, { object: query });
  for (const person of ['steward', 'cityDpo', 'bureauDpo'] as const) {
    await room.client(person).act('query.approve', { query: digest });
  }
  return digest;
}

/**
 * Runs an example room from its folder of policies: members and keys, founding, the owners' datasets, approvals, the
 * planned questions and tables, verification. What exists already is kept and used again.
 */

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Answered,
  type AnsweredTable,
  ask,
  askTable,
  foundingOf,
  Instance,
  instanceOf,
  type MemberKeys,
  newMember,
  RoomClient,
  RoomPublic,
  roomOf,
  signAs,
  verifiedClaims,
} from '@reinraum/client';
import {
  type AggregateQuery,
  among,
  askedSchema,
  type Charge,
  type DatasetSchema,
  digestOf,
  type Json,
  type Parameters,
  price,
} from '@reinraum/protocol';
import { type StateVerdict, verifyState } from '../cli/audit.ts';
import { readKeyFile, writeKeyFile } from '../cli/key-store.ts';
import { handOver, type Stage } from '../steward/hand-over.ts';
import type { SourceRecord } from '../steward/records.ts';
import { approved } from './approvals.ts';
import type { Policies } from './policy-files.ts';
import { recordsOf } from './source.ts';
import { exampleWitnesses, serveExampleWitnesses } from './witnesses.ts';

/** Where an example runs, and who is told. */
export interface ExampleOptions {
  readonly policies: Policies;
  readonly url: string;
  /** Directory of the room: `state`, `uploads`, and here `keys` and `charter.json`. */
  readonly directory: string;
  /** Folder or file of real data, for examples that need one. */
  readonly data?: string;
  readonly say: (text: string) => void;
  readonly progress: (dataset: string, stage: Stage, done: number, total: number) => void;
}

/** One planned question with its answer. */
export interface ExampleAnswer {
  readonly query: AggregateQuery;
  readonly parameters: Parameters;
  /** What it costs when it is not a repeat, by population. */
  readonly charges: readonly Charge[];
  readonly answered: Answered;
  readonly ms: number;
}

/** One planned table, evaluated from stored releases. */
export type ExampleTable = Pick<AnsweredTable, 'table' | 'derived'>;

/** What an example run shows. Row counts come from the source, never from the enclave. */
export interface ExampleRun {
  readonly room: string;
  readonly digest: string;
  readonly notice: { readonly de: string; readonly en: string };
  readonly assurance: 'software' | 'degraded';
  /** How many witnesses cosign the log, and how many of them are enough. */
  readonly witnesses: { readonly count: number; readonly quorum: number };
  readonly datasets: readonly { readonly dataset: string; readonly rows: number | null; readonly ms: number }[];
  readonly answers: readonly ExampleAnswer[];
  readonly tables: readonly ExampleTable[];
  readonly balances: readonly Balance[];
  readonly log: { readonly size: number; readonly bytes: number };
  readonly verdict: StateVerdict;
  readonly keys: string;
}

type Balance = Awaited<ReturnType<RoomClient['catalogue']>>['balances'][number];

/** An example room that is founded, with its witnesses at work. */
export interface OpenExample {
  readonly instance: Instance;
  readonly members: Members;
  /** Ends the witnesses; the room answers nothing without them. */
  close(): Promise<void>;
}

/** Founds an example room where it is not founded yet, and starts its witnesses. */
export async function openExample(options: ExampleOptions): Promise<OpenExample> {
  const { policies, url, directory, say } = options;
  const keysDirectory = join(directory, 'keys');
  const members = await membersOf(policies, keysDirectory);
  say(`Schlüsseldateien / key files: ${keysDirectory}`);
  const instance = await founded(options, new RoomPublic({ url, room: policies.template.id }), members);
  const witnesses = await serveExampleWitnesses({ instance, directory: witnessesIn(directory), nowMs: Date.now });
  if (instance.charter.witnesses.length > 0)
    say(`Zeugen auf dieser Maschine / witnesses on this machine: ${witnesses.url}`);
  return { instance, members, close: () => witnesses.close() };
}

function witnessesIn(directory: string): string {
  return join(directory, 'witnesses');
}

/** Does the main job on an example room, from the data to the verification. */
export async function runExample(options: ExampleOptions, { instance, members }: OpenExample): Promise<ExampleRun> {
  const { policies, url, directory, say } = options;
  const room = policies.template.id;
  const address = { url, room };
  const clientOf = (name: string) => new RoomClient(address, instance.charter, memberNamed(members, name));
  const datasets: ExampleRun['datasets'][number][] = [];
  for (const dataset of policies.example.datasets) {
    datasets.push(await handedOver(options, clientOf(dataset.steward), dataset));
  }
  await approved(policies, members, clientOf, say);
  const answers: ExampleAnswer[] = [];
  for (const run of policies.example.runs) {
    const query = queryNamed(policies, run.query);
    const begun = performance.now();
    const answered = await ask(clientOf(run.by), digestOf(query as Json), query.purpose, run.parameters);
    const charges = price(query, askedSchema(query, among(policies.schemas)), policies.template);
    answers.push({ query, parameters: run.parameters, charges, answered, ms: performance.now() - begun });
  }
  const tables: ExampleTable[] = [];
  for (const { table: id, by, parameters } of policies.example.tables) {
    const table = policies.tables.find((candidate) => candidate.id === id);
    if (!table) throw new Error(`example.yaml: there is no table "${id}"`);
    const { derived } = await askTable(clientOf(by), digestOf(table as Json), parameters);
    tables.push({ table, derived });
  }
  const { balances } = await clientOf(policies.example.members[0]?.name ?? '').catalogue();
  const state = join(directory, 'state');
  const verdict = await verifyState(state, roomOf(instance));
  const status = await new RoomPublic(address).status();
  return {
    room,
    digest: roomOf(instance),
    notice: instance.charter.notice,
    assurance: status.assurance,
    witnesses: { count: instance.charter.witnesses.length, quorum: instance.charter.quorum },
    datasets,
    answers,
    tables,
    balances,
    log: { size: verdict.verified ? verdict.size : 0, bytes: await bytesBelow(join(state, 'log')) },
    verdict,
    keys: join(directory, 'keys'),
  };
}

type Members = ReadonlyMap<string, MemberKeys>;

async function membersOf({ example }: Policies, directory: string): Promise<Members> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const members = new Map<string, MemberKeys>();
  for (const { name, unit, roles } of example.members) {
    const path = join(directory, `${name}.json`);
    if (!existsSync(path)) await writeKeyFile(path, newMember(unit, roles));
    members.set(name, await readKeyFile(path));
  }
  return members;
}

/** The instance of the room; founds it where it is not founded yet. */
async function founded(
  { policies, directory, data, say }: ExampleOptions,
  room: RoomPublic,
  members: Members,
): Promise<Instance> {
  const path = join(directory, 'charter.json');
  const status = await room.status();
  if (status.founded) return Instance.parse(JSON.parse(await readFile(path, 'utf8')));
  // A room without its data is of no use: whoever forgot --data is told before it is founded.
  for (const { source, dataset } of policies.example.datasets) recordsOf(source, schemaNamed(policies, dataset), data);
  const cards = [...members.values()].map(({ member }) => member);
  const witnesses = await exampleWitnesses(policies.template.witnesses, witnessesIn(directory));
  const instance = instanceOf(policies.template, policies.schemas, cards, await verifiedClaims(room), witnesses);
  const signatures = new Map<string, unknown>();
  for (const keys of members.values()) {
    const act = { room: roomOf(instance), type: 'charter.sign', body: {}, nowMs: Date.now() } as const;
    signatures.set(keys.member.ref, await signAs(keys, act));
  }
  await writeFile(path, JSON.stringify(instance), { mode: 0o600 });
  await room.found(foundingOf(instance, signatures));
  say(`gegründet / founded: ${roomOf(instance)}`);
  return instance;
}

async function handedOver(options: ExampleOptions, client: RoomClient, plan: Policies['example']['datasets'][number]) {
  const { policies, directory, data, progress } = options;
  const schema = schemaNamed(policies, plan.dataset);
  const { datasets } = await client.catalogue();
  const begun = performance.now();
  if (datasets.some(({ dataset, state }) => dataset === plan.dataset && state === 'admitted')) {
    return { dataset: plan.dataset, rows: null, ms: 0 };
  }
  let rows = 0;
  const counted = async function* (): AsyncGenerator<SourceRecord> {
    // Read twice: once to be checked, once to be sealed.
    rows = 0;
    for await (const record of recordsOf(plan.source, schema, data)) {
      rows += 1;
      yield record;
    }
  };
  const { capacityRows, purpose, legalBasis, validUntil, dataset } = plan;
  const { report } = await handOver({
    client,
    schema,
    handover: {
      dataset,
      version: 1,
      predecessor: null,
      schema: digestOf(schema),
      capacityRows,
      purpose,
      legalBasis,
      validUntil,
    },
    records: counted,
    spool: join(directory, 'spool', dataset),
    progress: (stage, done, total) => progress(dataset, stage, done, total),
  });
  if (!report.admitted) throw new Error(`${dataset}: rejected with ${report.total} finding(s)`);
  return { dataset, rows, ms: performance.now() - begun };
}

function memberNamed(members: Members, name: string): MemberKeys {
  const keys = members.get(name);
  if (!keys) throw new Error(`example.yaml: there is no member "${name}"`);
  return keys;
}

function schemaNamed({ schemas }: Policies, id: string): DatasetSchema {
  const schema = schemas.find((candidate) => candidate.id === id);
  if (!schema) throw new Error(`example.yaml: there is no dataset "${id}"`);
  return schema;
}

function queryNamed({ queries }: Policies, id: string): AggregateQuery {
  const query = queries.find((candidate) => candidate.id === id);
  if (!query) throw new Error(`example.yaml: there is no query "${id}"`);
  return query;
}

async function bytesBelow(directory: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return total;
}

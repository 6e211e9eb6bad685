/** `reinraum dataset upload|list|withdraw`: the steward's commands. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoomClient } from '@reinraum/client';
import { type DatasetSchema, formatRational, parseRational } from '@reinraum/protocol';
import type { Command } from 'commander';
import { earlierOutcome, type HandedOver, type Handover, handOver, type Stage } from '../steward/hand-over.ts';
import type { Scales } from '../steward/parquet-column.ts';
import { sourceRecords } from '../steward/records.ts';
import { readRoomLog } from '../steward/room-log.ts';
import { fileDigest } from '../steward/spool.ts';
import { pieceBytesDefault } from '../steward/upload.ts';
import { clientOf, type MemberOptions, readInstance, withMember } from './address.ts';
import { listedVersions, versionLines } from './dataset-list.ts';
import { print, progressBar, say } from './output.ts';

interface UploadOptions extends MemberOptions {
  readonly dataset: string;
  readonly capacity: string;
  readonly purpose: string;
  readonly legalBasis: string;
  readonly validUntil: string;
  readonly scale?: readonly string[];
  readonly spool: string;
  readonly pieceBytes: string;
  readonly receipt?: string;
}

const pieceBytesMin = 1024;

/** Adds the commands. */
export function addDataset(program: Command): void {
  const dataset = program.command('dataset').description('hand over, list and withdraw datasets');
  withMember(dataset.command('upload'))
    .description(
      'check, pseudonymise, seal and upload a CSV or Parquet file as the next version; run it again to go on after an interruption',
    )
    .argument('<file>', 'CSV or Parquet with the unit column and the columns of the schema')
    .requiredOption('--dataset <id>', 'dataset of the charter')
    .requiredOption('--capacity <rows>', 'declared capacity in rows; the sealed file is padded to it')
    .requiredOption('--purpose <id>', 'purpose of the charter')
    .requiredOption('--legal-basis <id>', 'legal basis, such as dsgvo-6-1-e')
    .requiredOption('--valid-until <day>', 'last day the dataset may be asked (YYYY-MM-DD)')
    .option(
      '--scale <column=factor...>',
      'Parquet: what one in the file is in the schema’s unit, such as income=100 for euros where cents are counted',
    )
    .option('--spool <directory>', 'where the sealed file waits until it has arrived', '.reinraum-spool')
    .option('--piece-bytes <n>', 'bytes sent at a time; fewer for a line that drops often', String(pieceBytesDefault))
    .option('--receipt <file>', 'also write the receipt (.tlog-proof) to a file')
    .action(upload);
  withMember(dataset.command('list'))
    .description('versions of all datasets, their states and manifests, and the questions that used them')
    .option('--json', 'print the list as JSON')
    .action(async (options: MemberOptions & { json?: boolean }) => {
      const { room } = await readRoomLog(await clientOf(options));
      const versions = listedVersions(room);
      if (options.json) print(JSON.stringify(versions, null, 2));
      else for (const line of versionLines(versions)) print(line);
    });
  withMember(dataset.command('withdraw'))
    .description('withdraw a version: its key is destroyed and it is never asked again')
    .requiredOption('--dataset <id>', 'dataset of the charter')
    .requiredOption('--dataset-version <n>', 'version to withdraw')
    .action(async (options: MemberOptions & { dataset: string; datasetVersion: string }) => {
      const client = await clientOf(options);
      const body = { dataset: options.dataset, version: Number(options.datasetVersion) };
      const { accepted } = await client.act('dataset.withdraw', body);
      print(accepted.proof);
    });
}

async function upload(file: string, options: UploadOptions): Promise<void> {
  const client = await clientOf(options);
  const { schemas } = await readInstance(options.charter);
  const schema = schemas.find(({ id }) => id === options.dataset);
  if (!schema) throw new Error(`--dataset: the charter has no dataset "${options.dataset}"`);
  const scales = scalesOf(options.scale ?? []);
  const pieceBytes = Number(options.pieceBytes);
  if (!Number.isSafeInteger(pieceBytes) || pieceBytes < pieceBytesMin || pieceBytes > pieceBytesDefault)
    throw new Error(`--piece-bytes: write a whole number from ${pieceBytesMin} to ${pieceBytesDefault}`);
  // A directory for each room and dataset: an upload that waits is not lost to another one.
  const spool = join(options.spool, `${client.roomId.slice(0, 16)}-${schema.id}`);
  const source = await fileDigest(file);
  const earlier = await earlierOutcome(client, schema.id, spool);
  if (earlier) {
    say(`an earlier run whose answer was lost has handed over version ${earlier.handedOver.version}`);
    if (earlier.source === source) return tell(earlier.handedOver, options);
  }
  const { handover, follows } = await nextHandover(client, schema, options);
  say(`version ${handover.version} of "${schema.id}" ${follows}`);
  const bars = new Map<Stage, (done: number, total: number) => void>();
  const handedOver = await handOver({
    client,
    schema,
    handover,
    records: () => sourceRecords(file, schema, scales),
    source,
    scales,
    spool,
    pieceBytes,
    progress(stage, done, total) {
      const bar = bars.get(stage) ?? progressBar(stage.padEnd(10));
      bars.set(stage, bar);
      bar(done, total);
    },
  });
  await tell(handedOver, options);
}

async function tell({ version, accepted, report }: HandedOver, { receipt }: UploadOptions): Promise<void> {
  if (receipt) await writeFile(receipt, accepted.proof);
  print(JSON.stringify(report));
  if (report.admitted) say(`admitted as version ${version}; log entry ${accepted.index}`);
  else process.exitCode = 1;
}

/** Declared scales. Throws an error that names the one that cannot be read. */
function scalesOf(given: readonly string[]): Scales {
  const scales = given.map((pair) => {
    const [column = '', factor = '', ...more] = pair.split('=');
    try {
      const scale = parseRational(factor);
      if (scale.num === 0n || more.length > 0) throw new RangeError('no factor');
      return [column, scale] as const;
    } catch {
      throw new Error(`--scale ${column}: write column=factor with a factor such as 100, 1 or 1/100`);
    }
  });
  for (const [column, scale] of scales) say(`column "${column}" is multiplied by ${formatRational(scale)}`);
  return new Map(scales);
}

/** The version that comes next, as the room's catalogue says, and in words what it follows. */
async function nextHandover(
  client: RoomClient,
  schema: DatasetSchema,
  options: Pick<UploadOptions, 'capacity' | 'purpose' | 'legalBasis' | 'validUntil'>,
): Promise<{ handover: Handover; follows: string }> {
  const { datasets } = await client.catalogue();
  const closed = datasets.filter(
    ({ dataset, state }) => dataset === schema.id && (state === 'admitted' || state === 'withdrawn'),
  );
  const last = closed.at(-1);
  const handover = {
    dataset: schema.id,
    version: (last?.version ?? 0) + 1,
    predecessor: last?.manifest ?? null,
    schema: client.charter.datasets.find(({ id }) => id === schema.id)?.schema ?? '',
    capacityRows: Number(options.capacity),
    purpose: options.purpose,
    legalBasis: options.legalBasis,
    validUntil: options.validUntil,
  };
  const manifest = last?.manifest ? ` (manifest ${last.manifest.slice(0, 16)}…)` : '';
  return { handover, follows: last ? `follows version ${last.version}, ${last.state}${manifest}` : 'is the first' };
}

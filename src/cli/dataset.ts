/** `reinraum dataset upload|withdraw`: the steward's commands. */
import { writeFile } from 'node:fs/promises';
import type { DatasetSchema } from '@reinraum/protocol';
import type { Command } from 'commander';
import type { RoomClient } from '../client/room-client.ts';
import { type Handover, handOver, type Stage } from '../steward/hand-over.ts';
import { csvRecords } from '../steward/records.ts';
import { clientOf, type MemberOptions, readInstance, withMember } from './address.ts';
import { print, progressBar, say } from './output.ts';

interface UploadOptions extends MemberOptions {
  readonly dataset: string;
  readonly capacity: string;
  readonly purpose: string;
  readonly legalBasis: string;
  readonly validUntil: string;
  readonly spool: string;
  readonly receipt?: string;
}

/** Adds the commands. */
export function addDataset(program: Command): void {
  const dataset = program.command('dataset').description('hand over and withdraw datasets');
  withMember(dataset.command('upload'))
    .description('check, pseudonymise, seal and upload a CSV file; run it again to go on after an interruption')
    .argument('<file>', 'CSV with the unit column and the columns of the schema')
    .requiredOption('--dataset <id>', 'dataset of the charter')
    .requiredOption('--capacity <rows>', 'declared capacity in rows; the sealed file is padded to it')
    .requiredOption('--purpose <id>', 'purpose of the charter')
    .requiredOption('--legal-basis <id>', 'legal basis, such as dsgvo-6-1-e')
    .requiredOption('--valid-until <day>', 'last day the dataset may be asked (YYYY-MM-DD)')
    .option('--spool <directory>', 'where the sealed file waits until it has arrived', '.reinraum-spool')
    .option('--receipt <file>', 'also write the receipt (.tlog-proof) to a file')
    .action(upload);
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
  const handover = await nextHandover(client, schema, options);
  const bars = new Map<Stage, (done: number, total: number) => void>();
  const { accepted, report } = await handOver({
    client,
    schema,
    handover,
    records: () => csvRecords(file, schema),
    spool: options.spool,
    progress(stage, done, total) {
      const bar = bars.get(stage) ?? progressBar(stage.padEnd(10));
      bars.set(stage, bar);
      bar(done, total);
    },
  });
  if (options.receipt) await writeFile(options.receipt, accepted.proof);
  print(JSON.stringify(report));
  if (report.admitted) say(`admitted as version ${handover.version}; log entry ${accepted.index}`);
  else process.exitCode = 1;
}

/** The version that comes next, with its predecessor, as the room's catalogue says. */
export async function nextHandover(
  client: RoomClient,
  schema: DatasetSchema,
  options: Pick<UploadOptions, 'dataset' | 'capacity' | 'purpose' | 'legalBasis' | 'validUntil'>,
): Promise<Handover> {
  const { datasets } = await client.catalogue();
  const closed = datasets.filter(
    ({ dataset, state }) => dataset === schema.id && (state === 'admitted' || state === 'withdrawn'),
  );
  const last = closed.at(-1);
  return {
    dataset: schema.id,
    version: (last?.version ?? 0) + 1,
    predecessor: last?.manifest ?? null,
    schema: client.charter.datasets.find(({ id }) => id === schema.id)?.schema ?? '',
    capacityRows: Number(options.capacity),
    purpose: options.purpose,
    legalBasis: options.legalBasis,
    validUntil: options.validUntil,
  };
}

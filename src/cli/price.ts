/** `reinraum query price`: what a wanted exactness costs. */
import { schemaOf, spentOf } from '@reinraum/audit';
import {
  type AggregateQuery,
  type Asker,
  among,
  askedSchema,
  type CharterTemplate,
  type DatasetSchema,
  type Spent,
  wantedPrice,
  zero,
} from '@reinraum/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { loadAssumed } from '../example/policy-analysis.ts';
import { loadQuestion } from '../example/policy-files.ts';
import { readRoomLog } from '../steward/room-log.ts';
import { clientOf, type MemberOptions } from './address.ts';
import { memberOptions } from './analyse.ts';
import { print } from './output.ts';
import { parametersOf } from './parameters.ts';
import { previewLines, unitsOf } from './preview.ts';

interface PriceOptions extends Partial<MemberOptions> {
  readonly policies?: string;
  readonly halfWidth: string[];
  readonly units: string;
  readonly param?: string[];
  readonly json?: boolean;
}

/** Adds the command below `query`. */
export function addPrice(query: Command): void {
  query
    .command('price')
    .description('the least loss at which cells are shown as exactly as wanted; no data is touched, nothing is charged')
    .argument('<question>', 'query YAML with --policies; otherwise the digest of a question of the room')
    .requiredOption(
      '--half-width <measure=number...>',
      'half of the 95 % range at most: in its unit, of rates in points',
    )
    .requiredOption('--units <n>', 'assumed size of a cell in units')
    .option('--param <name=value...>', 'parameters of the question')
    .option('--policies <folder>', 'a question of this folder, offline')
    .option('--json', 'print loss and preview as JSON')
    .option('--url <url>', 'address of the installation')
    .option('--room <name>', 'name of the room there')
    .option('--charter <file>', 'the charter instance you signed or were handed')
    .option('--key <file>', 'your key file')
    .action(price);
}

/** What a price is worked out from. */
interface Asked {
  readonly query: AggregateQuery;
  readonly schema: DatasetSchema | undefined;
  readonly charter: Pick<CharterTemplate, 'populations' | 'accountant'>;
  readonly spent: Spent;
  /** Who would run it; null where nobody is known yet. */
  readonly asker: Asker | null;
}

async function price(question: string, options: PriceOptions): Promise<void> {
  const { policies } = options;
  const { query, schema, charter, spent, asker } =
    policies === undefined ? await inRoom(question, memberOptions(options)) : await inFolder(question, policies);
  if (!schema) throw new Error('query: its dataset has no schema here');
  const wanted = new Map(options.halfWidth.map((text) => wantedOf(text, query)));
  const parameters = parametersOf(query.params, options.param ?? []);
  const found = wantedPrice(query, schema, parameters, charter, spent, unitsOf(options.units), wanted, asker);
  if (!found) {
    throw new Error(
      '--half-width: no loss shows such cells so exactly; ask for a wider range, larger cells or fewer measures',
    );
  }
  if (options.json) return print(JSON.stringify(found));
  const { privacy, preview } = found;
  const loss = 'rho' in privacy ? `rho: ${privacy.rho}` : `epsilon: ${privacy.epsilon}`;
  print(`Dafür genügt / enough for it: ${loss}`);
  for (const line of previewLines(preview)) print(line);
}

async function inRoom(digest: string, options: MemberOptions): Promise<Asked> {
  const client = await clientOf(options);
  const { room } = await readRoomLog(client);
  const query = room.queries.get(digest)?.query;
  if (!query) throw new Error('query: the room does not know this digest; list the questions with "query list"');
  const { ref, unit } = client.keys.member;
  const spent: Spent = (account) => spentOf(room, account);
  const asker = { ref, unit, purpose: query.purpose };
  return { query, schema: schemaOf(room, query), charter: room.charter, spent, asker };
}

async function inFolder(path: string, folder: string): Promise<Asked> {
  const { policies } = await loadAssumed(folder, {});
  const query = await loadQuestion(path);
  if (query.kind !== 'AggregateQuery') throw new Error('query: a table costs what its questions cost');
  const schema = askedSchema(query, among(policies.schemas));
  return { query, schema, charter: policies.template, spent: () => ({ loss: zero, delta: zero }), asker: null };
}

/** `persons=10`; points of rates and shares become parts of one. */
function wantedOf(text: string, { measures }: AggregateQuery): readonly [string, number] {
  const [, name = '', width = ''] = /^([a-z][a-z0-9_-]{0,62})=([0-9]{1,12}(?:\.[0-9]{1,6})?)$/.exec(text) ?? [];
  const measure = measures.find(({ as }) => as === name);
  if (!(Number(width) > 0)) throw new InvalidArgumentError('--half-width: write measure=number, such as persons=10');
  if (!measure) throw new InvalidArgumentError(`--half-width: measures are ${measures.map(({ as }) => as).join(', ')}`);
  return [name, measure.fn === 'rate' || measure.fn === 'shares' ? Number(width) / 100 : Number(width)];
}

/** `reinraum query analyse`, and the analysis an approver reads before signing (docs/spec/analysis.md §4). */
import { currentVersion, type Room } from '@reinraum/audit';
import type { RoomClient } from '@reinraum/client';
import {
  type Analysis,
  analyse,
  digestOf,
  type Finding,
  gravest,
  type Question,
  type Severity,
} from '@reinraum/protocol';
import { type Command, InvalidArgumentError } from 'commander';
import { loadAssumed } from '../example/policy-analysis.ts';
import { policyFaults } from '../example/policy-faults.ts';
import { loadQuestion } from '../example/policy-files.ts';
import { readRoomLog } from '../steward/room-log.ts';
import { clientOf, type MemberOptions } from './address.ts';
import { print, say } from './output.ts';

interface AnalyseOptions extends Partial<MemberOptions> {
  readonly policies?: string;
  readonly rows?: string[];
  readonly json?: boolean;
}

/** Adds the command below `query`. */
export function addAnalyse(query: Command): void {
  query
    .command('analyse')
    .description(
      'what a question would show together with the others: overlaps, hidden cells, price; no data is touched',
    )
    .argument('<question>', 'query YAML with --policies; otherwise the digest of a question of the room')
    .option('--policies <folder>', 'compare with the questions of this folder, offline')
    .option('--rows <dataset=number...>', 'rows to assume; without it what stewards declared')
    .option('--json', 'print the analysis as JSON')
    .option('--url <url>', 'address of the installation')
    .option('--room <name>', 'name of the room there')
    .option('--charter <file>', 'the charter instance you signed or were handed')
    .option('--key <file>', 'your key file')
    .action(async (question: string, options: AnalyseOptions) => {
      const analysis = await (options.policies === undefined
        ? analyseInRoom(await clientOf(memberOptions(options)), question, rowsOf(options))
        : analyseFile(question, options.policies, rowsOf(options)));
      if (options.json) print(JSON.stringify(analysis));
      else for (const line of linesOf(analysis)) print(line);
      if (gravest(analysis.findings) === 'refuse') process.exitCode = 1;
    });
}

/** Options of a member, which are needed where no folder of policies is named. */
export function memberOptions({ url, room, charter, key }: Partial<MemberOptions>): MemberOptions {
  if (url === undefined || room === undefined || charter === undefined || key === undefined) {
    throw new Error('query: name --policies, or --url, --room, --charter and --key of a room');
  }
  return { url, room, charter, key };
}

function rowsOf({ rows = [] }: AnalyseOptions): Record<string, number> {
  return Object.fromEntries(
    rows.map((text) => {
      const [, dataset = '', count = ''] = /^([a-z][a-z0-9_-]{0,62})=([1-9][0-9]{0,8})$/.exec(text) ?? [];
      if (dataset === '') throw new InvalidArgumentError('--rows: write dataset=number, such as residents=180000');
      return [dataset, Number(count)];
    }),
  );
}

async function analyseFile(path: string, folder: string, given: Readonly<Record<string, number>>): Promise<Analysis> {
  const { policies, rows } = await loadAssumed(folder, given);
  const question = await loadQuestion(path);
  const { template, schemas, queries, tables } = policies;
  const asked =
    question.kind === 'AggregateQuery' ? { queries: [question], tables: [] } : { queries, tables: [question] };
  const faults = policyFaults({ template, schemas, ...asked });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return analyse(question, { charter: template, schemas, known: [...queries, ...tables], rows });
}

/** Analyses a question of the room from its verified log. Throws where the log does not verify or does not know it. */
export async function analyseInRoom(
  client: RoomClient,
  digest: string,
  given: Readonly<Record<string, number>> = {},
): Promise<Analysis> {
  const { room } = await readRoomLog(client);
  const question = room.queries.get(digest)?.query ?? room.tables.get(digest)?.table;
  if (!question) throw new Error('query: the room does not know this digest; list the questions with "query list"');
  return analyse(question, {
    charter: room.charter,
    schemas: [...room.schemas.values()],
    known: liveQuestions(room),
    rows: { ...declaredRows(room), ...given },
  });
}

function liveQuestions({ queries, tables }: Room): Question[] {
  return [
    ...[...queries.values()].filter(({ revoked }) => !revoked).map(({ query }) => query),
    ...[...tables.values()].filter(({ revoked }) => !revoked).map(({ table }) => table),
  ];
}

function declaredRows(room: Room): Record<string, number> {
  return Object.fromEntries(
    [...room.datasets.keys()].flatMap((dataset) => {
      const version = currentVersion(room, dataset);
      return version ? [[dataset, version.declared.capacityRows] as const] : [];
    }),
  );
}

/**
 * Shows an approver what the analysis found. Throws where it found what must not be approved, and where it warns and
 * `accepted` is not the digest of just this analysis: nothing is signed then.
 */
export function checkFindings(analysis: Analysis, accepted: string | undefined): void {
  for (const line of linesOf(analysis)) say(line);
  const digest = digestOf(analysis);
  const worst = gravest(analysis.findings);
  if (worst === 'refuse') throw new Error('query approve: the analysis refuses this question; nothing was signed');
  if (worst === 'warn' && accepted !== digest) {
    throw new Error(`query approve: nothing was signed; after reading the warnings add --accept-findings ${digest}`);
  }
}

const severityWords: Readonly<Record<Severity, string>> = {
  refuse: 'ABLEHNEN / REFUSE',
  warn: 'Warnung / warning',
  note: 'Hinweis / note',
};

/** An analysis as lines for people, the gravest findings first; the last one is its digest. */
function linesOf(analysis: Analysis): string[] {
  const rows = Object.entries(analysis.rows).map(([dataset, count]) => `${dataset} ${count}`);
  return [
    ...analysis.findings.map(findingLine),
    `angenommene Zeilen / assumed rows  ${rows.join(', ') || '–'}`,
    `Analyse / analysis  ${digestOf(analysis)}`,
  ];
}

/** A finding as one line: severity, code, field, the other questions, and its text. */
export function findingLine({ severity, code, field, with: others, text }: Finding): string {
  const partners = others.length === 0 ? '' : ` (${others.map(({ id }) => id).join(', ')})`;
  return `${severityWords[severity]}  ${code}  ${field}${partners}: ${text.de} / ${text.en}`;
}

/** `reinraum query propose|approve|revoke|clear|list|run` and, from their own files, `analyse`, `preview`, `price` and `table`: questions, from proposal to answer. */
import { ask, clearQuery, type RoomClient, retractionNotice, retractionsFor } from '@reinraum/client';
import { AggregateQuery, type Catalogue, digestOf, type Json } from '@reinraum/protocol';
import type { Command } from 'commander';
import { loadQuestion } from '../example/policy-files.ts';
import { clientOf, type MemberOptions, withMember } from './address.ts';
import { addAnalyse, analyseInRoom, checkFindings } from './analyse.ts';
import { plainLabels } from './label-names.ts';
import { print, say } from './output.ts';
import { parametersOf } from './parameters.ts';
import { addPreview } from './preview.ts';
import { addPrice } from './price.ts';
import { queryLines } from './query-list.ts';
import { tableOf } from './table.ts';

/** Adds the commands. */
export function addQuery(program: Command): void {
  const query = program.command('query').description('propose, approve and run questions');
  withMember(query.command('propose'))
    .description('propose a question; prints its digest, which others approve')
    .argument('<file>', 'query YAML')
    .action(async (file: string, options: MemberOptions) => {
      const object = await loadQuestion(file);
      const digest = digestOf(object as Json);
      await (await clientOf(options)).act('query.propose', { query: digest }, { object });
      print(digest);
    });
  withMember(query.command('approve'))
    .description('approve a proposed question; shows its analysis before it signs')
    .argument('<digest>', 'digest of the question')
    .option('--accept-findings <digest>', 'digest of the analysis whose warnings you have read and accept')
    .action(async (digest: string, options: MemberOptions & { acceptFindings?: string }) => {
      const client = await clientOf(options);
      checkFindings(await analyseInRoom(client, digest), options.acceptFindings);
      print((await client.act('query.approve', { query: digest })).accepted.proof);
    });
  withMember(query.command('revoke'))
    .description('revoke a question for good')
    .argument('<digest>', 'digest of the question')
    .action(async (digest: string, options: MemberOptions) => {
      print((await (await clientOf(options)).act('query.revoke', { query: digest })).accepted.proof);
    });
  withMember(query.command('clear'))
    .description('let a question that was suspended after a failure be asked again, as a data protection officer')
    .argument('<digest>', 'digest of the question')
    .action(async (digest: string, options: MemberOptions) => {
      print((await clearQuery(await clientOf(options), digest)).proof);
    });
  withMember(query.command('list'))
    .description('questions of the room with price, missing approvals and suspensions; budgets; releases taken back')
    .option('--json', 'print the list as JSON, with every wording')
    .action(async (options: MemberOptions & { json?: boolean }) => {
      const client = await clientOf(options);
      const catalogue = await client.catalogue();
      const { queries, tables, balances, retractions } = catalogue;
      sayRetractions(catalogue, client);
      if (options.json) print(JSON.stringify({ queries, tables, balances, retractions }, null, 2));
      else for (const line of queryLines(catalogue)) print(line);
    });
  addAnalyse(query);
  addPreview(query);
  addPrice(query);
  withMember(query.command('run'))
    .description('run an approved question for your own unit')
    .argument('<digest>', 'digest of the question')
    .option('--param <name=value...>', 'parameters of the question')
    .option('--json', 'print the release as JSON')
    .option('--natural', 'show ranges that hold natural variation beside the noise')
    .action(
      async (digest: string, options: MemberOptions & { param?: string[]; json?: boolean; natural?: boolean }) => {
        const client = await clientOf(options);
        const catalogue = await client.catalogue();
        sayRetractions(catalogue, client);
        const known = catalogue.queries.find((candidate) => candidate.digest === digest);
        if (!known) throw new Error('query: the room does not know this digest; list the questions with "query list"');
        const template = AggregateQuery.parse(known.query);
        const answered = await ask(
          client,
          digest,
          template.purpose,
          parametersOf(template.params, options.param ?? []),
        );
        say(
          answered.isRepeat
            ? `stored release of log entry ${answered.release.charged}, delivered again at no charge`
            : `charged at log entry ${answered.release.charged}`,
        );
        const natural = options.natural ? template : null;
        print(options.json ? JSON.stringify(answered.release) : tableOf(answered.release, plainLabels, natural));
      },
    );
}

/** Tells the member's unit which of its answers were taken back. */
function sayRetractions(catalogue: Pick<Catalogue, 'retractions'>, { keys }: RoomClient): void {
  for (const retracted of retractionsFor(catalogue, keys.member.unit)) {
    const { de, en } = retractionNotice(retracted);
    say(`${de}\n${en}`);
  }
}

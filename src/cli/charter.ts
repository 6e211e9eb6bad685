/** `reinraum charter check|instance|sign`: what people write, what they sign. */

import { readFile, writeFile } from 'node:fs/promises';
import { instanceOf, RoomPublic, roomOf, signAs, verifiedClaims, withoutRecovery } from '@reinraum/client';
import {
  type Analysis,
  among,
  askedSchema,
  type Charter,
  type DatasetSchema,
  epsilonOf,
  formatRational,
  gravest,
  type Loss,
  lossOf,
  Member,
  parseRational,
  partyOf,
  price,
  Witness,
} from '@reinraum/protocol';
import type { Command } from 'commander';
import { analysePolicies, loadAssumed } from '../example/policy-analysis.ts';
import { loadRoomPolicies } from '../example/policy-files.ts';
import { readInstance } from './address.ts';
import { findingLine } from './analyse.ts';
import { readKeyFile } from './key-store.ts';
import { print, say } from './output.ts';

/** Adds the commands. */
export function addCharter(program: Command): void {
  const charter = program.command('charter').description('check, fill in and sign a charter');
  charter
    .command('check')
    .description('check a folder of policies, show what its questions cost and what they show together')
    .argument('<policies>', 'folder with charter.yaml, schemas/ and queries/')
    .action(async (folder: string) => {
      const assumed = await loadAssumed(folder, {});
      const { template, queries, schemas } = assumed.policies;
      for (const line of priceList(template, queries, schemas)) print(line);
      const analyses = analysePolicies(assumed);
      for (const line of findingLines(analyses)) print(line);
      if (gravest(analyses.flatMap(({ findings }) => findings)) === 'refuse') process.exitCode = 1;
    });
  charter
    .command('instance')
    .description('fill a template in: members’ cards, schemas, the enclave’s key and measurement')
    .argument('<policies>', 'folder with charter.yaml and schemas/')
    .requiredOption('--member <card...>', 'public cards of all members')
    .requiredOption('--url <url>', 'address of the installation that will run the room')
    .requiredOption('--room <name>', 'name of the room there')
    .requiredOption('--out <file>', 'instance to write')
    .option('--witness <address,key...>', 'address and verifier key of every witness, parted by a comma')
    .action(async (folder: string, options: InstanceWords) => {
      const { template, schemas } = await loadRoomPolicies(folder);
      const members: Member[] = [];
      for (const path of options.member) members.push(Member.parse(JSON.parse(await readFile(path, 'utf8'))));
      const claims = await verifiedClaims(new RoomPublic(options));
      const instance = instanceOf(template, schemas, members, claims, (options.witness ?? []).map(witnessOf));
      await writeFile(options.out, `${JSON.stringify(instance, null, 2)}\n`, { flag: 'wx' });
      say(`assurance: ${claims.assurance}; measurement: ${claims.measurement}`);
      for (const { ref, unit } of withoutRecovery(instance.charter)) {
        say(`${ref} (${unit}) could not be given new keys: too few other owners and dpos, or all of one party`);
      }
      print(roomOf(instance));
    });
  charter
    .command('sign')
    .description('sign a charter instance you have read')
    .argument('<instance>', 'charter instance')
    .requiredOption('--key <file>', 'your key file')
    .requiredOption('--out <file>', 'signature to write')
    .action(async (path: string, options: { key: string; out: string }) => {
      const instance = await readInstance(path);
      const keys = await readKeyFile(options.key);
      if (!instance.charter.members.some(({ ref }) => ref === keys.member.ref)) {
        throw new Error(`${path}: the charter does not name ${keys.member.ref}; have your card added first`);
      }
      const room = roomOf(instance);
      const envelope = await signAs(keys, { room, type: 'charter.sign', body: {}, nowMs: Date.now() });
      await writeFile(options.out, `${JSON.stringify({ ref: keys.member.ref, envelope }, null, 2)}\n`, { flag: 'wx' });
      print(room);
    });
}

interface InstanceWords {
  readonly member: string[];
  readonly url: string;
  readonly room: string;
  readonly out: string;
  readonly witness?: string[];
}

/** `https://zeuge.example,zeuge.example+1a2b3c4d+BJ…`. Throws an error that says how to write it. */
function witnessOf(text: string): Witness {
  const at = text.indexOf(',');
  const witness = Witness.safeParse({ url: text.slice(0, at), key: text.slice(at + 1) });
  if (witness.success) return witness.data;
  throw new Error('--witness: write address,key with the key that "witness keygen" prints');
}

/** Findings by question; of the plan's price only the last word, which speaks of all questions. */
function findingLines(analyses: readonly Analysis[]): string[] {
  const plans = new Map<string, string>();
  const lines = analyses.flatMap(({ question, findings }) =>
    findings.flatMap((finding) => {
      if (finding.code !== 'plan-price') return [`${question.id}: ${findingLine(finding)}`];
      plans.set(String(finding.values['population']), findingLine(finding));
      return [];
    }),
  );
  return [...lines, ...plans.values()];
}

type Priced = Pick<Charter, 'populations' | 'accountant' | 'parties'>;

function priceList(
  template: Priced,
  queries: Awaited<ReturnType<typeof loadRoomPolicies>>['queries'],
  schemas: readonly DatasetSchema[],
): string[] {
  const { accountant } = template;
  const lines = template.populations.flatMap(({ id, budget, allotments = [] }) => [
    `population ${id}: cap ${spelled(accountant, budget)}`,
    ...allotments.map((part) => {
      return `  of it ${Object.entries(part.for).flat().join(' ')}: cap ${spelled(accountant, part)}`;
    }),
  ]);
  for (const query of queries) {
    const charges = price(query, askedSchema(query, among(schemas)), template);
    const costs = charges.map(({ population, ...charge }) => `${population} ${spelled(accountant, charge)}`);
    const parties = new Set(query.recipients.map(partyOf));
    lines.push(
      `query ${query.id}: ${costs.join('; ')}; k ${query.privacy.k}; recipients of ${[...parties].join(', ')}`,
    );
  }
  return lines;
}

/** A loss with what it means, and its δ. */
function spelled(accountant: Charter['accountant'], charge: Loss & { readonly delta: string }): string {
  if (accountant.kind === 'pure') return `ε ${formatRational(lossOf(charge))}, δ ${charge.delta}`;
  const epsilon = epsilonOf(lossOf(charge), parseRational(accountant.deltaConversion)).toFixed(2);
  return `ρ ${formatRational(lossOf(charge))} (ε ${epsilon} at δ ${accountant.deltaConversion}), δ ${charge.delta}`;
}

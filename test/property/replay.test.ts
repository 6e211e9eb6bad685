/** The corpus of forged logs: an operator who holds the log's key signs any log he likes, and a verifier names the entry. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rules } from '@reinraum/audit';
import { CharterTemplate, LogEntry, toBase64 } from '@reinraum/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../src/cli/root.ts';
import { agedLog } from '../support/aged-log.ts';
import { fixedCharter } from '../support/fixed-room.ts';
import { forgedBudgets, overdrawn, witnessedRoom } from '../support/forged-rooms.ts';
import { forgeries, honest, neededFor, verdictOf } from '../support/forgeries.ts';
import { asked, insteadAt } from '../support/forgery.ts';
import { at, entryCount, type HeldLog, honestLog, momentMs, verdictOn } from '../support/honest-log.ts';
import { linkedLog } from '../support/linked-log.ts';
import { Scribe } from '../support/scribe.ts';
import { template } from '../support/small-room.ts';

let held: HeldLog;
beforeAll(async () => {
  held = await honest();
});

test('the honest log verifies, with the objects its ledger kept and nothing else', async () => {
  const verdict = await verdictOn(held.scribe, held.entries, held.objects);
  expect(verdict).toMatchObject({ verified: true, size: entryCount });
});

test('so do the others forgeries are made of: of linked datasets, of every budget, with witnesses, pruned', async () => {
  const linked = await linkedLog();
  expect(await verdictOn(linked.scribe, linked.entries, linked.objects)).toMatchObject({ verified: true });
  const aged = await agedLog();
  expect(await verdictOn(aged.scribe, aged.entries, aged.objects)).toMatchObject({ verified: true, from: 0 });
  expect(await verdictOf({ ...witnessedRoom, rule: '', entry: null })).toMatchObject({ verified: true });
  for (const { of } of forgedBudgets) {
    const log = await of();
    expect(await verdictOn(log.scribe, log.entries, log.objects)).toMatchObject({ verified: true });
  }
});

describe('a forged log', () => {
  test.each(forgeries.map((forgery) => [forgery.name, forgery.rule, forgery.entry, forgery] as const))(
    '%s breaks rule "%s" at entry %s',
    async (_name, rule, entry, forgery) => {
      expect(await verdictOf(forgery)).toMatchObject({ verified: false, rule, entry });
    },
  );

  test('of every rule there is one, and at every type of entry', async () => {
    expect(rules.filter((rule) => !forgeries.some((forgery) => forgery.rule === rule))).toEqual([]);
    const caught = new Set<string>();
    for (const { of, forge, entry } of forgeries) {
      const type = entry === null ? undefined : (await forge(await of()))[entry]?.type;
      if (type) caught.add(type);
    }
    const types = LogEntry.options.map(({ shape }) => shape.type.value);
    expect(types.filter((type) => !caught.has(type))).toEqual([]);
  });

  test('stands in the table of docs/spec/replay.md, and nothing else does', async () => {
    const page = await readFile(join(repositoryRoot, 'docs/spec/replay.md'), 'utf8');
    const [, table = ''] = page.split('| what the operator did |');
    const rows = table.split('\n').filter((line) => line.startsWith('| '));
    const due: string[] = [];
    for (const forgery of forgeries) {
      const { name, rule, entry, of, forge } = forgery;
      const type = entry === null ? undefined : (await forge(await of()))[entry]?.type;
      due.push(`| ${name} | ${type ? `\`${type}\`` : '–'} | \`${rule}\` | ${await neededFor(forgery)} |`);
    }
    expect(rows).toEqual(due);
  });

  test('names in full the account that is overdrawn', async () => {
    for (const [n, forgery] of forgedBudgets.entries()) {
      const message = `the budget of "${overdrawn[n]}" is overdrawn`;
      expect(await verdictOf(forgery)).toMatchObject({ message });
    }
  });
});

test('an allotment of others leaves a charge alone', async () => {
  const charter = template();
  const allotments = [{ for: { party: 'bureau' }, rho: '1/1000', delta: '1/1000' }];
  const populations = charter.populations.map((population) => ({ ...population, allotments }));
  const log = await honestLog(CharterTemplate.parse({ ...charter, populations }));
  const entries = await insteadAt(at.failed, (given, nowMs) => given.scribe.charged(nowMs, asked(given)))(log);
  expect(await verdictOn(log.scribe, entries, log.scribe.objects)).toMatchObject({ verified: true });
});

test('a charter with a key of small order founds no room', async () => {
  const identity = toBase64(Uint8Array.from({ length: 32 }, (_, n) => (n === 0 ? 1 : 0)));
  const charter = fixedCharter();
  const members = charter.members.map((member, n) => (n === 4 ? { ...member, signingKey: identity } : member));
  const scribe = new Scribe({ ...charter, members });
  const entry = scribe.entry(momentMs(0), await scribe.founded(momentMs(0)));
  expect(await verdictOn(scribe, [entry], scribe.objects)).toMatchObject({
    verified: false,
    rule: 'founding',
    entry: 0,
  });
});

/** One minimal forgery a rule: an operator who holds the log's key signs any log he likes, and replay names the entry. */
import type { Rule } from '@reinraum/audit';
import { CharterTemplate, partyOf, toBase64 } from '@reinraum/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixedCharter, people } from '../support/fixed-room.ts';
import { forgedAnswers } from '../support/forged-answers.ts';
import { forgedDetails } from '../support/forged-details.ts';
import { forgedLifecycles } from '../support/forged-lifecycles.ts';
import { forgedStatements } from '../support/forged-statements.ts';
import { asked, insteadAt, offerOf } from '../support/forgery.ts';
import { at, entryCount, type HeldLog, honestLog, momentMs, verdictOn } from '../support/honest-log.ts';
import { queryDigest, Scribe } from '../support/scribe.ts';
import { template } from '../support/small-room.ts';

let honest: HeldLog;
beforeAll(async () => {
  honest = await honestLog();
});

test('the honest log verifies, with the objects its ledger kept and nothing else', async () => {
  const verdict = await verdictOn(honest.scribe, honest.entries, honest.objects);
  expect(verdict).toMatchObject({ verified: true, size: entryCount });
});

describe('a forged log', () => {
  test.each([...forgedStatements, ...forgedAnswers, ...forgedLifecycles, ...forgedDetails])(
    '%s breaks rule "%s" at entry %i',
    async (_name, rule, entry, forge) => {
      const entries = await forge(honest);
      const verdict = await verdictOn(honest.scribe, entries, honest.scribe.objects);
      expect(verdict).toMatchObject({ verified: false, rule, entry });
    },
  );

  test.each([
    ['charter', 'object', null, () => honest.scribe.room],
    ['statement', 'object', 5, () => honest.entries[5]?.statements[0]?.digest],
    ['query', 'object', at.proposed, () => queryDigest],
    ['schema', 'object', 0, () => honest.scribe.charter.datasets[0]?.schema],
    ['offer', 'object', at.declared, () => offerOf(honest, at.declared)],
  ] as const)('an altered %s breaks rule "%s" at entry %s', async (_name, rule, entry, digest) => {
    const objects = new Map(honest.objects);
    const bytes = Uint8Array.from(objects.get(digest() ?? '') ?? []);
    expect(bytes.length).toBeGreaterThan(0);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    objects.set(digest() ?? '', bytes);
    expect(await verdictOn(honest.scribe, honest.entries, objects)).toMatchObject({ verified: false, rule, entry });
  });

  test('every rule of replay is broken by one of them', () => {
    // Rule "journal" is about the journal beside the log, not about entries.
    const all = [
      'entry',
      'object',
      'founding',
      'room',
      'measurement',
      'time',
      'statement',
      'signature',
      'single-use',
      'member',
      'role',
      'owner',
      'dataset',
      'query',
      'approval',
      'purpose',
      'recipient',
      'price',
      'mechanism',
      'budget',
      'charge',
      'single-release',
      'release',
      'suspension',
      'retraction',
      'recovery',
      'details',
      'review',
    ] as const satisfies readonly Rule[];
    const forgotten: Record<Exclude<Rule, 'journal' | (typeof all)[number]>, never> = {};
    expect(forgotten).toEqual({});
    const broken = new Set<string>([
      ...[...forgedStatements, ...forgedAnswers, ...forgedLifecycles, ...forgedDetails].map(([, rule]) => rule),
      'object',
      'budget',
    ]);
    expect([...broken].sort()).toEqual([...all].sort());
  });
});

/** A charter with budget for many charges, and an allotment for some of them. */
function withAllotment(...allotments: readonly object[]): CharterTemplate {
  const charter = template();
  return CharterTemplate.parse({
    ...charter,
    populations: charter.populations.map((population) => ({ ...population, allotments })),
  });
}

describe('a budget', () => {
  // Room for the two charges of the honest story, and not for a third.
  test.each([
    ['ρ', template('1/4')],
    ['δ', template('1', '1/50000000')],
  ])('of %s is not overdrawn, by verifier and ledger alike', async (_name, from: CharterTemplate) => {
    const log = await honestLog(from);
    expect(await verdictOn(log.scribe, log.entries, log.objects)).toMatchObject({ verified: true });
    const forged = await insteadAt(at.failed, (held, nowMs) => held.scribe.charged(nowMs, asked(held)))(log);
    const verdict = await verdictOn(log.scribe, forged, log.scribe.objects);
    expect(verdict).toMatchObject({ verified: false, rule: 'budget', entry: at.failed });
  });
});

describe('an allotment', () => {
  const { ref, unit } = people.analyst.member;
  const other = { for: { party: 'bureau' }, rho: '1/1000', delta: '1/1000' };
  // Each has room for the two charges of the honest story, and not for a third.
  test.each([
    ['of ρ for a party', { for: { party: partyOf(unit) }, rho: '1/4', delta: '1/1000' }, `party/${partyOf(unit)}`],
    ['of δ for a party', { for: { party: partyOf(unit) }, rho: '1', delta: '1/50000000' }, `party/${partyOf(unit)}`],
    ['for a unit', { for: { unit }, rho: '1/4', delta: '1/1000' }, `unit/${unit}`],
    ['for a purpose', { for: { purpose: 'planning' }, rho: '1/4', delta: '1/1000' }, 'purpose/planning'],
    ['for each analyst', { for: { each: 'analyst' }, rho: '1/4', delta: '1/1000' }, `analyst/${ref}`],
  ])('%s is not overdrawn though the budget is ample', async (_name, allotment, whose) => {
    const log = await honestLog(withAllotment(other, allotment));
    expect(await verdictOn(log.scribe, log.entries, log.objects)).toMatchObject({ verified: true });
    const forged = await insteadAt(at.failed, (held, nowMs) => held.scribe.charged(nowMs, asked(held)))(log);
    const verdict = await verdictOn(log.scribe, forged, log.scribe.objects);
    expect(verdict).toMatchObject({ verified: false, rule: 'budget', entry: at.failed });
    expect(verdict).toHaveProperty('message', `the budget of "person ${whose}" is overdrawn`);
  });

  test('of others leaves the third charge alone', async () => {
    const log = await honestLog(withAllotment(other));
    const entries = await insteadAt(at.failed, (held, nowMs) => held.scribe.charged(nowMs, asked(held)))(log);
    expect(await verdictOn(log.scribe, entries, log.scribe.objects)).toMatchObject({ verified: true });
  });
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

/** Replay against models of a few lines: random histories of failures and retractions, and of lost keys. */
import { Replay } from '@reinraum/audit';
import { canonicalBytes, partyOf } from '@reinraum/protocol';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Draft } from '../../enclave/ledger.ts';
import { type FixedMember, fixedCharter, fixedMember, people } from '../support/fixed-room.ts';
import { asked } from '../support/forgery.ts';
import { at, foundedMs, type HeldLog, honestLog, momentMs } from '../support/honest-log.ts';
import { queryDigest, released, Scribe } from '../support/scribe.ts';
import { template } from '../support/small-room.ts';

let honest: HeldLog;
beforeAll(async () => {
  honest = await honestLog(template('64'));
});

/** A log that is written entry by entry; what replay refuses is not in it. */
class History {
  readonly replay: Replay;
  readonly scribe: Scribe;
  nowMs: number;

  constructor(scribe: Scribe, nowMs: number) {
    this.scribe = scribe;
    this.nowMs = nowMs;
    this.replay = new Replay(async (digest) => scribe.objects.get(digest));
  }

  /** Index of the entry a draft became; undefined where replay refuses it. */
  async append(draft: Draft): Promise<number | undefined> {
    const index = this.replay.size;
    try {
      await this.replay.apply(canonicalBytes(this.scribe.entry(this.nowMs, draft)));
      return index;
    } catch {
      return undefined;
    }
  }
}

const failed = (caused: number): Draft => ({
  type: 'query.failed',
  activity: 'abfragen',
  caused,
  detail: { query: queryDigest },
});

interface Charge {
  readonly index: number;
  outcome: 'open' | 'released' | 'failed';
  release?: number;
  isRetracted: boolean;
}

/** What is tried, and about which of the charges so far, counted from the last. */
const act = fc.record({
  kind: fc.constantFrom('charge', 'charge', 'release', 'release', 'fail', 'clear', 'clearEarlier', 'repeat', 'retract'),
  back: fc.nat(3),
});

test('a suspended question is never charged, a retracted release never repeated, and all else goes on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
      const history = new History(honest.scribe, momentMs(at.charged));
      for (const entry of honest.entries.slice(0, at.charged)) await history.replay.apply(canonicalBytes(entry));
      const charges: Charge[] = [];
      const failures: number[] = [];
      let suspended: number | null = null;
      for (const { kind, back } of acts) {
        history.nowMs += 1000;
        const { scribe, nowMs } = history;
        const about = charges.at(-1 - back);
        const place = about?.index ?? 0;
        let isAllowed = false;
        let index: number | undefined;
        if (kind === 'charge') {
          isAllowed = suspended === null;
          index = await history.append(await scribe.charged(nowMs, asked(honest)));
          if (index !== undefined) charges.push({ index, outcome: 'open', isRetracted: false });
        } else if (kind === 'release' || kind === 'fail') {
          isAllowed = about?.outcome === 'open';
          index = await history.append(kind === 'fail' ? failed(place) : released(place));
          if (about && index !== undefined && kind === 'release')
            Object.assign(about, { outcome: 'released', release: index });
          if (about && index !== undefined && kind === 'fail') {
            about.outcome = 'failed';
            suspended = index;
            failures.push(index);
          }
        } else if (kind === 'clear' || kind === 'clearEarlier') {
          const named: number = (kind === 'clear' ? failures.at(-1) : failures.at(-2 - back)) ?? place;
          isAllowed = suspended !== null && named === suspended;
          index = await history.append(await scribe.cleared(nowMs, named));
          if (index !== undefined) suspended = null;
        } else if (kind === 'repeat') {
          isAllowed = about?.release !== undefined && !about.isRetracted;
          index = await history.append(await scribe.repeated(nowMs, about?.release ?? place));
        } else {
          isAllowed = about?.release !== undefined && !about.isRetracted;
          index = await history.append(await scribe.retracted(nowMs, [place, about?.release ?? place]));
          if (about && index !== undefined) about.isRetracted = true;
        }
        expect({ kind, done: index !== undefined }).toEqual({ kind, done: isAllowed });
        expect(history.replay.room?.queries.get(queryDigest)?.suspended).toBe(suspended);
      }
      const { room } = history.replay;
      expect(new Set(room?.retractions.keys())).toEqual(
        new Set(charges.flatMap(({ index, isRetracted }) => (isRetracted ? [index] : []))),
      );
      // Nothing that went wrong gives anything back.
      const { num, den } = room?.spent.get('person')?.loss ?? { num: 0n, den: 1n };
      expect(num * 8n).toBe(BigInt(charges.length) * den);
    }),
    { numRuns: 60, seed: 8 },
  );
});

const approvers = Object.values(people);
/** New keys the analyst could get, in the order of their names. */
const variants = ['first', 'second'].map((name): FixedMember => {
  const { member, signing } = fixedMember(`analyst ${name}`, 'city/planning', ['analyst']);
  return { signing, member: { ...member, ref: people.analyst.member.ref } };
});
const step = fc.record({
  kind: fc.constantFrom('approve', 'approve', 'approve', 'recover'),
  approver: fc.nat(approvers.length - 1),
  variant: fc.nat(variants.length - 1),
  /** Approvals live for an hour. */
  minutes: fc.constantFrom(0, 0, 0, 0, 1, 20, 45),
});

test('keys change with approvals in force of enough others, of two parties, and never otherwise', async () => {
  let recoveries = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 24 }),
      fc.integer({ min: 2, max: 4 }),
      async (steps, m) => {
        const scribe = new Scribe(fixedCharter({ ...template(), recovery: { approvals: m } }));
        const history = new History(scribe, foundedMs);
        await history.append(await scribe.founded(foundedMs));
        let approvals: { approver: FixedMember; variant: number; untilMs: number; index: number }[] = [];
        const enrolled = new Set<number>();
        let current: FixedMember = people.analyst;
        for (const { kind, approver: n, variant, minutes } of steps) {
          history.nowMs += minutes * 60_000 + 1000;
          const { nowMs } = history;
          const keys = variants[variant]?.member ?? current.member;
          const body = { signingKey: keys.signingKey, readingKey: keys.readingKey };
          const approver = approvers[n] ?? people.analyst;
          let isAllowed: boolean;
          let index: number | undefined;
          if (kind === 'approve') {
            isAllowed = approver !== people.analyst && !enrolled.has(variant);
            index = await history.append(await scribe.recoveryApproved(nowMs, { person: approver, body }));
            if (index !== undefined) {
              approvals = approvals.filter((given) => given.approver !== approver);
              approvals.push({ approver, variant, untilMs: nowMs + 3_600_000, index });
            }
          } else {
            const given = approvals.filter((one) => one.variant === variant && one.untilMs >= nowMs);
            const parties = new Set(given.map((one) => partyOf(one.approver.member.unit)));
            isAllowed = given.length >= m && parties.size === 2 && !enrolled.has(variant);
            const person = variants[variant] ?? people.analyst;
            index = await history.append(await scribe.recovered(nowMs, given.at(-1)?.index ?? 0, { person, body }));
            if (index !== undefined) {
              approvals = [];
              enrolled.add(variant);
              current = person;
              recoveries += 1;
            }
          }
          expect({ kind, done: index !== undefined }).toEqual({ kind, done: isAllowed });
          expect(history.replay.room?.members.get(current.member.ref)).toEqual(current.member);
        }
      },
    ),
    { numRuns: 60, seed: 8 },
  );
  expect(recoveries).toBeGreaterThan(10);
});

test('a release is neither charged nor repeated after the term of its dataset', async () => {
  const { scribe, entries } = honest;
  const history = new History(scribe, foundedMs);
  for (const entry of entries.slice(0, at.released + 1)) await history.replay.apply(canonicalBytes(entry));
  const nowMs = momentMs(at.released + 1);
  const acts = [await scribe.repeated(nowMs, at.released), await scribe.charged(nowMs, asked(honest))];
  const check = (draft: Draft) => history.replay.check(canonicalBytes(scribe.entry(nowMs, draft)));
  for (const draft of acts) await expect(check(draft)).resolves.toBeTypeOf('function');
  const versions = history.replay.room?.datasets.get('residents');
  const version = versions?.get(1);
  if (!versions || !version) throw new Error('the version is not there');
  versions.set(1, { ...version, declared: { ...version.declared, validUntil: '2020-01-01' } });
  for (const draft of acts) await expect(check(draft)).rejects.toMatchObject({ rule: 'dataset' });
});

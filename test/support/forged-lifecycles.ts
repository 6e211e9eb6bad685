/** Forgeries about suspension, retraction and recovery: what goes wrong in a room, and what is made of it. */
import { toBase64 } from '@reinraum/protocol';
import { analystAnew, fixedMember, people } from './fixed-room.ts';
import { asked, bent, type Forge, type Forgery, insteadAt } from './forgery.ts';
import { at, momentMs } from './honest-log.ts';
import { recoverBody, type Scribe } from './scribe.ts';
import { smallOrderKeys } from './small-order.ts';

const { cleared, retracted, recoveryApproved, lastRecoveryApproval, recovered, sessionAnew } = at;
const story = [at.charged, at.released] as const;
const weak = toBase64(smallOrderKeys[1] ?? new Uint8Array());
const other = fixedMember('another', 'city/planning', ['analyst']);
type Approval = Parameters<Scribe['recoveryApproved']>[1];

const clearedBy = (bend: Parameters<Scribe['cleared']>[2], failed: number = at.failed) =>
  insteadAt(cleared, ({ scribe }, nowMs) => scribe.cleared(nowMs, failed, bend));
const retractedBy = (
  bend: Parameters<Scribe['retracted']>[2],
  [charge, release]: typeof story | [number, null] = story,
) => insteadAt(retracted, ({ scribe }, nowMs) => scribe.retracted(nowMs, [charge, release], bend));
const approvedBy = (bend: Approval) =>
  insteadAt(recoveryApproved, ({ scribe }, nowMs) => scribe.recoveryApproved(nowMs, bend));
const recoveredBy = (bend: Parameters<Scribe['recovered']>[2], caused: number | null = lastRecoveryApproval) =>
  insteadAt(recovered, ({ scribe }, nowMs) => scribe.recovered(nowMs, caused, bend));

/** The recovery after a last approval that is bent. */
const recoveredAfter =
  (bend: Approval, lateMs = 0): Forge =>
  async ({ scribe, entries }) => {
    const [approvedMs, nowMs] = [momentMs(lastRecoveryApproval), momentMs(recovered) + lateMs];
    return [
      ...entries.slice(0, lastRecoveryApproval),
      scribe.entry(approvedMs, await scribe.recoveryApproved(approvedMs, { person: people.bureauSteward, ...bend })),
      scribe.entry(nowMs, await scribe.recovered(nowMs, lastRecoveryApproval)),
    ];
  };

/** Each breaks one rule at one entry. */
export const forgedLifecycles: readonly Forgery[] = [
  [
    'a run of a suspended query',
    'suspension',
    cleared,
    insteadAt(cleared, (log, nowMs) => log.scribe.charged(nowMs, asked(log))),
  ],
  ['a clearance by an owner', 'role', cleared, clearedBy({ person: people.steward })],
  ['a clearance by an analyst', 'role', cleared, clearedBy({ person: people.analyst })],
  ['a clearance of an earlier entry', 'suspension', cleared, clearedBy({}, at.chargedAgain)],
  ['a clearance that follows from another failure', 'statement', cleared, clearedBy({ body: { failed: 3 } })],
  ['a clearance of another query', 'statement', cleared, clearedBy({ body: { query: '88'.repeat(32) } })],
  ['a clearance that follows from nothing', 'statement', cleared, bent(cleared, { caused: null })],
  [
    'a clearance of what is not suspended',
    'suspension',
    at.failed,
    insteadAt(at.failed, ({ scribe }, nowMs) => scribe.cleared(nowMs, at.chargedAgain)),
  ],
  [
    'a second clearance of one failure',
    'suspension',
    cleared + 1,
    insteadAt(cleared + 1, ({ scribe }, nowMs) => scribe.cleared(nowMs, at.failed)),
  ],
  [
    'a repeat of a retracted release',
    'retraction',
    at.refused,
    async (log) => {
      const [retractedMs, nowMs] = [momentMs(cleared), momentMs(at.refused)];
      return [
        ...log.entries.slice(0, cleared),
        log.scribe.entry(retractedMs, await log.scribe.retracted(retractedMs, story)),
        log.scribe.entry(nowMs, await log.scribe.repeated(nowMs, at.released)),
      ];
    },
  ],
  ['a retraction by an analyst', 'role', retracted, retractedBy({ person: people.analyst })],
  ['a retraction by the owner of another dataset', 'owner', retracted, retractedBy({ person: people.bureauSteward })],
  ['a retraction of what failed', 'retraction', retracted, retractedBy({}, [at.chargedAgain, null])],
  ['a retraction that follows from nothing', 'retraction', retracted, retractedBy({}, [at.charged, null])],
  ['a retraction for another reason', 'statement', retracted, bent(retracted, {}, { reason: 'legal' })],
  ['a retraction of another charge', 'statement', retracted, bent(retracted, {}, { charge: at.chargedAgain })],
  [
    'a retraction that names another reader',
    'retraction',
    retracted,
    bent(retracted, {}, { recipient: 'city/privacy' }),
  ],
  ['a retraction that names another query', 'retraction', retracted, bent(retracted, {}, { query: '88'.repeat(32) })],
  [
    'a second retraction of a release',
    'retraction',
    retracted + 1,
    insteadAt(retracted + 1, ({ scribe }, nowMs) => scribe.retracted(nowMs, story)),
  ],
  ['an approval of new keys by an analyst', 'role', recoveryApproved, approvedBy({ person: people.analyst })],
  [
    'an approval of one’s own new keys',
    'recovery',
    recoveryApproved,
    approvedBy({ body: { member: people.cityDpo.member.ref } }),
  ],
  [
    'an approval of keys for a stranger',
    'recovery',
    recoveryApproved,
    approvedBy({ body: { member: other.member.ref } }),
  ],
  ['an approval of a weak signing key', 'recovery', recoveryApproved, approvedBy({ body: { signingKey: weak } })],
  ['an approval of a weak reading key', 'recovery', recoveryApproved, approvedBy({ body: { readingKey: weak } })],
  [
    'an approval of another member’s signing key',
    'recovery',
    recoveryApproved,
    approvedBy({ body: { signingKey: people.steward.member.signingKey } }),
  ],
  [
    'an approval of the lost reading key',
    'recovery',
    recoveryApproved,
    approvedBy({ body: { readingKey: people.analyst.member.readingKey } }),
  ],
  [
    'an approval of keys its signer did not see',
    'statement',
    recoveryApproved,
    approvedBy({ detail: { signingKey: other.member.signingKey } }),
  ],
  [
    'a recovery one approval short',
    'recovery',
    lastRecoveryApproval,
    insteadAt(lastRecoveryApproval, ({ scribe }, nowMs) => scribe.recovered(nowMs, recoveryApproved)),
  ],
  ['a recovery approved twice by one member', 'recovery', recovered, recoveredAfter({ person: people.cityDpo })],
  ['a recovery approved by one party alone', 'recovery', recovered, recoveredAfter({ person: people.steward })],
  [
    'a recovery with approvals of different keys',
    'recovery',
    recovered,
    recoveredAfter({ body: { readingKey: other.member.readingKey } }),
  ],
  ['a recovery after the approvals have expired', 'recovery', recovered, recoveredAfter({}, 3_600_000)],
  ['a recovery nobody’s new key has signed', 'statement', recovered, recoveredBy({ person: people.cityDpo })],
  ['a recovery without its proof', 'statement', recovered, bent(recovered, { statements: [] })],
  [
    'a recovery proved by another key',
    'member',
    recovered,
    recoveredBy({ person: other, change: { actor: recoverBody.member } }),
  ],
  [
    'a recovery to keys nobody approved',
    'recovery',
    recovered,
    recoveredBy({
      person: { ...other, member: { ...other.member, ref: recoverBody.member } },
      body: { signingKey: other.member.signingKey, readingKey: other.member.readingKey },
    }),
  ],
  ['a recovery that follows from another approval', 'recovery', recovered, recoveredBy({}, recoveryApproved)],
  [
    'a recovery put down to somebody else',
    'statement',
    recovered,
    bent(recovered, { actor: { ref: people.steward.member.ref, unit: 'city/statistics' } }),
  ],
  ['a recovery that names other keys', 'statement', recovered, bent(recovered, {}, { readingKey: weak })],
  [
    'an act under the lost key',
    'member',
    sessionAnew,
    insteadAt(sessionAnew, ({ scribe }, nowMs) => scribe.judged(nowMs, 'propose', { person: people.analyst })),
  ],
  [
    'an approval under the lost key of its signer',
    'member',
    sessionAnew,
    insteadAt(sessionAnew, ({ scribe }, nowMs) => scribe.recoveryApproved(nowMs, { person: people.analyst })),
  ],
  [
    'the lost keys enrolled again',
    'recovery',
    sessionAnew,
    insteadAt(sessionAnew, ({ scribe }, nowMs) => {
      const { signingKey, readingKey } = people.analyst.member;
      return scribe.recoveryApproved(nowMs, { body: { signingKey, readingKey } });
    }),
  ],
  [
    'a recovery that was done already',
    'recovery',
    sessionAnew,
    insteadAt(sessionAnew, ({ scribe }, nowMs) =>
      scribe.recovered(nowMs, lastRecoveryApproval, { person: analystAnew }),
    ),
  ],
];

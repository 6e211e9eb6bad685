/** Forgeries about founding, statements and who may sign them. */
import { formatInstant, type LogEntry, signingKey } from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import { people, seedOf } from './fixed-room.ts';
import { asked, bent, type Forgery, insteadAt, stranger } from './forgery.ts';
import { at, momentMs } from './honest-log.ts';

const { charged, heartbeat } = at;

/** Each breaks one rule at one entry. */
export const forgedStatements: readonly Forgery[] = [
  ['a field nobody knows', 'entry', 5, bent(5, {}, { remark: 'x' })],
  ['no founding', 'founding', 0, ({ entries }) => entries.slice(1)],
  [
    'a founder who has not signed',
    'founding',
    0,
    ({ entries: [first, ...rest] }) => (first ? [{ ...first, statements: first.statements.slice(1) }, ...rest] : []),
  ],
  ['a founding nobody signed', 'founding', 0, bent(0, { statements: [] })],
  ['a second founding', 'founding', 5, insteadAt(5, ({ scribe }, nowMs) => scribe.founded(nowMs))],
  [
    'a founding signed by a stranger as well',
    'member',
    0,
    insteadAt(0, ({ scribe }, nowMs) => scribe.founded(nowMs, [...Object.values(people), stranger(['owner'])])),
  ],
  ['a founding by an untrusted build', 'measurement', 0, bent(0, { recorder: '12'.repeat(32) })],
  ['an entry of another room', 'room', 5, bent(5, { room: '99'.repeat(32) })],
  ['an entry of an untrusted build', 'measurement', 5, bent(5, { recorder: '12'.repeat(32) })],
  [
    'a start whose claims name another build',
    'measurement',
    1,
    insteadAt(1, ({ scribe }, nowMs) => scribe.started(nowMs, { measurement: '12'.repeat(32) })),
  ],
  [
    'a start that hides a missing wall',
    'measurement',
    1,
    insteadAt(1, ({ scribe }, nowMs) => scribe.started(nowMs, { assurance: 'degraded' })),
  ],
  [
    'a start whose claims another enclave signed',
    'signature',
    1,
    insteadAt(1, ({ scribe }, nowMs) => scribe.started(nowMs, {}, signingKey(seedOf('other enclave')))),
  ],
  [
    'a start without its claims',
    'object',
    1,
    insteadAt(1, async ({ scribe }, nowMs) => {
      const draft = await scribe.started(nowMs);
      return { ...draft, detail: { ...draft.detail, claims: '88'.repeat(32) } } as Draft;
    }),
  ],
  [
    'a start with somebody else’s statement',
    'statement',
    1,
    insteadAt(1, async ({ scribe }, nowMs) => {
      const { actor, statements } = await scribe.judged(nowMs, 'approve', { person: people.cityDpo });
      return { ...(await scribe.started(nowMs)), actor, statements } as Draft;
    }),
  ],
  [
    'a heartbeat with somebody’s statement',
    'statement',
    heartbeat,
    insteadAt(heartbeat, async ({ scribe, entries }, nowMs) => {
      const { statements } = await scribe.judged(nowMs, 'approve', { person: people.cityDpo });
      const { type, activity, detail } = entries[heartbeat] ?? {};
      return { type, activity, detail, statements } as Draft;
    }),
  ],
  [
    'a heartbeat put down to a member',
    'statement',
    heartbeat,
    bent(heartbeat, ({ entries }) => ({ actor: entries[at.acknowledged]?.actor })),
  ],
  ['a heartbeat that follows from an entry', 'entry', heartbeat, bent(heartbeat, { caused: at.acknowledged })],
  ['a heartbeat that says something', 'entry', heartbeat, bent(heartbeat, {}, { load: 7 })],
  ['an approval that follows from an entry', 'entry', 5, bent(5, { caused: 4 })],
  ['time running backwards', 'time', 5, bent(5, { at: formatInstant(momentMs(3)) })],
  // Two faults in one entry: the earlier rule names it, whatever was found out ahead.
  [
    'time running backwards, over a signature of other words',
    'time',
    5,
    bent(5, ({ entries }) => ({
      at: formatInstant(momentMs(3)),
      statements: [{ ...entries[5]?.statements[0], signature: entries[6]?.statements[0]?.signature }],
    })),
  ],
  [
    'a statement used again, before one with a signature of other words',
    'single-use',
    6,
    bent(6, ({ entries }) => ({
      statements: [
        ...(entries[5]?.statements ?? []),
        { ...entries[6]?.statements[0], signature: entries[7]?.statements[0]?.signature },
      ],
    })),
  ],
  [
    'a signature of other words',
    'signature',
    5,
    bent(5, ({ entries }) => ({
      statements: [{ ...entries[5]?.statements[0], signature: entries[6]?.statements[0]?.signature }],
    })),
  ],
  [
    'a payload that is not kept',
    'statement',
    5,
    bent(5, ({ entries }) => ({ statements: [{ ...entries[5]?.statements[0], digest: '77'.repeat(32) }] })),
  ],
  ['an act without its statement', 'statement', 5, bent(5, { statements: [] })],
  [
    'an approval nobody gave: a proposal stands in for it',
    'statement',
    5,
    insteadAt(
      5,
      async ({ scribe }, nowMs) =>
        ({ ...(await scribe.judged(nowMs, 'propose', { person: people.steward })), type: 'query.approved' }) as Draft,
    ),
  ],
  [
    'a statement for another room',
    'statement',
    5,
    insteadAt(5, ({ scribe }, nowMs) =>
      scribe.judged(nowMs, 'approve', { person: people.steward, change: { room: '99'.repeat(32) } }),
    ),
  ],
  [
    'a statement under another charter',
    'statement',
    5,
    insteadAt(5, ({ scribe }, nowMs) =>
      scribe.judged(nowMs, 'approve', { person: people.steward, change: { charter: '99'.repeat(32) } }),
    ),
  ],
  [
    'an expired statement',
    'statement',
    5,
    insteadAt(5, ({ scribe }, nowMs) => scribe.judged(nowMs - 3_601_000, 'approve', { person: people.steward })),
  ],
  [
    'a statement of the future',
    'statement',
    5,
    insteadAt(5, ({ scribe }, nowMs) => scribe.judged(nowMs + 121_000, 'approve', { person: people.steward })),
  ],
  [
    'a statement that never ends',
    'statement',
    5,
    insteadAt(5, ({ scribe }, nowMs) =>
      scribe.judged(nowMs, 'approve', {
        person: people.steward,
        change: { expiresAt: formatInstant(nowMs + 8 * 86_400_000) },
      }),
    ),
  ],
  [
    'an act put down to somebody else',
    'statement',
    5,
    bent(5, { actor: { ref: people.bureauDpo.member.ref, unit: 'bureau/privacy' } }),
  ],
  [
    'a statement used again',
    'single-use',
    6,
    bent(6, ({ entries }) => ({ statements: entries[5]?.statements, actor: entries[5]?.actor })),
  ],
  [
    'a refused statement used after all',
    'single-use',
    at.refused + 1,
    ({ entries }) => [
      ...entries.slice(0, at.refused + 1),
      {
        ...entries[at.session],
        at: formatInstant(momentMs(at.refused + 1)),
        statements: entries[at.refused]?.statements,
      } as LogEntry,
    ],
  ],
  ['a session nobody asked for', 'statement', at.session, bent(at.session, { statements: [] })],
  [
    'a session put down to somebody else',
    'statement',
    at.session,
    bent(at.session, { actor: { ref: people.cityDpo.member.ref, unit: people.cityDpo.member.unit } }),
  ],
  [
    'a refusal put down to somebody else',
    'statement',
    at.refused,
    bent(at.refused, { actor: { ref: people.cityDpo.member.ref, unit: people.cityDpo.member.unit } }),
  ],
  ['a refusal of another act', 'statement', at.refused, bent(at.refused, {}, { statement: 'query.run' })],
  [
    'a refusal of two statements',
    'statement',
    at.refused,
    insteadAt(at.refused, async ({ scribe }, nowMs) => {
      const first = await scribe.judged(nowMs, 'approve', { person: people.cityDpo });
      const { statements: second = [] } = await scribe.judged(nowMs, 'revoke', { person: people.cityDpo });
      const statements = [...(first.statements ?? []), ...second];
      const detail = { statement: 'query.approve', code: 'role-missing' };
      return { ...first, statements, type: 'statement.refused', activity: 'verwalten', detail } as Draft;
    }),
  ],
  [
    'a statement by a stranger',
    'member',
    charged,
    insteadAt(charged, (log, nowMs) => log.scribe.charged(nowMs, asked(log), { person: stranger() })),
  ],
  [
    'a stranger’s key under a member’s name',
    'member',
    charged,
    insteadAt(charged, (log, nowMs) =>
      log.scribe.charged(nowMs, asked(log), { person: stranger(), change: { actor: people.analyst.member.ref } }),
    ),
  ],
  [
    'an analyst who approves',
    'role',
    5,
    insteadAt(5, ({ scribe }, nowMs) => scribe.judged(nowMs, 'approve', { person: people.analyst })),
  ],
  [
    'a data protection officer who asks',
    'role',
    charged,
    insteadAt(charged, (log, nowMs) => log.scribe.charged(nowMs, asked(log), { person: people.cityDpo })),
  ],
];

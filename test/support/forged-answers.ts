/** Forgeries about datasets, queries, charges and releases. */
import type { Json } from '@reinraum/protocol';
import type { Draft } from '../../enclave/ledger.ts';
import { people } from './fixed-room.ts';
import { asked, bent, type Forgery, insteadAt, manifestOf, offerOf, without } from './forgery.ts';
import { at, momentMs } from './honest-log.ts';
import { released } from './scribe.ts';
import { byDistrict } from './small-room.ts';

const { charged, chargedAgain, repeated } = at;

/** Each breaks one rule at one entry. */
export const forgedAnswers: readonly Forgery[] = [
  [
    'a dataset declared by another owner',
    'owner',
    2,
    insteadAt(2, ({ scribe }, nowMs) => scribe.declared(nowMs, [1, null], { person: people.bureauSteward })),
  ],
  [
    'a dataset withdrawn by another owner',
    'owner',
    4,
    insteadAt(4, ({ scribe }, nowMs) => scribe.withdrawn(nowMs, 1, { person: people.bureauSteward })),
  ],
  ['a version that is skipped', 'dataset', 2, insteadAt(2, ({ scribe }, nowMs) => scribe.declared(nowMs, [2, null]))],
  [
    'a predecessor that is none',
    'dataset',
    2,
    insteadAt(2, ({ scribe }, nowMs) => scribe.declared(nowMs, [1, '88'.repeat(32)])),
  ],
  [
    'a schema the charter does not name',
    'dataset',
    2,
    insteadAt(2, ({ scribe }, nowMs) => scribe.declared(nowMs, [1, null], { body: { schema: '88'.repeat(32) } })),
  ],
  [
    'an offer for another declaration',
    'dataset',
    2,
    insteadAt(2, ({ scribe }, nowMs) => scribe.declared(nowMs, [1, null], {}, { declaration: '88'.repeat(32) })),
  ],
  [
    'an admission of what was not declared',
    'dataset',
    2,
    insteadAt(2, ({ scribe }, nowMs) => scribe.sealed(nowMs, 'dataset.admitted', [1, null, '88'.repeat(32)])),
  ],
  [
    'an admission with another capacity',
    'dataset',
    3,
    insteadAt(3, (log, nowMs) =>
      log.scribe.sealed(nowMs, 'dataset.admitted', [1, null, offerOf(log, 2)], { body: { capacityRows: 4999 } }),
    ),
  ],
  [
    'an admission to another key',
    'dataset',
    3,
    insteadAt(3, ({ scribe }, nowMs) => scribe.sealed(nowMs, 'dataset.admitted', [1, null, '88'.repeat(32)])),
  ],
  [
    'a rejection by another owner',
    'owner',
    3,
    insteadAt(3, (log, nowMs) =>
      log.scribe.sealed(nowMs, 'dataset.rejected', [1, null, offerOf(log, 2)], { person: people.bureauSteward }),
    ),
  ],
  ['a rejection of another file', 'dataset', at.rejected, bent(at.rejected, {}, { manifest: '88'.repeat(32) })],
  ['an admission under another schema', 'dataset', 3, bent(3, {}, { schema: '88'.repeat(32) })],
  ['an admission of another file', 'dataset', 3, bent(3, {}, { manifest: '88'.repeat(32) })],
  [
    'a withdrawal of what is not there',
    'dataset',
    4,
    insteadAt(4, ({ scribe }, nowMs) => scribe.withdrawn(nowMs, 3, { detail: { version: 3 }, body: { version: 3 } })),
  ],
  [
    'a withdrawal that says another version',
    'dataset',
    4,
    insteadAt(4, ({ scribe }, nowMs) => scribe.withdrawn(nowMs, 1, { detail: { version: 2 } })),
  ],
  ['a query proposed twice', 'query', 5, insteadAt(5, ({ scribe }, nowMs) => scribe.judged(nowMs, 'propose'))],
  [
    'a query whose object is not kept',
    'query',
    4,
    insteadAt(4, ({ scribe }, nowMs) =>
      scribe.judged(nowMs, 'propose', { body: { query: '88'.repeat(32) }, detail: { query: '88'.repeat(32) } }),
    ),
  ],
  [
    'a query below the charter’s k',
    'query',
    4,
    insteadAt(4, ({ scribe }, nowMs) => {
      const query = scribe.keep({ ...byDistrict, privacy: { ...byDistrict.privacy, k: 4 } } as Json);
      return scribe.judged(nowMs, 'propose', { body: { query }, detail: { query } });
    }),
  ],
  ['a proposal of another query than was signed', 'approval', 4, bent(4, {}, { query: '88'.repeat(32) })],
  ['an approval of another query than was signed', 'approval', 5, bent(5, {}, { query: '88'.repeat(32) })],
  [
    'a revocation of another query than was signed',
    'approval',
    at.revoked,
    bent(at.revoked, {}, { query: '88'.repeat(32) }),
  ],
  [
    'a revocation by an analyst',
    'role',
    at.revoked,
    insteadAt(at.revoked, ({ scribe }, nowMs) => scribe.judged(nowMs, 'revoke', { person: people.analyst })),
  ],
  [
    'an approval of what was not proposed',
    'approval',
    4,
    insteadAt(4, ({ scribe }, nowMs) => scribe.judged(nowMs, 'approve', { person: people.steward })),
  ],
  ['a run one approval short', 'approval', charged - 1, without(at.lastApproval)],
  [
    'a run of a revoked query',
    'approval',
    at.revoked + 1,
    insteadAt(at.revoked + 1, async (log, nowMs) => log.scribe.charged(nowMs, [2, manifestOf(log, at.admittedNext)])),
  ],
  [
    'a run of a query that has expired',
    'query',
    charged,
    async (log) => {
      const nowMs = Date.parse('2036-01-01T00:00:00Z');
      return [...log.entries.slice(0, charged), log.scribe.entry(nowMs, await log.scribe.charged(nowMs, asked(log)))];
    },
  ],
  [
    'a run for another purpose',
    'purpose',
    charged,
    insteadAt(charged, (log, nowMs) =>
      log.scribe.charged(nowMs, asked(log), { body: { purpose: 'advertising' }, detail: { purpose: 'advertising' } }),
    ),
  ],
  ['a purpose the analyst did not sign', 'statement', charged, bent(charged, {}, { purpose: 'advertising' })],
  ['parameters the analyst did not sign', 'statement', charged, bent(charged, {}, { parameters: '88'.repeat(32) })],
  [
    'a run for a unit that may not receive it',
    'recipient',
    charged,
    insteadAt(charged, (log, nowMs) => {
      const other = { recipient: 'city/statistics' };
      return log.scribe.charged(nowMs, asked(log), { body: other, detail: other });
    }),
  ],
  [
    'a result sealed to another reader',
    'recipient',
    charged,
    insteadAt(charged, (log, nowMs) =>
      log.scribe.charged(nowMs, asked(log), { body: { reader: people.steward.member.readingKey } }),
    ),
  ],
  ['a release to another recipient', 'recipient', at.released, bent(at.released, {}, { recipient: 'city/statistics' })],
  [
    'a charge too low',
    'price',
    charged,
    bent(charged, {}, { charges: [{ population: 'person', rho: '1/9', delta: '1/100000000' }] }),
  ],
  [
    'a charge without its δ',
    'price',
    charged,
    bent(charged, {}, { charges: [{ population: 'person', rho: '1/8', delta: '0' }] }),
  ],
  [
    'a charge on another population',
    'price',
    charged,
    bent(charged, {}, { charges: [{ population: 'company', rho: '1/8', delta: '1/100000000' }] }),
  ],
  [
    'less noise than was paid for',
    'mechanism',
    charged,
    bent(charged, {}, { noise: [{ kind: 'discreteGaussian', variance: '3' }] }),
  ],
  ['a lower k', 'mechanism', charged, bent(charged, {}, { k: 4 })],
  ['another legal basis', 'mechanism', charged, bent(charged, {}, { legalBasis: 'dsgvo-6-1-f' })],
  ['a run on what was not admitted', 'dataset', charged - 1, without(at.admitted)],
  [
    'a run on an old version',
    'dataset',
    at.revoked,
    insteadAt(at.revoked, (log, nowMs) => log.scribe.charged(nowMs, asked(log))),
  ],
  [
    'a run on the version that a withdrawn one had replaced',
    'dataset',
    at.withdrawn,
    async (log) => {
      const [withdrawnMs, nowMs] = [momentMs(at.revoked), momentMs(at.withdrawn)];
      return [
        ...log.entries.slice(0, at.revoked),
        log.scribe.entry(withdrawnMs, await log.scribe.withdrawn(withdrawnMs, 2)),
        log.scribe.entry(nowMs, await log.scribe.charged(nowMs, asked(log))),
      ];
    },
  ],
  ['a release nobody paid for', 'charge', at.released, insteadAt(at.released, () => released(null))],
  ['a release for what is no charge', 'charge', at.released, insteadAt(at.released, () => released(at.session))],
  [
    'a release of another query',
    'charge',
    at.released,
    insteadAt(at.released, () => released(charged, 'city/planning', '88'.repeat(32))),
  ],
  [
    'a second release for a charge',
    'single-release',
    at.released + 1,
    insteadAt(at.released + 1, () => released(charged)),
  ],
  ['a failure nobody was charged for', 'charge', at.failed, bent(at.failed, { caused: at.session })],
  ['a failure of another query', 'charge', at.failed, bent(at.failed, {}, { query: '88'.repeat(32) })],
  ['a failure after the release', 'single-release', at.failed, bent(at.failed, { caused: charged })],
  [
    'a release with a statement',
    'statement',
    at.released,
    insteadAt(at.released, async ({ scribe }, nowMs) => {
      const { actor, statements } = await scribe.judged(nowMs, 'approve', { person: people.cityDpo });
      return { ...released(charged), actor, statements } as Draft;
    }),
  ],
  ['a release after failure', 'single-release', at.failed + 1, insteadAt(at.failed + 1, () => released(chargedAgain))],
  [
    'a repeat to another recipient than was signed',
    'statement',
    repeated,
    bent(repeated, {}, { recipient: 'city/privacy' }),
  ],
  ['a repeat for another purpose than was signed', 'statement', repeated, bent(repeated, {}, { purpose: 'other' })],
  ['a repeat that follows from nothing', 'release', repeated, bent(repeated, { caused: null })],
  [
    'a repeat of nothing',
    'release',
    repeated,
    insteadAt(repeated, ({ scribe }, nowMs) => scribe.repeated(nowMs, charged)),
  ],
  [
    'a repeat about a version that is gone',
    'dataset',
    at.revoked,
    insteadAt(at.revoked, ({ scribe }, nowMs) => scribe.repeated(nowMs, at.released)),
  ],
  [
    'a repeat after revocation',
    'approval',
    at.withdrawn,
    insteadAt(at.withdrawn, ({ scribe }, nowMs) => scribe.repeated(nowMs, at.released)),
  ],
];

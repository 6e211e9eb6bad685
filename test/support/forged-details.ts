/** Forgeries about details kept beside the log: who describes, opens, holds and erases them. */
import { analystAnew, people } from './fixed-room.ts';
import { bent, type Forgery, insteadAt } from './forgery.ts';
import { at } from './honest-log.ts';
import type { DetailAct, Scribe } from './scribe.ts';

type Bend = Parameters<Scribe['detail']>[2];

const doneAt = (place: number, type: DetailAct, bend: Bend = {}) =>
  insteadAt(place, ({ scribe }, nowMs) => scribe.detail(nowMs, type, bend));

const { reviewed, acknowledged, recorded } = at;
const { described, held, heldNoMore, opened, erasureRequested, erased } = at;
const second = { caused: erasureRequested };

/** Each breaks one rule at one entry. */
export const forgedDetails: readonly Forgery[] = [
  ['a review by an owner', 'role', reviewed, doneAt(reviewed, 'review.completed', { person: people.steward })],
  [
    'a review of what is still to come',
    'review',
    reviewed,
    doneAt(reviewed, 'review.completed', { body: { to: reviewed } }),
  ],
  [
    'a review that ends before it begins',
    'review',
    reviewed,
    doneAt(reviewed, 'review.completed', { body: { from: 9, to: 8 } }),
  ],
  [
    'a review with another finding than was signed',
    'statement',
    reviewed,
    doneAt(reviewed, 'review.completed', { detail: { finding: 'none' } }),
  ],
  [
    'a warning acknowledged by an analyst',
    'role',
    acknowledged,
    doneAt(acknowledged, 'alert.acknowledged', { person: analystAnew }),
  ],
  [
    'a warning about what is still to come',
    'review',
    acknowledged,
    doneAt(acknowledged, 'alert.acknowledged', { body: { entry: acknowledged } }),
  ],
  [
    'another warning acknowledged than was signed',
    'statement',
    acknowledged,
    doneAt(acknowledged, 'alert.acknowledged', { detail: { alert: 'gap' } }),
  ],
  ['a report recorded by an owner', 'role', recorded, doneAt(recorded, 'report.generated', { person: people.steward })],
  [
    'a report about what is still to come',
    'review',
    recorded,
    doneAt(recorded, 'report.generated', { body: { to: recorded } }),
  ],
  [
    'a report that ends before it begins',
    'review',
    recorded,
    doneAt(recorded, 'report.generated', { body: { from: 9, to: 8 } }),
  ],
  [
    'another report recorded than was signed',
    'statement',
    recorded,
    doneAt(recorded, 'report.generated', { detail: { digest: '7b'.repeat(32) } }),
  ],
  [
    'a description of a member of another party',
    'details',
    described,
    doneAt(described, 'detail.described', { person: people.bureauDpo }),
  ],
  [
    'a description of a colleague',
    'details',
    described,
    doneAt(described, 'detail.described', { person: people.steward }),
  ],
  [
    'a description of nobody',
    'details',
    described,
    doneAt(described, 'detail.described', { body: { member: `m-${'0'.repeat(16)}` } }),
  ],
  [
    'a description with other commitments than were signed',
    'statement',
    described,
    bent(described, {}, { fields: [{ name: 'name', commitment: '99'.repeat(32) }] }),
  ],
  [
    'a description with a field twice',
    'details',
    described,
    doneAt(described, 'detail.described', {
      body: {
        fields: [
          { name: 'name', commitment: '77'.repeat(32) },
          { name: 'name', commitment: '78'.repeat(32) },
        ],
      },
    }),
  ],
  [
    'a description of what was erased',
    'details',
    erased + 1,
    insteadAt(erased + 1, ({ scribe }, nowMs) => scribe.detail(nowMs, 'detail.described')),
  ],
  ['details opened by an analyst', 'role', opened, doneAt(opened, 'detail.opened', { person: analystAnew })],
  ['details opened by an owner', 'role', opened, doneAt(opened, 'detail.opened', { person: people.steward })],
  [
    'details opened that nobody described',
    'details',
    opened,
    doneAt(opened, 'detail.opened', { body: { scope: 'run/3' } }),
  ],
  [
    'other details opened than were asked for',
    'statement',
    opened,
    doneAt(opened, 'detail.opened', { detail: { scope: `run/${at.charged}` } }),
  ],
  [
    'details opened after they were erased',
    'details',
    erased + 1,
    insteadAt(erased + 1, ({ scribe }, nowMs) => scribe.detail(nowMs, 'detail.opened')),
  ],
  ['a hold by an owner', 'role', held, doneAt(held, 'detail.held', { person: people.steward })],
  ['a hold on nothing', 'details', held, doneAt(held, 'detail.held', { body: { scope: 'run/3' } })],
  ['a hold that its statement lifts', 'statement', held, doneAt(held, 'detail.held', { detail: { held: false } })],
  [
    'an erasure requested by another analyst’s own reference',
    'details',
    erasureRequested,
    doneAt(erasureRequested, 'detail.erasure-requested', { person: analystAnew, body: { scope: `run/${at.charged}` } }),
  ],
  [
    'an erasure requested while the details are held',
    'details',
    heldNoMore,
    doneAt(heldNoMore, 'detail.erasure-requested'),
  ],
  ['an erasure without a request', 'details', opened, doneAt(opened, 'detail.erased')],
  [
    'an erasure by who asked for it',
    'details',
    erased,
    async (log) => {
      const { scribe, entries } = log;
      const [requestedMs, nowMs] = [erasureRequested, erased].map((place) => Date.parse(entries[place]?.at ?? ''));
      return [
        ...entries.slice(0, erasureRequested),
        scribe.entry(requestedMs ?? 0, await scribe.detail(requestedMs ?? 0, 'detail.erasure-requested')),
        scribe.entry(nowMs ?? 0, await scribe.detail(nowMs ?? 0, 'detail.erased', second)),
      ];
    },
  ],
  [
    'an erasure that only an owner seconds',
    'details',
    erased,
    doneAt(erased, 'detail.erased', { person: people.steward, ...second }),
  ],
  [
    'an erasure for another reason than was asked',
    'details',
    erased,
    doneAt(erased, 'detail.erased', { body: { reason: 'expired' }, ...second }),
  ],
  [
    'an erasure of other details than were asked for',
    'details',
    erased,
    doneAt(erased, 'detail.erased', { body: { scope: `run/${at.charged}` }, ...second }),
  ],
  [
    'an erasure that follows from another entry',
    'details',
    erased,
    doneAt(erased, 'detail.erased', { caused: at.opened }),
  ],
  [
    'an erasure its statement does not say',
    'statement',
    erased,
    doneAt(erased, 'detail.erased', { detail: { reason: 'other' }, ...second }),
  ],
  [
    'an erasure long after the request',
    'details',
    erased,
    async ({ scribe, entries }) => {
      const lateMs = Date.parse(entries[erased]?.at ?? '') + 8 * 86_400_000;
      return [...entries.slice(0, erased), scribe.entry(lateMs, await scribe.detail(lateMs, 'detail.erased', second))];
    },
  ],
  [
    'what is erased erased once more',
    'details',
    erased + 1,
    insteadAt(erased + 1, ({ scribe }, nowMs) => scribe.detail(nowMs, 'detail.erasure-requested')),
  ],
];

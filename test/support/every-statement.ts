/** One statement of every type, from the fixed room. */
import type { StatementOf, StatementType } from '@reinraum/protocol';
import { type FixedMember, people } from './fixed-room.ts';
import {
  acknowledgeBody,
  analystScope,
  describeBody,
  queryDigest,
  recordBody,
  recoverBody,
  reviewBody,
  runBody,
} from './scribe.ts';
import { residentsHandover } from './small-room.ts';

const digest = (pair: string) => pair.repeat(32);
const manifest = {
  offer: digest('a1'),
  normalisation: digest('b2'),
  header: digest('c3'),
  chunks: 4,
  sealed: digest('d4'),
};
const query = { query: queryDigest };

/** A body of every type. */
export const everyBody: { readonly [Type in StatementType]: StatementOf<Type>['body'] } = {
  'charter.sign': {},
  'dataset.declare': residentsHandover(),
  'dataset.seal': { ...residentsHandover(2, digest('e5')), ...manifest },
  'dataset.withdraw': { dataset: 'residents', version: 1 },
  'query.propose': query,
  'query.approve': query,
  'query.revoke': query,
  'query.clear': { ...query, failed: 14 },
  'query.run': runBody,
  'release.retract': { charge: 9, reason: 'wrong-data' },
  'member.recover': recoverBody,
  'session.open': { scope: 'log' },
  'detail.describe': describeBody,
  'detail.open': { scope: analystScope },
  'detail.hold': { scope: analystScope, held: true },
  'detail.erase': { scope: analystScope, reason: 'request' },
  'review.complete': reviewBody,
  'alert.acknowledge': acknowledgeBody,
  'report.record': recordBody,
  'log.snapshot': {},
  'log.hold': { held: true },
  'log.prune': { snapshot: 35, state: digest('f6') },
};

/** Every type there is. */
export const everyType = Object.keys(everyBody) as StatementType[];

/** Who signs statements of a type. */
export const signerOf = (type: StatementType): FixedMember =>
  type === 'query.run' || type === 'query.propose'
    ? people.analyst
    : [
          'query.clear',
          'detail.open',
          'detail.hold',
          'review.complete',
          'alert.acknowledge',
          'report.record',
          'log.snapshot',
          'log.hold',
          'log.prune',
        ].includes(type)
      ? people.cityDpo
      : people.steward;

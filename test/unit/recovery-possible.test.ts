/** Whom the others of a charter could give new keys, and whom not. */
import { expect, test } from 'vitest';
import { withoutRecovery } from '../../src/client/recovery.ts';
import { fixedCharter, fixedMember, people } from '../support/fixed-room.ts';

const { members } = fixedCharter();
const without = (approvals: number, among = members) =>
  withoutRecovery({ members: among, recovery: { approvals } }).map(({ ref }) => ref);
const refs = (...of: readonly (keyof typeof people)[]) => of.map((name) => people[name].member.ref);

test('two owners and two officers of two parties help each other with 2 or 3 approvals, and nobody but analysts with 4', () => {
  expect(without(2)).toEqual([]);
  expect(without(3)).toEqual([]);
  expect(without(4)).toEqual(refs('steward', 'bureauSteward', 'cityDpo', 'bureauDpo'));
});

test('the one officer of a party cannot be helped by the other party alone', () => {
  const fewer = members.filter(({ ref }) => ref !== people.bureauSteward.member.ref);
  expect(without(2, fewer)).toEqual(refs('bureauDpo'));
  const third = fixedMember('third', 'press/office', ['dpo']).member;
  expect(without(2, [...fewer, third])).toEqual([]);
});

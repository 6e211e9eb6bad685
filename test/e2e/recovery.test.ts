/** Lost keys, end to end: a new key file, two approvals of two parties, and a room that knows the old key no more. */
import { setTimeout } from 'node:timers/promises';
import { AggregateQuery, toBase64 } from '@reinraum/protocol';
import nacl from 'tweetnacl';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { type Answered, ask } from '../../src/client/ask.ts';
import type { MemberKeys } from '../../src/client/key-file.ts';
import { approveRecovery, recoveryRequest, replacementFor, requestedKeys } from '../../src/client/recovery.ts';
import { RoomClient } from '../../src/client/room-client.ts';
import { smallOrderReadingKeys } from '../support/small-order.ts';
import {
  approved,
  byDistrict,
  type People,
  residentRecords,
  residentsHandover,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';
import { refusedCodes, verifiedLog } from '../support/verified-log.ts';

let room: SmallRoom;
let query: string;
let answered: Answered;
let anew: MemberKeys;
let stewardAnew: MemberKeys;
beforeAll(async () => {
  room = await smallRoom();
  await uploadResidents(room, residentRecords([100, 50, 20]));
  query = await approved(room);
  answered = await ask(room.client('analyst'), query, 'planning', { sex: 'f' });
  anew = replacementFor(room.instance.charter, room.people.analyst.member.ref);
});
afterAll(() => room.close());

/** The keys a person has at the end of the story. */
const keysOf = (person: keyof People) => (person === 'steward' ? stewardAnew : room.people[person]);
const roomId = () => room.client('analyst').roomId;
const clientWith = (keys: MemberKeys) =>
  new RoomClient({ url: room.installation.url, room: 'small' }, room.instance.charter, keys);
const request = (keys: MemberKeys, nowMs = Date.now()) => recoveryRequest(keys, roomId(), nowMs);
const approve = async (person: keyof People, asked = request(anew)) =>
  approveRecovery(room.client(person), await asked);

test('new keys keep reference, unit and roles, and are the room’s only once enough others have approved', async () => {
  const { member } = room.people.analyst;
  expect(anew.member).toMatchObject({ ref: member.ref, unit: member.unit, roles: member.roles });
  expect(() => replacementFor(room.instance.charter, 'm-0000000000000000')).toThrow(/no member/);
  await expect(clientWith(anew).session()).rejects.toMatchObject({ code: 'actor-unknown' });

  const session = await room.client('analyst').session();
  const { isRecovered } = await approve('cityDpo');
  expect(isRecovered).toBe(false);
  const { recoveries, members } = await room.client('bureauDpo').catalogue();
  const keys = await requestedKeys(await request(anew));
  expect(recoveries).toMatchObject([{ ...keys, approver: room.people.cityDpo.member.ref }]);
  expect(members).toContainEqual(member);
  // The same member again, and another of the same party: neither is a second party's consent.
  expect((await approve('cityDpo')).isRecovered).toBe(false);
  expect((await approve('steward')).isRecovered).toBe(false);
  const headers = { 'x-reinraum-session': session };
  expect((await room.client('analyst').public.fetch('/catalogue', { headers })).ok).toBe(true);

  expect((await approve('bureauSteward')).isRecovered).toBe(true);
  const after = await room.client('bureauDpo').catalogue();
  expect(after.members).toContainEqual(anew.member);
  expect(after.members).not.toContainEqual(member);
  expect(after.recoveries).toEqual([]);
  await expect(room.client('analyst').public.fetch('/catalogue', { headers })).rejects.toMatchObject({
    code: 'session-invalid',
  });
});

test('the lost key is a stranger’s, the new one acts, and stored answers are sealed to it', async () => {
  const before = (await verifiedLog(room.state)).entries.length;
  await expect(room.client('analyst').session()).rejects.toMatchObject({ code: 'actor-unknown' });
  await expect(ask(room.client('analyst'), query, 'planning', { sex: 'm' })).rejects.toMatchObject({
    code: 'actor-unknown',
  });
  expect((await verifiedLog(room.state)).entries.length).toBe(before);

  const repeat = await ask(clientWith(anew), query, 'planning', { sex: 'f' });
  expect(repeat).toMatchObject({ isRepeat: true, document: answered.document });
  const fresh = await ask(clientWith(anew), query, 'planning', { sex: 'm' });
  expect(fresh.isRepeat).toBe(false);
  const old = { ...anew, member: { ...anew.member, readingKey: room.people.analyst.member.readingKey } };
  await expect(ask(clientWith(old), query, 'planning', { sex: 'f' })).rejects.toMatchObject({
    code: 'reader-not-member',
  });
});

test('what may not be approved is refused by its field', async () => {
  const fresh = () => replacementFor(room.instance.charter, room.people.steward.member.ref);
  const withKey = (change: Partial<MemberKeys['member']>) => {
    const keys = fresh();
    return { ...keys, member: { ...keys.member, ...change } };
  };
  await expect(approve('analyst', request(fresh()))).rejects.toMatchObject({ code: 'actor-unknown' });
  const client = clientWith(anew);
  await expect(approveRecovery(client, await request(fresh()))).rejects.toMatchObject({ code: 'role-missing' });
  await expect(approve('steward', request(fresh()))).rejects.toMatchObject({ code: 'recovery-own', field: 'member' });
  await expect(approve('cityDpo', request(withKey({ ref: 'm-0000000000000000' })))).rejects.toMatchObject({
    code: 'member-unknown',
    field: 'member',
  });
  for (const readingKey of [
    toBase64(smallOrderReadingKeys[3] ?? new Uint8Array()),
    room.people.analyst.member.readingKey,
    anew.member.readingKey,
    room.people.bureauDpo.member.readingKey,
  ]) {
    await expect(approve('cityDpo', request(withKey({ readingKey })))).rejects.toMatchObject({
      code: 'recovery-key',
      field: 'readingKey',
    });
  }
  // The signing key of another member, who even signs for it.
  const { signing, member } = room.people.bureauDpo;
  const taken = { ...withKey({ signingKey: member.signingKey }), signing };
  await expect(approve('cityDpo', request(taken))).rejects.toMatchObject({ code: 'recovery-key', field: 'signingKey' });
});

test('without a proof that the key is held, in force and for these keys, nothing is approved', async () => {
  const keys = replacementFor(room.instance.charter, room.people.steward.member.ref);
  const { ref, signingKey, readingKey } = keys.member;
  const body = { member: ref, signingKey, readingKey };
  const other = replacementFor(room.instance.charter, ref);
  const foreign = { room: '0'.repeat(64) };
  const proofs: unknown[] = [
    undefined,
    (await request(other)).proof,
    (await request(keys, Date.now() - 8 * 86_400_000)).proof,
    (await request(keys, Date.now() + 3_600_000)).proof,
    (await recoveryRequest(keys, foreign.room, Date.now())).proof,
    await room.client('cityDpo').sign('member.recover', body),
    {
      ...((await request(keys)).proof as object),
      signatures: [{ sig: toBase64(nacl.sign.detached(new Uint8Array(1), new Uint8Array(64))) }],
    },
  ];
  for (const object of proofs) {
    await expect(room.client('cityDpo').act('member.recover', body, { object })).rejects.toMatchObject({
      code: 'recovery-unproved',
      field: 'object',
    });
  }
  expect((await room.client('bureauDpo').catalogue()).recoveries).toEqual([]);
});

test('an owner is recovered too, hands over the next version, and the room knows it after a restart', async () => {
  const steward = replacementFor(room.instance.charter, room.people.steward.member.ref);
  const asked = await request(steward);
  expect((await approveRecovery(room.client('bureauDpo'), asked)).isRecovered).toBe(false);
  expect((await approveRecovery(room.client('cityDpo'), asked)).isRecovered).toBe(true);
  stewardAnew = steward;
  const { door, enclave } = await room.rooms.room('small');
  door.close();
  await enclave.exited;

  const { datasets, queries } = await clientWith(steward).catalogue();
  const recovered = { ...room, client: (_person: keyof People) => clientWith(steward) };
  const next = residentsHandover(2, datasets[0]?.manifest ?? null);
  expect((await uploadResidents(recovered, residentRecords([80, 50, 20]), next)).report.admitted).toBe(true);
  // What the member approved under the lost key stays approved: the member did, not the key.
  expect(queries.find(({ digest }) => digest === query)?.missing).toEqual([]);
  expect((await ask(clientWith(anew), query, 'planning', { sex: 'f' })).isRepeat).toBe(false);

  const log = await verifiedLog(room.state);
  expect(log.entries.filter(({ type }) => type === 'member.recovered')).toHaveLength(2);
  expect(refusedCodes(log)).toEqual(expect.arrayContaining(['recovery-own', 'recovery-key', 'recovery-unproved']));
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});

test('an answer in work while its analyst is given new keys is kept for the new ones', async () => {
  const slow = await approved(
    { ...room, client: (person) => (person === 'analyst' ? clientWith(anew) : clientWith(keysOf(person))) },
    AggregateQuery.parse({ ...byDistrict, id: 'slow', slotMs: 4000 }),
  );
  const outcome = ask(clientWith(anew), slow, 'planning', { sex: 'f' }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const charged = async () => {
    const { entries } = await verifiedLog(room.state);
    return entries.some(({ type, detail }) => type === 'query.charged' && 'query' in detail && detail.query === slow);
  };
  while (!(await charged())) await setTimeout(50);
  const third = replacementFor(room.instance.charter, anew.member.ref);
  await approve('cityDpo', request(third));
  expect((await approve('bureauDpo', request(third))).isRecovered).toBe(true);
  expect(await outcome).toMatchObject({ code: 'enclave-failed' });
  expect(await ask(clientWith(third), slow, 'planning', { sex: 'f' })).toMatchObject({ isRepeat: true });
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});

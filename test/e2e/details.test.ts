/** Details in a whole room: read by officers only, held, erased by two people, gone from the disk, and every receipt still good. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { proofStateOf, verifyReceipt } from '@reinraum/audit';
import { type Accepted, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { describeMember, eraseDetails, holdDetails, openDetails } from '../../src/client/details.ts';
import { readRoomLog } from '../../src/steward/room-log.ts';
import { files, scan } from '../support/plaintext-scan.ts';
import { reopened } from '../support/reopened-room.ts';
import { approved, residentRecords, type SmallRoom, smallRoom, uploadResidents } from '../support/small-room.ts';

const said = { name: 'MARKER Erika Musterfrau', function: 'MARKER Sozialplanung', contact: 'marker@stadt.example' };
const secrets = Object.values(said);

let room: SmallRoom;
let scope: string;
let kept: Accepted[];
beforeAll(async () => {
  room = await smallRoom();
  scope = `member/${room.people.analyst.member.ref}`;
  await uploadResidents(room, residentRecords([100, 50, 20]));
  kept = [];
});
afterAll(() => room.close());

const stateOf = async (opened?: Awaited<ReturnType<typeof openDetails>>) => {
  const log = await readRoomLog(room.client('cityDpo'));
  return proofStateOf(log.room, scope, opened?.openings);
};

test('a member says who they are: officers of every party can read it, proved, and others cannot', async () => {
  kept.push(await describeMember(room.client('analyst'), room.people.analyst.member.ref, said));
  expect(await stateOf()).toMatchObject({ state: 'sealed', entry: kept[0]?.index });
  const opened = await openDetails(room.client('bureauDpo'), scope);
  expect(await stateOf(opened)).toMatchObject({
    state: 'open',
    values: { 'detail/name': said.name, 'detail/function': said.function, 'detail/contact': said.contact },
  });
  // One field alone opens as well; another value, or another's salt, does not.
  const { 'detail/name': name, 'detail/contact': contact } = opened.openings;
  if (!name || !contact) throw new Error('nothing opened');
  expect(await stateOf({ ...opened, openings: { 'detail/name': name } })).toMatchObject({ state: 'open' });
  for (const bent of [{ 'detail/name': { ...name, value: 'Another' } }, { 'detail/name': contact }, { other: name }]) {
    expect(await stateOf({ ...opened, openings: bent })).toMatchObject({ state: 'failed' });
  }
  for (const person of ['analyst', 'steward'] as const) {
    await expect(openDetails(room.client(person), scope)).rejects.toMatchObject({ code: 'role-missing' });
  }
  await expect(openDetails(room.client('cityDpo'), 'run/1')).rejects.toMatchObject({ code: 'detail-unknown' });
});

test('nobody is described by others than themself and the officers of their party, or with values that were not signed', async () => {
  const { ref } = room.people.analyst.member;
  for (const person of ['steward', 'bureauDpo'] as const) {
    await expect(describeMember(room.client(person), ref, said)).rejects.toMatchObject({ code: 'role-missing' });
  }
  const client = room.client('analyst');
  const fields = [{ name: 'name', commitment: '11'.repeat(32) }] as const;
  for (const object of [
    undefined,
    { openings: {} },
    { openings: { name: { salt: 'A'.repeat(43), value: 'x' } } },
    { openings: { name: { salt: `${'A'.repeat(43)}=`, value: 'x' } } },
  ]) {
    await expect(client.act('detail.describe', { member: ref, fields: [...fields] }, { object })).rejects.toMatchObject(
      {
        code: 'commitment-mismatch',
      },
    );
  }
});

test('what was asked is kept for officers: parameters of a run and of its repeat', async () => {
  const query = await approved(room);
  const [first, again] = [
    await ask(room.client('analyst'), query, 'planning', { sex: 'f' }),
    await ask(room.client('analyst'), query, 'planning', { sex: 'f' }),
  ];
  const { room: log } = await readRoomLog(room.client('cityDpo'));
  for (const entry of [first.release.charged, again.accepted.index]) {
    const opened = await openDetails(room.client('cityDpo'), `run/${entry}`);
    expect(proofStateOf(log, `run/${entry}`, opened.openings)).toEqual({
      state: 'open',
      entry,
      values: { parameters: '{"sex":"f"}' },
    });
  }
  expect(scan(await files(room.directory), [...secrets, '"sex":"f"'])).toEqual([]);
});

test('held details are not erased; then one person asks, another approves, and everything is gone but the proofs', async () => {
  const copy = join(room.directory, 'copy-before');
  await cp(join(room.state, 'details'), join(copy, 'details'), { recursive: true });
  await cp(join(room.state, 'detail-keys'), join(copy, 'detail-keys'), { recursive: true });
  kept.push(await holdDetails(room.client('bureauDpo'), scope, true));
  await expect(eraseDetails(room.client('analyst'), scope, 'request')).rejects.toMatchObject({ code: 'detail-held' });
  kept.push(await holdDetails(room.client('bureauDpo'), scope, false));
  const asked = await eraseDetails(room.client('analyst'), scope, 'request');
  kept.push(asked);
  // Neither who asked, nor an owner, nor for another reason: those are requests of their own.
  expect((await stateOf())?.state).toBe('sealed');
  await eraseDetails(room.client('analyst'), scope, 'request');
  expect((await stateOf())?.state).toBe('sealed');
  const parts = async () => [
    (await files(join(room.state, 'detail-keys'))).length,
    (await files(join(room.state, 'details'))).length,
  ];
  const [keys = 0, texts = 0] = await parts();
  const erased = await eraseDetails(room.client('cityDpo'), scope, 'request');
  // Gone before the answer, not some time later.
  expect(await parts()).toEqual([keys - 1, texts - 1]);
  expect(await stateOf()).toEqual({ state: 'erased', entry: erased.index });
  await expect(openDetails(room.client('cityDpo'), scope)).rejects.toMatchObject({ code: 'detail-erased' });
  await expect(describeMember(room.client('analyst'), room.people.analyst.member.ref, said)).rejects.toMatchObject({
    code: 'detail-erased',
  });
  // Every receipt from before and since is as good as it was.
  for (const { entry, proof } of [...kept, erased]) {
    await verifyReceipt(utf8(entry), proof, room.client('analyst').logVerifier);
  }
  expect(await verifyState(room.state)).toMatchObject({ verified: true });

  // A copy of files and keys that is put back is erased again when the room starts.
  await room.installation.close();
  for (const part of ['details', 'detail-keys'])
    await cp(join(copy, part), join(room.state, part), { recursive: true });
  const before = await files(join(room.state, 'detail-keys'));
  const anew = await reopened(room);
  await anew.client('cityDpo').catalogue();
  const after = await files(join(room.state, 'detail-keys'));
  expect(before.length - after.length).toBe(1);
  expect((await files(join(room.state, 'details'))).length).toBe(after.length);
  await anew.close();
  await rm(copy, { recursive: true });
});

test('an officer signs what was reviewed and which warning was seen, about entries there are', async () => {
  const anew = await reopened(room);
  const officer = anew.client('cityDpo');
  const { size } = await officer.catalogue();
  const body = { from: 0, to: size - 1, finding: 'none', report: 'ab'.repeat(32) } as const;
  await officer.act('review.complete', body);
  await officer.act('alert.acknowledge', { alert: 'gap', entry: null });
  const { room: log } = await readRoomLog(officer);
  expect(log.reviews).toMatchObject([{ ...body, by: room.people.cityDpo.member.ref }]);
  await expect(officer.act('review.complete', { ...body, to: size + 1000 })).rejects.toMatchObject({
    code: 'entry-unknown',
    field: 'to',
  });
  await expect(officer.act('alert.acknowledge', { alert: 'gap', entry: size + 1000 })).rejects.toMatchObject({
    code: 'entry-unknown',
  });
  await expect(anew.client('steward').act('review.complete', body)).rejects.toMatchObject({ code: 'role-missing' });
  await anew.close();
});

test('what remains on the disk of an erased member is the random reference and the bare key', async () => {
  // The operator's key opens every file there is: whatever is readable with it is looked at, too.
  const { readFile } = await import('node:fs/promises');
  const { SecretStore } = await import('../../enclave/vault/secrets.ts');
  const key = new Uint8Array(await readFile(join(room.directory, 'rooms', 'small', 'operator.key')));
  const opened = [];
  for (const part of ['secrets', 'upload-keys', 'releases', 'detail-keys']) {
    const store = new SecretStore(join(room.state, part), key, () => undefined);
    for (const name of await store.names()) {
      const secret = await store.get(name);
      if (!secret) continue;
      opened.push({ where: `${part}/${name}`, bytes: secret });
      if (part !== 'detail-keys') continue;
      const detail = await new SecretStore(join(room.state, 'details'), secret, () => undefined).get(name);
      if (detail) opened.push({ where: `details/${name}`, bytes: detail });
    }
  }
  // Runs are still open to who has the key, so the look inside is a look.
  expect(scan(opened, ['\\"sex\\":\\"f\\"']).length).toBeGreaterThan(0);
  expect(scan([...(await files(room.directory)), ...opened], secrets)).toEqual([]);
  expect(scan(await files(room.state), [room.people.analyst.member.ref]).length).toBeGreaterThan(0);
});

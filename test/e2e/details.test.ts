/** Details in a whole room: read by officers only, held, erased by two people, gone from the disk, and every receipt still good. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proofStateOf, verifyReceipt } from '@reinraum/audit';
import { type Accepted, decodeEntry, digestOf, type Json, utf8 } from '@reinraum/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SecretStore } from '../../enclave/vault/secrets.ts';
import { verifyState } from '../../src/cli/audit.ts';
import { ask } from '../../src/client/ask.ts';
import { describeMember, eraseDetails, holdDetails, openDetails } from '../../src/client/details.ts';
import { readRoomLog } from '../../src/steward/room-log.ts';
import { files, type Sight, scan } from '../support/plaintext-scan.ts';
import { reopened } from '../support/reopened-room.ts';
import {
  approved,
  byDistrict,
  residentRecords,
  type SmallRoom,
  smallRoom,
  uploadResidents,
} from '../support/small-room.ts';

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

test('an officer signs what was reviewed, which warning was seen and which report was made, about entries there are', async () => {
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
  const made = { report: 'access', digest: 'cd'.repeat(32), from: 0, to: size - 1 } as const;
  const { accepted } = await officer.act('report.record', made);
  expect(decodeEntry(utf8(accepted.entry))).toMatchObject({ type: 'report.generated', detail: made });
  await expect(officer.act('report.record', { ...made, to: size + 1000 })).rejects.toMatchObject({
    code: 'entry-unknown',
    field: 'to',
  });
  await expect(anew.client('steward').act('review.complete', body)).rejects.toMatchObject({ code: 'role-missing' });
  await expect(anew.client('analyst').act('report.record', made)).rejects.toMatchObject({ code: 'role-missing' });
  await anew.close();
});

/** Every file of the state, and what the operator's key opens: whatever is readable with it is looked at, too. */
async function openedState(): Promise<Sight[]> {
  const key = new Uint8Array(await readFile(join(room.directory, 'rooms', 'small', 'operator.key')));
  const opened: Sight[] = await files(room.directory);
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
  return opened;
}

test('what remains on the disk of an erased member is the random reference and the bare key', async () => {
  expect(scan(await openedState(), secrets)).toEqual([]);
  expect(scan(await files(room.state), [room.people.analyst.member.ref]).length).toBeGreaterThan(0);
});

test('parameters of a run that are erased are gone with the answer that holds them, and who asks again is charged', async () => {
  // As details have them, and as the stored answer does.
  const asked = ['\\"sex\\":\\"f\\"', '"parameters":{"sex":"f"}'];
  const foundIn = async () => {
    const found = scan(await openedState(), asked);
    return new Set(found.map(({ where }) => where.split('/')[0]));
  };
  const copy = await mkdtemp(join(tmpdir(), 'reinraum-copy-'));
  await cp(join(room.state, 'releases'), copy, { recursive: true });
  const anew = await reopened(room);
  const erase = async (run: number) => {
    await eraseDetails(anew.client('steward'), `run/${run}`, 'expired');
    await eraseDetails(anew.client('bureauDpo'), `run/${run}`, 'expired');
  };
  const put = () => ask(anew.client('analyst'), digestOf(byDistrict as Json), 'planning', { sex: 'f' });
  const first = await put();
  expect(first.isRepeat).toBe(true);
  const { charged } = first.release;
  expect(await foundIn()).toEqual(new Set(['details', 'releases']));

  // A repeat was of the same parameters: with them the answer goes, whatever else is kept of the charge.
  await erase(first.accepted.index);
  expect(await foundIn()).toEqual(new Set(['details']));
  const { room: log } = await readRoomLog(anew.client('cityDpo'));
  for (const [scope, { charge, erasedBy }] of log.details) {
    if (charge === charged && erasedBy === null) await erase(Number(scope.slice('run/'.length)));
  }
  expect(await foundIn()).toEqual(new Set());
  const second = await put();
  expect(second).toMatchObject({ isRepeat: false });
  expect(second.release.charged).toBeGreaterThan(charged);
  await erase(second.release.charged);
  expect(await foundIn()).toEqual(new Set());

  // Put back from a copy it is found again, and erased again at the start, before anybody can ask.
  await anew.close();
  await cp(copy, join(room.state, 'releases'), { recursive: true });
  expect(await foundIn()).toEqual(new Set(['releases']));
  const third = await reopened(room);
  await third.client('cityDpo').catalogue();
  expect(await foundIn()).toEqual(new Set());
  await third.close();
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
  await verifyReceipt(utf8(first.accepted.entry), first.accepted.proof, room.client('analyst').logVerifier);
  await rm(copy, { recursive: true });
});

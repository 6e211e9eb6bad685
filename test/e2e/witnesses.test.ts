/** A room with three witnesses: no answer without two of them, and none from an older or a second copy of its state. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cosignatureType,
  cosignatureVerifier,
  evaluatePolicy,
  formatVkey,
  parseNote,
  parseReceipt,
  policyOf,
} from '@reinraum/audit';
import { type CharterTemplate, type Release, toBase64 } from '@reinraum/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyState } from '../../src/cli/audit.ts';
import { repositoryRoot } from '../../src/cli/root.ts';
import { ask } from '../../src/client/ask.ts';
import { roomOf } from '../../src/client/instance.ts';
import { RoomClient } from '../../src/client/room-client.ts';
import { exampleWitnesses, serveExampleWitnesses } from '../../src/example/witnesses.ts';
import type { Listening } from '../../src/gateway/listen.ts';
import { type Installation, serveInstallation } from '../../src/gateway/node.ts';
import { Rooms, type RoomsOptions } from '../../src/host/rooms.ts';
import { approved, residentRecords, type SmallRoom, smallRoom, uploadResidents } from '../support/small-room.ts';

const names = ['one.example', 'two.example', 'three.example'];
let folder: string;
let room: SmallRoom;
let witnesses: Listening;
const opened: { close(): Promise<void> }[] = [];

/** Serves the first of the witnesses. */
function serve(count: number): Promise<Listening> {
  const { instance } = room;
  const served = instance.charter.witnesses.slice(0, count);
  return serveExampleWitnesses({ instance, directory: folder, nowMs: Date.now, witnesses: served });
}

/** Another installation on a copy of the room's directory, or on the directory itself. */
async function reopened(
  directory: string,
  options: Partial<RoomsOptions> = {},
): Promise<{ client: RoomClient; installation: Installation; alarms: string[] }> {
  const alarms: string[] = [];
  const alarm = (_room: string, what: string) => alarms.push(what);
  const rooms = new Rooms({ appDirectory: repositoryRoot, directory, alarm, ...options });
  const installation = await serveInstallation({ rooms, port: 0 });
  opened.push(installation);
  return {
    client: new RoomClient({ url: installation.url, room: 'small' }, room.instance.charter, room.people.analyst),
    installation,
    alarms,
  };
}

/** Resolves once every entry is witnessed: then nothing is written any more. */
const settled = () =>
  expect.poll(async () => (await room.client('analyst').public.status()).unwitnessed, { timeout: 10_000 }).toBe(0);

const valuesOf = ({ cells }: Release) => cells.map(({ values }) => values);
const question = { sex: 'f' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinraum-witnessed-'));
  room = await smallRoom({ witnesses: await exampleWitnesses(names, folder) });
  witnesses = await serve(3);
  await uploadResidents(room, residentRecords([300, 200, 100]));
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await room.close();
  await witnesses.close();
  await rm(folder, { recursive: true, force: true });
});

test('an answer stands on a checkpoint that a quorum has cosigned, and so does the log that is left behind', async () => {
  const digest = await approved(room);
  const { accepted } = await ask(room.client('analyst'), digest, 'planning', question);
  const policy = policyOf(room.instance.charter, roomOf(room.instance));
  if (!policy) throw new Error('no witnesses');
  const verdict = await evaluatePolicy(policy, parseReceipt(accepted.proof).checkpoint);
  expect(verdict.quorum).toBe(true);
  expect(verdict.cosigned.length).toBeGreaterThanOrEqual(2);
  expect(await room.client('analyst').public.status()).toMatchObject({ witnesses: 3 });
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
});

test('without a quorum everything is logged and nothing is answered; with it the answer comes at no charge', async () => {
  const digest = await approved(room);
  await witnesses.close();
  witnesses = await serve(1);
  const refused = ask(room.client('analyst'), digest, 'planning', question);
  await expect(refused).rejects.toMatchObject({ code: 'quorum-missing' });
  expect(await room.client('analyst').public.status()).toMatchObject({ stopped: false });
  await witnesses.close();
  witnesses = await serve(2);
  const { isRepeat } = await ask(room.client('analyst'), digest, 'planning', question);
  expect(isRepeat).toBe(true);
  const { balances } = await room.client('analyst').catalogue();
  expect(balances[0]?.loss.spent).toBe('1/8');
  expect(await verifyState(room.state)).toMatchObject({ verified: true });
}, 60_000);

describe('a host that keeps a copy of the state, takes an answer and puts the copy back', () => {
  test('gets no second draw of noise, whatever it says of the witnesses', async () => {
    const digest = await approved(room);
    const small = join(room.directory, 'rooms', 'small');
    const copy = join(folder, 'copy');
    await settled();
    await cp(small, copy, { recursive: true });
    const first = await ask(room.client('analyst'), digest, 'planning', question);
    await room.installation.close();
    await rm(small, { recursive: true });
    await cp(copy, small, { recursive: true });
    // An honest host: the witnesses know more, and the room stays closed.
    const honest = await reopened(room.directory);
    await expect(ask(honest.client, digest, 'planning', question)).rejects.toMatchObject({
      code: expect.stringMatching(/^(room-rolled-back|quorum-missing|enclave-failed)$/),
    });
    await expect.poll(() => honest.alarms).toContain('rolled-back');
    await expect(honest.client.public.status()).rejects.toMatchObject({ code: 'room-rolled-back' });
    await honest.installation.close();
    // One that lets nobody hear of it, and one that answers for the witnesses with what they had said before.
    const { checkpoint } = parseReceipt(first.accepted.proof);
    const said = parseNote(checkpoint)
      .signatures.slice(1)
      .map(({ name, keyId, signature }) => `— ${name} ${toBase64(new Uint8Array([...keyId, ...signature]))}\n`);
    expect(said.length).toBeGreaterThanOrEqual(2);
    for (const answer of [() => Promise.reject(new TypeError('no line')), async () => new Response(said.join(''))]) {
      const lying = await reopened(room.directory, { fetch: answer });
      await expect(ask(lying.client, digest, 'planning', question)).rejects.toMatchObject({ code: 'quorum-missing' });
      expect(lying.alarms).not.toContain('rolled-back');
      await lying.installation.close();
    }
    // The copy's log is none that anybody could be shown.
    expect(await verifyState(join(small, 'state'))).toMatchObject({ verified: false, rule: 'quorum-missing' });
    expect(valuesOf(first.release).length).toBeGreaterThan(0);
  }, 120_000);

  test('does not get one from a second room beside the first either, and the first goes on', async () => {
    const digest = await approved(room);
    const second = join(folder, 'second');
    await settled();
    await cp(join(room.directory, 'rooms'), join(second, 'rooms'), { recursive: true });
    const first = await ask(room.client('analyst'), digest, 'planning', question);
    const clone = await reopened(second);
    await expect(ask(clone.client, digest, 'planning', question)).rejects.toMatchObject({
      code: expect.stringMatching(/^(room-rolled-back|quorum-missing|enclave-failed)$/),
    });
    await expect.poll(() => clone.alarms).toContain('rolled-back');
    const again = await ask(room.client('analyst'), digest, 'planning', question);
    expect(again.isRepeat).toBe(true);
    expect(valuesOf(again.release)).toEqual(valuesOf(first.release));
  }, 60_000);
});

test('a restart on the state as it was goes on where it was', async () => {
  const digest = await approved(room);
  const first = await ask(room.client('analyst'), digest, 'planning', question);
  await room.installation.close();
  const { client, alarms } = await reopened(room.directory);
  const again = await ask(client, digest, 'planning', question);
  expect(again.isRepeat).toBe(true);
  expect(valuesOf(again.release)).toEqual(valuesOf(first.release));
  expect(alarms).toEqual([]);
});

test('a charter with a quorum that can be split, or a key twice, founds no room', async () => {
  const given = room.instance.charter.witnesses;
  const [one, two] = given;
  if (!one || !two) throw new Error('no witnesses');
  const split = (template: CharterTemplate) => ({ ...template, quorum: 1 });
  await expect(smallRoom({ witnesses: given, charter: split })).rejects.toThrow('quorum');
  // Another name for the key of another witness would make two of one.
  const { publicKey } = cosignatureVerifier(one.key);
  const twice = { url: two.url, key: formatVkey('other.example', publicKey, cosignatureType) };
  await expect(smallRoom({ witnesses: [one, two, twice] })).rejects.toMatchObject({
    code: 'charter-malformed',
    field: 'witnesses.2.key',
  });
});
